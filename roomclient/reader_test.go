// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomclient

import (
	"bytes"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
)

func TestSlowChunksAreWaitedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		value := bytes.Repeat([]byte("v"), 5000)
		config := serveInMemory(t, upgrading(t, func(p *peer) {
			p.begin()
			msg, _ := p.receive()
			data, err := protocol.PackContent(protocol.File{Data: value})
			if err != nil {
				p.t.Error(err)
			}
			for packet := range (protocol.Message{ID: msg.ID, Type: protocol.TypeResponse, Data: data}).Packets() {
				<-time.After(4 * time.Second)
				p.sendPacket(packet)
			}
			_ = p.drain()
		}))
		secret, err := dial(t, config).Secrets().GetSecret(t.Context(), SecretQuery{ID: "a"})
		if err != nil || !bytes.Equal(secret.Value, value) {
			t.Errorf("got %d bytes and error %v", len(secret.Value), err)
		}
	})
}

func TestALostNetworkIsNoticed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		stop := make(chan struct{})
		conn := dial(t, serveInMemory(t, upgrading(t, func(p *peer) {
			p.begin()
			<-stop // and read nothing, so no ping is answered
		})))
		defer close(stop)
		began := time.Now()
		err := conn.Secrets().DeleteSecret(t.Context(), "a", "")
		wantError(t, err, nil)
		<-conn.Done()
		wantError(t, conn.Err(), ErrClosed)
		if took := time.Since(began); took > time.Minute+2*closeGrace {
			t.Errorf("took %v", took)
		}
	})
}

func TestPingsKeepAnIdleConnection(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		pings := make(chan time.Time, 100)
		conn := dial(t, serveInMemory(t, upgrading(t, func(p *peer) {
			pong := p.ws.PingHandler()
			p.ws.SetPingHandler(func(data string) error {
				pings <- time.Now()
				return pong(data)
			})
			p.begin()
			p.answerAll(empty)
		})))
		began := time.Now()
		<-time.After(10 * time.Minute)
		synctest.Wait()
		if err := conn.Secrets().DeleteSecret(t.Context(), "a", ""); err != nil {
			t.Errorf("after ten idle minutes: %v", err)
		}
		if len(pings) != 20 {
			t.Errorf("got %d pings, want 20", len(pings))
		}
		if first := (<-pings).Sub(began); first != 30*time.Second {
			t.Errorf("the first ping came after %v", first)
		}
	})
}

func TestPingsOfTheRoomAreAnswered(t *testing.T) {
	t.Parallel()
	pong := make(chan string, 1)
	dial(t, serve(t, func(p *peer) {
		p.begin()
		p.ws.SetPongHandler(func(data string) error {
			pong <- data
			return nil
		})
		_ = p.ws.WriteControl(websocket.PingMessage, []byte("hello"), time.Now().Add(patience))
		_ = p.drain()
	}))
	if got := received(t, "pong", pong); got != "hello" {
		t.Errorf("the pong says %q", got)
	}
}

func TestAResponseBeyondTheLimitFailsOnlyItsCall(t *testing.T) {
	t.Parallel()
	config := serve(t, func(p *peer) {
		p.begin()
		msg, _ := p.receive()
		p.send(protocol.Message{ID: msg.ID, Type: "room.unheard_of", Data: make([]byte, 70<<10)})
		p.respond(msg.ID, protocol.File{Data: make([]byte, 1<<20)})
		p.answerAll(empty)
	})
	config.MaxMessage = 64 << 10
	conn := dial(t, config)
	_, err := conn.Secrets().GetSecret(t.Context(), SecretQuery{ID: "a"})
	if e := judge(t, err, ErrTooLarge); !e.Terminal() {
		t.Errorf("got %+v", *e)
	}
	if err := conn.Secrets().DeleteSecret(t.Context(), "a", ""); err != nil {
		t.Errorf("the next call: %v", err)
	}
}

func TestAResponseWithoutAnEndEndsTheConnection(t *testing.T) {
	t.Parallel()
	reason := make(chan error, 1)
	config := serve(t, func(p *peer) {
		p.begin()
		msg, _ := p.receive()
		p.send(protocol.Message{ID: msg.ID, Type: protocol.TypeResponse, Data: make([]byte, 65<<20)})
		reason <- p.drain()
	})
	conn := dial(t, config)
	_, err := conn.Secrets().GetSecret(t.Context(), SecretQuery{ID: "a"})
	wantError(t, err, ErrClosed)
	if err := received(t, "close code", reason); !websocket.IsCloseError(err, websocket.CloseMessageTooBig) {
		t.Errorf("the peer was told %v", err)
	}
}
