// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomclient

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"

	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
)

func TestDialGoesThroughTheStartUp(t *testing.T) {
	t.Parallel()
	ready := func(p *peer) {
		p.sendHeader(protocol.TypeRoomReady, protocol.RoomReady{RoomName: "its-name"})
	}
	connected := func(p *peer) {
		p.sendHeader(protocol.TypeConnected, map[string]any{
			"type": "init", "participantId": "p9", "attributes": map[string]any{"name": "bob"}, "__meshagent__": map[string]any{"v": 1},
		})
	}
	status := func(p *peer) {
		p.sendHeader(protocol.TypeRoomStatus, protocol.RoomStatus{Status: "error", Message: "room is starting"})
	}
	for name, steps := range map[string][]func(*peer){
		"in the usual order": {ready, connected},
		"in the other order": {connected, ready},
		"with progress":      {status, status, ready, status, connected},
		"with messages of types we do not know": {
			func(p *peer) { p.sendHeader("room.future", map[string]any{"a": 1}) }, ready,
			func(p *peer) { p.send(protocol.Message{Type: "", Data: []byte("x")}) }, connected,
		},
		"with a connected of another type": {
			ready, func(p *peer) {
				p.sendHeader(protocol.TypeConnected, map[string]any{"type": "other", "participantId": "no"})
			}, connected,
		},
		"with a repetition": {
			ready, connected, func(p *peer) {
				p.sendHeader(protocol.TypeConnected, map[string]any{"type": "init", "participantId": "no"})
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := serve(t, func(p *peer) {
				for _, step := range steps {
					step(p)
				}
				p.answerAll(empty)
			})
			conn := dial(t, config)
			if err := conn.Secrets().DeleteSecret(t.Context(), "a", ""); err != nil {
				t.Errorf("the first call failed: %v", err)
			}
			if conn.ParticipantID() != "p9" || conn.RoomName() != "its-name" {
				t.Errorf("participant %q in %q", conn.ParticipantID(), conn.RoomName())
			}
			if diff := cmp.Diff(map[string]any{"name": "bob"}, conn.Attributes()); diff != "" {
				t.Errorf("attributes (-want +got):\n%s", diff)
			}
		})
	}
}

func TestARoomWithoutANameHasTheConfiguredOne(t *testing.T) {
	t.Parallel()
	conn := dial(t, serve(t, func(p *peer) {
		p.sendHeader(protocol.TypeRoomReady, map[string]any{})
		p.sendHeader(protocol.TypeConnected, protocol.Connected{Type: protocol.ConnectedInit})
		_ = p.drain()
	}))
	if conn.RoomName() != "myroom" {
		t.Errorf("room name is %q", conn.RoomName())
	}
}

func TestDialSaysWhyAStartUpFailed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		script func(*peer)
		kind   error
		told   int // the close code the room gets
	}{
		"a room_ready that makes no sense": {func(p *peer) { p.sendHeader(protocol.TypeRoomReady, map[string]any{"room_name": 1}) }, ErrProtocol, 1007},
		"a connected that makes no sense": {func(p *peer) {
			p.sendHeader(protocol.TypeConnected, map[string]any{"type": "init", "participantId": 1})
		}, ErrProtocol, 1007},
		"a room_ready without a header": {func(p *peer) { p.send(protocol.Message{Type: protocol.TypeRoomReady}) }, ErrProtocol, 1007},
		"a packet out of order":         {func(p *peer) { p.sendPacket([]byte("\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x01x")) }, ErrProtocol, 1002},
		"a connection that drops":       {func(p *peer) { p.drop() }, ErrClosed, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			told := make(chan error, 1)
			config := serve(t, func(p *peer) {
				c.script(p)
				told <- p.drain()
			})
			_, err := Dial(t.Context(), config)
			if e := judge(t, err, c.kind); e.Op != opStart || e.Terminal() {
				t.Errorf("got %+v", *e)
			}
			if got := received(t, "end of the connection", told); c.told != 0 && !websocket.IsCloseError(got, c.told) {
				t.Errorf("the room was told %v, want close code %d", got, c.told)
			}
		})
	}
}

func TestDialIsBounded(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		handler func(*testing.T) http.Handler
		op      string
		want    time.Duration
	}{
		"when the room never gets ready": {
			func(t *testing.T) http.Handler {
				return upgrading(t, func(p *peer) { _ = p.drain() })
			}, opStart, time.Minute,
		},
		"when the upgrade is never answered": {
			func(*testing.T) http.Handler {
				return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
			}, "dial", 20 * time.Second,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				config := serveInMemory(t, c.handler(t))
				began := time.Now()
				_, err := Dial(t.Context(), config)
				e := judge(t, err, context.DeadlineExceeded)
				if e.Op != c.op || e.Terminal() {
					t.Errorf("got %+v", *e)
				}
				// Saying goodbye to a silent peer may take its grace on top.
				if took := time.Since(began); took < c.want || took > c.want+2*closeGrace {
					t.Errorf("took %v, want %v", took, c.want)
				}
			})
		})
	}
}

