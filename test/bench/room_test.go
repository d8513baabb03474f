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
	key, err := token.NewAPIKey()
	if err != nil {
		b.Fatal(err)
	}
	handler, err := roomserver.New(roomserver.Config{APIKeys: []token.APIKey{key}, Store: store.NewMemory(0)})
	if err != nil {
		b.Fatal(err)
	}
	server := httptest.NewServer(handler)
	api, err := token.APIGrant(token.APIScope{Secrets: &token.SecretsGrant{}})
	if err != nil {
		b.Fatal(err)
	}
	claims := token.Claims{Name: "alice", Grants: []token.Grant{token.RoomGrant("myroom"), api}}
	conn, err := roomclient.Dial(b.Context(), roomclient.Config{
		URL: server.URL, Room: "myroom", Token: roomclient.SignedToken(key, claims, time.Hour),
	})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = conn.Close()
		_ = handler.Close()
		server.Close()
	})
	r := &room{secrets: conn.Secrets(), value: bytes.Repeat([]byte("v"), size)}
	if err := r.set(b.Context()); err != nil {
		b.Fatal(err)
	}
	return r
}

func (r *room) set(ctx context.Context) error {
	return r.secrets.SetSecret(ctx, roomclient.SetSecretRequest{ID: "api-token", Type: "text/plain", Name: "API token", Value: r.value})
}

func (r *room) get(ctx context.Context) error {
	_, err := r.secrets.GetSecret(ctx, roomclient.SecretQuery{ID: "api-token"})
	return err
}
