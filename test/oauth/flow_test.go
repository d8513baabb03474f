// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package oauth

import (
	"errors"
	"os"
	"slices"
	"testing"

	"github.com/zitadel/oidc/v3/example/server/storage"

	"github.com/roomsecrets/roomsecret-operator/roomclient"
)

func TestMain(m *testing.M) {
	storage.RegisterClients(
		storage.NativeClient(publicClient, redirectURI),
		storage.WebClient(confidentialClient, clientSecret, redirectURI),
	)
	os.Exit(m.Run())
}

const password = "verysecure"

// TestFromConsentToOfflineToken goes the whole way with either kind of client: request, consent, code, exchange;
// again without asking; expiry, refresh and the offline token; expiry without a way to refresh, and consent again.
func TestFromConsentToOfflineToken(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*roomclient.OAuthClient){
		"with PKCE and no client secret": nil,
		"without PKCE":                   confidential,
		"with PKCE and a client secret": func(client *roomclient.OAuthClient) {
			confidential(client)
			client.NoPKCE = false
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			newFlow(t, change).run()
		})
	}
}

// flow is an agent that needs a token and a human who consents.
type flow struct {
	t       *testing.T
	op      *provider
	asked   chan roomclient.PendingOAuthRequest
	agent   *roomclient.Conn
	request roomclient.OAuthRequest
}

func newFlow(t *testing.T, change func(*roomclient.OAuthClient)) *flow {
	t.Helper()
	op := startProvider(t)
	r := startRoom(t, op)
	f := &flow{t: t, op: op, asked: make(chan roomclient.PendingOAuthRequest, 10)}
	human := r.human(password, f.asked)
	f.agent = r.join("agent", nil)
	f.request = roomclient.OAuthRequest{Client: r.client(change), RedirectURI: redirectURI, ParticipantID: human.ParticipantID()}
	return f
}

func (f *flow) ask() string {
	f.t.Helper()
	return tokenOf(f.t)(f.agent.Secrets().RequestOAuthToken(f.t.Context(), f.request))
}

func (f *flow) offline() string {
	f.t.Helper()
	query := roomclient.OfflineTokenQuery{Client: f.request.Client}
	return tokenOf(f.t)(f.agent.Secrets().GetOfflineOAuthToken(f.t.Context(), query))
}

func (f *flow) run() {
	f.t.Helper()
	wantNone(f.t, f.agent, f.request.Client)
	first := f.consent()
	second := f.refresh(first)

	age(f.t, f.agent, func(credential map[string]any) { credential["refresh_token"] = "taken back" })
	wantNone(f.t, f.agent, f.request.Client)
	if third := f.ask(); third == second || !f.op.valid(f.t, third) || len(f.asked) != 1 {
		f.t.Errorf("the human was asked %d times for a new token", len(f.asked))
	}
}

func (f *flow) consent() (token string) {
	f.t.Helper()
	token = f.ask()
	push := <-f.asked
	if (push.Challenge == "") != f.request.Client.NoPKCE || len(push.Client.Secret) > 0 {
		f.t.Errorf("asked with challenge %q and a secret of %d bytes", push.Challenge, len(push.Client.Secret))
	}
	if !f.op.valid(f.t, token) {
		f.t.Error("the provider does not know the token")
	}
	if f.ask() != token || f.offline() != token {
		f.t.Error("a token that is good is not used again")
	}
	return token
}

func (f *flow) refresh(first string) (token string) {
	f.t.Helper()
	age(f.t, f.agent, nil)
	token = f.offline()
	if token == first || !f.op.valid(f.t, token) || f.ask() != token {
		f.t.Error("the refreshed token is no good")
	}
	types, last := f.op.asked()
	if !slices.Equal(types, []string{"authorization_code", "refresh_token"}) || last.Get("refresh_token") == "" {
		f.t.Errorf("the token endpoint was asked for %v", types)
	}
	if len(f.asked) != 0 {
		f.t.Error("the human was asked again")
	}
	return token
}

func tokenOf(t *testing.T) func(roomclient.Bytes, error) string {
	t.Helper()
	return func(token roomclient.Bytes, err error) string {
		t.Helper()
		if err != nil || len(token) == 0 {
			t.Fatalf("no token: %v", err)
		}
		return string(token)
	}
}

func wantNone(t *testing.T, agent *roomclient.Conn, client roomclient.OAuthClient) {
	t.Helper()
	_, err := agent.Secrets().GetOfflineOAuthToken(t.Context(), roomclient.OfflineTokenQuery{Client: client})
	if !errors.Is(err, roomclient.ErrNotFound) {
		t.Errorf("a token that is not there: %v", err)
	}
}

func TestWhatTheProviderRefusesIsAnError(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		password string
		change   func(*roomclient.OAuthClient)
	}{
		"a wrong password":             {"guessed", nil},
		"a wrong client secret":        {password, func(c *roomclient.OAuthClient) { confidential(c); c.Secret = roomclient.Bytes("guessed") }},
		"an unknown client":            {password, func(c *roomclient.OAuthClient) { c.ID = "nobody" }},
		"a public client without PKCE": {password, func(c *roomclient.OAuthClient) { c.NoPKCE = true }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := startRoom(t, startProvider(t))
			asked := make(chan roomclient.PendingOAuthRequest, 1)
			agent, human := r.join("agent", nil), r.human(c.password, asked)
			token, err := agent.Secrets().RequestOAuthToken(t.Context(), roomclient.OAuthRequest{
				Client: r.client(c.change), RedirectURI: redirectURI, ParticipantID: human.ParticipantID(),
			})
			if _, refused := errors.AsType[*roomclient.Error](err); !refused {
				t.Errorf("got a token of %d bytes, %v", len(token), err)
			}
			if infos, err := agent.Secrets().ListSecrets(t.Context()); err != nil || len(infos) > 0 {
				t.Errorf("kept %v, %v", infos, err)
			}
		})
	}
}

// TestADelegateGetsTheToken: a human consents for an agent, which then works without them.
func TestADelegateGetsTheToken(t *testing.T) {
	t.Parallel()
	op := startProvider(t)
	r := startRoom(t, op)
	asked := make(chan roomclient.PendingOAuthRequest, 1)
	human, agent := r.human(password, asked), r.join("agent", nil)
	client := r.client(nil)
	token := tokenOf(t)(human.Secrets().RequestOAuthToken(t.Context(), roomclient.OAuthRequest{
		Client: client, RedirectURI: redirectURI, ParticipantID: human.ParticipantID(), DelegateTo: "agent",
	}))
	theirs := tokenOf(t)(agent.Secrets().GetOfflineOAuthToken(t.Context(), roomclient.OfflineTokenQuery{Client: client, DelegatedBy: "human"}))
	if theirs != token || !op.valid(t, theirs) {
		t.Error("the delegate has another token")
	}
	wantNone(t, agent, client)
	wantNone(t, human, client)
}
