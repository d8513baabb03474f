// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomclient_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net/http/httptest"
	"time"

	"github.com/roomsecrets/roomsecret-operator/internal/roomserver"
	"github.com/roomsecrets/roomsecret-operator/internal/roomserver/store"
	"github.com/roomsecrets/roomsecret-operator/roomclient"
	"github.com/roomsecrets/roomsecret-operator/roomclient/token"
)

// room starts a room server for the examples and returns how to reach it. The server may
// use the OAuth providers.
func room(providers ...string) (url string, key token.APIKey, stop func()) {
	key, err := token.NewAPIKey()
	if err != nil {
		log.Fatal(err)
	}
	handler, err := roomserver.New(roomserver.Config{
		APIKeys: []token.APIKey{key}, Store: store.NewMemory(0), OAuthOrigins: providers,
	})
	if err != nil {
		log.Fatal(err)
	}
	server := httptest.NewServer(handler)
	return server.URL, key, func() {
		_ = handler.Close()
		server.Close()
	}
}

func ExampleDial() {
	url, key, stop := room()
	defer stop()
	if err := keepSecret(context.Background(), url, key); err != nil {
		fmt.Println(err)
	}
	// Output:
	// {api-token text/plain API token  [REDACTED]}
	// 6 bytes of text/plain
	// true roomclient: secrets.get_secret: not found
}

func keepSecret(ctx context.Context, url string, key token.APIKey) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	api, err := token.APIGrant(token.APIScope{Secrets: &token.SecretsGrant{}})
	if err != nil {
		return err
	}
	claims := token.Claims{Name: "alice", Grants: []token.Grant{token.RoomGrant("myroom"), api}}
	conn, err := roomclient.Dial(ctx, roomclient.Config{
		URL: url, Room: "myroom", Token: roomclient.SignedToken(key, claims, time.Hour),
	})
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()

	secrets := conn.Secrets()
	if err := secrets.SetSecret(ctx, roomclient.SetSecretRequest{
		ID: "api-token", Type: "text/plain", Name: "API token", Value: []byte("s3cr3t"),
	}); err != nil {
		return err
	}
	secret, err := secrets.GetSecret(ctx, roomclient.SecretQuery{ID: "api-token"})
	if err != nil {
		return err
	}
	fmt.Println(secret)
	fmt.Println(len(secret.Value), "bytes of", secret.Type)
	_, err = secrets.GetSecret(ctx, roomclient.SecretQuery{ID: "other"})
	fmt.Println(errors.Is(err, roomclient.ErrNotFound), err)
	return nil
}

func ExampleSession() {
	url, key, stop := room()
	defer stop()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()

	session, err := roomclient.NewSession(ctx, roomclient.SessionConfig{
		Config: configFor(url, key, "alice"),
		OnChange: func(state roomclient.State) {
			slog.Debug("room", "phase", state.Phase, "error", state.Err)
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = session.Close() }()

	if err := session.Wait(ctx); err != nil {
		fmt.Println(err)
		return
	}
	err = session.Secrets().DeleteSecret(ctx, "api-token", "")
	switch {
	case errors.Is(err, roomclient.ErrNotConnected):
		fmt.Println("the connection is lost, and being made again:", session.State().RetryAt)
	case err != nil:
		fmt.Println(err)
	}
	fmt.Println(session.State().Phase)
	// Output:
	// Connected
}

func ExampleSession_refused() {
	url, key, stop := room()
	defer stop()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()

	// This token opens another room, so the server refuses it.
	claims := token.Claims{Name: "alice", Grants: []token.Grant{token.RoomGrant("other-room")}}
	session, err := roomclient.NewSession(ctx, roomclient.SessionConfig{
		Config: roomclient.Config{URL: url, Room: "myroom", Token: roomclient.SignedToken(key, claims, time.Hour)},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = session.Close() }()

	err = session.Wait(ctx)
	fmt.Println(session.State().Phase)
	fmt.Println(errors.Is(err, roomclient.ErrForbidden), roomclient.IsTerminal(err))
	fmt.Println(err)
	// Output:
	// Failed
	// true true
	// roomclient: wait: not connected: dial: forbidden: websocket connect failed with status 403
}
