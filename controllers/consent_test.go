// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/controllers"
	"github.com/roomsecrets/roomsecret-operator/internal/consent"
	"github.com/roomsecrets/roomsecret-operator/internal/roomserver"
	"github.com/roomsecrets/roomsecret-operator/roomclient"
	"github.com/roomsecrets/roomsecret-operator/roomclient/redact"
	"github.com/roomsecrets/roomsecret-operator/roomclient/token"
)

const (
	consentURL = "https://consent.example.com"
	oauthRule  = "tokens"
)

// parlour is a world in which an agent asks the operator for OAuth tokens, and two replicas have the consent page. Who writes
// down what is asked for is the test.
type parlour struct {
	*world
	endpoint string
	digests  controllers.Options
	replicas [2]consent.Store
	asked    chan roomclient.PendingOAuthRequest
	operator *roomclient.Conn
	agent    *roomclient.Conn
}

func newParlour(t *testing.T, mods ...func(*roomv1alpha1.RoomSecret)) *parlour {
	t.Helper()
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"access_token":%q,"token_type":"Bearer","expires_in":3600}`, "token of "+r.FormValue("code"))
	}))
	t.Cleanup(provider.Close)
	p := &parlour{world: newStoppedWorld(t), endpoint: provider.URL + "/authorize", asked: make(chan roomclient.PendingOAuthRequest, 10)}
	p.startServerWith(roomserver.Config{OAuthOrigins: []string{provider.URL}})
	p.withRoom()
	p.create(p.newRoomSecret(oauthRule, roomv1alpha1.RoomSecretSpec{Provide: &roomv1alpha1.Provide{OAuth: []roomv1alpha1.ProvideOAuth{
		{AuthorizationEndpoint: roomv1alpha1.URLPattern(p.endpoint), ClientIDs: []string{"client"}},
	}}}, mods...))
	p.digests = p.options()
	for i := range p.replicas {
		p.replicas[i] = p.replica()
	}
	p.operator = p.enter(own, func(_ context.Context, request roomclient.PendingOAuthRequest) { p.asked <- request })
	p.agent = p.enter("agent", nil)
	return p
}

// replica is a manager that has no controllers.
func (p *parlour) replica() consent.Store {
	p.t.Helper()
	mgr, err := ctrl.NewManager(rest.CopyConfig(cluster.Config), ctrl.Options{
		Scheme: scheme(p.t), Cache: controllers.CacheOptions(p.namespaces...), Metrics: metricsserver.Options{BindAddress: "0"},
	})
	p.Expect(err).NotTo(gomega.HaveOccurred())
	for _, object := range []client.Object{&roomv1alpha1.Room{}, &roomv1alpha1.RoomSecret{}} {
		_, err := mgr.GetCache().GetInformer(p.ctx, object)
		p.Expect(err).NotTo(gomega.HaveOccurred())
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(p.ctx))
	done := make(chan error, 1)
	go func() { done <- mgr.Start(ctx) }()
	p.t.Cleanup(func() {
		cancel()
		p.Expect(<-done).To(gomega.Succeed())
	})
	p.Expect(mgr.GetCache().WaitForCacheSync(p.ctx)).To(gomega.BeTrue())
	return controllers.NewConsents(mgr, p.digests)
}

func (p *parlour) enter(identity string, asked func(context.Context, roomclient.PendingOAuthRequest)) *roomclient.Conn {
	p.t.Helper()
	api, err := token.APIGrant(token.APIScope{Secrets: &token.SecretsGrant{}})
	p.Expect(err).NotTo(gomega.HaveOccurred())
	claims := token.Claims{Name: identity, Grants: []token.Grant{token.RoomGrant(p.room), api}}
	conn, err := roomclient.Dial(p.ctx, roomclient.Config{
		URL: "ws://" + p.address, Room: p.room, Token: roomclient.SignedToken(p.apiKey, claims, time.Hour), OnOAuthRequest: asked,
	})
	p.Expect(err).NotTo(gomega.HaveOccurred())
	p.t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// answered is what the agent gets.
type answered struct {
	token string
	err   error
}

// ask has the agent ask for a token, and writes down what it asks for.
func (p *parlour) ask(mods ...func(*roomv1alpha1.PendingRequest)) (consent.Ref, <-chan answered) {
	p.t.Helper()
	answer := make(chan answered, 1)
	go func() {
		token, err := p.agent.Secrets().RequestOAuthToken(p.ctx, roomclient.OAuthRequest{
			Client: roomclient.OAuthClient{
				ID: "client", AuthorizationEndpoint: p.endpoint, TokenEndpoint: strings.Replace(p.endpoint, "/authorize", "/token", 1),
				Scopes: []string{"repo"},
			},
			RedirectURI: consentURL + "/callback", ParticipantID: p.operator.ParticipantID(),
		})
		answer <- answered{string(token), err}
	}()
	request := <-p.asked
	return p.note(request.ID, request.Challenge, mods...), answer
}

// note writes down a request.
func (p *parlour) note(id, challenge string, mods ...func(*roomv1alpha1.PendingRequest)) consent.Ref {
	p.t.Helper()
	rs := p.newRoomSecret(oauthRule, roomv1alpha1.RoomSecretSpec{})
	p.Expect(p.kube.Get(p.ctx, client.ObjectKeyFromObject(rs), rs)).To(gomega.Succeed())
	pending := roomv1alpha1.PendingRequest{
		Name: id, Kind: roomv1alpha1.RequestOAuthToken, Participant: "agent", URL: p.endpoint, State: roomv1alpha1.PendingWaiting,
		Since: metav1.Now().Rfc3339Copy(), Until: &metav1.Time{Time: time.Now().Add(5 * time.Minute).Truncate(time.Second)},
		Authorization: &roomv1alpha1.PendingAuthorization{
			ClientID: "client", Scopes: []string{"repo"}, RedirectURI: consentURL + "/callback", Challenge: challenge,
		},
	}
	pending.Seal = controllers.PendingSeal(p.digests.Digests, string(rs.UID), pending)
	for _, mod := range mods {
		mod(&pending)
	}
	rs.Status.Pending = append(rs.Status.Pending, pending)
	p.Expect(p.kube.Status().Update(p.ctx, rs)).To(gomega.Succeed())
	return consent.Ref{Namespace: p.ns, Name: oauthRule, RequestID: id}
}

// pending is how a request stands.
func (p *parlour) pending(ref consent.Ref) roomv1alpha1.PendingRequest {
	p.t.Helper()
	rs := p.newRoomSecret(ref.Name, roomv1alpha1.RoomSecretSpec{})
	p.Expect(p.kube.Get(p.ctx, client.ObjectKeyFromObject(rs), rs)).To(gomega.Succeed())
	for _, pending := range rs.Status.Pending {
		if pending.Name == ref.RequestID {
			return pending
		}
	}
	p.t.Fatalf("%v is not there", ref)
	return roomv1alpha1.PendingRequest{}
}

func approve(code string) consent.Decision {
	return consent.Decision{Approved: true, Code: redact.Bytes(code), By: consent.ByLink}
}

func TestOfTwoReplicasOneDecides(t *testing.T) {
	t.Parallel()
	p := newParlour(t)
	ref, answer := p.ask()
	p.Eventually(func() ([]consent.Authorization, error) { return p.replicas[1].List(p.ctx) }).Should(gomega.HaveLen(1))

	decided := make(chan error, 8)
	for i := range cap(decided) {
		go func() { decided <- p.replicas[i%2].Decide(p.ctx, ref, approve(fmt.Sprintf("code %d", i))) }()
	}
	made := 0
	for range cap(decided) {
		if err := <-decided; err == nil {
			made++
		} else if !errors.Is(err, consent.ErrDecided) {
			t.Error(err)
		}
	}
	got := <-answer
	if made != 1 || got.err != nil || !strings.HasPrefix(got.token, "token of code ") {
		t.Errorf("%d decisions were made, and the agent has %q, %v", made, got.token, got.err)
	}
	if pending := p.pending(ref); pending.State != roomv1alpha1.PendingApproved || pending.DecidedBy != consent.ByLink {
		t.Errorf("the status says %+v", pending)
	}
	a, err := p.replicas[0].Get(p.ctx, ref)
	if err != nil || a.State != consent.Approved {
		t.Errorf("the page sees %+v, %v", a, err)
	}
}

func TestADenialReachesWhoeverAsked(t *testing.T) {
	t.Parallel()
	p := newParlour(t)
	ref, answer := p.ask()
	p.Expect(p.replicas[0].Decide(p.ctx, ref, consent.Decision{Reason: "I do not know you", By: "ada@example.com"})).To(gomega.Succeed())
	got := <-answer
	if refused, ok := errors.AsType[*roomclient.Error](got.err); !ok || !strings.Contains(refused.Text, "I do not know you") {
		t.Errorf("the agent has %q, %v", got.token, got.err)
	}
	if pending := p.pending(ref); pending.State != roomv1alpha1.PendingDenied || pending.DecidedBy != "ada@example.com" {
		t.Errorf("the status says %+v", pending)
	}
	p.Expect(p.replicas[1].Decide(p.ctx, ref, approve("late"))).To(gomega.MatchError(consent.ErrDecided))
}

func TestADecisionThatTheRoomDoesNotGetIsWithdrawn(t *testing.T) {
	t.Parallel()
	p := newParlour(t)
	ref, answer := p.ask()
	credential := newSecret(p.ns, "credential", nil)
	p.remove(credential)
	err := p.replicas[0].Decide(p.ctx, ref, approve("first"))
	if err == nil || errors.Is(err, consent.ErrGone) || errors.Is(err, consent.ErrDecided) || strings.Contains(err.Error(), "first") {
		t.Errorf("got %v", err)
	}
	if pending := p.pending(ref); pending.State != roomv1alpha1.PendingWaiting || pending.DecidedBy != "" {
		t.Errorf("the status says %+v", pending)
	}
	p.create(newSecret(p.ns, "credential", map[string]string{"api-key": p.apiKey.Encode()}))
	p.Expect(p.replicas[1].Decide(p.ctx, ref, approve("second"))).To(gomega.Succeed())
	if got := <-answer; got.token != "token of second" {
		t.Errorf("the agent has %q, %v", got.token, got.err)
	}
}

func TestWhatTheRoomHasForgottenCannotBeDecided(t *testing.T) {
	t.Parallel()
	p := newParlour(t)
	ref := p.note("nobody waits for this", "")
	p.Expect(p.replicas[0].Decide(p.ctx, ref, approve("code"))).To(gomega.MatchError(consent.ErrGone))
}

// TestOnlyWhatTheOperatorHasWrittenCanBeDecided has what somebody who may write the status could try, and rules that have changed.
func TestOnlyWhatTheOperatorHasWrittenCanBeDecided(t *testing.T) {
	t.Parallel()
	p := newParlour(t)
	seal := func(uid string, pending *roomv1alpha1.PendingRequest) {
		pending.Seal = controllers.PendingSeal(p.digests.Digests, uid, *pending)
	}
	rs := p.newRoomSecret(oauthRule, roomv1alpha1.RoomSecretSpec{})
	p.Expect(p.kube.Get(p.ctx, client.ObjectKeyFromObject(rs), rs)).To(gomega.Succeed())
	for name, mod := range map[string]func(*roomv1alpha1.PendingRequest){
		"no seal":                    func(r *roomv1alpha1.PendingRequest) { r.Seal = "" },
		"more scopes":                func(r *roomv1alpha1.PendingRequest) { r.Authorization.Scopes = []string{"admin"} },
		"more time":                  func(r *roomv1alpha1.PendingRequest) { r.Until.Time = r.Until.Add(time.Hour) },
		"somebody else asks":         func(r *roomv1alpha1.PendingRequest) { r.Participant = "boss" },
		"the seal of another object": func(r *roomv1alpha1.PendingRequest) { seal("another uid", r) },
		"its time is over": func(r *roomv1alpha1.PendingRequest) {
			r.Until.Time = time.Now().Add(-time.Second)
			seal(string(rs.UID), r)
		},
		"no time":                       func(r *roomv1alpha1.PendingRequest) { r.Until = nil; seal(string(rs.UID), r) },
		"a client that no rule names":   func(r *roomv1alpha1.PendingRequest) { r.Authorization.ClientID = "other"; seal(string(rs.UID), r) },
		"a provider that no rule names": func(r *roomv1alpha1.PendingRequest) { r.URL = "https://evil.example/a"; seal(string(rs.UID), r) },
		"a secret":                      func(r *roomv1alpha1.PendingRequest) { r.Kind = roomv1alpha1.RequestSecret; seal(string(rs.UID), r) },
		"nothing to approve":            func(r *roomv1alpha1.PendingRequest) { r.Authorization = nil; seal(string(rs.UID), r) },
		"another state":                 func(r *roomv1alpha1.PendingRequest) { r.State = roomv1alpha1.PendingFailed },
	} {
		ref := p.note(name, "", mod)
		_, err := p.replicas[0].Get(p.ctx, ref)
		if decided := p.replicas[0].Decide(p.ctx, ref, approve("code")); !errors.Is(err, consent.ErrGone) || !errors.Is(decided, consent.ErrGone) {
			t.Errorf("%s: %v, %v", name, err, decided)
		}
	}
	for _, ref := range []consent.Ref{{Namespace: p.ns, Name: "none", RequestID: "a"}, {Namespace: p.ns, Name: oauthRule, RequestID: "none"}} {
		if _, err := p.replicas[0].Get(p.ctx, ref); !errors.Is(err, consent.ErrGone) {
			t.Errorf("%v: %v", ref, err)
		}
	}
}

// TestWhoMayApproveIsWhatTheRuleSaysNow: a rule may have moved, changed or gone since somebody asked.
func TestWhoMayApproveIsWhatTheRuleSaysNow(t *testing.T) {
	t.Parallel()
	p := newParlour(t)
	ref := p.note("request", "")
	look := func(change func(*roomv1alpha1.RoomSecret)) (consent.Authorization, error) {
		edit(p.world, p.newRoomSecret(oauthRule, roomv1alpha1.RoomSecretSpec{}), change)
		return p.replicas[0].Get(p.ctx, ref)
	}
	if a, err := look(func(*roomv1alpha1.RoomSecret) {}); err != nil || a.Approvers != nil || a.Asker != "agent" || a.Room != p.room {
		t.Errorf("got %+v, %v", a, err)
	}
	a, err := look(func(rs *roomv1alpha1.RoomSecret) {
		rules := rs.Spec.Provide.OAuth
		rules[0].Approvers = &roomv1alpha1.Approvers{Emails: []string{"ada@example.com"}}
		rs.Spec.Provide.OAuth = append([]roomv1alpha1.ProvideOAuth{{AuthorizationEndpoint: "https://other.example/a", ClientIDs: []string{"client"}}}, rules...)
	})
	if err != nil || a.Approvers == nil || len(a.Approvers.Emails) != 1 {
		t.Errorf("got %+v, %v", a, err)
	}
	if _, err := look(func(rs *roomv1alpha1.RoomSecret) { rs.Spec.Suspend = true }); !errors.Is(err, consent.ErrGone) {
		t.Errorf("suspended: %v", err)
	}
	if _, err := look(func(rs *roomv1alpha1.RoomSecret) {
		rs.Spec.Suspend, rs.Spec.Provide.OAuth = false, rs.Spec.Provide.OAuth[:1]
	}); !errors.Is(err, consent.ErrGone) {
		t.Errorf("without the rule: %v", err)
	}
}
