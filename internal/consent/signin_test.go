// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package consent_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/roomsecrets/roomsecret-operator/internal/consent"
)

// identity is an OpenID provider that says what a test wants it to. What a real one does is tried in test/consent.
type identity struct {
	*httptest.Server
	t   *testing.T
	key *ecdsa.PrivateKey
	// scopes are those that it says it supports.
	scopes []string
	// token and userinfo are what it says of a person, besides what every ID token has.
	token, userinfo map[string]any
	// nonce replaces the one of the sign-in.
	nonce string
	// broken says that it accepts no code.
	broken bool
	// asked is what it was last asked to authorize, and secret how the client proved who it is.
	asked  url.Values
	secret string
}

func newIdentity(t *testing.T) *identity {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	i := &identity{t: t, key: key}
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		i.answer(w, map[string]any{
			"issuer": i.URL, "authorization_endpoint": i.URL + "/authorize", "token_endpoint": i.URL + "/token", "jwks_uri": i.URL + "/keys",
			"userinfo_endpoint": i.URL + "/userinfo", "id_token_signing_alg_values_supported": []string{"ES256"}, "scopes_supported": i.scopes,
		})
	})
	mux.HandleFunc("/keys", func(w http.ResponseWriter, _ *http.Request) {
		point, err := key.PublicKey.Bytes()
		if err != nil {
			t.Error(err)
			return
		}
		encode := base64.RawURLEncoding.EncodeToString
		i.answer(w, map[string]any{"keys": []any{map[string]any{"kty": "EC", "crv": "P-256", "alg": "ES256", "kid": "1", "x": encode(point[1:33]), "y": encode(point[33:])}}})
	})
	mux.HandleFunc("/authorize", func(w http.ResponseWriter, r *http.Request) {
		i.asked = r.URL.Query()
		http.Redirect(w, r, i.asked.Get("redirect_uri")+"?code=a-code&state="+url.QueryEscape(i.asked.Get("state")), http.StatusFound)
	})
	mux.HandleFunc("/token", i.exchange)
	mux.HandleFunc("/userinfo", func(w http.ResponseWriter, _ *http.Request) { i.answer(w, i.userinfo) })
	i.Server = httptest.NewServer(mux)
	t.Cleanup(i.Close)
	return i
}

func (i *identity) answer(w http.ResponseWriter, content any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(content); err != nil {
		i.t.Error(err)
	}
}

// exchange gives tokens for the code, to whoever has the verifier of the challenge.
func (i *identity) exchange(w http.ResponseWriter, r *http.Request) {
	_, i.secret, _ = r.BasicAuth()
	sum := sha256.Sum256([]byte(r.FormValue("code_verifier")))
	if i.broken || r.FormValue("code") != "a-code" || base64.RawURLEncoding.EncodeToString(sum[:]) != i.asked.Get("code_challenge") {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`{"error":"invalid_grant","error_description":"the code was a-code"}`))
		return
	}
	said := jwt.MapClaims{"iss": i.URL, "aud": "consent-page", "sub": "subject-1", "exp": time.Now().Add(time.Hour).Unix(), "nonce": i.asked.Get("nonce")}
	if i.nonce != "" {
		said["nonce"] = i.nonce
	}
	maps.Copy(said, i.token)
	token := jwt.NewWithClaims(jwt.SigningMethodES256, said)
	token.Header["kid"] = "1"
	signed, err := token.SignedString(i.key)
	if err != nil {
		i.t.Error(err)
	}
	i.answer(w, map[string]any{"access_token": "access", "token_type": "Bearer", "id_token": signed})
}

// signingIn starts a page whose people sign in with the provider.
func (i *identity) signingIn() *world {
	i.t.Helper()
	return newWorld(i.t, &consent.OIDC{Issuer: i.URL, ClientID: "consent-page"})
}

func approvedBy(emails, groups []string) func(*consent.Authorization) {
	return func(a *consent.Authorization) { a.Approvers = &consent.Approvers{Emails: emails, Groups: groups} }
}

