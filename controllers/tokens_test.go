// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/controllers"
	"github.com/roomsecrets/roomsecret-operator/internal/consent"
	"github.com/roomsecrets/roomsecret-operator/internal/plan"
	"github.com/roomsecrets/roomsecret-operator/internal/roomserver"
	"github.com/roomsecrets/roomsecret-operator/roomclient"
)

// newTokens returns a RoomSecret that lets people approve tokens of a provider.
func (w *world) newTokens(name string, mods ...func(*roomv1alpha1.RoomSecret)) *roomv1alpha1.RoomSecret {
	return w.newRoomSecret(name, roomv1alpha1.RoomSecretSpec{Provide: &roomv1alpha1.Provide{OAuth: []roomv1alpha1.ProvideOAuth{
		{AuthorizationEndpoint: "https://provider.example.com/*", ClientIDs: []string{"client"}, Scopes: []string{"read", "write"}},
	}}}, mods...)
}

// asksToken requests a token of the operator, and returns what it is told, later.
func (a *asker) asksToken(mods ...func(*roomclient.OAuthRequest)) <-chan string {
	a.w.t.Helper()
	request := roomclient.OAuthRequest{
		Client: roomclient.OAuthClient{
			ID: "client", AuthorizationEndpoint: "https://provider.example.com/authorize?x=1", TokenEndpoint: "https://provider.example.com/token",
			Scopes: []string{"read"},
		},
		RedirectURI: consentURL + "/callback", ParticipantID: a.operator(), Timeout: time.Minute,
	}
	for _, mod := range mods {
		mod(&request)
	}
	answer := make(chan string, 1)
	go func() {
		value, err := a.conn.Secrets().RequestOAuthToken(context.WithoutCancel(a.w.ctx), request)
		answer <- said(value, err)
	}()
	return answer
}

// waiting returns a function that reads the requests that wait in the status.
func (w *world) waiting(rs *roomv1alpha1.RoomSecret) func() ([]roomv1alpha1.PendingRequest, error) {
	return func() ([]roomv1alpha1.PendingRequest, error) {
		_, err := w.state(rs)()
		return rs.Status.Pending, err
	}
}

// decide writes down a decision, as the consent page does.
func (w *world) decide(rs *roomv1alpha1.RoomSecret, state roomv1alpha1.PendingState, by string) {
	w.t.Helper()
	w.Eventually(func() error {
		if _, err := w.state(rs)(); err != nil {
			return err
		}
		for i := range rs.Status.Pending {
			rs.Status.Pending[i].State, rs.Status.Pending[i].DecidedBy = state, by
		}
		return w.kube.Status().Update(w.ctx, rs)
	}).Should(Succeed())
}

func newTokenWorld(t *testing.T) (*world, *roomv1alpha1.RoomSecret) {
	t.Helper()
	w := newStoppedWorld(t)
	w.page = consentURL
	w.startServerWith(roomserver.Config{Limits: roomserver.Limits{MaxPendingEach: 200, MaxWaiting: 200}, OAuthOrigins: []string{"https://provider.example.com"}})
	w.startManager()
	w.withRoom()
	tokens := w.newTokens("tokens")
	w.create(tokens)
	w.settled(tokens)
	return w, tokens
}

