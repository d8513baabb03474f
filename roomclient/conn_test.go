// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomclient

import (
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"
)

func TestCallsEndWithTheConnection(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		end      func(*peer)
		closing  int // expected CloseCode
		terminal bool
	}{
		"when it drops": {func(p *peer) { p.drop() }, 1006, false},
		"when it drops in a message": {func(p *peer) {
			p.sendPacket([]byte("\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x02__response__"))
			p.drop()
		}, 1006, false},
		"when it is closed for now":  {func(p *peer) { p.close(1012, testToken) }, 1012, false},
		"when it is closed for good": {func(p *peer) { p.close(1000, "") }, 1000, true},
		"when it is closed without a code": {func(p *peer) {
			_ = p.ws.WriteControl(websocket.CloseMessage, nil, time.Now().Add(patience))
			_ = p.drain()
		}, 1005, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn := dial(t, serve(t, func(p *peer) {
				p.begin()
				if _, ok := p.receive(); ok {
					c.end(p)
				}
			}))
			err := conn.Secrets().DeleteSecret(t.Context(), "a", "")
			if e := judge(t, err, ErrClosed); e.Op != "secrets.delete_secret" || e.Terminal() || e.CloseCode != c.closing {
				t.Errorf("the call got %+v", *e)
			}
			received(t, "end of the connection", conn.Done())
			if e := judge(t, conn.Err(), ErrClosed); e.CloseCode != c.closing || e.Terminal() != c.terminal {
				t.Errorf("the connection got %+v", *e)
			}
			wantError(t, conn.Secrets().DeleteSecret(t.Context(), "a", ""), ErrClosed)
		})
	}
}

func TestFaultsOfTheRoomEndTheConnection(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault func(*peer)
		told  int
	}{
		"a packet out of order": {func(p *peer) { p.sendPacket([]byte("\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x05x")) }, 1002},
		"a short packet":        {func(p *peer) { p.sendPacket([]byte("x")) }, 1002},
		"text":                  {func(p *peer) { _ = p.ws.WriteMessage(websocket.TextMessage, []byte("x")) }, 1002},
		"a huge message": {func(p *peer) {
			p.sendPacket([]byte("\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\xff\xff\xff\xffx"))
		}, 1009},
		"a huge packet": {func(p *peer) { p.sendPacket(make([]byte, maxPacket+1)) }, 1009},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			told := make(chan error, 1)
			conn := dial(t, serve(t, func(p *peer) {
				p.begin()
				c.fault(p)
				told <- p.drain()
			}))
			if got := received(t, "end of the connection", told); !websocket.IsCloseError(got, c.told) {
				t.Errorf("the room was told %v, want close code %d", got, c.told)
			}
			received(t, "end of the connection", conn.Done())
			if e := judge(t, conn.Err(), ErrProtocol); e.Terminal() || errors.Is(e, ErrTooLarge) {
				t.Errorf("got %+v", *e)
			}
		})
	}
}

func TestCloseWhileCallsAreWaiting(t *testing.T) {
	t.Parallel()
	told := make(chan error, 1)
	arrived := make(chan struct{}, 10)
	conn := dial(t, serve(t, func(p *peer) {
		p.begin()
		for range 5 {
			p.receive()
			arrived <- struct{}{}
		}
		told <- p.drain()
	}))
	var wg sync.WaitGroup
	for range 5 {
		wg.Go(func() {
			err := conn.Secrets().DeleteSecret(t.Context(), "a", "")
			if e := judge(t, err, ErrClosed); e.Terminal() || err.Error() != "roomclient: secrets.delete_secret: connection closed" {
				t.Errorf("got %v", err)
			}
		})
	}
	for range 5 {
		received(t, "call", arrived)
	}
	var closing sync.WaitGroup
	for range 3 {
		closing.Go(func() { _ = conn.Close() })
	}
	closing.Wait()
	wg.Wait()
	if got := received(t, "close frame", told); !websocket.IsCloseError(got, websocket.CloseNormalClosure) {
		t.Errorf("the room was told %v", got)
	}
	received(t, "end of the connection", conn.Done())
	wantError(t, conn.Err(), ErrClosed)
	if err := conn.Close(); err != nil {
		t.Errorf("closing again: %v", err)
	}
}

func TestCloseIsBoundedWhateverThePeerDoes(t *testing.T) {
	t.Parallel()
	for name, busy := range map[string]bool{"while idle": false, "in the middle of a large message": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				stop := make(chan struct{})
				conn := dial(t, serveInMemory(t, upgrading(t, func(p *peer) {
					p.begin()
					<-stop // the peer reads nothing
				})))
				defer close(stop)
				var wg sync.WaitGroup
				if busy {
					wg.Go(func() {
						err := conn.Secrets().SetSecret(t.Context(), SetSecretRequest{ID: "a", Value: make(Bytes, 1<<20)})
						wantError(t, err, ErrClosed)
					})
					synctest.Wait()
				}
				began := time.Now()
				_ = conn.Close()
				if took := time.Since(began); took > 3*closeGrace {
					t.Errorf("took %v", took)
				}
				wg.Wait()
			})
		})
	}
}
