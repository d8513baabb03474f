// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package sessions_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/roomsecrets/roomsecret-operator/internal/sessions"
	"github.com/roomsecrets/roomsecret-operator/roomclient"
	"github.com/roomsecrets/roomsecret-operator/roomclient/token"
)

// inbox keeps what others have asked for.
type inbox struct {
	mu      sync.Mutex
	secrets []roomclient.PendingSecretRequest
	tokens  []roomclient.PendingOAuthRequest
}

func (i *inbox) handlers() sessions.Handlers {
	return sessions.Handlers{
		Secret: func(_ sessions.RoomKey, request roomclient.PendingSecretRequest) {
			i.mu.Lock()
			defer i.mu.Unlock()
			i.secrets = append(i.secrets, request)
		},
		OAuth: func(_ sessions.RoomKey, request roomclient.PendingOAuthRequest) {
			i.mu.Lock()
			defer i.mu.Unlock()
			i.tokens = append(i.tokens, request)
		},
	}
}

func (i *inbox) secret() (roomclient.PendingSecretRequest, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if len(i.secrets) == 0 {
		return roomclient.PendingSecretRequest{}, errors.New("nobody has asked for a secret")
	}
	return i.secrets[0], nil
}

// participant joins the room as somebody else.
func (w *world) participant(identity string) *roomclient.Conn {
	w.t.Helper()
	api, err := token.APIGrant(token.APIScope{Secrets: &token.SecretsGrant{}, Messaging: token.ListOnly()})
	w.Expect(err).NotTo(HaveOccurred())
	signed, err := w.apiKey.Sign(token.Claims{Name: identity, Grants: []token.Grant{token.RoomGrant(roomName), api}})
	w.Expect(err).NotTo(HaveOccurred())
	conn, err := roomclient.Dial(w.t.Context(), roomclient.Config{URL: "ws://" + w.address, Room: roomName, Token: roomclient.StaticToken(signed)})
	w.Expect(err).NotTo(HaveOccurred())
	w.t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// operator returns the participant id of the operator's own identity.
func (w *world) operator() string {
	w.t.Helper()
	w.Eventually(func() string { return w.pool.Desk(roomKey).ParticipantID() }).ShouldNot(BeEmpty())
	return w.pool.Desk(roomKey).ParticipantID()
}

// outcome is how a request ended.
type outcome struct {
	value roomclient.Bytes
	err   error
}

func (w *world) request(asker *roomclient.Conn, from, url string) <-chan outcome {
	answers := make(chan outcome, 1)
	go func() {
		value, err := asker.Secrets().RequestSecret(context.WithoutCancel(w.t.Context()), roomclient.SecretRequest{
			URL: url, Type: "text/plain", ParticipantID: from, Timeout: 20 * time.Second,
		})
		answers <- outcome{value, err}
	}()
	return answers
}

func TestWhatOthersAskForIsPassedOnAndAnswered(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var asked inbox
	w.pool.Handle(asked.handlers())
	w.connect(w.room("1"), owned("a"))
	w.pool.Desk(roomKey).Attend()
	asker := w.participant("agent")
	answers := w.request(asker, w.operator(), "secret://one")
	w.Eventually(func() error { _, err := asked.secret(); return err }).Should(Succeed())
	request, err := asked.secret()
	w.Expect(err).NotTo(HaveOccurred())
	w.Expect(request.URL).To(Equal("secret://one"))
	w.Expect(request.Asker.Name).To(Equal("agent"))
	w.Expect(w.pool.Desk(roomKey).ProvideSecret(t.Context(), request.ID, []byte("value"))).To(Succeed())
	answer := <-answers
	w.Expect(answer.err).NotTo(HaveOccurred())
	w.Expect(string(answer.value)).To(Equal("value"))
	w.Expect(w.pool.Desk(roomKey).ProvideSecret(t.Context(), request.ID, []byte("value"))).To(MatchError(roomclient.ErrNotFound), "one answer is all")
	w.Expect(w.requests("provide", "ok")).To(Equal(2.0), "that nobody waits any more is no failure")
}

func TestWhatOthersAskForIsRefusedWithAReason(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var asked inbox
	w.pool.Handle(asked.handlers())
	w.connect(w.room("1"), owned("a"))
	w.pool.Desk(roomKey).Attend()
	asker := w.participant("agent")
	answers := w.request(asker, w.operator(), "secret://one")
	w.Eventually(func() error { _, err := asked.secret(); return err }).Should(Succeed())
	request, err := asked.secret()
	w.Expect(err).NotTo(HaveOccurred())
	w.Expect(w.pool.Desk(roomKey).RejectSecret(t.Context(), request.ID, "because")).To(Succeed())
	answer := <-answers
	refusal, ok := errors.AsType[*roomclient.Error](answer.err)
	w.Expect(ok).To(BeTrue(), "%v", answer.err)
	w.Expect(refusal.Text).To(Equal("because"))
}

func TestWithoutAConnectionNothingIsAnswered(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Expect(w.pool.Desk(roomKey).RejectSecret(t.Context(), "r", "because")).To(MatchError(roomclient.ErrNotConnected))
	w.connect(w.room("1"), owned("a"))
	w.stopServer()
	w.Eventually(w.phase).ShouldNot(Equal(roomclient.PhaseConnected))
	w.Expect(w.pool.Desk(roomKey).RejectAuthorization(t.Context(), "r", "because")).To(MatchError(roomclient.ErrNotConnected))
}

// TestARequestOutlivesTheConnectionItCameBy answers after the session has changed to another connection.
func TestARequestOutlivesTheConnectionItCameBy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var asked inbox
	w.pool.Handle(asked.handlers())
	w.connect(w.room("1"), owned("a"))
	w.pool.Desk(roomKey).Attend()
	asker, before := w.participant("agent"), w.operator()
	answers := w.request(asker, before, "secret://one")
	w.Eventually(func() error { _, err := asked.secret(); return err }).Should(Succeed())
	request, err := asked.secret()
	w.Expect(err).NotTo(HaveOccurred())
	w.Expect(w.pool.Ensure(t.Context(), roomKey, w.room("2"))).To(Succeed())
	w.Eventually(w.operator).ShouldNot(Equal(before))
	w.Expect(w.pool.Desk(roomKey).ProvideSecret(t.Context(), request.ID, []byte("value"))).To(Succeed())
	answer := <-answers
	w.Expect(answer.err).NotTo(HaveOccurred())
	w.Expect(string(answer.value)).To(Equal("value"))
}

