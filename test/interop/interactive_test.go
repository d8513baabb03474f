// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package interop_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/consent"
	"github.com/roomsecrets/roomsecret-operator/internal/roomserver"
	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
	"github.com/roomsecrets/roomsecret-operator/roomclient/redact"
)

// theOperator waits until a participant knows the operator by its name, and returns its id.
func (p *participant) theOperator(o *operated) (id string) {
	o.t.Helper()
	o.Eventually(func() string {
		var others []remote
		if err := p.sdk.do("participants", args{"room": p.name}, &others); err != nil {
			return ""
		}
		for _, other := range others {
			if other.Name == roomv1alpha1.DefaultParticipantName {
				id = other.ID
			}
		}
		return id
	}).ShouldNot(BeEmpty())
	return id
}

// agent joins the operator's room with the SDK, knows who else is there, and can be asked.
func (o *operated) agent(s *sdk, name string) *participant {
	o.t.Helper()
	p := s.joinWith(o.t, args{
		"url": o.server.roomURL(o.room), "token": o.server.token(o.t, name, o.room, talker), "provider": true,
	})
	p.messaging(o.t, "enable")
	o.t.Cleanup(func() { p.messaging(o.t, "disable") }) // the older version complains of news that come while it leaves
	return p
}

// provide makes the operator answer secret://stripe/* to billing-agents.
func (o *operated) provide() {
	o.t.Helper()
	o.secret("stripe", map[string]string{"key": "sk_live"})
	o.roomSecret("stripe", roomv1alpha1.RoomSecretSpec{Provide: &roomv1alpha1.Provide{Secrets: []roomv1alpha1.ProvideSecret{{
		URL: "secret://stripe/*", Type: "text/plain", Askers: []roomv1alpha1.Pattern{"billing-*"},
		SecretKeyRef: roomv1alpha1.SecretKeyRef{Name: "stripe", Key: "key"},
	}}}})
	o.Eventually(o.reason("stripe")).Should(Equal(string(roomv1alpha1.ReasonInSync)))
}

func stripeOf(operator, url string) args {
	return args{"fromParticipantId": operator, "url": url, "type": "text/plain"}
}

func TestTheOperatorAnswersTheSDK(t *testing.T) {
	t.Parallel()
	eachVersion(t, func(t *testing.T, s *sdk) {
		o := operate(t)
		o.start()
		o.provide()
		billing, sales := o.agent(s, "billing-agent"), o.agent(s, "sales-agent")
		operator := billing.theOperator(o)

		wantSecret(t, begin[blob](billing, "requestSecret", stripeOf(operator, "secret://stripe/live")), []byte("sk_live"))
		for name, ask := range map[string]<-chan outcome[blob]{
			"no rule for the url":   begin[blob](billing, "requestSecret", stripeOf(operator, "secret://other")),
			"no rule for the asker": begin[blob](sales, "requestSecret", stripeOf(operator, "secret://stripe/live")),
		} {
			if text := wantError(t, (<-ask).err, protocol.CodeOperationFailed); text == "" {
				t.Errorf("%s: it is not said why", name)
			}
		}
		o.Eventually(func() int64 {
			if answers := o.status("stripe").Answers; answers != nil {
				return answers.Provided
			}
			return 0
		}).Should(Equal(int64(1)))
	})
}

// alice is how the operator asks Alice for her login at a git server.
func alice(changes ...func(*roomv1alpha1.PullRequest)) roomv1alpha1.RoomSecretSpec {
	request := roomv1alpha1.PullRequest{
		URL: "https://git.example", Type: "git", From: roomv1alpha1.ParticipantReference{Name: "alice"},
	}
	for _, change := range changes {
		change(&request)
	}
	return roomv1alpha1.RoomSecretSpec{Pull: &roomv1alpha1.Pull{
		Entries: []roomv1alpha1.PullEntry{{Key: "git", Request: &request, Extract: roomv1alpha1.ExtractJSON}},
	}}
}