func TestATokenIsForAPersonToApprove(t *testing.T) {
	t.Parallel()
	w, tokens := newTokenWorld(t)
	agent := w.newAsker("agent")
	answer := agent.asksToken()
	w.Eventually(w.waiting(tokens)).Should(HaveLen(1))
	pending := tokens.Status.Pending[0]
	w.Expect(pending).To(And(
		HaveField("Kind", roomv1alpha1.RequestOAuthToken), HaveField("Participant", "agent"), HaveField("State", roomv1alpha1.PendingWaiting),
		HaveField("URL", "https://provider.example.com/authorize?x=1"),
	))
	w.Expect(*pending.Authorization).To(And(
		HaveField("ClientID", "client"), HaveField("Scopes", []string{"read"}), HaveField("RedirectURI", consentURL+"/callback"), HaveField("Challenge", Not(BeEmpty())),
	))
	options := w.options()
	w.Expect(pending.Seal).To(Equal(controllers.PendingSeal(options.Digests, string(tokens.UID), pending)))
	w.Expect(pending.ConsentURL).To(Equal(options.Consent.For(consent.Ref{Namespace: w.ns, Name: "tokens", RequestID: pending.Name}, pending.Until.Time)))
	w.Expect(w.state(tokens)()).To(Equal(inSync), "that somebody waits is no trouble of the rule")

	w.decide(tokens, roomv1alpha1.PendingApproved, "ann@example.com")
	w.Eventually(w.answers(tokens)).Should(HaveField("Provided", int64(1)))
	w.Expect(tokens.Status.Answers.Recent).To(ConsistOf(And(
		HaveField("Outcome", roomv1alpha1.AnswerProvided), HaveField("By", "ann@example.com"), HaveField("URL", "https://provider.example.com/authorize"), HaveField("Participant", "agent"),
	)))
	w.Expect(tokens.Status.Pending).To(HaveLen(1), "so that it is not decided again")
	w.Consistently(answer).ShouldNot(Receive(), "the page tells the room, not the status")
}

// TestWhatWaitsIsInTheStatus has the operator start again, with nothing but what it has written.
func TestWhatWaitsIsInTheStatus(t *testing.T) {
	t.Parallel()
	w, tokens := newTokenWorld(t)
	w.newAsker("agent").asksToken()
	w.Eventually(w.waiting(tokens)).Should(HaveLen(1))
	w.stopManager()
	w.decide(tokens, roomv1alpha1.PendingDenied, "link")
	before := tokens.Status.Pending[0]
	w.startManager()
	w.Eventually(w.answers(tokens)).Should(And(HaveField("Rejected", int64(1)), HaveField("Recent", ConsistOf(HaveField("By", "link")))))
	after := tokens.Status.Pending[0]
	w.Expect(after.DecidedTime).NotTo(BeNil())
	after.DecidedTime = nil
	w.Expect(after).To(Equal(before))

	// The room was out of reach, and the page has withdrawn the decision.
	w.decide(tokens, roomv1alpha1.PendingWaiting, "")
	w.Eventually(w.answers(tokens)).Should(And(HaveField("Rejected", int64(0)), HaveField("Recent", BeEmpty())))
	w.decide(tokens, roomv1alpha1.PendingApproved, "link")
	w.Eventually(w.answers(tokens)).Should(And(HaveField("Provided", int64(1)), HaveField("Recent", HaveLen(1))))
}

func TestWhatNobodyApprovesGoes(t *testing.T) {
	t.Parallel()
	w, tokens := newTokenWorld(t)
	answer := w.newAsker("agent").asksToken(func(r *roomclient.OAuthRequest) { r.Timeout = 2 * time.Second })
	w.Eventually(w.waiting(tokens)).Should(HaveLen(1))
	w.Eventually(answer).Should(Receive(ContainSubstring("in time")))
	w.Eventually(w.waiting(tokens)).Should(BeEmpty())
	w.Expect(w.answers(tokens)()).To(And(
		HaveField("Provided", int64(0)), HaveField("Rejected", int64(0)), HaveField("Recent", ConsistOf(HaveField("Outcome", roomv1alpha1.AnswerExpired))),
	))
	w.Expect(w.sum(w.registry, "roomsecret_answers_total", map[string][]string{"kind": {"OAuthToken"}, "outcome": {"expired"}})).To(Equal(1.0))
}