// TestOnlyTheOwnIdentityIsAsked joins as another identity too, and asks that one.
func TestOnlyTheOwnIdentityIsAsked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var asked inbox
	w.pool.Handle(asked.handlers())
	client := w.connect(w.room("1"), owned("a"))
	ofOther := row("x")
	ofOther.Identity = "other"
	w.track(client, ofOther)
	asker := w.participant("agent")
	w.Expect(asker.Attend(t.Context())).To(Succeed())
	w.pool.Desk(roomKey).Attend()
	w.Eventually(func() bool { _, ok := asker.FindParticipant(own); return ok }).Should(BeTrue(), "who attends can be found by name")
	_, there := asker.FindParticipant("other")
	w.Expect(there).To(BeFalse(), "the other identities of the operator are for nobody to ask")
	operator, _ := asker.FindParticipant(own)
	w.Expect(operator.ID).To(Equal(w.operator()))
}

// TestTheOperatorIsKnownOnItsNextConnection finds it by name before and after it has changed to another connection.
func TestTheOperatorIsKnownOnItsNextConnection(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.connect(w.room("1"), owned("a"))
	w.pool.Desk(roomKey).Attend()
	asker := w.participant("agent")
	w.Expect(asker.Attend(t.Context())).To(Succeed())
	known := func() string { operator, _ := asker.FindParticipant(own); return operator.ID }
	w.Eventually(known).Should(Equal(w.operator()))
	before, told := known(), w.quiet()
	w.Expect(w.pool.Ensure(t.Context(), roomKey, w.room("2"))).To(Succeed())
	w.Eventually(w.operator).ShouldNot(Equal(before))
	w.Eventually(known).Should(Equal(w.operator()))
	w.Eventually(w.quiet).Should(BeNumerically(">", told), "whoever shows the id learns of another one")
}
