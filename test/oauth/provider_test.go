// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package oauth

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"sync"
	"testing"

	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"
)

// The provider's two clients: a native one, which has no secret and must use PKCE, and a confidential one.
const (
	publicClient       = "room-public"
	confidentialClient = "room-confidential"
	clientSecret       = "a secret of the client"
	redirectURI        = "http://localhost/auth/callback"
)

// provider is an OpenID provider on loopback that notes what is asked of its token endpoint.
type provider struct {
	*httptest.Server

	mu     sync.Mutex
	grants []url.Values
}

// startProvider starts the provider. Its log would be the default logger: it is sent nowhere first.
func startProvider(t *testing.T) *provider {
	t.Helper()
	p := &provider{}
	var handler http.Handler
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.note(r)
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(p.Close)
	rows := storage.NewStorage(storage.NewUserStore(p.URL))
	handler = exampleop.SetupServer(p.URL, rows, slog.New(slog.DiscardHandler), false)
	return p
}

func (p *provider) note(r *http.Request) {
	if r.URL.Path != "/oauth/token" || r.ParseForm() != nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.grants = append(p.grants, r.PostForm)
}

// asked are the grant types that the token endpoint was asked for, and the last request.
func (p *provider) asked() (types []string, last url.Values) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, grant := range p.grants {
		types = append(types, grant.Get("grant_type"))
		last = grant
	}
	return types, last
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

var loginID = regexp.MustCompile(`name="id" value="([^"]+)"`)

// browse opens an authorization URL as a browser would, logs in, and follows the way back until it leads to the
// redirect URI. It returns the query that arrives there.
func (p *provider) browse(t *testing.T, authorizationURL, password string) url.Values {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Error(err)
		return nil
	}
	var arrived url.Values
	browser := http.Client{Jar: jar, CheckRedirect: func(next *http.Request, _ []*http.Request) error {
		if next.URL.Host == "localhost" {
			arrived = next.URL.Query()
			return http.ErrUseLastResponse
		}
		return nil
	}}
	page := read(t, &browser, http.MethodGet, authorizationURL, nil)
	found := loginID.FindStringSubmatch(page)
	if arrived != nil || found == nil {
		return arrived // an error of the provider
	}
	read(t, &browser, http.MethodPost, p.URL+"/login/username", url.Values{
		"id": {found[1]}, "username": {"test-user2"}, "password": {password},
	})
	return arrived
}

func read(t *testing.T, browser *http.Client, method, address string, form url.Values) string {
	t.Helper()
	var response *http.Response
	var err error
	if method == http.MethodPost {
		response, err = browser.PostForm(address, form)
	} else {
		response, err = browser.Get(address)
	}
	if err != nil {
		t.Errorf("%s: %v", method, err)
		return ""
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Error(err)
	}
	return string(body)
}