func TestDialEndsWithItsContext(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		handler func(*testing.T, chan<- struct{}) http.Handler
		op      string
	}{
		"during the upgrade": {func(_ *testing.T, reached chan<- struct{}) http.Handler {
			return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				close(reached)
				<-r.Context().Done()
			})
		}, "dial"},
		"during the start-up": {func(t *testing.T, reached chan<- struct{}) http.Handler {
			return upgrading(t, func(p *peer) {
				close(reached)
				_ = p.drain()
			})
		}, opStart},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				reached := make(chan struct{})
				config := serveInMemory(t, c.handler(t, reached))
				ctx, cancel := context.WithCancel(t.Context())
				go func() {
					<-reached
					synctest.Wait()
					cancel()
				}()
				_, err := Dial(ctx, config)
				if e := judge(t, err, context.Canceled); e.Op != c.op || e.Terminal() {
					t.Errorf("got %+v", *e)
				}
			})
		})
	}
}

func TestTokenSourcesCanFail(t *testing.T) {
	t.Parallel()
	broken := errors.New("cannot read the file")
	for name, c := range map[string]struct {
		source   TokenSource
		kind     error
		terminal bool
	}{
		"for now":          {func(context.Context) (string, error) { return "", broken }, broken, false},
		"for good":         {func(context.Context) (string, error) { return "", &Error{Op: "x", Kind: ErrInvalid, terminal: true} }, ErrInvalid, true},
		"with no token":    {StaticToken("\n"), ErrInvalid, true},
		"with two of them": {StaticToken("one\ntwo"), ErrInvalid, true},
		"with their ctx":   {func(context.Context) (string, error) { return "", context.Canceled }, context.Canceled, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Dial(t.Context(), Config{URL: "ws://room.test", Room: "r", Token: c.source})
			if e := judge(t, err, c.kind); e.Op != "token" || e.Terminal() != c.terminal {
				t.Errorf("got %+v", *e)
			}
		})
	}
}

func TestATokenFromAFileMayEndInANewline(t *testing.T) {
	t.Parallel()
	if got, err := tokenFrom(t.Context(), StaticToken("jwt\r\n")); got != "jwt" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestNetworkErrorsAreTemporary(t *testing.T) {
	t.Parallel()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = Dial(t.Context(), Config{URL: "ws://" + address, Room: "r", Token: StaticToken(testToken)})
	if e := judge(t, err, nil); e.Op != "dial" || e.Terminal() || !strings.Contains(err.Error(), "refused") {
		t.Errorf("got %v", err)
	}
}

func TestNetDialSpeaksForItself(t *testing.T) {
	t.Parallel()
	notAllowed := errors.New("host room.test is not allowed")
	for name, c := range map[string]struct {
		err      error
		terminal bool
	}{
		"for now":  {notAllowed, false},
		"for good": {&Error{Op: "policy", Kind: ErrForbidden, Err: notAllowed, terminal: true}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Dial(t.Context(), Config{
				URL: "wss://room.test", Room: "r", Token: StaticToken(testToken),
				NetDial: func(context.Context, string, string) (net.Conn, error) { return nil, c.err },
			})
			if e := judge(t, err, notAllowed); e.Op != "dial" || e.Terminal() != c.terminal {
				t.Errorf("got %+v", *e)
			}
		})
	}
}

// TestAPeerThatRepeatsTheRequestShowsNoToken connects to something that is no WebSocket
// server and answers with what it was sent: the HTTP library quotes that in its error.
func TestAPeerThatRepeatsTheRequestShowsNoToken(t *testing.T) {
	t.Parallel()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer func() { _ = conn.Close() }()
		_, _ = io.Copy(conn, conn)
	}()
	_, err = Dial(t.Context(), Config{URL: "ws://" + listener.Addr().String(), Room: "r", Token: StaticToken(testToken)})
	if e := judge(t, err, nil); e.Op != "dial" || e.Terminal() {
		t.Errorf("got %+v", *e)
	}
}

func TestARefusalKeepsTheServersWordsApart(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", "3")
		http.Error(w, "no entry with "+r.URL.String(), http.StatusForbidden)
	}))
	defer server.Close()
	var log logBuffer
	_, err := Dial(t.Context(), Config{
		URL: server.URL, Room: "r", Token: StaticToken(testToken),
		Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	e := judge(t, err, ErrForbidden)
	if e.Status != http.StatusForbidden || e.RetryAfter != 3*time.Second || !strings.HasPrefix(e.Text, "no entry with /rooms/r") || !e.Terminal() {
		t.Errorf("got %+v", *e)
	}
	if strings.Contains(log.String(), testToken) {
		t.Errorf("the log shows the token: %s", log.String())
	}
}

func TestDialOverTLS(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(upgrading(t, obliging))
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug)
	server.StartTLS()
	defer server.Close()
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	config := Config{URL: server.URL, Room: "myroom", Token: StaticToken(testToken), TLS: &tls.Config{RootCAs: roots}}

	conn := dial(t, config)
	if err := conn.Secrets().SetSecret(t.Context(), SetSecretRequest{ID: "a", Value: make(Bytes, 200_000)}); err != nil {
		t.Errorf("a call over TLS: %v", err)
	}
	if err := conn.Close(); err != nil {
		t.Error(err)
	}

	config.TLS = nil
	_, err := Dial(t.Context(), config)
	if e := judge(t, err, nil); e.Terminal() || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("got %v", err)
	}
}
