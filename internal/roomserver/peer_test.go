// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomserver_test

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/roomsecrets/roomsecret-operator/internal/roomserver"
	"github.com/roomsecrets/roomsecret-operator/internal/roomserver/store"
	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
	"github.com/roomsecrets/roomsecret-operator/roomclient/token"
)

// patience is how long a test waits for something that must happen.
const patience = 20 * time.Second

// service is a room server on a loopback socket.
type service struct {
	address  string
	key      token.APIKey
	rows     store.Store
	registry roomserver.Registry
	stop     func() error // shuts down gracefully; once
}

func serve(tb testing.TB, changes ...func(*roomserver.Config)) *service {
	tb.Helper()
	key, err := token.NewAPIKey()
	if err != nil {
		tb.Fatal(err)
	}
	config := roomserver.Config{
		APIKeys: []token.APIKey{key}, Store: store.NewMemory(0), Registry: prometheus.NewRegistry(),
	}
	for _, change := range changes {
		change(&config)
	}
	server, err := roomserver.New(config)
	if err != nil {
		tb.Fatal(err)
	}
	listener, err := (&net.ListenConfig{}).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background()) // outlives tb.Context, so that cleanups can still talk
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(ctx, listener) }()
	stop := func() error {
		cancel()
		err := <-ended
		ended <- err
		return err
	}
	tb.Cleanup(func() {
		if err := stop(); err != nil {
			tb.Errorf("serve: %v", err)
		}
	})
	return &service{
		address: listener.Addr().String(), key: key, rows: config.Store, registry: config.Registry, stop: stop,
	}
}

// grants is what a token of these tests allows.
type grants int

const (
	plainGrant grants = iota
	adminGrant
	noAPIGrant
	messagingGrant // and secrets
)

func (s *service) claims(tb testing.TB, identity, room string, g grants) token.Claims {
	tb.Helper()
	claims := token.Claims{
		Name: identity, Grants: []token.Grant{token.RoomGrant(room)}, ExpiresAt: time.Now().Add(time.Hour),
	}
	scope := token.APIScope{Secrets: &token.SecretsGrant{}}
	switch g {
	case noAPIGrant:
		return claims
	case adminGrant:
		scope.Admin = &token.AdminGrant{}
	case messagingGrant:
		scope.Messaging = &token.MessagingGrant{}
	case plainGrant:
	}
	api, err := token.APIGrant(scope)
	if err != nil {
		tb.Fatal(err)
	}
	claims.Grants = append(claims.Grants, api)
	return claims
}

func (s *service) token(tb testing.TB, identity, room string, g grants) string {
	tb.Helper()
	signed, err := s.key.Sign(s.claims(tb, identity, room, g))
	if err != nil {
		tb.Fatal(err)
	}
	return signed
}

func (s *service) roomURL(room, jwt string) string {
	u := url.URL{Scheme: "ws", Host: s.address, Path: "/rooms/" + room}
	if jwt != "" {
		u.RawQuery = url.Values{"token": {jwt}, "v": {"0.39.9"}}.Encode()
	}
	return u.String()
}

// peer is a participant: a bare WebSocket and the packets of the protocol.
type peer struct {
	t         testing.TB
	socket    *websocket.Conn
	assembler protocol.Assembler
	ready     protocol.RoomReady
	me        protocol.Connected
	nextID    uint64
	told      []protocol.Message // pushes that came before an answer
}

// dial joins a room and reads the two start-up messages.
func (s *service) dial(tb testing.TB, identity, room string, g grants) *peer {
	tb.Helper()
	return s.join(tb, room, s.token(tb, identity, room, g))
}

// join is dial with a token.
func (s *service) join(tb testing.TB, room, jwt string) *peer {
	tb.Helper()
	return connect(tb, &websocket.Dialer{}, s.roomURL(room, jwt), nil)
}

func connect(tb testing.TB, dialer *websocket.Dialer, address string, header http.Header) *peer {
	tb.Helper()
	socket, response, err := dialer.DialContext(tb.Context(), address, header)
	if err != nil {
		tb.Fatalf("dial: %v", err)
	}
	_ = response.Body.Close()
	tb.Cleanup(func() { _ = socket.Close() })
	if err := socket.SetReadDeadline(time.Now().Add(patience)); err != nil {
		tb.Fatal(err)
	}
	p := &peer{t: tb, socket: socket, assembler: protocol.Assembler{MaxMessage: 8 << 20}}
	p.header(protocol.TypeRoomReady, &p.ready)
	p.header(protocol.TypeConnected, &p.me)
	return p
}

func (p *peer) header(kind string, into any) {
	p.t.Helper()
	message := p.receive()
	if message.Type != kind {
		p.t.Fatalf("message %q, want %q", message.Type, kind)
	}
	if err := protocol.UnpackHeader(message.Data, into); err != nil {
		p.t.Fatal(err)
	}
}

