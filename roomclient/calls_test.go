// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomclient

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
)

// hold answers nothing and reports what arrives.
func hold(calls chan<- protocol.Message) func(*peer) {
	return func(p *peer) {
		p.begin()
		for {
			msg, ok := p.receive()
			if !ok {
				return
			}
			calls <- msg
		}
	}
}

func TestManyCallsAtOnceGetTheirOwnAnswers(t *testing.T) {
	t.Parallel()
	const calls = 400
	config := serve(t, func(p *peer) {
		p.begin()
		var waiting []protocol.Message
		for len(waiting) < calls {
			msg, ok := p.receive()
			if !ok {
				return
			}
			waiting = append(waiting, msg)
		}
		slices.Reverse(waiting) // any order is allowed
		for _, msg := range waiting {
			call, err := protocol.UnpackInvoke(msg.Data)
			if err != nil {
				p.t.Errorf("bad call: %v", err)
				return
			}
			p.respond(msg.ID, protocol.File{Name: call.Tool, MIMEType: "text/plain", Data: call.Input.(protocol.Binary).Data})
		}
		_ = p.drain()
	})
	config.MaxInFlight = calls
	conn := dial(t, config)
	var wg sync.WaitGroup
	for i := range calls {
		wg.Go(func() {
			// Every tenth value is large, so that the others have to wait behind it.
			value := bytes.Repeat([]byte{byte(i)}, 1+i%10/9*100_000)
			answer, err := conn.Invoke(t.Context(), protocol.Invoke{Toolkit: "t", Tool: fmt.Sprint(i), Input: protocol.Binary{Data: value}})
			file, ok := answer.(protocol.File)
			if err != nil || !ok || file.Name != fmt.Sprint(i) || !bytes.Equal(file.Data, value) {
				t.Errorf("call %d got %T with %d bytes, error %v", i, answer, len(file.Data), err)
			}
		})
	}
	wg.Wait()
}

func TestMaxInFlightHoldsFurtherCallsBack(t *testing.T) {
	t.Parallel()
	arrived := make(chan protocol.Message, 10)
	config := serve(t, hold(arrived))
	config.MaxInFlight = 2
	conn := dial(t, config)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			if err := conn.Secrets().DeleteSecret(ctx, "a", ""); !errors.Is(err, context.Canceled) {
				t.Errorf("got error %v, want context.Canceled", err)
			}
		})
		received(t, "call", arrived)
	}
	late, cancelLate := context.WithCancel(t.Context())
	cancelLate()
	if err := conn.Secrets().DeleteSecret(late, "b", ""); !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v, want context.Canceled", err)
	}
	cancel()
	wg.Wait()
	wg.Go(func() { _ = conn.Secrets().DeleteSecret(t.Context(), "c", "") })
	if msg := received(t, "call", arrived); !bytes.Contains(msg.Data, []byte(`"c"`)) {
		t.Error("a call went out that had no place")
	}
	_ = conn.Close()
	wg.Wait()
}

func TestStrayResponsesAreIgnored(t *testing.T) {
	t.Parallel()
	conn := dial(t, serve(t, func(p *peer) {
		p.begin()
		for {
			msg, ok := p.receive()
			if !ok {
				return
			}
			p.respond(msg.ID+1000, protocol.Error{Text: "nobody asked"})
			p.sendHeader("room.future", map[string]any{})
			p.respond(msg.ID, protocol.JSON{Value: []byte(`{"exists":true}`)})
			p.respond(msg.ID, protocol.JSON{Value: []byte(`{"exists":false}`)}) // a duplicate
		}
	}))
	for range 50 {
		if exists, err := conn.Secrets().Exists(t.Context(), ExistsQuery{ID: "a"}); !exists || err != nil {
			t.Fatalf("got %v and error %v", exists, err)
		}
	}
}

func TestADroppedReplyIsADeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		arrived := make(chan protocol.Message, 10)
		conn := dial(t, serveInMemory(t, upgrading(t, hold(arrived))))
		began := time.Now()
		err := conn.Secrets().DeleteSecret(t.Context(), "a", "")
		if e := judge(t, err, context.DeadlineExceeded); e.Terminal() || errors.Is(e, ErrClosed) || time.Since(began) != 30*time.Second {
			t.Errorf("got %+v after %v", *e, time.Since(began))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		wantError(t, conn.Secrets().DeleteSecret(ctx, "a", ""), context.DeadlineExceeded)
		if conn.Err() != nil {
			t.Errorf("the connection ended: %v", conn.Err())
		}
		if n := len(conn.calls.waiting); n != 0 {
			t.Errorf("%d calls are still waiting", n)
		}
	})
}

func TestAResponseThatMakesNoSenseFailsOnlyItsCall(t *testing.T) {
	t.Parallel()
	conn := dial(t, serve(t, func(p *peer) {
		p.begin()
		msg, _ := p.receive()
		p.send(protocol.Message{ID: msg.ID, Type: protocol.TypeResponse, Data: []byte("nonsense")})
		p.answerAll(empty)
	}))
	err := conn.Secrets().DeleteSecret(t.Context(), "a", "")
	if e := judge(t, err, ErrProtocol); e.Terminal() {
		t.Errorf("got %+v", *e)
	}
	if err := conn.Secrets().DeleteSecret(t.Context(), "a", ""); err != nil {
		t.Errorf("the next call: %v", err)
	}
}

func TestALateReplyDoesNotReachTheNextCall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		conn := dial(t, serveInMemory(t, upgrading(t, func(p *peer) {
			p.begin()
			first, _ := p.receive()
			second, _ := p.receive()
			p.respond(first.ID, protocol.JSON{Value: []byte(`{"exists":false}`)})
			p.respond(second.ID, protocol.JSON{Value: []byte(`{"exists":true}`)})
			_ = p.drain()
		})))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := conn.Secrets().Exists(ctx, ExistsQuery{ID: "a"})
		wantError(t, err, context.DeadlineExceeded)
		if exists, err := conn.Secrets().Exists(t.Context(), ExistsQuery{ID: "b"}); !exists || err != nil {
			t.Errorf("got %v and error %v", exists, err)
		}
	})
}
