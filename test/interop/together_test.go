// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package interop_test

import (
	"context"
	"net/url"
	"testing"

	"github.com/roomsecrets/roomsecret-operator/internal/roomserver"
	"github.com/roomsecrets/roomsecret-operator/roomclient"
)

// dial connects our own client.
func dial(t *testing.T, server *service, identity, room string, changes ...func(*roomclient.Config)) *roomclient.Conn {
	t.Helper()
	config := roomclient.Config{
		URL: server.roomURL(room), Token: roomclient.StaticToken(server.token(t, identity, room, user)),
	}
	for _, change := range changes {
		change(&config)
	}
	client, err := roomclient.Dial(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func wantBob(t *testing.T, asker roomclient.Participant) {
	t.Helper()
	if asker.Name != "bob" || asker.ID == "" {
		t.Errorf("asked by %+v, want bob", asker)
	}
}

// provides answers Bob's requests: those for secrets with their URL, and it consents to all that is asked at the
// provider.
func (p *provider) provides(t *testing.T) func(*roomclient.Config) {
	t.Helper()
	return func(c *roomclient.Config) {
		c.OnSecretRequest = func(ctx context.Context, r roomclient.PendingSecretRequest) {
			wantBob(t, r.Asker)
			if err := r.Provide(ctx, roomclient.Bytes(r.URL)); err != nil {
				t.Errorf("provide: %v", err)
			}
		}
		c.OnOAuthRequest = func(ctx context.Context, r roomclient.PendingOAuthRequest) {
			wantBob(t, r.Asker)
			code, err := p.visit(r.AuthorizationURL("state"))
			if err == nil {
				err = r.Provide(ctx, roomclient.Bytes(code))
			}
			if err != nil {
				t.Errorf("provide: %v", err)
			}
		}
	}
}

// visit consents on the page to which the user's browser is sent.
func (p *provider) visit(page string, err error) (code string, _ error) {
	if err != nil {
		return "", err
	}
	u, err := url.Parse(page)
	if err != nil {
		return "", err
	}
	return p.consent(grant{clientID: u.Query().Get("client_id"), challenge: new(u.Query().Get("code_challenge"))}), nil
}

// TestOurClientAndTheSDKInOneRoom lets them read what the other has stored, and ask each other.
func TestOurClientAndTheSDKInOneRoom(t *testing.T) {
	t.Parallel()
	provider := newProvider(t)
	server := serve(t, func(c *roomserver.Config) { c.OAuthOrigins = []string{provider.URL} })
	eachVersion(t, func(t *testing.T, sdk *sdk) {
		c := &consentRoom{&conversation{server: server, room: newRoom()}, provider}
		c.bob = sdk.joinAsProvider(t, server, "bob", c.room)
		ours := dial(t, server, "gopher", c.room, provider.provides(t))

		same := dial(t, server, "bob", c.room).Secrets()
		err := same.SetSecret(t.Context(), roomclient.SetSecretRequest{ID: "ours", Type: "t", Name: "n", Value: roomclient.Bytes("from Go")})
		if err != nil {
			t.Fatal(err)
		}
		c.bob.wantValue(t, args{"secretId": "ours"}, "from Go")
		c.bob.set(t, "theirs", "from the SDK")
		if got, err := same.GetSecret(t.Context(), roomclient.SecretQuery{ID: "theirs"}); err != nil || string(got.Value) != "from the SDK" {
			t.Errorf("we read %v, %v", got, err)
		}

		me := ours.ParticipantID()
		wantSecret(t, begin[blob](c.bob, "requestSecret", args{"fromParticipantId": me, "url": "secret://go", "type": "t"}), []byte("secret://go"))
		wantToken(t, begin[*string](c.bob, "requestOAuthToken", args{"fromParticipantId": me, "oauth": c.client(nil), "redirectUri": "https://app.example"}))

		answered := make(chan outcome[roomclient.Bytes], 1)
		go func() {
			value, err := ours.Secrets().RequestSecret(t.Context(), roomclient.SecretRequest{
				ParticipantID: c.bob.me.ParticipantID, URL: "secret://sdk", Type: "t",
			})
			answered <- outcome[roomclient.Bytes]{value, err}
		}()
		c.provide(t, c.bob, []byte("by the SDK"))
		if got := <-answered; got.err != nil || string(got.value) != "by the SDK" {
			t.Errorf("the SDK provides %d bytes, %v", len(got.value), got.err)
		}
	})
}