// TestWhoMayApprove has what providers say of people, and a request that two people and the group owners may approve.
func TestWhoMayApprove(t *testing.T) {
	t.Parallel()
	many := make([]string, 500)
	for i := range many {
		many[i] = fmt.Sprintf("group-%d", i)
	}
	many[0] = "owners"
	for name, c := range map[string]struct {
		token, userinfo map[string]any
		may             bool
		by, says        string
	}{
		"a verified address":                  {map[string]any{"email": "ada@example.com", "email_verified": true, "groups": []string{}}, nil, true, "ada@example.com", ""},
		"an address in other letters":         {map[string]any{"email": "Ada@Example.COM", "email_verified": true, "groups": []string{}}, nil, true, "Ada@Example.COM", ""},
		"an address that looks the same":      {map[string]any{"email": "ada@example.com\u200b", "email_verified": true, "groups": []string{}}, nil, false, "", ""},
		"an address that folds to the same":   {map[string]any{"email": "\u212aim@example.com", "email_verified": true, "groups": []string{}}, nil, false, "", ""},
		"verified, as text":                   {map[string]any{"email": "ada@example.com", "email_verified": "true", "groups": []string{}}, nil, true, "ada@example.com", ""},
		"an address that is not verified":     {map[string]any{"email": "ada@example.com", "email_verified": false, "groups": []string{}}, nil, false, "", "only your groups count"},
		"an address of which nobody knows":    {map[string]any{"email": "ada@example.com", "groups": []string{}}, nil, false, "", "only your groups count"},
		"another address":                     {map[string]any{"email": "eve@example.com", "email_verified": true, "groups": []string{"guests"}}, nil, false, "", "Nothing waits for you"},
		"a group":                             {map[string]any{"groups": []string{"guests", "owners"}}, map[string]any{"sub": "subject-1"}, true, "subject-1", ""},
		"a group that is no list":             {map[string]any{"groups": "owners"}, map[string]any{"sub": "subject-1"}, true, "subject-1", ""},
		"an address that userinfo tells":      {nil, map[string]any{"sub": "subject-1", "email": "ada@example.com", "email_verified": true}, true, "ada@example.com", ""},
		"verified elsewhere than the address": {map[string]any{"email_verified": true}, map[string]any{"sub": "subject-1", "email": "ada@example.com"}, false, "", "only your groups count"},
		"more groups than fit":                {map[string]any{"email": "eve@example.com", "email_verified": true, "groups": many}, nil, false, "", "more groups than we can remember"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := newIdentity(t)
			i.token, i.userinfo = c.token, c.userinfo
			w := i.signingIn()
			a := w.ask(approvedBy([]string{"ada@example.com", "kim@example.com"}, []string{"owners"}))
			hidden := w.ask(func(a *consent.Authorization) { a.RequestID = "without approvers" })
			person := w.browser().open(w.link(a))
			if !c.may {
				person.wants(http.StatusNotFound)
				person.open(w.url+"/").wants(http.StatusOK, c.says)
				return
			}
			person.wants(http.StatusOK, "Approve a token")
			person.open(w.url+"/").wants(http.StatusOK, "Waiting for you", "agent")
			if strings.Contains(person.body, url.PathEscape(hidden.RequestID)) {
				t.Errorf("the list shows what is for whoever has the link:\n%s", person.body)
			}
			person.open(w.url + "/r/team-a/github/" + url.PathEscape(hidden.RequestID)).wants(http.StatusNotFound)
			person.open(w.url+"/r/team-a/github/"+url.PathEscape(a.RequestID)).press("deny", "").wants(http.StatusOK, "<h1>Denied</h1>")
			if d := w.wantDecisions(1); d.By != c.by {
				t.Errorf("decided by %q", d.By)
			}
		})
	}
}

func TestWhoMayNotSeeARequestCannotTellWhetherThereIsOne(t *testing.T) {
	t.Parallel()
	i := newIdentity(t)
	i.token = map[string]any{"email": "eve@example.com", "email_verified": true, "groups": []string{}}
	w := i.signingIn()
	a := w.ask(approvedBy([]string{"ada@example.com"}, nil))
	person := w.browser().open(w.link(a)).wants(http.StatusNotFound)
	there := person.body
	for _, address := range []string{w.url + "/r/team-a/github/" + url.PathEscape(a.RequestID), w.url + "/r/team-a/github/none", w.url + "/r/none/none/none", w.url + "/a/none"} {
		if person.open(address).wants(http.StatusNotFound); person.body != there {
			t.Errorf("%s is another page", address)
		}
	}
}

func TestWithoutAProviderNobodyOfThemCanApprove(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	a := w.ask(approvedBy([]string{"ada@example.com"}, nil))
	w.browser().open(w.link(a)).wants(http.StatusForbidden, "no way to sign in")
	w.browser().open(w.url + "/sign-in").wants(http.StatusNotFound)
	w.browser().open(w.url + "/signed-in?state=a&code=b").wants(http.StatusBadRequest)
}

