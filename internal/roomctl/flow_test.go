// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomctl_test

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/roomsecrets/roomsecret-operator/internal/roomserver"
)

func TestRequestsAreAnsweredFromFlags(t *testing.T) {
	t.Parallel()
	g, r := NewWithT(t), newRoom(t)
	provide := r.start(t, "secret provide --as-identity bob --url secret://* --type text/plain --text hello --delegate-to carol")
	request := "secret request --room myroom --from-participant-id " + provide.participant(t) + " --url secret://"
	asking := "Requesting secret from participant " + provide.participant(t) + "...\n"

	g.Expect(r.run(t, request+"example --type text/plain")).To(Equal(result{0, "hello", asking}))
	g.Expect(r.run(t, request+"shared --type text/plain --delegate-to carol")).To(Equal(result{0, "hello", asking}))
	refused := r.run(t, request+"example --type application/octet-stream")
	g.Expect(refused.Code).To(Equal(1))
	g.Expect(refused.Stderr).To(ContainSubstring("nothing is provided for this url and type"))
	refused = r.run(t, request+"stolen --type text/plain --delegate-to mallory")
	g.Expect(refused.Code).To(Equal(1))
	g.Expect(refused.Stderr).To(ContainSubstring("not provided for delegation"))

	out := filepath.Join(t.TempDir(), "out")
	got := r.run(t, request+"file --type text/plain --out "+out)
	g.Expect(got).To(Equal(result{0, "", asking + "Wrote 5 bytes to " + out + "\n"}))
	g.Expect(provide.stop()).To(Equal(0))
	g.Expect(provide.stderr.String()).To(HavePrefix("Waiting for requests for secrets in room myroom as bob. Interrupt to stop.\n"))
	g.Expect(provide.stderr.String()).To(ContainSubstring("Request from alice for secret://example (text/plain): provided 5 bytes\n"))
	g.Expect(provide.stderr.String()).NotTo(ContainSubstring("hello"))
}

func TestARequestedSecretIsKeptUntilItIsDeleted(t *testing.T) {
	t.Parallel()
	g, r := NewWithT(t), newRoom(t)
	provide := r.start(t, "secret provide --as-identity bob --url u --text one --once")
	request := "secret request --from-participant-id " + provide.participant(t) + " --url u"
	g.Expect(r.run(t, request).Stdout).To(Equal("one"))
	g.Eventually(provide.done).Should(Receive(Equal(0)), "--once")
	provide.done <- 0
	g.Expect(r.run(t, request).Stdout).To(Equal("one"), "the room answers by itself")
	g.Expect(r.run(t, "secret delete-requested --url u")).To(Equal(result{0, "deleted secret\n", ""}))
	g.Expect(r.run(t, request).Code).To(Equal(1))
}

func TestRequestsAreAnsweredFromAFile(t *testing.T) {
	t.Parallel()
	g, r := NewWithT(t), newRoom(t)
	dir := t.TempDir()
	r.env["SECRET_OF_C"] = "from the environment"
	g.Expect(os.WriteFile(filepath.Join(dir, "b.txt"), []byte("from a file"), 0o600)).To(Succeed())
	g.Expect(os.WriteFile(filepath.Join(dir, "answers.yaml"), []byte(`answers:
- url: secret://a
  type: text/plain
  value: in place
- {url: "secret://b/*", file: b.txt}
- {url: secret://c, env: SECRET_OF_C}
`), 0o600)).To(Succeed())
	provide := r.start(t, "secret provide --as-identity bob --from-file "+filepath.Join(dir, "answers.yaml"))
	request := "secret request --from-participant-id " + provide.participant(t) + " --url secret://"
	g.Expect(r.run(t, request+"a --type text/plain").Stdout).To(Equal("in place"))
	g.Expect(r.run(t, request+"b/1").Stdout).To(Equal("from a file"))
	g.Expect(r.run(t, request+"c").Stdout).To(Equal("from the environment"))
	g.Expect(os.WriteFile(filepath.Join(dir, "b.txt"), []byte("rotated"), 0o600)).To(Succeed())
	g.Expect(r.run(t, request+"b/2").Stdout).To(Equal("rotated"))
	g.Expect(os.Remove(filepath.Join(dir, "b.txt"))).To(Succeed())
	gone := r.run(t, request+"b/3")
	g.Expect(gone.Code).To(Equal(1))
	g.Expect(gone.Stderr).To(ContainSubstring("the secret cannot be read"))
	g.Expect(gone.Stderr).NotTo(ContainSubstring("b.txt"), "others need not know our files")
}

func TestIgnoredRequestsAreLeftToOthers(t *testing.T) {
	t.Parallel()
	g, r := NewWithT(t), newRoom(t)
	provide := r.start(t, "secret provide --as-identity bob --url other --text v --unmatched ignore")
	got := r.run(t, "secret request --timeout 1 --from-participant-id "+provide.participant(t)+" --url u")
	g.Expect(got.Code).To(Equal(1))
	g.Expect(got.Stderr).To(ContainSubstring("timeout"))
	g.Expect(provide.stderr.String()).To(ContainSubstring("Request from alice for u (application/octet-stream): ignored\n"))
}

