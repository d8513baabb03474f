// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"bytes"
	"context"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/roomsecrets/roomsecret-operator/internal/roomserver"
	"github.com/roomsecrets/roomsecret-operator/internal/roomserver/store"
	"github.com/roomsecrets/roomsecret-operator/roomclient"
	"github.com/roomsecrets/roomsecret-operator/roomclient/token"
)

// room is our client connected to our server over loopback.
type room struct {
	secrets roomclient.Secrets
	value   []byte
}

func newRoom(b *testing.B, size int) *room {
	b.Helper()
	r := &room{secrets: roomOf(b, store.NewMemory(0)), value: bytes.Repeat([]byte("v"), size)}
	if err := r.set(b.Context()); err != nil {
		b.Fatal(err)
	}
	return r
}

// roomOf serves a store to a client of its own.
func roomOf(b *testing.B, rows store.Store) roomclient.Secrets {
	b.Helper()
	url, key, stop := serve(b, roomserver.Config{Store: rows})
	b.Cleanup(stop)
	conn, err := roomclient.Dial(b.Context(), roomclient.Config{
		URL: url, Room: "myroom", Token: roomclient.SignedToken(key, alice(b), time.Hour),
	})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = conn.Close() })
	return conn.Secrets()
}

// serve starts a room server with a key of its own.
func serve(b *testing.B, config roomserver.Config) (url string, key token.APIKey, stop func()) {
	b.Helper()
	key, err := token.NewAPIKey()
	if err != nil {
		b.Fatal(err)
	}
	config.APIKeys = []token.APIKey{key}
	handler, err := roomserver.New(config)
	if err != nil {
		b.Fatal(err)
	}
	server := httptest.NewServer(handler)
	return server.URL, key, func() {
		_ = handler.Close()
		server.Close()
	}
}

// alice may use the secrets of myroom.
func alice(b *testing.B) token.Claims {
	b.Helper()
	api, err := token.APIGrant(token.APIScope{Secrets: &token.SecretsGrant{}})
	if err != nil {
		b.Fatal(err)
	}
	return token.Claims{Name: "alice", Grants: []token.Grant{token.RoomGrant("myroom"), api}}
}

func (r *room) set(ctx context.Context) error {
	return r.secrets.SetSecret(ctx, roomclient.SetSecretRequest{ID: "api-token", Type: "text/plain", Name: "API token", Value: r.value})
}

func (r *room) get(ctx context.Context) error {
	_, err := r.secrets.GetSecret(ctx, roomclient.SecretQuery{ID: "api-token"})
	return err
}
