// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomclient

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
)

// TestTheCloseCodeIsKnownHoweverBusyTheWriterIs closes connections while calls are being
// written: then writing fails as well, and must not hide the code that says to stop.
func TestTheCloseCodeIsKnownHoweverBusyTheWriterIs(t *testing.T) {
	t.Parallel()
	for range 20 {
		conn := dial(t, serve(t, func(p *peer) {
			p.begin()
			for range 100 {
				if msg, ok := p.receive(); ok {
					p.respond(msg.ID, protocol.Empty{})
				}
			}
			p.close(websocket.CloseNormalClosure, "")
		}))
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				var err error
				for err == nil {
					err = conn.Secrets().DeleteSecret(t.Context(), "a", "")
				}
				wantError(t, err, ErrClosed)
			})
		}
		wg.Wait()
		if e := judge(t, conn.Err(), ErrClosed); e.CloseCode != websocket.CloseNormalClosure || !e.Terminal() {
			t.Fatalf("got %+v", *e)
		}
	}
}

func TestALargeMessageMayTakeLongerThanOneWrite(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		config := serveInMemory(t, upgrading(t, func(p *peer) {
			p.begin()
			for n := 0; ; n++ {
				_, packet, err := p.ws.ReadMessage()
				if err != nil {
					return
				}
				if n%64 == 0 {
					<-time.After(4 * time.Second) // more than a minute for all of it
				}
				if msg, complete, _ := p.assembler.Add(packet); complete {
					p.respond(msg.ID, protocol.Empty{})
				}
			}
		}))
		config.RequestTimeout = time.Hour
		conn := dial(t, config)
		if err := conn.Secrets().SetSecret(t.Context(), SetSecretRequest{ID: "a", Value: make(Bytes, 1<<20)}); err != nil {
			t.Error(err)
		}
	})
}

func TestAPeerThatTakesNothingIsGivenUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		stop := make(chan struct{})
		conn := dial(t, serveInMemory(t, upgrading(t, func(p *peer) {
			p.begin()
			<-stop
		})))
		defer close(stop)
		began := time.Now()
		err := conn.Secrets().SetSecret(t.Context(), SetSecretRequest{ID: "a", Value: make(Bytes, 1<<20)})
		wantError(t, err, ErrClosed)
		if took := time.Since(began); took != 10*time.Second {
			t.Errorf("took %v, want the write timeout", took)
		}
		if e := judge(t, conn.Err(), context.DeadlineExceeded); e.Op != "write" || e.Terminal() {
			t.Errorf("got %+v", *e)
		}
	})
}

func TestARequestBeyondTheLimitIsNotSent(t *testing.T) {
	t.Parallel()
	config := serve(t, obliging)
	config.MaxMessage = 4096
	conn := dial(t, config)
	err := conn.Secrets().SetSecret(t.Context(), SetSecretRequest{ID: "a", Value: make(Bytes, 4096)})
	if e := judge(t, err, ErrTooLarge); !e.Terminal() {
		t.Errorf("got %+v", *e)
	}
	if err := conn.Secrets().SetSecret(t.Context(), SetSecretRequest{ID: "a", Value: make(Bytes, 3000)}); err != nil {
		t.Errorf("a request within the limit: %v", err)
	}
}