// asked waits until somebody is asked, and returns the request.
func asked(t *testing.T, p *participant) secretRequest {
	t.Helper()
	return nextRequest[secretRequest](t, p, "secretRequest")
}

func (p *participant) gives(t *testing.T, requestID, value string) {
	t.Helper()
	p.must(t, "provideSecret", args{"requestId": requestID, "data": blob(value)}, nil)
}

const login = `{"username":"alice","password":"hunter2"}`

func TestTheSDKAnswersTheOperator(t *testing.T) {
	t.Parallel()
	eachVersion(t, func(t *testing.T, s *sdk) {
		o := operate(t)
		o.start()
		o.roomSecret("login", alice())
		o.Eventually(o.reason("login")).Should(Equal(string(roomv1alpha1.ReasonAwaitingParticipant)))
		o.Eventually(func() []roomv1alpha1.PendingRequest { return o.status("login").Pending }).Should(ConsistOf(
			HaveField("State", roomv1alpha1.PendingAbsent)))

		person := o.agent(s, "alice")
		request := asked(t, person)
		o.Expect(request.URL).To(Equal("https://git.example"))
		person.gives(t, request.RequestID, login)
		o.Eventually(o.data("login")).Should(Equal(map[string]string{"username": "alice", "password": "hunter2"}))
		o.Eventually(o.reason("login")).Should(Equal(string(roomv1alpha1.ReasonInSync)))
		o.Expect(o.status("login").Pending).To(BeEmpty())
	})
}

func TestTheSDKRejectsWhatTheOperatorAsks(t *testing.T) {
	t.Parallel()
	eachVersion(t, func(t *testing.T, s *sdk) {
		o := operate(t)
		person := o.agent(s, "alice")
		o.start()
		o.roomSecret("login", alice())
		person.must(t, "rejectSecret", args{"requestId": asked(t, person).RequestID, "error": "cancelled"}, nil)
		o.Eventually(o.reason("login")).Should(Equal(string(roomv1alpha1.ReasonRejected)))
		o.Expect(o.status("login").Pending).To(ConsistOf(And(
			HaveField("State", roomv1alpha1.PendingRejected), HaveField("NextAttemptTime", Not(BeNil())))))
	})
}

func TestTheSDKLeavesTheOperatorWaiting(t *testing.T) {
	t.Parallel()
	eachVersion(t, func(t *testing.T, s *sdk) {
		o := operate(t)
		person := o.agent(s, "alice")
		o.start()
		o.roomSecret("login", alice(func(r *roomv1alpha1.PullRequest) { r.Timeout = &metav1.Duration{Duration: time.Second} }))
		asked(t, person)
		o.Eventually(func() []roomv1alpha1.PendingRequest { return o.status("login").Pending }).Should(ConsistOf(
			HaveField("State", roomv1alpha1.PendingTimedOut)))
		o.Expect(o.reason("login")()).To(Equal(string(roomv1alpha1.ReasonAwaitingParticipant)))
	})
}

// TestARequestOutlivesWhatHappensMeanwhile has Alice answer after something has gone wrong, and look what she was asked.
func TestARequestOutlivesWhatHappensMeanwhile(t *testing.T) {
	t.Parallel()
	for name, happens := range map[string]func(t *testing.T, o *operated, stop func()){
		"the connections are lost": func(t *testing.T, o *operated, _ func()) {
			o.server.stop()
			o.server.start(t)
		},
		"the operator restarts": func(_ *testing.T, o *operated, stop func()) {
			stop()
			o.start()
		},
		"another replica becomes the leader": func(_ *testing.T, o *operated, stop func()) {
			o.start() // and waits
			stop()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := sdks[newest].sdk(t)
			o := operate(t)
			person := o.agent(s, "alice")
			stop := o.start()
			o.roomSecret("login", alice())
			asked(t, person)
			happens(t, o, stop)
			if name == "the connections are lost" {
				person.next(t, "reconnected")
				person.messaging(t, "enable")
			}
			person.gives(t, asked(t, person).RequestID, login)
			o.Eventually(o.data("login")).Should(HaveKeyWithValue("username", "alice"))
			o.Eventually(o.reason("login")).Should(Equal(string(roomv1alpha1.ReasonInSync)))
		})
	}
}