// TestASignInThatIsNotOurs has what somebody else could try, and providers that do not do what they should.
func TestASignInThatIsNotOurs(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*identity)
		status int
	}{
		"an ID token for another sign-in": {func(i *identity) { i.nonce = "another" }, http.StatusBadGateway},
		"an ID token for somebody else":   {func(i *identity) { i.token["aud"] = "another-page" }, http.StatusBadGateway},
		"an ID token of somebody else":    {func(i *identity) { i.token["iss"] = "https://evil.example" }, http.StatusBadGateway},
		"an ID token that is over":        {func(i *identity) { i.token["exp"] = time.Now().Add(-time.Hour).Unix() }, http.StatusBadGateway},
		"userinfo of another person":      {func(i *identity) { i.userinfo, i.token = map[string]any{"sub": "subject-2"}, map[string]any{} }, http.StatusBadGateway},
		"a code that is not accepted":     {func(i *identity) { i.broken = true }, http.StatusBadGateway},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := newIdentity(t)
			i.token = map[string]any{"email": "ada@example.com", "email_verified": true, "groups": []string{}}
			c.change(i)
			w := i.signingIn()
			person := w.browser().open(w.url+"/sign-in").wants(c.status, "Signing in does not work now")
			person.open(w.url+"/").wants(http.StatusOK, "Sign in to see")
			if strings.Contains(w.log.String(), "a-code") {
				t.Errorf("the log shows the code:\n%s", w.log.String())
			}
		})
	}
}

func TestASignInIsGoodInItsBrowserOnly(t *testing.T) {
	t.Parallel()
	i := newIdentity(t)
	i.token = map[string]any{"email": "ada@example.com", "email_verified": true, "groups": []string{}}
	w := i.signingIn()
	a := w.ask(approvedBy([]string{"ada@example.com"}, nil))
	mine := w.browser().open(w.link(a)).wants(http.StatusOK)
	back := "/signed-in?code=a-code&state=" + url.QueryEscape(i.asked.Get("state"))
	w.browser().open(w.url+back).wants(http.StatusBadRequest, "did not begin here")
	mine.open(w.url+"/signed-in?code=&state="+url.QueryEscape(i.asked.Get("state"))).wants(http.StatusForbidden, "have not signed in")
	w.clock.Step(11 * time.Minute)
	mine.open(w.url + back).wants(http.StatusBadRequest)

	mine.open(w.url+"/").wants(http.StatusOK, "Signed in as", "ada@example.com")
	mine.post(w.url+"/sign-out", url.Values{"form": {"made up"}}, nil).wants(http.StatusForbidden)
	_, form, _ := strings.Cut(mine.open(w.url+"/").body, `name="form" value="`)
	form, _, _ = strings.Cut(form, `"`)
	mine.post(w.url+"/sign-out", url.Values{"form": {form}}, nil).wants(http.StatusOK, "Sign in to see")
	mine.open(w.url + "/sign-in")
	w.clock.Step(9 * time.Hour)
	mine.open(w.url+"/").wants(http.StatusOK, "Sign in to see")
}

// TestPeopleComeBackToWhereTheyWere has pages that a sign-in may lead to, and others that somebody might have it lead to.
func TestPeopleComeBackToWhereTheyWere(t *testing.T) {
	t.Parallel()
	i := newIdentity(t)
	i.token = map[string]any{"email": "ada@example.com", "email_verified": true, "groups": []string{}}
	w := i.signingIn()
	for to, want := range map[string]string{
		"/r/a/b/c":             "/consent/r/a/b/c",
		"/a/link":              "/consent/a/link",
		"/sign-out":            "/consent/",
		"//evil.example":       "/consent/",
		"https://evil.example": "/consent/",
		"/a/../../evil":        "/consent/",
		"/a/\\evil":            "/consent/a/\\evil",
		"":                     "/consent/",
	} {
		if at := w.browser().open(w.url + "/sign-in?to=" + url.QueryEscape(to)).at; at.Host != parsed(t, w.url).Host || at.Path != want {
			t.Errorf("%q leads to %s", to, at)
		}
	}
}

func TestTheSecretOfTheClientCanBeRotated(t *testing.T) {
	t.Parallel()
	i := newIdentity(t)
	i.token = map[string]any{"email": "ada@example.com", "email_verified": true, "groups": []string{}}
	i.scopes = []string{"openid", "email", "groups"}
	file := filepath.Join(t.TempDir(), "secret")
	w := newWorld(t, &consent.OIDC{Issuer: i.URL, ClientID: "consent-page", ClientSecretFile: file})
	w.browser().open(w.url + "/sign-in").wants(http.StatusBadGateway)
	for _, secret := range []string{"first", "second"} {
		if err := os.WriteFile(file, []byte(secret+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		w.browser().open(w.url+"/sign-in").wants(http.StatusOK, "ada@example.com")
		if i.secret != secret || i.asked.Get("scope") != "openid email groups" {
			t.Errorf("signed in with secret %q and scopes %q", i.secret, i.asked.Get("scope"))
		}
	}
}
