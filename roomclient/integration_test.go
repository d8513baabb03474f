// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomclient_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/roomsecrets/roomsecret-operator/internal/roomserver"
	"github.com/roomsecrets/roomsecret-operator/internal/roomserver/store"
	"github.com/roomsecrets/roomsecret-operator/roomclient"
	"github.com/roomsecrets/roomsecret-operator/roomclient/token"
)

// service is our own room server on a loopback socket, the real peer.
type service struct {
	key     token.APIKey
	rows    store.Store
	address string
	limits  roomserver.Limits
	stop    func()
}

func newService(t *testing.T) *service {
	t.Helper()
	return newServiceWith(t, roomserver.Limits{})
}

func newServiceWith(t *testing.T, limits roomserver.Limits) *service {
	t.Helper()
	key, err := token.NewAPIKey()
	if err != nil {
		t.Fatal(err)
	}
	s := &service{key: key, rows: store.NewMemory(0), address: "127.0.0.1:0", limits: limits}
	s.start(t)
	return s
}

// start serves at the address it had before, with the same rows.
func (s *service) start(t *testing.T) {
	t.Helper()
	server, err := roomserver.New(roomserver.Config{APIKeys: []token.APIKey{s.key}, Store: s.rows, Limits: s.limits})
	if err != nil {
		t.Fatal(err)
	}
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	s.address = listener.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	var serving sync.WaitGroup
	serving.Go(func() {
		if err := server.Serve(ctx, listener); err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	s.stop = sync.OnceFunc(func() {
		cancel()
		serving.Wait()
	})
	t.Cleanup(s.stop)
}

// session joins the room as the identity and waits until it is connected.
func (s *service) session(ctx context.Context, t *testing.T, identity string, scope token.APIScope) *roomclient.Session {
	t.Helper()
	return s.observed(ctx, t, identity, scope, nil)
}

// observed is session with somebody who is told of changes.
func (s *service) observed(ctx context.Context, t *testing.T, identity string, scope token.APIScope, onChange func(roomclient.State)) *roomclient.Session {
	t.Helper()
	api, err := token.APIGrant(scope)
	if err != nil {
		t.Fatal(err)
	}
	claims := token.Claims{Name: identity, Grants: []token.Grant{token.RoomGrant("myroom"), api}}
	session, err := roomclient.NewSession(ctx, roomclient.SessionConfig{Config: roomclient.Config{
		URL: "http://" + s.address, Room: "myroom",
		Token: roomclient.SignedToken(s.key, claims, time.Hour),
	}, OnChange: onChange})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = session.Close() })
	if err := session.Wait(ctx); err != nil {
		t.Fatal(err)
	}
	return session
}

func plainScope() token.APIScope { return token.APIScope{Secrets: &token.SecretsGrant{}} }

func patient(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func TestValuesOfAllSizesComeBack(t *testing.T) {
	t.Parallel()
	ctx := patient(t)
	secrets := newService(t).session(ctx, t, "alice", plainScope()).Secrets()
	for _, size := range []int{0, 1, 1024, 1025, 65536, 1_000_000} {
		id := fmt.Sprintf("size-%d", size)
		want := roomclient.Secret{ID: id, Type: "application/octet-stream", Name: "n", Value: bytes.Repeat([]byte{0xa5}, size)}
		if err := secrets.SetSecret(ctx, roomclient.SetSecretRequest{ID: id, Type: want.Type, Name: want.Name, Value: want.Value}); err != nil {
			t.Fatalf("%d bytes: %v", size, err)
		}
		got, err := secrets.GetSecret(ctx, roomclient.SecretQuery{ID: id})
		if err != nil {
			t.Fatalf("%d bytes: %v", size, err)
		}
		if !bytes.Equal(got.Value, want.Value) {
			t.Errorf("%d bytes came back as %d", size, len(got.Value))
		}
		got.Value, want.Value = nil, nil
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%d bytes (-want +got):\n%s", size, diff)
		}
	}
}