// provider is an OAuth provider where everybody consents at once, or to nothing.
func provider(t *testing.T, consents bool) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /authorize", func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		answer := url.Values{"state": {query.Get("state")}, "code": {"the-code"}}
		if !consents {
			answer = url.Values{"state": {query.Get("state")}, "error": {"access_denied"}}
		}
		http.Redirect(w, r, query.Get("redirect_uri")+"?"+answer.Encode(), http.StatusFound)
	})
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("code") != "the-code" || r.FormValue("code_verifier") == "" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"access_token": "access", "token_type": "Bearer", "expires_in": 3600})
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server
}

func freePort(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

// visit opens the page that the authorize command prints, as a browser would, and returns what it ends up seeing.
func visit(t *testing.T, authorize *running) string {
	t.Helper()
	g := NewWithT(t)
	page := regexp.MustCompile(`(?m)^open: (\S+)$`)
	g.Eventually(authorize.stdout.String).Should(MatchRegexp(page.String()))
	address := page.FindStringSubmatch(authorize.stdout.String())[1]
	response, err := http.Get(address)
	g.Expect(err).NotTo(HaveOccurred())
	defer response.Body.Close()
	text := make([]byte, 1000)
	n, _ := response.Body.Read(text)
	return string(text[:n])
}

func TestConsentBringsATokenThatIsThereLater(t *testing.T) {
	t.Parallel()
	g, oauth := NewWithT(t), provider(t, true)
	r := newRoomWith(t, roomserver.Config{OAuthOrigins: []string{oauth.URL}})
	client := " --client-id c --scopes openid,email --authorization-endpoint " + oauth.URL + "/authorize --token-endpoint " + oauth.URL + "/token"
	authorize := r.start(t, "secret authorize --as-identity bob --once --endpoint "+oauth.URL+"/*")
	asking := make(chan result, 1)
	redirect := fmt.Sprintf(" --redirect-uri http://127.0.0.1:%d/callback", freePort(t))
	participant := authorize.participant(t)
	go func() { asking <- r.run(t, "secret oauth --from-participant-id "+participant+client+redirect) }()
	g.Expect(visit(t, authorize)).To(Equal("Done. You can close this page.\n"))
	g.Eventually(asking).Should(Receive(Equal(result{0, "Requesting OAuth token from consumer side...\nGot access token: access\n", ""})))
	g.Eventually(authorize.done).Should(Receive(Equal(0)))
	authorize.done <- 0
	g.Expect(authorize.stderr.String()).To(ContainSubstring("  scopes: openid email\n"))
	g.Expect(authorize.stderr.String()).To(HaveSuffix(": authorized\n"))

	g.Expect(r.run(t, "secret offline-token"+client)).To(Equal(result{0, "access", "Got access token bytes=6\n"}))
	none := strings.Replace(client, "--client-id c", "--client-id other", 1)
	g.Expect(r.run(t, "secret offline-token"+none)).To(Equal(result{1, "", "No token found\n"}))
}

func TestNoConsentIsToldToWhoAsks(t *testing.T) {
	t.Parallel()
	oauth := provider(t, false)
	// Each has a room of its own: whoever has the identity that is asked may answer.
	ask := func(t *testing.T, authorizeFlags, oauthFlags string) (*running, chan result) {
		t.Helper()
		r := newRoomWith(t, roomserver.Config{OAuthOrigins: []string{oauth.URL}})
		authorize := r.start(t, "secret authorize --as-identity bob "+authorizeFlags)
		answers := make(chan result, 1)
		line := fmt.Sprintf("secret oauth --from-participant-id %s --client-id c --authorization-endpoint %s/authorize --token-endpoint %s/token --redirect-uri http://127.0.0.1:%d/callback %s",
			authorize.participant(t), oauth.URL, oauth.URL, freePort(t), oauthFlags)
		go func() { answers <- r.run(t, line) }()
		return authorize, answers
	}
	t.Run("when the user declines at the provider", func(t *testing.T) {
		t.Parallel()
		g := NewWithT(t)
		authorize, answers := ask(t, "", "")
		g.Expect(visit(t, authorize)).To(ContainSubstring("Nothing was authorized"))
		var got result
		g.Eventually(answers).Should(Receive(&got))
		g.Expect(got.Code).To(Equal(1))
		g.Expect(got.Stderr).To(ContainSubstring("access_denied"))
		g.Eventually(authorize.stderr.String).Should(ContainSubstring("rejected: access_denied\n"))
	})
	t.Run("when the command is interrupted", func(t *testing.T) {
		t.Parallel()
		g := NewWithT(t)
		authorize, answers := ask(t, "", "")
		g.Eventually(authorize.stdout.String).Should(ContainSubstring("open: "))
		g.Expect(authorize.stop()).To(Equal(0))
		var got result
		g.Eventually(answers).Should(Receive(&got))
		g.Expect(got.Stderr).To(ContainSubstring("cancelled"))
	})
	t.Run("when the endpoint is none of those that are consented at", func(t *testing.T) {
		t.Parallel()
		g := NewWithT(t)
		authorize, answers := ask(t, "--endpoint https://accounts.example.com/*", "")
		var got result
		g.Eventually(answers).Should(Receive(&got))
		g.Expect(got.Stderr).To(ContainSubstring("not one that is consented at"))
		g.Expect(authorize.stdout.String()).NotTo(ContainSubstring("open: "))
	})
	t.Run("when the token is for somebody else", func(t *testing.T) {
		t.Parallel()
		g := NewWithT(t)
		_, answers := ask(t, "", "--delegate-to mallory")
		var got result
		g.Eventually(answers).Should(Receive(&got))
		g.Expect(got.Stderr).To(ContainSubstring("not for delegation"))
	})
}
