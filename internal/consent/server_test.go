// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package consent_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/manager"

	"github.com/roomsecrets/roomsecret-operator/internal/consent"
)

var (
	_ manager.Runnable               = (*consent.Server)(nil)
	_ manager.LeaderElectionRunnable = (*consent.Server)(nil)
)

func TestEveryReplicaServesUntilItIsStopped(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	page := w.page("https://consent.example.com", nil)
	if page.NeedLeaderElection() {
		t.Error("only the leader would serve the page")
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- page.Start(ctx) }()
	cancel()
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(30 * time.Second):
		t.Error("it does not stop")
	}
}

// TestReplicasGoOnWhereOthersLeftOff sends each request of a browser to another replica.
func TestReplicasGoOnWhereOthersLeftOff(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	// The replica of the world made the first page; this one gets the link and the callback by way of the same host.
	a := w.ask()
	person := w.browser().open(w.link(a)).press("approve", "")
	state := person.leads().Query().Get("state")
	other := w.page(w.url, nil).Handler()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.callback("code", "c", "state", state), http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	for _, cookie := range person.client.Jar.Cookies(request.URL) {
		request.AddCookie(cookie)
	}
	answer := record(other, request)
	if answer.Code != http.StatusSeeOther || !strings.HasPrefix(answer.Header().Get("Location"), "/consent/done/") {
		t.Errorf("status %d, to %s", answer.Code, answer.Header().Get("Location"))
	}
	w.wantDecisions(1)
}

func TestAtAnHTTPSAddressNobodyElseCanSetItsCookies(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	links := consent.Links{URL: "https://consent.example.com/", Key: w.key}
	page := w.page(links.URL, nil).Handler()
	a := w.ask()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, links.For(a.Ref, a.Until), http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	answer := record(page, request)
	cookie := answer.Header().Get("Set-Cookie")
	if !strings.HasPrefix(cookie, "__Host-consent=") || !strings.HasSuffix(cookie, "; Path=/; HttpOnly; Secure; SameSite=Lax") {
		t.Errorf("the cookie is %s", cookie)
	}
	if answer.Header().Get("Strict-Transport-Security") == "" || links.Callback() != "https://consent.example.com/callback" {
		t.Errorf("headers %v, callback %s", answer.Header(), links.Callback())
	}
}

func FuzzNothingThatComesFromABrowserIsTrusted(f *testing.F) {
	f.Add("/a/", "eyJhbGciOiJub25lIn0.e30.")
	f.Add("/callback?code=a&state=", "eyJhbGciOiJIUzI1NiJ9.e30.AAAA")
	f.Add("/done/", "..")
	f.Add("/r/a/b/", "%00")
	f.Fuzz(func(t *testing.T, at, text string) {
		w := newWorld(t, nil)
		w.ask()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.url+at+text, http.NoBody)
		if err != nil || !strings.HasPrefix(request.URL.Path, "/consent/") {
			return // no address, or none of ours
		}
		answer := record(w.page(w.url, nil).Handler(), request)
		if answer.Code >= http.StatusInternalServerError || strings.Contains(answer.Body.String(), "agent") {
			t.Errorf("%s%s: %d\n%s", at, text, answer.Code, answer.Body)
		}
		w.wantDecisions(0)
	})
}
