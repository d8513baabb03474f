// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomserver_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/roomsecrets/roomsecret-operator/internal/roomserver"
	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
)

const manyCalls = 400

// TestManyCallsInFlight sends calls without waiting for their answers: each gets its own, in order.
func TestManyCallsInFlight(t *testing.T) {
	t.Parallel()
	p := serve(t).dial(t, "alice", "myroom", plainGrant)
	var sender sync.WaitGroup
	sender.Go(func() {
		for i := range manyCalls {
			if err := p.send(pipelined(t, i)); err != nil {
				t.Errorf("send: %v", err)
				return
			}
		}
	})
	for i := range manyCalls {
		content := p.answer(uint64(i))
		if i%2 == 0 {
			wantEmpty(t, content)
			continue
		}
		id := fmt.Sprint("s", i/2)
		wantFile(t, content, id, octets, strings.Repeat(id, 500))
	}
	sender.Wait()
}

// pipelined is call i: a secret is set and read by turns.
func pipelined(t *testing.T, i int) protocol.Message {
	t.Helper()
	id := fmt.Sprint("s", i/2)
	call := protocol.Invoke{Toolkit: protocol.Toolkit, Tool: protocol.ToolGetSecret, Input: fields{"secret_id": id}.json(t)}
	if i%2 == 0 {
		call.Tool = protocol.ToolSetSecret
		call.Input = protocol.Binary{Headers: fields{"secret_id": id}.json(t).Value, Data: []byte(strings.Repeat(id, 500))}
	}
	data, err := protocol.PackInvoke(call)
	if err != nil {
		t.Error(err)
	}
	return protocol.Message{ID: uint64(i), Type: protocol.TypeInvokeTool, Data: data}
}

func TestManyParticipantsAtOnce(t *testing.T) {
	t.Parallel()
	s := serve(t)
	var peers sync.WaitGroup
	for i := range 20 {
		p := s.dial(t, fmt.Sprint("agent-", i), "myroom", plainGrant)
		peers.Go(func() {
			for j := range 20 {
				value := fmt.Sprint(i, ".", j)
				wantEmpty(t, p.set(fields{"secret_id": "s"}, value))
				wantFile(t, p.call(protocol.ToolGetSecret, fields{"secret_id": "s"}), "s", octets, value)
			}
		})
	}
	peers.Wait()
}

func TestTheHouseIsFullAndThenItIsNot(t *testing.T) {
	t.Parallel()
	s := serve(t, func(c *roomserver.Config) { c.Limits.MaxConnections = 2 })
	first := s.dial(t, "a", "myroom", plainGrant)
	s.dial(t, "b", "myroom", plainGrant)
	address := s.roomURL("myroom", s.token(t, "c", "myroom", plainGrant))
	if got := handshake(t, address, nil); got.status != http.StatusServiceUnavailable || got.header.Get("Retry-After") == "" {
		t.Errorf("status %d, Retry-After %q", got.status, got.header.Get("Retry-After"))
	}
	if err := first.socket.Close(); err != nil {
		t.Fatal(err)
	}
	s.eventually(t, "roomserver_connections 1")
	s.eventually(t, `roomserver_disconnects_total{reason="lost"} 1`)
	s.dial(t, "c", "myroom", plainGrant).listed()
}
