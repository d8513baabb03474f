// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomserver_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/roomsecrets/roomsecret-operator/internal/roomserver"
	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
)

// provider is a token endpoint. What a real one does is tried in test/oauth; this one can also misbehave.
type provider struct {
	*httptest.Server

	mu       sync.Mutex
	lifetime time.Duration
	refuse   string // error code for refreshes
	status   int    // answered to everything, with a body that repeats the request
	seen     []map[string]string
	issued   atomic.Int64
}

func newProvider(t *testing.T) *provider {
	t.Helper()
	p := &provider{lifetime: time.Hour}
	p.Server = httptest.NewServer(p)
	t.Cleanup(p.Close)
	return p
}

func (p *provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	_ = r.ParseForm()
	request := map[string]string{}
	for name := range r.PostForm {
		request[name] = r.PostFormValue(name)
	}
	p.seen = append(p.seen, request)
	w.Header().Set("Content-Type", "application/json")
	switch {
	case p.status != 0:
		w.Header().Set("Location", "http://127.0.0.1:1/")
		w.WriteHeader(p.status)
		_, _ = fmt.Fprintf(w, `{"error":%q,"error_description":%q}`, request["code"], request["code"])
	case p.refuse != "" && request["grant_type"] == "refresh_token":
		w.WriteHeader(http.StatusBadRequest)
		_, _ = fmt.Fprintf(w, `{"error":%q}`, p.refuse)
	default:
		number := p.issued.Add(1)
		_, _ = fmt.Fprintf(w, `{"access_token":"access-%d","refresh_token":"refresh-%d","token_type":"Bearer","expires_in":%d}`,
			number, number, int(p.lifetime.Seconds()))
	}
}

func (p *provider) change(f func(*provider)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f(p)
}

func (p *provider) last() map[string]string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.seen) == 0 {
		return nil
	}
	return p.seen[len(p.seen)-1]
}

func (p *provider) client(change fields) fields {
	f := fields{
		"client_id": "client", "client_secret": nil, "authorization_endpoint": p.URL + "/authorize",
		"token_endpoint": p.URL + "/token", "no_pkce": nil, "scopes": []string{"b", "a"},
	}
	maps.Copy(f, change)
	return f
}

func authorization(from *peer, client fields) fields {
	return fields{
		"connector": nil, "oauth": client, "redirect_uri": "https://app.example.com/cb", "timeout": 300,
		"participant_id": from.me.ParticipantID, "delegate_to": nil,
	}
}

func (p *peer) askedToAuthorize() protocol.OAuthRequestPush {
	p.t.Helper()
	var push protocol.OAuthRequestPush
	p.header(protocol.TypeRequestOAuthToken, &push)
	return push
}

func (p *peer) authorize(requestID, code string) protocol.Content {
	p.t.Helper()
	return p.call(protocol.ToolProvideOAuthAuthorization, fields{"request_id": requestID, "code": code, "error": nil})
}

func (p *peer) offline(client fields, to, by any) protocol.Content {
	p.t.Helper()
	return p.call(protocol.ToolGetOfflineOAuthToken, fields{"connector": nil, "oauth": client, "delegated_to": to, "delegated_by": by})
}

func wantToken(t *testing.T, got protocol.Content, want string) {
	t.Helper()
	content, ok := got.(protocol.JSON)
	expected := `{"access_token":null}`
	if want != "" {
		expected = `{"access_token":"` + want + `"}`
	}
	if !ok || string(content.Value) != expected {
		t.Errorf("got %+v, want %s", got, expected)
	}
}

func (p *provider) serve(t *testing.T) *service {
	t.Helper()
	return serve(t, func(c *roomserver.Config) { c.OAuthOrigins = []string{p.URL} })
}

// consent has the agent ask the human, who agrees.
func consent(t *testing.T, agent, human *peer, request fields) (push protocol.OAuthRequestPush, answer protocol.Content) {
	t.Helper()
	id := agent.begin(protocol.ToolRequestOAuthToken, request.json(t))
	push = human.askedToAuthorize()
	wantEmpty(t, human.authorize(push.RequestID, "the-code"))
	return push, agent.answer(id)
}
