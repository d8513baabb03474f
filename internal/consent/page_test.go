// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package consent_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/roomsecrets/roomsecret-operator/internal/consent"
)

func TestTheLinkShowsWhatIsToBeApproved(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	a := w.ask(func(a *consent.Authorization) {
		a.Asker, a.DelegateTo = "agent<b>\u202egnp", "worker"
	})
	page := w.browser().open(w.link(a))
	page.wants(http.StatusOK, `agent&lt;b&gt;\u202egnp`, "worker", "github.example", "client-1", "repo", "read:user", "Room/team-a/support", "team-a/github", "60 minutes left")
	if strings.Contains(page.body, a.Challenge) || strings.Contains(page.body, "<script") {
		t.Errorf("the page shows too much:\n%s", page.body)
	}
}

func TestAnApprovalGoesToTheProviderAndBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	a := w.ask()
	person := w.browser().open(w.link(a)).press("approve", "")
	person.wants(http.StatusOK, "On the way to")
	provider := person.leads()
	query := provider.Query()
	state := query.Get("state")
	query.Del("state")
	want := url.Values{
		"tenant": {"7"}, "response_type": {"code"}, "client_id": {"client-1"}, "redirect_uri": {w.url + "/callback"},
		"scope": {"repo read:user"}, "code_challenge": {"the-challenge"}, "code_challenge_method": {"S256"},
	}
	if diff := cmp.Diff(want, query); diff != "" || provider.Host != "github.example" || provider.Path != "/login/oauth/authorize" {
		t.Errorf("goes to %s (-want +got):\n%s", provider, diff)
	}
	w.wantDecisions(0)

	person.open(w.callback("code", "the-code", "state", state)).wants(http.StatusOK, "<h1>Approved</h1>", "agent", "github.example")
	if d := w.wantDecisions(1); !d.Approved || string(d.Code) != "the-code" || d.By != consent.ByLink || d.Reason != "" {
		t.Errorf("decided %+v", d)
	}
	if strings.Contains(person.at.String(), "the-code") {
		t.Errorf("the code stays in the address: %s", person.at)
	}
	counted := strings.NewReader(`# HELP roomsecret_consent_decisions_total Decisions on the consent page, by what became of them: approved, denied, decided (somebody else was faster, or it was sent again), gone (nobody waited any more) or failed (the room or the API server could not be reached).
# TYPE roomsecret_consent_decisions_total counter
roomsecret_consent_decisions_total{decision="approved"} 1
roomsecret_consent_decisions_total{decision="decided"} 0
roomsecret_consent_decisions_total{decision="denied"} 0
roomsecret_consent_decisions_total{decision="failed"} 0
roomsecret_consent_decisions_total{decision="gone"} 0
`)
	if err := testutil.GatherAndCompare(w.registry, counted, "roomsecret_consent_decisions_total"); err != nil {
		t.Error(err)
	}
	for _, secret := range []string{"the-code", state, "/a/", "eyJ"} {
		if strings.Contains(w.log.String(), secret) {
			t.Errorf("the log shows %q:\n%s", secret, w.log.String())
		}
	}
	if !strings.Contains(w.log.String(), `"approved"=true "by"="link" "outcome"="approved"`) {
		t.Errorf("the log does not tell of it:\n%s", w.log.String())
	}
}

func TestWithoutAChallengeNoneIsSent(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	a := w.ask(func(a *consent.Authorization) { a.Challenge, a.Scopes = "", nil })
	query := w.browser().open(w.link(a)).press("approve", "").leads().Query()
	if query.Has("code_challenge") || query.Has("code_challenge_method") || query.Has("scope") {
		t.Errorf("sends %v", query)
	}
}

func TestADenialTellsWhoeverAskedWhy(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ said, want string }{
		"no reason":                  {"  \n", "denied by a person"},
		"a reason":                   {"I do not know you", "I do not know you"},
		"more than one line":         {"no\r\nX-Header: \x00\u202e1", "no X-Header: 1"},
		"more than anybody may read": {strings.Repeat("ü", 300), strings.Repeat("ü", 200)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, nil)
			a := w.ask()
			w.browser().open(w.link(a)).press("deny", c.said).wants(http.StatusOK, "<h1>Denied</h1>", c.want)
			if d := w.wantDecisions(1); d.Approved || d.Reason != c.want || d.By != consent.ByLink || d.Code != nil {
				t.Errorf("decided %+v", d)
			}
		})
	}
}

