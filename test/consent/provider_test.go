// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package consent

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"
)

// What the provider knows: two users with one password, the client that the agent asks for, and the page itself.
const (
	agentClient = "agent-client"
	pageClient  = "consent-page"
	pageSecret  = "the secret of the page"
	userName    = "test-user2"
	userEmail   = "test-user2@zitadel.ch"
	password    = "verysecure"
)

// provider is an OpenID provider on loopback. Its authorization endpoint is also at another origin, which sends browsers on: so
// do many that leave signing in to somebody else.
type provider struct {
	*httptest.Server
	front *httptest.Server
}

// startProvider starts the provider, for a page at a URL. Its log would be the default logger: it is sent nowhere first.
func startProvider(page string) *provider {
	storage.RegisterClients(
		storage.NativeClient(agentClient, page+"/callback"),
		storage.WebClient(pageClient, pageSecret, page+"/signed-in"),
	)
	p := &provider{}
	var handler http.Handler
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	rows := storage.NewStorage(storage.NewUserStore(p.URL))
	handler = exampleop.SetupServer(p.URL, rows, slog.New(slog.DiscardHandler), false)
	p.front = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, p.URL+"/auth?"+r.URL.RawQuery, http.StatusFound)
	}))
	return p
}

// endpoint is the authorization endpoint that the agent names. To a browser it is another site than the page.
func (p *provider) endpoint() string { return p.front.URL + "/auth" }

func (p *provider) close() {
	p.front.Close()
	p.Close()
}

// valid tells whether the provider honours an access token.
func (p *provider) valid(t *testing.T, accessToken string) bool {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.URL+"/userinfo", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+accessToken)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	return response.StatusCode == http.StatusOK
}

// evil is another site, which has one page.
func evil(t *testing.T, page string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("<!DOCTYPE html><title>evil</title>" + page))
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// detached is a context for what outlives a test.
func detached(t *testing.T) context.Context {
	t.Helper()
	return context.WithoutCancel(t.Context())
}