func TestRowsAreListedFoundAndDeleted(t *testing.T) {
	t.Parallel()
	ctx := patient(t)
	secrets := newService(t).session(ctx, t, "alice", plainScope()).Secrets()
	for _, r := range []roomclient.SetSecretRequest{
		{ID: "a", Type: "text/plain", Name: "A", Value: []byte("1")},
		{ID: "b", Type: "text/plain", Name: "B", DelegatedTo: "bob", Value: []byte("2")},
	} {
		if err := secrets.SetSecret(ctx, r); err != nil {
			t.Fatal(err)
		}
	}
	rows, err := secrets.ListSecrets(ctx)
	if err != nil {
		t.Fatal(err)
	}
	want := []roomclient.SecretInfo{
		{ID: "a", Type: "text/plain", Name: "A"},
		{ID: "b", Type: "text/plain", Name: "B", DelegatedTo: "bob"},
	}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	for query, want := range map[roomclient.ExistsQuery]bool{
		{ID: "a"}: true, {ID: "b", DelegatedTo: "bob"}: true, {ID: "c"}: false,
	} {
		if got, err := secrets.Exists(ctx, query); got != want || err != nil {
			t.Errorf("%+v: got %v and error %v, want %v", query, got, err, want)
		}
	}
	for range 2 { // the second time there is nothing to delete
		if err := secrets.DeleteSecret(ctx, "b", "bob"); err != nil {
			t.Error(err)
		}
	}
	if _, err := secrets.GetSecret(ctx, roomclient.SecretQuery{ID: "b", DelegatedTo: "bob"}); !errors.Is(err, roomclient.ErrNotFound) {
		t.Errorf("got error %v, want ErrNotFound", err)
	}
}

func TestGrantsAreEnforced(t *testing.T) {
	t.Parallel()
	ctx := patient(t)
	s := newService(t)
	forBob := roomclient.SetSecretRequest{ID: "x", Type: "t", Name: "n", ForIdentity: "bob", Value: []byte("1")}
	err := s.session(ctx, t, "alice", plainScope()).Secrets().SetSecret(ctx, forBob)
	if !errors.Is(err, roomclient.ErrForbidden) || !roomclient.IsTerminal(err) {
		t.Errorf("without the admin grant: got error %v, want ErrForbidden", err)
	}
	if _, err := s.session(ctx, t, "carol", token.APIScope{}).Secrets().ListSecrets(ctx); !errors.Is(err, roomclient.ErrForbidden) {
		t.Errorf("without the secrets grant: got error %v, want ErrForbidden", err)
	}
	admin := token.APIScope{Secrets: &token.SecretsGrant{}, Admin: &token.AdminGrant{}}
	if err := s.session(ctx, t, "root", admin).Secrets().SetSecret(ctx, forBob); err != nil {
		t.Errorf("with the admin grant: %v", err)
	}
	if _, err := s.session(ctx, t, "bob", plainScope()).Secrets().GetSecret(ctx, roomclient.SecretQuery{ID: "x"}); err != nil {
		t.Errorf("the identity it was set for: %v", err)
	}
}

func TestManyCallersShareASession(t *testing.T) {
	t.Parallel()
	ctx := patient(t)
	secrets := newService(t).session(ctx, t, "alice", plainScope()).Secrets()
	var wg sync.WaitGroup
	for i := range 400 {
		wg.Go(func() {
			id, value := fmt.Sprintf("s-%d", i), bytes.Repeat([]byte{byte(i)}, i*5)
			if err := secrets.SetSecret(ctx, roomclient.SetSecretRequest{ID: id, Type: "t", Name: id, Value: value}); err != nil {
				t.Errorf("set %s: %v", id, err)
				return
			}
			got, err := secrets.GetSecret(ctx, roomclient.SecretQuery{ID: id})
			if err != nil || got.Name != id || !bytes.Equal(got.Value, value) {
				t.Errorf("get %s: %v, error %v", id, got, err)
			}
		})
	}
	wg.Wait()
	if rows, err := secrets.ListSecrets(ctx); err != nil || len(rows) != 400 {
		t.Errorf("%d rows, error %v", len(rows), err)
	}
}

func TestASessionOutlivesTheServer(t *testing.T) {
	t.Parallel()
	ctx := patient(t)
	s := newService(t)
	waiting := make(chan struct{}, 1)
	session := s.observed(ctx, t, "alice", plainScope(), func(state roomclient.State) {
		if state.Phase == roomclient.PhaseWaiting {
			select {
			case waiting <- struct{}{}:
			default:
			}
		}
	})
	if err := session.Secrets().SetSecret(ctx, roomclient.SetSecretRequest{ID: "a", Type: "t", Name: "n", Value: []byte("1")}); err != nil {
		t.Fatal(err)
	}
	s.stop()
	select {
	case <-waiting:
	case <-ctx.Done():
		t.Fatal("the session did not notice")
	}
	_, err := session.Secrets().GetSecret(ctx, roomclient.SecretQuery{ID: "a"})
	if !errors.Is(err, roomclient.ErrNotConnected) || errors.Is(err, roomclient.ErrNotFound) {
		t.Errorf("without a server: got error %v", err)
	}
	s.start(t)
	if err := session.Wait(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := session.Secrets().GetSecret(ctx, roomclient.SecretQuery{ID: "a"}); err != nil {
		t.Errorf("after the restart: %v", err)
	}
}
