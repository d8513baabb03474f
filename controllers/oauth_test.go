// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/roomserver"
	"github.com/roomsecrets/roomsecret-operator/roomclient"
)

// tokenEndpoint gives tokens. What a real one does is tried in test/oauth.
type tokenEndpoint struct {
	*httptest.Server

	mu       sync.Mutex
	lifetime time.Duration
	// withdrawn says that no token can be refreshed.
	withdrawn bool
	issued    int
	// secret is the client secret that came last.
	secret string
}

func (e *tokenEndpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if _, password, ok := r.BasicAuth(); ok {
		e.secret = password
	}
	w.Header().Set("Content-Type", "application/json")
	if e.withdrawn && r.FormValue("grant_type") == "refresh_token" {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = fmt.Fprint(w, `{"error":"invalid_grant"}`)
		return
	}
	e.issued++
	_, _ = fmt.Fprintf(w, `{"access_token":"access-%d","refresh_token":"refresh","token_type":"Bearer","expires_in":%d}`, e.issued, int(e.lifetime.Seconds()))
}

func (e *tokenEndpoint) change(change func(*tokenEndpoint)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	change(e)
}

// newOAuthWorld returns a world with a token endpoint.
func newOAuthWorld(t *testing.T) (*world, *tokenEndpoint) {
	t.Helper()
	w := newStoppedWorld(t)
	endpoint := &tokenEndpoint{lifetime: time.Hour}
	endpoint.Server = httptest.NewServer(endpoint)
	t.Cleanup(endpoint.Close)
	w.startServerWith(roomserver.Config{OAuthOrigins: []string{endpoint.URL}})
	w.startManager()
	return w, endpoint
}

// newTokenPull returns a RoomSecret that asks bob to approve a token, for the key "a" of a Secret of its own name.
func (w *world) newTokenPull(name string, endpoint *tokenEndpoint, mods ...func(*roomv1alpha1.PullOAuth)) *roomv1alpha1.RoomSecret {
	oauth := &roomv1alpha1.PullOAuth{
		ClientID: "app", AuthorizationEndpoint: roomv1alpha1.HTTPURL(endpoint.URL + "/authorize"), TokenEndpoint: roomv1alpha1.HTTPURL(endpoint.URL + "/token"),
		RedirectURI: "https://consent.example.com/callback", From: roomv1alpha1.ParticipantReference{Name: "bob"},
	}
	for _, mod := range mods {
		mod(oauth)
	}
	entry := roomv1alpha1.PullEntry{Key: "a", OAuth: oauth}
	return w.newRoomSecret(name, roomv1alpha1.RoomSecretSpec{Pull: &roomv1alpha1.Pull{Entries: []roomv1alpha1.PullEntry{entry}}})
}

// approves answers the next request of a token with a code.
func (p *participant) approves() roomclient.PendingOAuthRequest {
	p.w.t.Helper()
	var r roomclient.PendingOAuthRequest
	p.w.Eventually(p.tokens).Should(Receive(&r))
	p.w.Expect(r.Provide(p.w.ctx, []byte("code"))).To(Succeed())
	return r
}

