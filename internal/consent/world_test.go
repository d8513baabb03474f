// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package consent_test

import (
	"bytes"
	"html"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr/funcr"
	"github.com/prometheus/client_golang/prometheus"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/roomsecrets/roomsecret-operator/internal/consent"
	"github.com/roomsecrets/roomsecret-operator/internal/fingerprint"
)

// world is a page, what is behind it, and people with browsers.
type world struct {
	t        *testing.T
	url      string
	links    consent.Links
	store    *memory
	clock    *clocktesting.FakeClock
	log      syncBuffer
	registry *prometheus.Registry
	key      fingerprint.Key
}

type syncBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *syncBuffer) add(line string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.text.WriteString(line + "\n")
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// newWorld starts the page below a path. With an OpenID provider people can sign in.
func newWorld(t *testing.T, oidc *consent.OIDC) *world {
	t.Helper()
	key, err := fingerprint.NewKey(bytes.Repeat([]byte{7}, fingerprint.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	w := &world{
		t: t, key: key, store: &memory{requests: map[consent.Ref]consent.Authorization{}},
		// Tokens of OpenID providers are looked at with the clock of the machine.
		clock: clocktesting.NewFakeClock(time.Now().Truncate(time.Second)), registry: prometheus.NewRegistry(),
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w.url = "http://" + listener.Addr().String() + "/consent"
	w.links = consent.Links{URL: w.url, Key: key}
	server := httptest.NewUnstartedServer(w.page(w.url, oidc).Handler())
	server.Listener.Close()
	server.Listener = listener
	server.Start()
	t.Cleanup(server.Close)
	return w
}

// page returns a page at a URL.
func (w *world) page(address string, oidc *consent.OIDC) *consent.Server {
	w.t.Helper()
	metrics, err := consent.NewMetrics(w.registry)
	if err != nil {
		w.registry = prometheus.NewRegistry()
		metrics, err = consent.NewMetrics(w.registry)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	server, err := consent.New(consent.Options{
		Address: "127.0.0.1:0", URL: address, Store: w.store, Key: w.key, OIDC: oidc, Clock: w.clock, Metrics: metrics,
		Log: funcr.New(func(prefix, args string) { w.log.add(prefix + args) }, funcr.Options{Verbosity: 10}),
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return server
}

// ask puts a request that waits for an hour.
func (w *world) ask(change ...func(*consent.Authorization)) consent.Authorization {
	w.t.Helper()
	a := consent.Authorization{
		Ref:  consent.Ref{Namespace: "team-a", Name: "github", RequestID: "5d1c/e a"},
		Room: "Room/team-a/support", Asker: "agent", Endpoint: "https://github.example/login/oauth/authorize?tenant=7",
		ClientID: "client-1", Scopes: []string{"repo", "read:user"}, RedirectURI: w.links.Callback(), Challenge: "the-challenge",
		Since: w.clock.Now(), Until: w.clock.Now().Add(time.Hour), State: consent.Waiting,
	}
	for _, c := range change {
		c(&a)
	}
	w.store.put(a)
	return a
}

func (w *world) link(a consent.Authorization) string { return w.links.For(a.Ref, a.Until) }

// record has a handler answer a request.
func record(handler http.Handler, request *http.Request) *httptest.ResponseRecorder {
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, request)
	return answer
}

// browser is somebody's browser, which does not follow the redirects of the page to other sites.
type browser struct {
	t      *testing.T
	client *http.Client
	// at is where the browser is, and status, header and body what it shows.
	at     *url.URL
	status int
	header http.Header
	body   string
}

func (w *world) browser() *browser {
	w.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return &browser{t: w.t, client: &http.Client{Jar: jar, Timeout: 30 * time.Second}}
}

func (b *browser) open(address string) *browser {
	b.t.Helper()
	request, err := http.NewRequestWithContext(b.t.Context(), http.MethodGet, address, http.NoBody)
	if err != nil {
		b.t.Fatal(err)
	}
	return b.send(request)
}

func (b *browser) send(request *http.Request) *browser {
	b.t.Helper()
	response, err := b.client.Do(request)
	if err != nil {
		b.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	b.at, b.status, b.header, b.body = response.Request.URL, response.StatusCode, response.Header, string(body)
	return b
}

// form is what is in the forms of the page: where the one with a decision goes, and its hidden text.
func (b *browser) form() (action string, fields url.Values) {
	b.t.Helper()
	found := regexp.MustCompile(`(?s)<main>.*?<form method="post" action="([^"]+)">\s*<input type="hidden" name="form" value="([^"]+)">`).FindStringSubmatch(b.body)
	if found == nil {
		b.t.Fatalf("there is no form at %s (%d):\n%s", b.at, b.status, b.body)
	}
	action = b.at.ResolveReference(parsed(b.t, html.UnescapeString(found[1]))).String()
	return action, url.Values{"form": {html.UnescapeString(found[2])}}
}

func parsed(t *testing.T, address string) *url.URL {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// press presses a button of the page.
func (b *browser) press(decision, reason string) *browser {
	b.t.Helper()
	action, fields := b.form()
	fields.Set("decision", decision)
	fields.Set("reason", reason)
	return b.post(action, fields, nil)
}

func (b *browser) post(action string, fields url.Values, header http.Header) *browser {
	b.t.Helper()
	request, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, action, strings.NewReader(fields.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	maps.Copy(request.Header, header)
	return b.send(request)
}

// leads is where the page takes a browser to.
func (b *browser) leads() *url.URL {
	b.t.Helper()
	found := regexp.MustCompile(`<meta http-equiv="refresh" content="0; url=([^"]+)">`).FindStringSubmatch(b.body)
	if found == nil {
		b.t.Fatalf("the page at %s (%d) leads nowhere:\n%s", b.at, b.status, b.body)
	}
	return parsed(b.t, html.UnescapeString(found[1]))
}

// wants checks the status of the page and what it says.
func (b *browser) wants(status int, says ...string) *browser {
	b.t.Helper()
	if b.status != status {
		b.t.Errorf("%s has status %d, not %d:\n%s", b.at, b.status, status, b.body)
	}
	for _, text := range says {
		if !strings.Contains(b.body, text) {
			b.t.Errorf("%s does not say %q:\n%s", b.at, text, b.body)
		}
	}
	return b
}

// callback is where a provider sends a browser back to.
func (w *world) callback(answer ...string) string {
	query := url.Values{}
	for i := 0; i < len(answer); i += 2 {
		query.Set(answer[i], answer[i+1])
	}
	return w.links.Callback() + "?" + query.Encode()
}

// wantDecisions checks how many decisions were made, and returns the last.
func (w *world) wantDecisions(count int) consent.Decision {
	w.t.Helper()
	made := w.store.decisions()
	if len(made) != count {
		w.t.Fatalf("%d decisions were made, not %d: %+v", len(made), count, made)
	}
	if count == 0 {
		return consent.Decision{}
	}
	return made[count-1]
}
