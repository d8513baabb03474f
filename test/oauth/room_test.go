// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package oauth

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/roomsecrets/roomsecret-operator/internal/roomserver"
	"github.com/roomsecrets/roomsecret-operator/internal/roomserver/store"
	"github.com/roomsecrets/roomsecret-operator/roomclient"
	"github.com/roomsecrets/roomsecret-operator/roomclient/token"
)

// room is a room server that talks to one provider.
type room struct {
	t        *testing.T
	url      string
	key      token.APIKey
	provider *provider
}

func startRoom(t *testing.T, p *provider) *room {
	t.Helper()
	key, err := token.NewAPIKey()
	if err != nil {
		t.Fatal(err)
	}
	handler, err := roomserver.New(roomserver.Config{
		APIKeys: []token.APIKey{key}, Store: store.NewMemory(0), OAuthOrigins: []string{p.URL},
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(func() {
		_ = handler.Close()
		server.Close()
	})
	return &room{t: t, url: server.URL, key: key, provider: p}
}

// join connects a participant. consent, when it is not nil, is what they do when they are asked.
func (r *room) join(identity string, consent func(context.Context, roomclient.PendingOAuthRequest)) *roomclient.Conn {
	r.t.Helper()
	api, err := token.APIGrant(token.APIScope{Secrets: &token.SecretsGrant{}})
	if err != nil {
		r.t.Fatal(err)
	}
	claims := token.Claims{Name: identity, Grants: []token.Grant{token.RoomGrant("myroom"), api}}
	conn, err := roomclient.Dial(r.t.Context(), roomclient.Config{
		URL: r.url, Room: "myroom", Token: roomclient.SignedToken(r.key, claims, time.Hour), OnOAuthRequest: consent,
	})
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// human logs in at the provider whenever they are asked, and counts how often that is.
func (r *room) human(password string, asked chan<- roomclient.PendingOAuthRequest) *roomclient.Conn {
	r.t.Helper()
	return r.join("human", func(ctx context.Context, request roomclient.PendingOAuthRequest) {
		asked <- request
		address, err := request.AuthorizationURL("the state")
		if err != nil {
			r.t.Error(err)
			return
		}
		back := r.provider.browse(r.t, address, password)
		switch {
		case back.Get("code") != "" && back.Get("state") == "the state":
			err = request.Provide(ctx, roomclient.Bytes(back.Get("code")))
		case back.Get("error") != "":
			err = request.Reject(ctx, back.Get("error"))
		default:
			err = request.Reject(ctx, "could not log in")
		}
		if err != nil {
			r.t.Errorf("answer: %v", err)
		}
	})
}

func (r *room) client(change func(*roomclient.OAuthClient)) roomclient.OAuthClient {
	client := roomclient.OAuthClient{
		ID: publicClient, AuthorizationEndpoint: r.provider.URL + "/auth", TokenEndpoint: r.provider.URL + "/oauth/token",
		Scopes: []string{"openid", "offline_access"},
	}
	if change != nil {
		change(&client)
	}
	return client
}

// confidential makes a client one that has a secret and does without PKCE.
func confidential(client *roomclient.OAuthClient) {
	client.ID, client.Secret, client.NoPKCE = confidentialClient, roomclient.Bytes(clientSecret), true
}

// kept is what the room keeps of a token: the value of the one secret the agent has.
func kept(t *testing.T, agent *roomclient.Conn) (id string, credential map[string]any) {
	t.Helper()
	infos, err := agent.Secrets().ListSecrets(t.Context())
	if err != nil || len(infos) != 1 {
		t.Fatalf("the agent has %v, %v", infos, err)
	}
	secret, err := agent.Secrets().GetSecret(t.Context(), roomclient.SecretQuery{ID: infos[0].ID})
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(secret.Value, &credential); err != nil {
		t.Fatal(err)
	}
	return infos[0].ID, credential
}

// age makes the token that is kept an expired one: its owner may write to the secret it is kept in.
func age(t *testing.T, agent *roomclient.Conn, change func(credential map[string]any)) {
	t.Helper()
	id, credential := kept(t, agent)
	credential["expiration"] = time.Now().Add(-time.Hour).UTC().Format(time.RFC3339)
	if change != nil {
		change(credential)
	}
	value, err := json.Marshal(credential)
	if err != nil {
		t.Fatal(err)
	}
	if err := agent.Secrets().SetSecret(t.Context(), roomclient.SetSecretRequest{ID: id, Value: value}); err != nil {
		t.Fatal(err)
	}
}