// TestTheOperatorAnswersAfterWhatHappensMeanwhile has an agent ask before and after.
func TestTheOperatorAnswersAfterWhatHappensMeanwhile(t *testing.T) {
	t.Parallel()
	s := sdks[newest].sdk(t)
	o := operate(t)
	stop := o.start()
	o.provide()
	billing := o.agent(s, "billing-agent")
	first := billing.theOperator(o)
	wantSecret(t, begin[blob](billing, "requestSecret", stripeOf(first, "secret://stripe/1")), []byte("sk_live"))
	o.start()
	stop()
	var second string
	o.Eventually(func() string {
		second = billing.theOperator(o)
		return second
	}).ShouldNot(Equal(first))
	wantSecret(t, begin[blob](billing, "requestSecret", stripeOf(second, "secret://stripe/2")), []byte("sk_live"))
}

// TestAPersonApprovesWhatTheSDKAsks has an agent ask for a token, and a person approve it, while the leader changes.
func TestAPersonApprovesWhatTheSDKAsks(t *testing.T) {
	t.Parallel()
	eachVersion(t, func(t *testing.T, s *sdk) {
		provider := newProvider(t)
		o := operate(t, func(c *roomserver.Config) { c.OAuthOrigins = []string{provider.URL} })
		stop := o.start()
		o.approvals(provider)
		agent := o.agent(s, "release-agent")
		ask := begin[*string](agent, "requestOAuthToken", o.tokenRequest(agent, provider))
		waiting := o.waiting("tokens")
		o.Expect(waiting.Participant).To(Equal("release-agent"))
		o.Expect(waiting.ConsentURL).To(HavePrefix(consentURL + "/a/"))

		o.start() // and waits to be the leader
		stop()
		ref := consent.Ref{Namespace: o.ns, Name: "tokens", RequestID: waiting.RequestID()}
		o.decide(ref, consent.Decision{Approved: true, By: consent.ByLink, Code: redact.Bytes(provider.consent(grant{
			clientID: "client", challenge: &waiting.Authorization.Challenge,
		}))})
		access := wantToken(t, ask)
		o.Expect(agent.offline(t, args{"oauth": clientOf(provider)})).To(Equal(access), "for days")
		o.Eventually(func() []roomv1alpha1.PendingRequest { return o.status("tokens").Pending }).Should(Or(
			BeEmpty(), ConsistOf(HaveField("State", roomv1alpha1.PendingApproved))))
	})
}

func TestAPersonDeniesWhatTheSDKAsks(t *testing.T) {
	t.Parallel()
	eachVersion(t, func(t *testing.T, s *sdk) {
		provider := newProvider(t)
		o := operate(t, func(c *roomserver.Config) { c.OAuthOrigins = []string{provider.URL} })
		o.start()
		o.approvals(provider)
		agent := o.agent(s, "release-agent")
		ask := begin[*string](agent, "requestOAuthToken", o.tokenRequest(agent, provider))
		ref := consent.Ref{Namespace: o.ns, Name: "tokens", RequestID: o.waiting("tokens").RequestID()}
		o.decide(ref, consent.Decision{Reason: "not this week", By: consent.ByLink})
		if text := wantError(t, (<-ask).err, protocol.CodeOperationFailed); text != "not this week" {
			t.Errorf("the reason is %q", text)
		}
	})
}

