// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package consent

import (
	"context"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/roomsecrets/roomsecret-operator/internal/consent"
	"github.com/roomsecrets/roomsecret-operator/internal/roomserver"
	"github.com/roomsecrets/roomsecret-operator/internal/roomserver/store"
	"github.com/roomsecrets/roomsecret-operator/roomclient"
	"github.com/roomsecrets/roomsecret-operator/roomclient/token"
)

// room is a room in which agents ask the operator for tokens, and a Store of what they ask for. That of the operator keeps it
// in the status of RoomSecrets, and has tests of its own.
type room struct {
	provider *provider
	url      string
	key      token.APIKey
	operator *roomclient.Conn
	asked    chan roomclient.PendingOAuthRequest
	stop     func()

	mu       sync.Mutex
	requests map[consent.Ref]consent.Authorization
	answers  map[consent.Ref]roomclient.PendingOAuthRequest
	made     []consent.Decision
}

func startRoom(p *provider) (*room, error) {
	key, err := token.NewAPIKey()
	if err != nil {
		return nil, err
	}
	handler, err := roomserver.New(roomserver.Config{
		APIKeys: []token.APIKey{key}, Store: store.NewMemory(0), OAuthOrigins: []string{p.URL},
	})
	if err != nil {
		return nil, err
	}
	server := httptest.NewServer(handler)
	r := &room{
		provider: p, url: server.URL, key: key, asked: make(chan roomclient.PendingOAuthRequest, 10),
		requests: map[consent.Ref]consent.Authorization{}, answers: map[consent.Ref]roomclient.PendingOAuthRequest{},
	}
	r.operator, err = r.join(context.Background(), "roomsecret-operator", func(_ context.Context, request roomclient.PendingOAuthRequest) {
		r.asked <- request
	})
	r.stop = func() {
		if r.operator != nil {
			_ = r.operator.Close()
		}
		_ = handler.Close()
		server.Close()
	}
	return r, err
}

func (r *room) join(ctx context.Context, identity string, asked func(context.Context, roomclient.PendingOAuthRequest)) (*roomclient.Conn, error) {
	api, err := token.APIGrant(token.APIScope{Secrets: &token.SecretsGrant{}})
	if err != nil {
		return nil, err
	}
	claims := token.Claims{Name: identity, Grants: []token.Grant{token.RoomGrant("support"), api}}
	return roomclient.Dial(ctx, roomclient.Config{
		URL: r.url, Room: "support", Token: roomclient.SignedToken(r.key, claims, time.Hour), OnOAuthRequest: asked,
	})
}

// answered is what an agent gets.
type answered struct {
	token, refusal string
	err            error
}

// ask has an agent ask for a token. Each test has an agent of its own, so that no token is there already.
func (r *room) ask(t *testing.T, agent string, change ...func(*consent.Authorization)) (consent.Authorization, <-chan answered) {
	t.Helper()
	conn, err := r.join(detached(t), agent, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	answer := make(chan answered, 1)
	go func() {
		token, err := conn.Secrets().RequestOAuthToken(t.Context(), roomclient.OAuthRequest{
			Client: roomclient.OAuthClient{
				ID: agentClient, AuthorizationEndpoint: r.provider.endpoint(), TokenEndpoint: r.provider.URL + "/oauth/token",
				Scopes: []string{"openid", "email", "offline_access"},
			},
			RedirectURI: page.links.Callback(), ParticipantID: r.operator.ParticipantID(), Timeout: 5 * time.Minute,
		})
		got := answered{token: string(token), err: err}
		if refused, ok := asError(err); ok {
			got.refusal = refused.Text
		}
		answer <- got
	}()
	request := <-r.asked
	a := consent.Authorization{
		Ref:  consent.Ref{Namespace: "team-a", Name: "provide-tokens", RequestID: request.ID},
		Room: "support", Asker: request.Asker.Name, Endpoint: request.Client.AuthorizationEndpoint, ClientID: request.Client.ID,
		Scopes: request.Client.Scopes, RedirectURI: request.RedirectURI, Challenge: request.Challenge,
		Since: time.Now(), Until: time.Now().Add(5 * time.Minute), State: consent.Waiting,
	}
	for _, c := range change {
		c(&a)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.requests[a.Ref], r.answers[a.Ref] = a, request
	return a, answer
}

// approvers lets only some people approve.
func approvers(emails ...string) func(*consent.Authorization) {
	return func(a *consent.Authorization) { a.Approvers = &consent.Approvers{Emails: emails} }
}

// decisions is how many were made.
func (r *room) decisions() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.made)
}

func (r *room) List(context.Context) ([]consent.Authorization, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []consent.Authorization
	for _, a := range r.requests {
		all = append(all, a)
	}
	return all, nil
}

func (r *room) Get(_ context.Context, ref consent.Ref) (consent.Authorization, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	a, ok := r.requests[ref]
	if !ok {
		return a, consent.ErrGone
	}
	return a, nil
}

func (r *room) Decide(ctx context.Context, ref consent.Ref, d consent.Decision) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	a, ok := r.requests[ref]
	switch {
	case !ok:
		return consent.ErrGone
	case a.State != consent.Waiting:
		return consent.ErrDecided
	}
	var err error
	if d.Approved {
		a.State, err = consent.Approved, r.answers[ref].Provide(ctx, d.Code)
	} else {
		a.State, err = consent.Denied, r.answers[ref].Reject(ctx, d.Reason)
	}
	r.requests[ref], r.made = a, append(r.made, d)
	return err
}