func TestATokenIsApprovedOnceAndKeptFresh(t *testing.T) {
	t.Parallel()
	w, endpoint := newOAuthWorld(t)
	endpoint.change(func(e *tokenEndpoint) { e.lifetime = 16 * time.Second })
	bob := w.join("bob")
	w.withRoom()
	pull := w.newTokenPull("app", endpoint, func(o *roomv1alpha1.PullOAuth) {
		o.Scopes, o.Format = []string{"repo"}, roomv1alpha1.TokenHeader
		o.ClientSecretRef = &roomv1alpha1.SecretKeyRef{Name: "client", Key: "secret"}
	})
	w.create(pull)
	w.Eventually(w.state(pull)).Should(Equal("False/" + string(roomv1alpha1.ReasonSourceNotFound)))
	client := newSecret(w.ns, "client", nil)
	w.create(client)
	w.Eventually(w.state(pull)).Should(Equal("False/" + string(roomv1alpha1.ReasonKeyNotFound)))
	bob.isLeftAlone(0)
	edit(w, client, func(s *corev1.Secret) { s.Data = map[string][]byte{"secret": []byte("hush")} })
	var request roomclient.PendingOAuthRequest
	w.Eventually(bob.tokens).Should(Receive(&request))
	w.Expect(request.Client.ID).To(Equal("app"))
	w.Expect(request.Client.Scopes).To(Equal([]string{"repo"}))
	w.Expect(request.RedirectURI).To(Equal("https://consent.example.com/callback"))
	w.Eventually(w.state(pull)).Should(Equal(awaitingAuthorization))
	w.Expect(pull.Status.Pending[0].Kind).To(Equal(roomv1alpha1.RequestOAuthToken))
	w.Expect(pull.Status.Pending[0].URL).To(Equal(endpoint.URL + "/authorize"))
	w.Expect(request.Provide(w.ctx, []byte("code"))).To(Succeed())
	w.settled(pull)
	w.Expect(w.secretValue("app", "a")()).To(Equal("Bearer access-1"))
	endpoint.change(func(e *tokenEndpoint) { w.Expect(e.secret).To(Equal("hush")) })

	w.Eventually(w.secretValue("app", "a")).Should(Equal("Bearer access-2"))
	w.settled(pull)
	w.stopManager()
	w.startManager()
	w.Eventually(w.secretValue("app", "a")).Should(Equal("Bearer access-3"))
	bob.isLeftAlone(1)
	w.settled(pull)
}

func TestATokenThatIsWithdrawnIsAskedForAnewWhileTheOldOneStays(t *testing.T) {
	t.Parallel()
	w, endpoint := newOAuthWorld(t)
	endpoint.change(func(e *tokenEndpoint) { e.lifetime, e.withdrawn = 14*time.Second, true })
	bob := w.join("bob")
	w.withRoom()
	pull := w.newTokenPull("app", endpoint)
	w.create(pull)
	bob.approves()
	w.settled(pull)
	w.Eventually(w.state(pull)).Should(Equal(awaitingAuthorization))
	w.Expect(w.secretValue("app", "a")()).To(Equal("access-1"))
	bob.approves()
	w.Eventually(w.secretValue("app", "a")).Should(Equal("access-2"))
}

func TestATokenThatWasApprovedBeforeIsTakenWithoutAsking(t *testing.T) {
	t.Parallel()
	w, endpoint := newOAuthWorld(t)
	bob := w.join("bob")
	w.withRoom()
	first, second := w.newTokenPull("first", endpoint), w.newTokenPull("second", endpoint)
	w.create(first)
	bob.approves()
	w.settled(first)
	w.create(second)
	w.settled(second)
	w.Expect(w.secretValue("second", "a")()).To(Equal("access-1"))
	bob.isLeftAlone(1)
	edit(w, w.secret("second"), func(s *corev1.Secret) { delete(s.Data, "a") })
	w.Eventually(w.secretValue("second", "a")).Should(Equal("access-1"))
	bob.isLeftAlone(1)
}

func TestARefusedTokenIsShown(t *testing.T) {
	t.Parallel()
	w, endpoint := newOAuthWorld(t)
	bob := w.join("bob")
	w.withRoom()
	pull := w.newTokenPull("app", endpoint)
	w.create(pull)
	var r roomclient.PendingOAuthRequest
	w.Eventually(bob.tokens).Should(Receive(&r))
	w.Expect(r.Reject(w.ctx, "no")).To(Succeed())
	w.Eventually(w.state(pull)).Should(Equal(turnedDown))
	w.Expect(pull.Status.Pending[0].Attempts).To(BeEquivalentTo(1))
}

func TestATokenNeedsAWayBack(t *testing.T) {
	t.Parallel()
	w, endpoint := newOAuthWorld(t)
	bob := w.join("bob")
	w.withRoom()
	pull := w.newTokenPull("app", endpoint, func(o *roomv1alpha1.PullOAuth) { o.RedirectURI = "" })
	w.create(pull)
	w.Eventually(w.state(pull)).Should(Equal("False/" + string(roomv1alpha1.ReasonUnsupported)))
	bob.isLeftAlone(0)
}
