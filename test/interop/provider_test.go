// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package interop_test

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
)

// provider is an OAuth provider reduced to its token endpoint. Consent is a method.
type provider struct {
	*httptest.Server
	lifetime int // of access tokens, in seconds

	mu       sync.Mutex
	count    int
	granted  map[string]grant // by code and by refresh token
	requests []url.Values
}

// grant is what somebody has consented to.
type grant struct {
	clientID  string
	challenge *string
}

func newProvider(t *testing.T) *provider {
	t.Helper()
	p := &provider{granted: map[string]grant{}, lifetime: 3600}
	p.Server = httptest.NewServer(http.HandlerFunc(p.token))
	t.Cleanup(p.Close)
	return p
}

// consent returns a code, as the provider's page would to the redirect URI.
func (p *provider) consent(g grant) (code string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.grant("code", g)
}

func (p *provider) grant(kind string, g grant) string {
	p.count++
	name := fmt.Sprintf("%s-%d", kind, p.count)
	p.granted[name] = g
	return name
}

// revoke takes back everything anybody has consented to.
func (p *provider) revoke() {
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.granted)
}

// asked returns the requests to the token endpoint so far.
func (p *provider) asked() []url.Values {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.requests
}

// token is the token endpoint (RFC 6749, sections 4.1.3 and 6, and RFC 7636, section 4.6).
func (p *provider) token(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := r.ParseForm(); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if id, secret, ok := r.BasicAuth(); ok {
		r.PostForm.Set("client_id", id)
		r.PostForm.Set("client_secret", secret)
	}
	p.requests = append(p.requests, r.PostForm)
	presented := r.PostForm.Get("code")
	if r.PostForm.Get("grant_type") == "refresh_token" {
		presented = r.PostForm.Get("refresh_token")
	}
	g, ok := p.granted[presented]
	w.Header().Set("Content-Type", "application/json")
	if !ok || g.clientID != r.PostForm.Get("client_id") || !g.verifies(r.PostForm.Get("code_verifier")) {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`{"error":"invalid_grant"}`))
		return
	}
	delete(p.granted, presented)
	g.challenge = nil // is for the code alone
	_, _ = fmt.Fprintf(w, `{"access_token":%q,"refresh_token":%q,"token_type":"Bearer","expires_in":%d}`,
		p.grant("access", g), p.grant("refresh", g), p.lifetime)
}

func (g grant) verifies(verifier string) bool {
	if g.challenge == nil {
		return verifier == ""
	}
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:]) == *g.challenge
}
