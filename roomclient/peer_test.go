// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomclient

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
)

const (
	// testToken is what must never show up in an error or a log line.
	testToken = "TOKEN.abc.def"
	// patience is how long a test waits for what must happen; it is only used up by a failure.
	patience = 20 * time.Second
)

// peer is the room's end of one connection. Scripts run in the server's goroutine, so they
// report failures with Errorf and give up by returning.
type peer struct {
	t         *testing.T
	ws        *websocket.Conn
	assembler protocol.Assembler
	nextID    uint64
}

// serve starts a room on the loopback interface that plays the script on every connection,
// and returns a config that leads to it.
func serve(t *testing.T, script func(*peer)) Config {
	t.Helper()
	server := httptest.NewServer(upgrading(t, script))
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	return Config{URL: server.URL, Room: "myroom", Token: StaticToken(testToken)}
}

// upgrading is the handler behind serve; it plays the script when a connection is up.
func upgrading(t *testing.T, script func(*peer)) http.Handler {
	t.Helper()
	var upgrader websocket.Upgrader
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ws, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			t.Errorf("upgrade: %v", err)
			return
		}
		defer func() { _ = ws.Close() }()
		script(&peer{t: t, ws: ws, assembler: protocol.Assembler{MaxMessage: 64 << 20}})
	})
}

// begin sends the start-up sequence.
func (p *peer) begin() {
	p.sendHeader(protocol.TypeRoomReady, protocol.RoomReady{RoomName: "myroom", RoomURL: "ws://x", SessionID: "s"})
	p.sendHeader(protocol.TypeConnected, protocol.Connected{Type: protocol.ConnectedInit, ParticipantID: "p1", Attributes: map[string]any{"name": "alice"}})
}

func (p *peer) sendHeader(messageType string, header any) {
	data, err := protocol.Pack(header, nil)
	if err != nil {
		p.t.Errorf("pack: %v", err)
	}
	p.nextID++
	p.send(protocol.Message{ID: p.nextID, Type: messageType, Data: data})
}

func (p *peer) send(msg protocol.Message) {
	for packet := range msg.Packets() {
		p.sendPacket(packet)
	}
}

// sendPacket does not report failures: a client may leave at any time.
func (p *peer) sendPacket(packet []byte) {
	_ = p.ws.WriteMessage(websocket.BinaryMessage, packet)
}

func (p *peer) respond(id uint64, content protocol.Content) {
	data, err := protocol.PackContent(content)
	if err != nil {
		p.t.Errorf("pack: %v", err)
	}
	p.send(protocol.Message{ID: id, Type: protocol.TypeResponse, Data: data})
}

// receive returns the next message, or false when the connection has ended.
func (p *peer) receive() (protocol.Message, bool) {
	for {
		kind, packet, err := p.ws.ReadMessage()
		if err != nil {
			return protocol.Message{}, false
		}
		if kind != websocket.BinaryMessage {
			p.t.Errorf("received a message of kind %d", kind)
		}
		msg, complete, err := p.assembler.Add(packet)
		if err != nil {
			p.t.Errorf("received a bad packet: %v", err)
			return protocol.Message{}, false
		}
		if complete {
			return msg, true
		}
	}
}

// answerAll answers every call with what answer says until the connection ends.
func (p *peer) answerAll(answer func(protocol.Invoke) protocol.Content) {
	for {
		msg, ok := p.receive()
		if !ok {
			return
		}
		call, err := protocol.UnpackInvoke(msg.Data)
		if err != nil {
			p.t.Errorf("received a bad call: %v", err)
			return
		}
		p.respond(msg.ID, answer(call))
	}
}

// drain reads until the connection ends and returns the reason.
func (p *peer) drain() error {
	for {
		if _, _, err := p.ws.ReadMessage(); err != nil {
			return err
		}
	}
}

func (p *peer) close(code int, text string) {
	_ = p.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, text), time.Now().Add(patience))
	_ = p.drain()
}

// drop ends the connection as a crash or a broken network would.
func (p *peer) drop() { _ = p.ws.NetConn().Close() }

// empty answers every call as a tool that has nothing to say.
func empty(protocol.Invoke) protocol.Content { return protocol.Empty{} }

// obliging is a room that starts and says yes to everything.
func obliging(p *peer) {
	p.begin()
	p.answerAll(empty)
}

// dial connects and closes the connection when the test ends.
func dial(t *testing.T, config Config) *Conn {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	conn, err := Dial(ctx, config)
	if err != nil {
		t.Fatalf("dial: %v", err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// memory is a network inside the process, for tests that live in a synctest bubble.
type memory struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

// serveInMemory is serve without sockets.
func serveInMemory(t *testing.T, handler http.Handler) Config {
	t.Helper()
	m := &memory{conns: make(chan net.Conn), done: make(chan struct{})}
	server := &http.Server{Handler: handler}
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(m) })
	t.Cleanup(func() {
		_ = server.Close()
		serving.Wait()
	})
	return Config{URL: "ws://room.test", Room: "myroom", Token: StaticToken(testToken), NetDial: m.dial}
}

func (m *memory) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case m.conns <- theirs:
		return ours, nil
	case <-m.done:
		return nil, errors.New("connection refused")
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Accept implements [net.Listener].
func (m *memory) Accept() (net.Conn, error) {
	select {
	case conn := <-m.conns:
		return conn, nil
	case <-m.done:
		return nil, net.ErrClosed
	}
}

// Close implements [net.Listener].
func (m *memory) Close() error {
	m.once.Do(func() { close(m.done) })
	return nil
}

// Addr implements [net.Listener].
func (m *memory) Addr() net.Addr { return &net.UnixAddr{Name: "memory", Net: "memory"} }

// received waits for what another goroutine of the test reports.
func received[T any](t *testing.T, what string, from <-chan T) T {
	t.Helper()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case v := <-from:
		return v
	case <-timer.C:
		t.Fatalf("no %s", what)
		panic("unreachable")
	}
}

// wantError checks the kind of an error, and that it shows nothing it must not.
func wantError(t *testing.T, err, kind error) {
	t.Helper()
	_ = judge(t, err, kind)
}

// judge is wantError for those who want to know more.
func judge(t *testing.T, err, kind error) *Error {
	t.Helper()
	e, ok := errors.AsType[*Error](err)
	if !ok {
		t.Fatalf("got %T %v, want an *Error", err, err)
	}
	if kind != nil && !errors.Is(err, kind) {
		t.Errorf("got error %v, want %v", err, kind)
	}
	if strings.Contains(err.Error(), testToken) || strings.Contains(err.Error(), "?") {
		t.Errorf("the error shows the token or a query: %v", err)
	}
	return e
}

// logBuffer collects log lines from several goroutines.
type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Write implements [io.Writer].
func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