func TestATokenIsRefusedWithAReason(t *testing.T) {
	t.Parallel()
	w, tokens := newTokenWorld(t)
	agent := w.newAsker("agent")
	for name, tc := range map[string]struct {
		change func(*roomclient.OAuthRequest)
		want   plan.Refusal
	}{
		"a redirect URI elsewhere": {func(r *roomclient.OAuthRequest) { r.RedirectURI = "https://evil.example.com/callback" }, plan.RefusalRedirect},
		"another scope":            {func(r *roomclient.OAuthRequest) { r.Client.Scopes = []string{"read", "admin"} }, plan.RefusalScope},
		"another client":           {func(r *roomclient.OAuthRequest) { r.Client.ID = "other" }, plan.RefusalUnmatched},
		"a delegate":               {func(r *roomclient.OAuthRequest) { r.DelegateTo = "eve" }, plan.RefusalDelegate},
	} {
		w.Eventually(agent.asksToken(tc.change)).Should(Receive(Equal(refused(tc.want))), name)
	}
	w.Expect(w.waiting(tokens)()).To(BeEmpty())
	w.stopManager()
	w.page = ""
	w.startManager()
	w.Eventually(w.state(tokens)).Should(Equal("False/Unsupported"))
	w.Eventually(agent.asksToken()).Should(Receive(Equal(refused(plan.RefusalNoPage))))
}

func TestNoMoreThanSomeTokensWait(t *testing.T) {
	t.Parallel()
	w, tokens := newTokenWorld(t)
	agent := w.newAsker("agent")
	for i := range 64 {
		agent.asksToken(func(r *roomclient.OAuthRequest) {
			r.Client.Scopes = []string{"read"}
			r.Client.AuthorizationEndpoint += fmt.Sprint(i)
		})
	}
	w.Eventually(w.waiting(tokens)).Should(HaveLen(64))
	w.Eventually(agent.asksToken()).Should(Receive(Equal(refused(plan.RefusalTooMany))))
	w.Expect(w.waiting(tokens)()).To(HaveLen(64))
}

// TestWhatIsNotSealedIsNothingThatSomebodyAskedFor has somebody who may write the status make something up.
func TestWhatIsNotSealedIsNothingThatSomebodyAskedFor(t *testing.T) {
	t.Parallel()
	w, tokens := newTokenWorld(t)
	w.Eventually(func() error {
		if _, err := w.state(tokens)(); err != nil {
			return err
		}
		tokens.Status.Pending = []roomv1alpha1.PendingRequest{{
			Name: "made-up", Kind: roomv1alpha1.RequestOAuthToken, State: roomv1alpha1.PendingApproved, Since: metav1.Now(), DecidedBy: "nobody",
			Until: &metav1.Time{Time: time.Now().Add(time.Hour)}, Seal: "made-up",
		}}
		return w.kube.Status().Update(w.ctx, tokens)
	}).Should(Succeed())
	w.Eventually(w.waiting(tokens)).Should(BeEmpty())
	w.Expect(w.answers(tokens)()).To(Equal(roomv1alpha1.Answers{}))
}

// TestAnotherLeaderGoesOn has two replicas, of which the one that leads leaves while somebody waits for an approval.
func TestAnotherLeaderGoesOn(t *testing.T) {
	t.Parallel()
	w := newStoppedWorld(t)
	w.page, w.elected = consentURL, true
	w.startServerWith(roomserver.Config{OAuthOrigins: []string{"https://provider.example.com"}})
	w.startManager()
	first := w.stopManager
	w.withRoom()
	tokens, provide := w.newTokens("tokens"), w.newProvide("provide", []string{"a"})
	w.create(newSecret(w.ns, "source", map[string]string{"a": "one"}), tokens, provide)
	w.settled(tokens, provide)
	agent := w.newAsker("agent")
	before := agent.operator()
	w.Expect(agent.asks("secret://a")).To(Equal("one"))
	agent.asksToken()
	w.Eventually(w.waiting(tokens)).Should(HaveLen(1))
	w.Eventually(w.answers(provide)).Should(HaveField("Provided", int64(1)))

	w.startManager()
	second := w.stopManager
	first()
	w.stopManager = second
	w.decide(tokens, roomv1alpha1.PendingApproved, "ann@example.com")
	w.Eventually(agent.operator).ShouldNot(Equal(before))
	w.Eventually(func() string { return agent.asksAgain("secret://a") }).Should(Equal("one"))
	w.Eventually(w.answers(tokens)).Should(And(HaveField("Provided", int64(1)), HaveField("Recent", HaveLen(1))))
	w.Eventually(w.answers(provide)).Should(HaveField("Provided", int64(2)))
	w.Consistently(w.answers(tokens)).Should(HaveField("Provided", int64(1)))
}
