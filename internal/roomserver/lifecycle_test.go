// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomserver_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/roomsecrets/roomsecret-operator/internal/roomserver"
	"github.com/roomsecrets/roomsecret-operator/internal/roomserver/store"
	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
	"github.com/roomsecrets/roomsecret-operator/roomclient/token"
)

func TestShutdownTellsClientsToComeBack(t *testing.T) {
	t.Parallel()
	s := serve(t)
	idle, busy := s.dial(t, "alice", "myroom", plainGrant), s.dial(t, "bob", "myroom", plainGrant)
	if err := busy.socket.WriteMessage(websocket.BinaryMessage, header(1, 2, protocol.TypeInvokeTool)); err != nil {
		t.Fatal(err)
	}
	codes := make(chan int, 2)
	for _, p := range []*peer{idle, busy} {
		go func() { codes <- p.closed() }()
	}
	if err := s.stop(); err != nil {
		t.Errorf("serve: %v", err)
	}
	for range 2 {
		if code := <-codes; code != websocket.CloseServiceRestart {
			t.Errorf("close code %d, want 1012", code)
		}
	}
	if _, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", s.address); err == nil {
		t.Error("the server still listens")
	}
}

func TestShutdownDoesNotWaitForAClientThatIsStuck(t *testing.T) {
	t.Parallel()
	s := serve(t, func(c *roomserver.Config) { c.Limits.WriteTimeout = 300 * time.Millisecond })
	p := s.dial(t, "alice", "myroom", plainGrant)
	wantEmpty(t, p.set(fields{"secret_id": "s"}, string(make([]byte, 3<<20))))
	for id := range uint64(8) {
		data, err := protocol.PackInvoke(protocol.Invoke{Toolkit: "secrets", Tool: "get_secret", Input: fields{"secret_id": "s"}.json(t)})
		if err != nil {
			t.Fatal(err)
		}
		if err := p.send(protocol.Message{ID: id, Type: protocol.TypeInvokeTool, Data: data}); err != nil {
			break
		}
	}
	if err := s.stop(); err != nil { // returns, or the test never ends
		t.Errorf("serve: %v", err)
	}
}

func TestAServerIsAHandlerAndCanBeClosed(t *testing.T) {
	t.Parallel()
	key, err := token.NewAPIKey()
	if err != nil {
		t.Fatal(err)
	}
	server, err := roomserver.New(roomserver.Config{APIKeys: []token.APIKey{key}, Store: store.NewMemory(0)})
	if err != nil {
		t.Fatal(err)
	}
	host := httptest.NewServer(server)
	t.Cleanup(host.Close)
	s := &service{address: strings.TrimPrefix(host.URL, "http://"), key: key}
	p := s.dial(t, "alice", "myroom", plainGrant)
	closed := make(chan int, 1)
	go func() { closed <- p.closed() }()
	for range 2 {
		if err := server.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if code := <-closed; code != websocket.CloseServiceRestart {
		t.Errorf("close code %d", code)
	}
	if got := handshake(t, s.roomURL("myroom", s.token(t, "alice", "myroom", plainGrant)), nil); got.status != http.StatusServiceUnavailable {
		t.Errorf("joining a closed server: %d", got.status)
	}
	if status, _ := s.get(t, "/readyz", nil); status != http.StatusServiceUnavailable {
		t.Errorf("/readyz of a closed server: %d", status)
	}
}

func TestSecretsSurviveARestart(t *testing.T) {
	t.Parallel()
	key, err := token.NewAPIKey()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	start := func() (*service, store.Store) {
		rows, err := store.OpenBolt(store.BoltConfig{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		return serve(t, func(c *roomserver.Config) { c.Store, c.APIKeys = rows, []token.APIKey{key} }), rows
	}
	s, rows := start()
	s.key = key
	first := s.dial(t, "alice", "myroom", plainGrant)
	wantEmpty(t, first.set(fields{"secret_id": "s", "type": "text/plain", "name": "n"}, "v"))
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	if err := rows.Close(); err != nil {
		t.Fatal(err)
	}

	s, rows = start()
	s.key = key
	t.Cleanup(func() { _ = rows.Close() })
	second := s.dial(t, "alice", "myroom", plainGrant)
	wantFile(t, second.call(protocol.ToolGetSecret, fields{"secret_id": "s"}), "n", "text/plain", "v")
	if first.me.ParticipantID == second.me.ParticipantID || first.ready.SessionID == second.ready.SessionID {
		t.Error("participant or session id is the same after a restart")
	}
}

func TestEveryParticipantHasAnIDAndEveryRoomASession(t *testing.T) {
	t.Parallel()
	s := serve(t)
	one, two := s.dial(t, "alice", "myroom", plainGrant), s.dial(t, "alice", "myroom", plainGrant)
	other := s.dial(t, "alice", "other", plainGrant)
	if one.me.ParticipantID == two.me.ParticipantID {
		t.Error("two connections have one participant id")
	}
	if one.ready.SessionID != two.ready.SessionID || one.ready.SessionID == other.ready.SessionID {
		t.Error("a session belongs to a room")
	}
	if want := "ws://" + s.address + "/rooms/myroom"; one.ready.RoomURL != want || one.ready.RoomName != "myroom" {
		t.Errorf("ready %+v, want URL %s", one.ready, want)
	}
	if one.me.Type != protocol.ConnectedInit || one.me.Attributes["name"] != "alice" {
		t.Errorf("connected %+v", one.me)
	}
}

func TestConfigurationsThatCannotWork(t *testing.T) {
	t.Parallel()
	key, err := token.NewAPIKey()
	if err != nil {
		t.Fatal(err)
	}
	cases := map[string]struct {
		change func(*roomserver.Config)
		want   string
	}{
		"no key":               {func(c *roomserver.Config) { c.APIKeys = nil }, "no API keys"},
		"the same key twice":   {func(c *roomserver.Config) { c.APIKeys = []token.APIKey{key, key} }, "two API keys"},
		"no store":             {func(c *roomserver.Config) { c.Store = nil }, "no store"},
		"a bad room name":      {func(c *roomserver.Config) { c.Rooms = []string{"ok", "-bad"} }, `"-bad" is not a room name`},
		"a tiny message limit": {func(c *roomserver.Config) { c.Limits.MaxMessage = 1024 }, "below 65536"},
		"a negative limit":     {func(c *roomserver.Config) { c.Limits.MaxConnections = -1 }, "negative"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := roomserver.Config{APIKeys: []token.APIKey{key}, Store: store.NewMemory(0)}
			c.change(&config)
			if _, err := roomserver.New(config); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v does not say %q", err, c.want)
			}
		})
	}
}