func TestALinkIsGoodForOneDecisionInItsTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	a := w.ask()
	open := w.browser().open(w.link(a))
	w.browser().open(w.link(a)).press("deny", "")
	open.press("approve", "").wants(http.StatusConflict, "has been decided")
	open.open(w.link(a)).wants(http.StatusConflict, "has been decided")

	late := w.ask(func(a *consent.Authorization) { a.RequestID = "late" })
	open.open(w.link(late)).wants(http.StatusOK)
	w.clock.Step(time.Hour)
	open.press("deny", "").wants(http.StatusGone, "is over")
	open.open(w.link(late)).wants(http.StatusGone, "is over")

	w.clock.Step(-time.Hour)
	gone := w.ask(func(a *consent.Authorization) { a.RequestID = "gone" })
	delete(w.store.requests, gone.Ref)
	open.open(w.link(gone)).wants(http.StatusGone, "is over")
	w.wantDecisions(1)
}

func TestALinkCannotBeMadeUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	a := w.ask()
	other := newWorld(t, nil)
	state := w.browser().open(w.link(a)).press("approve", "").leads().Query().Get("state")
	link := w.link(a)
	for name, address := range map[string]string{
		"the state of an approval": w.url + "/a/" + state,
		"an empty one":             w.url + "/a/",
		"no token":                 w.url + "/a/none",
		"an unsigned one":          link[:strings.LastIndex(link, ".")+1],
		"another signature":        link[:len(link)-3] + "AAA",
		"a link as a result":       strings.Replace(link, "/a/", "/done/", 1),
		"the page of a person":     w.url + "/r/team-a/github/" + url.PathEscape(a.RequestID),
		"another path":             w.url + "/b",
		"outside of the page":      strings.TrimSuffix(w.url, "/consent") + "/",
	} {
		page := w.browser().open(address)
		if page.status != http.StatusNotFound && page.status != http.StatusForbidden || strings.Contains(page.body, "agent") {
			t.Errorf("%s: %d\n%s", name, page.status, page.body)
		}
	}
	if w.links.For(a.Ref, a.Until) != link || other.links.For(a.Ref, a.Until) == link {
		t.Error("a link must be the same each time, and differ with the URL")
	}
}

func TestAFormIsGoodForItsBrowserOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	a, b := w.ask(), w.ask(func(a *consent.Authorization) { a.RequestID = "other" })
	mine, theirs := w.browser().open(w.link(a)), w.browser().open(w.link(a))
	action, fields := mine.form()
	fields.Set("decision", "deny")
	with := func(name, value string) url.Values {
		changed := url.Values{"form": fields["form"], "decision": fields["decision"]}
		changed.Set(name, value)
		return changed
	}
	other, _ := w.browser().open(w.link(b)).form()
	for name, page := range map[string]*browser{
		"of another browser":             theirs.post(action, fields, nil),
		"without cookies":                w.browser().post(action, fields, nil),
		"without its text":               mine.post(action, with("form", ""), nil),
		"of another request":             mine.post(other, fields, nil),
		"from another site":              mine.post(action, fields, http.Header{"Sec-Fetch-Site": {"cross-site"}}),
		"from a neighbour":               mine.post(action, fields, http.Header{"Sec-Fetch-Site": {"same-site"}}),
		"from another site, old browser": mine.post(action, fields, http.Header{"Origin": {"https://evil.example"}}),
	} {
		if page.status != http.StatusForbidden {
			t.Errorf("a form %s: %d", name, page.status)
		}
	}
	mine.post(action, with("decision", "perhaps"), nil).wants(http.StatusBadRequest)
	mine.post(action, with("reason", strings.Repeat("x", 20<<10)), nil).wants(http.StatusBadRequest)
	w.wantDecisions(0)
	mine.post(action, fields, http.Header{"Sec-Fetch-Site": {"same-origin"}}).wants(http.StatusOK)
	w.wantDecisions(1)
}

func TestACallbackIsGoodForItsApprovalOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	a := w.ask()
	person := w.browser().open(w.link(a)).press("approve", "")
	state := person.leads().Query().Get("state")
	attacker := w.browser().open(w.link(a)).press("approve", "")
	for name, page := range map[string]*browser{
		"without a state":              person.open(w.callback("code", "c")),
		"with a made-up state":         person.open(w.callback("code", "c", "state", "made-up")),
		"with a link as state":         person.open(w.callback("code", "c", "state", strings.TrimPrefix(w.link(a), w.url+"/a/"))),
		"with the state of another":    person.open(w.callback("code", "c", "state", attacker.leads().Query().Get("state"))),
		"in a browser without cookies": w.browser().open(w.callback("code", "c", "state", state)),
		"without a code":               person.open(w.callback("state", state)),
		"with a code that is too long": person.open(w.callback("state", state, "code", strings.Repeat("x", 5000))),
	} {
		if page.status != http.StatusBadRequest || strings.Contains(page.body, "agent") {
			t.Errorf("%s: %d\n%s", name, page.status, page.body)
		}
	}
	w.wantDecisions(0)
	person.open(w.callback("code", "first", "state", state)).wants(http.StatusOK)
	person.open(w.callback("code", "first", "state", state)).wants(http.StatusConflict, "has been decided")
	person.open(w.callback("code", "second", "state", state)).wants(http.StatusConflict)
	w.wantDecisions(1)
	w.clock.Step(time.Hour)
	person.open(w.callback("code", "first", "state", state)).wants(http.StatusBadRequest)
}

func TestWhatTheProviderRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer string
		status int
		says   string
		reason string
	}{
		"the person did not consent":        {"access_denied", http.StatusOK, "You did not consent at github.example", "denied by a person at the provider"},
		"a scope that it does not know":     {"invalid_scope", http.StatusOK, "refused what was asked for: invalid_scope", "the provider refused what was asked for"},
		"something that we do not know":     {"<b>own text</b>", http.StatusOK, "github.example refused what was asked for.", "the provider refused what was asked for"},
		"the provider has a problem of its": {"temporarily_unavailable", http.StatusBadGateway, "Nothing was decided", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, nil)
			person := w.browser().open(w.link(w.ask())).press("approve", "")
			state := person.leads().Query().Get("state")
			person.open(w.callback("error", c.answer, "error_description", "own text", "state", state)).wants(c.status, c.says)
			if strings.Contains(person.body, "own text") {
				t.Errorf("the page says what the provider says:\n%s", person.body)
			}
			if c.reason == "" {
				w.wantDecisions(0)
			} else if d := w.wantDecisions(1); d.Approved || d.Reason != c.reason {
				t.Errorf("decided %+v", d)
			}
		})
	}
}

func TestAnAnswerThatDoesNotArriveCanBeGivenAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	a := w.ask()
	person := w.browser().open(w.link(a)).press("approve", "")
	back := w.callback("code", "c", "state", person.leads().Query().Get("state"))
	w.store.failure = errors.New("no way to the room")
	person.open(back).wants(http.StatusServiceUnavailable, "Nothing was decided", strings.TrimPrefix(w.link(a), strings.TrimSuffix(w.url, "/consent")))
	if strings.Contains(person.body, "no way") {
		t.Errorf("the page tells what is behind it:\n%s", person.body)
	}
	person.open(back).wants(http.StatusOK, "<h1>Approved</h1>")
	w.wantDecisions(1)
	if text := w.log.String(); !strings.Contains(text, `"outcome"="failed"`) || !strings.Contains(text, "no way to the room") {
		t.Errorf("the log does not tell of it:\n%s", text)
	}
}

func TestPeopleAreSentNowhereElse(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*consent.Authorization){
		"the provider would send them elsewhere": func(a *consent.Authorization) { a.RedirectURI = "https://evil.example/callback" },
		"the provider is no URL":                 func(a *consent.Authorization) { a.Endpoint = "javascript:alert(1)" },
		"the provider is not encrypted":          func(a *consent.Authorization) { a.Endpoint = "http://github.example/" },
		"the provider hides its host":            func(a *consent.Authorization) { a.Endpoint = "https://github.example@evil.example/" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, nil)
			w.browser().open(w.link(w.ask(change))).press("approve", "").wants(http.StatusConflict, "cannot be approved here")
			w.wantDecisions(0)
		})
	}
}

func TestEveryAnswerIsProtected(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	a := w.ask()
	for _, page := range []*browser{
		w.browser().open(w.url), w.browser().open(w.link(a)), w.browser().open(w.link(a)).press("approve", ""),
		w.browser().open(w.link(a)).press("deny", ""), w.browser().open(w.callback()), w.browser().open(w.url + "/none"),
	} {
		csp := page.header.Get("Content-Security-Policy")
		if !strings.HasPrefix(csp, "default-src 'none'; style-src 'sha256-") || !strings.HasSuffix(csp, "form-action 'self'; frame-ancestors 'none'; base-uri 'none'") {
			t.Errorf("%s: %s", page.at, csp)
		}
		for name, want := range map[string]string{
			"Referrer-Policy": "no-referrer", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY",
			"Strict-Transport-Security": "", "Content-Type": "text/html; charset=utf-8",
		} {
			if got := page.header.Get(name); got != want {
				t.Errorf("%s: %s: %q", page.at, name, got)
			}
		}
	}
}
