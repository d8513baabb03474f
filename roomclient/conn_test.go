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

	"github.com/gorilla/websocket"

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

func TestAResponseBeyondTheLimitFailsOnlyItsCall(t *testing.T) {
	t.Parallel()
	config := serve(t, func(p *peer) {
		p.begin()
		msg, _ := p.receive()
		p.send(protocol.Message{ID: msg.ID, Type: "room.unheard_of", Data: make([]byte, 5<<20)})
		p.respond(msg.ID, protocol.File{Data: make([]byte, 50<<20)})
		p.answerAll(empty)
	})
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