// next reads one message, or the error that ended the connection.
func (p *peer) next() (protocol.Message, error) {
	for {
		kind, packet, err := p.socket.ReadMessage()
		if err != nil {
			return protocol.Message{}, err
		}
		if kind != websocket.BinaryMessage {
			p.t.Errorf("the server sent a message of kind %d", kind)
		}
		message, complete, err := p.assembler.Add(packet)
		if err != nil || complete {
			return message, err
		}
	}
}

func (p *peer) receive() protocol.Message {
	p.t.Helper()
	message, err := p.next()
	if err != nil {
		p.t.Fatalf("receive: %v", err)
	}
	return message
}

func (p *peer) send(message protocol.Message) error {
	for packet := range message.Packets() {
		if err := p.socket.WriteMessage(websocket.BinaryMessage, packet); err != nil {
			return err
		}
	}
	return nil
}

// ask sends a message and returns the content of its answer.
func (p *peer) ask(kind string, data []byte) protocol.Content {
	p.t.Helper()
	id := p.nextID
	p.nextID++
	if err := p.send(protocol.Message{ID: id, Type: kind, Data: data}); err != nil {
		p.t.Fatalf("send: %v", err)
	}
	return p.answer(id)
}

func (p *peer) answer(id uint64) protocol.Content {
	p.t.Helper()
	message := p.receive()
	if message.ID != id || message.Type != protocol.TypeResponse {
		p.t.Fatalf("got message %d %q, want the response to %d", message.ID, message.Type, id)
	}
	content, err := protocol.UnpackContent(message.Data)
	if err != nil {
		p.t.Fatal(err)
	}
	return content
}

func (p *peer) invoke(call protocol.Invoke) protocol.Content {
	p.t.Helper()
	data, err := protocol.PackInvoke(call)
	if err != nil {
		p.t.Fatal(err)
	}
	return p.ask(protocol.TypeInvokeTool, data)
}

func (p *peer) tool(name string, input protocol.Content) protocol.Content {
	p.t.Helper()
	return p.invoke(protocol.Invoke{Toolkit: protocol.Toolkit, Tool: name, Input: input})
}

// fields is the JSON of a call as a test writes it.
type fields map[string]any

func (f fields) json(tb testing.TB) protocol.JSON {
	tb.Helper()
	content, err := protocol.NewJSON(f)
	if err != nil {
		tb.Fatal(err)
	}
	return content
}

func (p *peer) set(f fields, value string) protocol.Content {
	p.t.Helper()
	headers, err := json.Marshal(f)
	if err != nil {
		p.t.Fatal(err)
	}
	return p.tool(protocol.ToolSetSecret, protocol.Binary{Headers: headers, Data: []byte(value)})
}

func (p *peer) call(tool string, f fields) protocol.Content {
	p.t.Helper()
	return p.tool(tool, f.json(p.t))
}

// listed is one line an entry: id, delegate, type, name.
func (p *peer) listed() []string {
	p.t.Helper()
	content, ok := p.call(protocol.ToolListSecrets, fields{}).(protocol.JSON)
	if !ok {
		p.t.Fatal("list_secrets did not answer with json")
	}
	var response protocol.ListSecretsResponse
	if err := json.Unmarshal(content.Value, &response); err != nil {
		p.t.Fatal(err)
	}
	lines := []string{}
	for _, s := range response.Secrets {
		lines = append(lines, s.ID+"|"+protocol.OrEmpty(s.DelegatedTo)+"|"+s.Type+"|"+s.Name)
	}
	return lines
}

// closed reads until the server ends the connection and returns the close code.
func (p *peer) closed() int {
	p.t.Helper()
	for {
		_, err := p.next()
		if end, ok := errors.AsType[*websocket.CloseError](err); ok {
			return end.Code
		}
		if err != nil {
			p.t.Fatalf("the connection ended without a close frame: %v", err)
		}
	}
}

func wantEmpty(t *testing.T, got protocol.Content) {
	t.Helper()
	if _, ok := got.(protocol.Empty); !ok {
		t.Errorf("got %s content %+v, want empty", got.Type(), got)
	}
}

func wantError(t *testing.T, got protocol.Content, code protocol.Code) {
	t.Helper()
	failure, ok := got.(protocol.Error)
	switch {
	case !ok:
		t.Errorf("got %s content %+v, want an error", got.Type(), got)
	case failure.Code != code || failure.Text == "":
		t.Errorf("got error %d %q, want code %d and a text", failure.Code, failure.Text, code)
	}
}

func wantFile(t *testing.T, got protocol.Content, name, kind, value string) {
	t.Helper()
	file, ok := got.(protocol.File)
	if !ok || file.Name != name || file.MIMEType != kind || string(file.Data) != value {
		t.Errorf("got %s content %+v, want file %q of type %q with the stored value", got.Type(), got, name, kind)
	}
}

func wantExists(t *testing.T, got protocol.Content, want bool) {
	t.Helper()
	var response protocol.ExistsResponse
	content, ok := got.(protocol.JSON)
	if !ok || json.Unmarshal(content.Value, &response) != nil || response.Exists != want {
		t.Errorf("got %s content %+v, want exists %v", got.Type(), got, want)
	}
}
