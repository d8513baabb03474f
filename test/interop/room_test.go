// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package interop_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/roomsecrets/roomsecret-operator/internal/roomserver"
	"github.com/roomsecrets/roomsecret-operator/internal/roomserver/store"
	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
	"github.com/roomsecrets/roomsecret-operator/roomclient/token"
)

// service is a room server on a loopback socket.
type service struct {
	address string
	config  roomserver.Config
	stop    func()
}

func serve(t *testing.T, changes ...func(*roomserver.Config)) *service {
	t.Helper()
	s := &service{
		address: "127.0.0.1:0",
		config:  roomserver.Config{APIKeys: []token.APIKey{newKey(t)}, Store: store.NewMemory(0)},
	}
	for _, change := range changes {
		change(&s.config)
	}
	s.start(t)
	t.Cleanup(func() { s.stop() })
	return s
}

// start serves at the address of before, if there is one.
func (s *service) start(t *testing.T) {
	t.Helper()
	server, err := roomserver.New(s.config)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	s.address = listener.Addr().String()
	ctx, cancel := context.WithCancel(context.Background()) // outlives t.Context, so that cleanups can still talk
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(ctx, listener) }()
	s.stop = func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("serve: %v", err)
		}
		ended <- nil
	}
}

func newKey(t *testing.T) token.APIKey {
	t.Helper()
	key, err := token.NewAPIKey()
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func (s *service) key() token.APIKey { return s.config.APIKeys[0] }

func (s *service) roomURL(room string) string {
	return (&url.URL{Scheme: "ws", Host: s.address, Path: "/rooms/" + room}).String()
}

// claims are those of a token that may use secrets for an hour. What else it may do is in scope.
func claims(t *testing.T, identity, room string, scope token.APIScope) token.Claims {
	t.Helper()
	api, err := token.APIGrant(scope)
	if err != nil {
		t.Fatal(err)
	}
	return token.Claims{
		Name: identity, Grants: []token.Grant{token.RoomGrant(room), api}, ExpiresAt: time.Now().Add(time.Hour),
	}
}

func sign(t *testing.T, key token.APIKey, c token.Claims) string {
	t.Helper()
	jwt, err := key.Sign(c)
	if err != nil {
		t.Fatal(err)
	}
	return jwt
}

// The scopes of tokens.
var (
	user  = token.APIScope{Secrets: &token.SecretsGrant{}}
	admin = token.APIScope{Secrets: &token.SecretsGrant{}, Admin: &token.AdminGrant{}}
)

func (s *service) token(t *testing.T, identity, room string, scope token.APIScope) string {
	t.Helper()
	return sign(t, s.key(), claims(t, identity, room, scope))
}

// participant is a room client of the SDK.
type participant struct {
	sdk    *sdk
	name   string
	events <-chan event
	me     whoami
}

// whoami is what the SDK knows about its own connection. The older version does not keep what it hears of the room.
type whoami struct {
	ParticipantID string `json:"participantId"`
	Name          string `json:"name"`
	RoomName      string `json:"roomName"`
	RoomURL       string `json:"roomUrl"`
	SessionID     string `json:"sessionId"`
}

// tryJoin connects a room client; options are further members of the command.
func (s *sdk) tryJoin(t *testing.T, options args) (*participant, error) {
	t.Helper()
	p := &participant{sdk: s}
	p.name, p.events = s.newRoom()
	options["room"] = p.name
	if err := s.do("join", options, &p.me); err != nil {
		return nil, err
	}
	t.Cleanup(func() {
		if err := s.do("leave", args{"room": p.name}, nil); err != nil {
			t.Errorf("leave: %v", err)
		}
	})
	return p, nil
}

func (s *sdk) joinWith(t *testing.T, options args) *participant {
	t.Helper()
	p, err := s.tryJoin(t, options)
	if err != nil {
		t.Fatalf("join: %v", err)
	}
	return p
}

// join connects a participant that answers no requests.
func (s *sdk) join(t *testing.T, server *service, identity, room string, scope token.APIScope) *participant {
	t.Helper()
	return s.joinWith(t, args{"url": server.roomURL(room), "token": server.token(t, identity, room, scope)})
}

// call calls a method of the secrets client.
func (p *participant) call(method string, with args, ok any) error {
	return p.sdk.do("secrets", args{"room": p.name, "method": method, "args": with}, ok)
}

// must is a call that succeeds.
func (p *participant) must(t *testing.T, method string, with args, ok any) {
	t.Helper()
	if err := p.call(method, with, ok); err != nil {
		t.Fatalf("%s: %v", method, err)
	}
}

// fails is a call that is answered with an error of that code and a text.
func (p *participant) fails(t *testing.T, code protocol.Code, method string, with args) {
	t.Helper()
	wantError(t, p.call(method, with, nil), code)
}

// wantError checks an error of the room and returns its text.
func wantError(t *testing.T, err error, code protocol.Code) string {
	t.Helper()
	failure, ok := errors.AsType[*sdkError](err)
	if !ok || failure.Name != "RoomServerException" || failure.Code != int(code) || failure.Message == "" {
		t.Errorf("error %v, want a RoomServerException of code %d with a text", err, code)
		return ""
	}
	return failure.Message
}

// next waits for an event of that kind and drops others before it.
func (p *participant) next(t *testing.T, kind string) event {
	t.Helper()
	deadline := time.After(patience)
	for {
		select {
		case e := <-p.events:
			if e.Event == kind {
				return e
			}
		case <-deadline:
			t.Fatalf("no event %q", kind)
		}
	}
}

var rooms atomic.Int64

// newRoom is a room name nobody has used.
func newRoom() string { return fmt.Sprintf("room-%d", rooms.Add(1)) }
