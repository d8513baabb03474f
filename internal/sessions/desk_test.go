// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package sessions_test

import (
	"context"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/roomsecrets/roomsecret-operator/internal/plan"
	"github.com/roomsecrets/roomsecret-operator/internal/sessions"
	"github.com/roomsecrets/roomsecret-operator/roomclient"
	"github.com/roomsecrets/roomsecret-operator/roomclient/redact"
	"github.com/roomsecrets/roomsecret-operator/roomclient/token"
)

// join lets somebody join the room who is asked. The requests wait until the test answers them.
func (w *world) join(name string) (*roomclient.Session, <-chan roomclient.PendingSecretRequest) {
	w.t.Helper()
	api, err := token.APIGrant(token.APIScope{Secrets: &token.SecretsGrant{}, Messaging: &token.MessagingGrant{}})
	w.Expect(err).NotTo(HaveOccurred())
	text, err := w.apiKey.Sign(token.Claims{Name: name, Grants: []token.Grant{token.RoomGrant(roomName), token.RoleGrant(token.RoleAgent), api}})
	w.Expect(err).NotTo(HaveOccurred())
	asked := make(chan roomclient.PendingSecretRequest, 16)
	session, err := roomclient.NewSession(context.WithoutCancel(w.t.Context()), roomclient.SessionConfig{Config: roomclient.Config{
		URL: "ws://" + w.address, Room: roomName, Token: roomclient.StaticToken(text),
		OnSecretRequest: func(_ context.Context, r roomclient.PendingSecretRequest) { asked <- r },
	}})
	w.Expect(err).NotTo(HaveOccurred())
	session.Attend()
	w.t.Cleanup(func() { _ = session.Close() })
	w.Expect(session.Wait(w.t.Context())).To(Succeed())
	return session, asked
}

// asks requests a secret without waiting for the answer.
func (w *world) asks(id string) <-chan string {
	answers := make(chan string, 1)
	go func() {
		value, err := w.pool.Desk(roomKey).RequestSecret(w.t.Context(), roomclient.SecretRequest{
			URL: "secret://a", Type: "text/plain", ParticipantID: id, Timeout: time.Minute,
		})
		if err != nil {
			answers <- err.Error()
			return
		}
		answers <- string(value)
	}()
	return answers
}

func TestTheDeskKnowsWhoIsInTheRoom(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	desk := w.pool.Desk(roomKey)
	_, err := desk.Participant("bob")
	w.Expect(err).To(MatchError(roomclient.ErrNotConnected))
	_, err = desk.OfflineToken(t.Context(), roomclient.OfflineTokenQuery{})
	w.Expect(err).To(MatchError(roomclient.ErrNotConnected))
	w.Expect(desk.ForgetSecret(t.Context(), roomclient.RequestedSecret{})).To(MatchError(roomclient.ErrNotConnected))
	w.Expect(<-w.asks("x")).To(ContainSubstring(roomclient.ErrNotConnected.Error()))

	w.connect(w.room("1"), owned("a"))
	find := func(name string) func() (string, error) {
		return func() (string, error) { return desk.Participant(name) }
	}
	w.Expect(desk.Participant("bob")).To(BeEmpty())
	w.Expect(find(own)()).NotTo(BeEmpty())
	bob, _ := w.join("bob")
	w.Eventually(find("bob")).Should(Equal(bob.ParticipantID()))
	w.Expect(bob.Close()).To(Succeed())
	w.Eventually(find("bob")).Should(BeEmpty())

	w.Expect(w.pool.Ensure(t.Context(), roomKey, w.room("2"))).To(Succeed())
	bob, _ = w.join("bob")
	w.Eventually(find("bob")).Should(Equal(bob.ParticipantID()), "on the next line, too")
}

func TestARequestOutlivesAHandover(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.connect(w.room("1"), owned("a"))
	bob, asked := w.join("bob")
	answer := w.asks(bob.ParticipantID())
	request := <-asked
	w.Expect(w.pool.Ensure(t.Context(), roomKey, w.room("2"))).To(Succeed())
	w.Eventually(w.participants).Should(Equal(3.0)) // both lines, and bob
	w.Expect(request.Provide(t.Context(), redact.Bytes("v"))).To(Succeed())
	w.Expect(<-answer).To(Equal("v"))
	w.Eventually(w.participants).Should(Equal(2.0))
}

func TestWhoWaitsForPeopleHasNoPlaceAmongTheRequests(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	room := w.room("1")
	room.Limits = sessions.Limits{MaxInFlight: 1, RequestsPerSecond: 1000}
	client := w.connect(room, owned("a"))
	bob, asked := w.join("bob")
	answers := []<-chan string{w.asks(bob.ParticipantID()), w.asks(bob.ParticipantID())}
	first, second := <-asked, <-asked
	row := plan.Row{Identity: own, ID: "a"}
	w.see(client, row)
	for _, r := range []roomclient.PendingSecretRequest{first, second} {
		w.Expect(r.Provide(t.Context(), redact.Bytes("v"))).To(Succeed())
	}
	for _, answer := range answers {
		w.Expect(<-answer).To(Equal("v"))
	}
	w.Expect(w.pool.Desk(roomKey).ForgetSecret(t.Context(), roomclient.RequestedSecret{URL: "secret://a", Type: "text/plain"})).To(Succeed())
	again := w.asks(bob.ParticipantID())
	w.Expect((<-asked).Reject(t.Context(), "no")).To(Succeed())
	w.Expect(<-again).NotTo(Equal("v"))
}