// TestTheSDKConsentsToWhatTheOperatorAsks keeps a token in a Secret.
func TestTheSDKConsentsToWhatTheOperatorAsks(t *testing.T) {
	t.Parallel()
	eachVersion(t, func(t *testing.T, s *sdk) {
		provider := newProvider(t)
		o := operate(t, func(c *roomserver.Config) { c.OAuthOrigins = []string{provider.URL} })
		o.start()
		person := o.agent(s, "alice")
		o.roomSecret("api", roomv1alpha1.RoomSecretSpec{Pull: &roomv1alpha1.Pull{Entries: []roomv1alpha1.PullEntry{{
			Key: "authorization",
			OAuth: &roomv1alpha1.PullOAuth{
				ClientID: "client", Scopes: []string{"openid"}, From: roomv1alpha1.ParticipantReference{Name: "alice"},
				AuthorizationEndpoint: roomv1alpha1.HTTPURL(provider.URL + "/authorize"),
				TokenEndpoint:         roomv1alpha1.HTTPURL(provider.URL + "/token"),
				Format:                roomv1alpha1.TokenHeader,
			},
		}}}})
		var request oauthRequest
		o.Expect(json.Unmarshal(person.next(t, "oauthRequest").Request, &request)).To(Succeed())
		o.Eventually(o.reason("api")).Should(Equal(string(roomv1alpha1.ReasonAwaitingAuthorization)))
		code := provider.consent(grant{clientID: *request.ClientID, challenge: request.Challenge})
		person.must(t, "provideOAuthAuthorization", args{"requestId": request.RequestID, "code": code}, nil)
		o.Eventually(o.data("api")).Should(HaveKeyWithValue("authorization", HavePrefix("Bearer access-")))
		o.Eventually(o.reason("api")).Should(Equal(string(roomv1alpha1.ReasonInSync)))
	})
}

// approvals lets people approve tokens of the provider.
func (o *operated) approvals(p *provider) {
	o.t.Helper()
	o.roomSecret("tokens", roomv1alpha1.RoomSecretSpec{Provide: &roomv1alpha1.Provide{OAuth: []roomv1alpha1.ProvideOAuth{{
		AuthorizationEndpoint: roomv1alpha1.URLPattern(p.URL + "/*"), ClientIDs: []string{"client"},
	}}}})
	o.Eventually(o.reason("tokens")).Should(Equal(string(roomv1alpha1.ReasonInSync)))
}

func clientOf(p *provider) args {
	return args{
		"client_id": "client", "authorization_endpoint": p.URL + "/authorize", "token_endpoint": p.URL + "/token", "scopes": []string{"openid"},
	}
}

func (o *operated) tokenRequest(agent *participant, p *provider) args {
	o.t.Helper()
	return args{"fromParticipantId": agent.theOperator(o), "oauth": clientOf(p), "redirectUri": consentURL + "/callback"}
}

// waiting waits until one request of a RoomSecret waits for a person.
func (o *operated) waiting(name string) pending {
	o.t.Helper()
	var waiting []roomv1alpha1.PendingRequest
	o.Eventually(func() []roomv1alpha1.PendingRequest {
		waiting = o.status(name).Pending
		return waiting
	}).Should(ConsistOf(HaveField("State", roomv1alpha1.PendingWaiting)))
	return pending{waiting[0]}
}

// pending is a request that waits for a person.
type pending struct{ roomv1alpha1.PendingRequest }

// RequestID is what the room calls it.
func (p pending) RequestID() string { return p.Name }

// decide decides, as soon as the replica that was started last knows of the request.
func (o *operated) decide(ref consent.Ref, d consent.Decision) {
	o.t.Helper()
	o.Eventually(func() error {
		_, err := o.consents.Get(o.ctx, ref)
		return err
	}).Should(Succeed())
	ctx, cancel := context.WithTimeout(o.ctx, patience)
	defer cancel()
	o.Expect(o.consents.Decide(ctx, ref, d)).To(Succeed())
}
