// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"sync/atomic"

	. "github.com/onsi/gomega"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/roomclient"
	"github.com/roomsecrets/roomsecret-operator/roomclient/token"
)

// participant is somebody in the room who is asked. Each request waits until the test answers it.
type participant struct {
	*roomclient.Session

	w       *world
	secrets chan roomclient.PendingSecretRequest
	tokens  chan roomclient.PendingOAuthRequest
	// asked counts the requests.
	asked atomic.Int32
}

// join lets somebody join the room.
func (w *world) join(name string) *participant {
	w.t.Helper()
	p := &participant{w: w, secrets: make(chan roomclient.PendingSecretRequest, 256), tokens: make(chan roomclient.PendingOAuthRequest, 256)}
	session, err := roomclient.NewSession(context.WithoutCancel(w.ctx), roomclient.SessionConfig{Config: roomclient.Config{
		URL: "ws://" + w.address, Room: w.room, Token: w.tokenOf(name), MaxHandlers: 256,
		OnSecretRequest: func(_ context.Context, r roomclient.PendingSecretRequest) {
			p.asked.Add(1)
			p.secrets <- r
		},
		OnOAuthRequest: func(_ context.Context, r roomclient.PendingOAuthRequest) {
			p.asked.Add(1)
			p.tokens <- r
		},
	}})
	w.Expect(err).NotTo(HaveOccurred())
	p.Session = session
	p.Attend()
	w.t.Cleanup(p.leave)
	w.Eventually(p.ParticipantID).ShouldNot(BeEmpty())
	return p
}

func (p *participant) leave() { _ = p.Close() }

// tokenOf returns what lets somebody into the room.
func (w *world) tokenOf(name string) roomclient.TokenSource {
	w.t.Helper()
	api, err := token.APIGrant(token.APIScope{Secrets: &token.SecretsGrant{}, Messaging: &token.MessagingGrant{}})
	w.Expect(err).NotTo(HaveOccurred())
	signed, err := w.apiKey.Sign(token.Claims{
		Name: name, Grants: []token.Grant{token.RoomGrant(w.room), token.RoleGrant(token.RoleAgent), api},
	})
	w.Expect(err).NotTo(HaveOccurred())
	return roomclient.StaticToken(signed)
}

// next returns the next request.
func (p *participant) next() roomclient.PendingSecretRequest {
	p.w.t.Helper()
	var r roomclient.PendingSecretRequest
	p.w.Eventually(p.secrets).Should(Receive(&r))
	return r
}

// gives answers the next request.
func (p *participant) gives(value string) {
	p.w.t.Helper()
	p.w.Expect(p.next().Provide(p.w.ctx, roomclient.Bytes(value))).To(Succeed())
}

// refuses answers the next request with a refusal.
func (p *participant) refuses() {
	p.w.t.Helper()
	p.w.Expect(p.next().Reject(p.w.ctx, "no")).To(Succeed())
}

// isLeftAlone checks that there is no request beyond so many.
func (p *participant) isLeftAlone(after int) {
	p.w.t.Helper()
	p.w.Consistently(p.asked.Load).Should(BeEquivalentTo(after))
}

// newAsk returns a RoomSecret that asks bob for a secret, for the key "a" of a Secret of its own name.
func (w *world) newAsk(name string, mods ...func(*roomv1alpha1.RoomSecret)) *roomv1alpha1.RoomSecret {
	entry := roomv1alpha1.PullEntry{Key: "a", Request: &roomv1alpha1.PullRequest{
		URL: "secret://stripe", Type: "text/plain", From: roomv1alpha1.ParticipantReference{Name: "bob"},
	}}
	return w.newRoomSecret(name, roomv1alpha1.RoomSecretSpec{Pull: &roomv1alpha1.Pull{Entries: []roomv1alpha1.PullEntry{entry}}}, mods...)
}

// request changes what a RoomSecret asks for.
func requesting(change func(*roomv1alpha1.PullRequest)) func(*roomv1alpha1.RoomSecret) {
	return func(rs *roomv1alpha1.RoomSecret) { change(rs.Spec.Pull.Entries[0].Request) }
}

// States of RoomSecrets that wait for somebody.
const (
	awaitingParticipant   = "False/" + string(roomv1alpha1.ReasonAwaitingParticipant)
	awaitingAuthorization = "False/" + string(roomv1alpha1.ReasonAwaitingAuthorization)
	turnedDown            = "False/" + string(roomv1alpha1.ReasonRejected)
)

// pending returns a function that reads how the first request of a RoomSecret stands; empty when there is none.
func (w *world) pending(rs *roomv1alpha1.RoomSecret) func() (roomv1alpha1.PendingState, error) {
	return func() (roomv1alpha1.PendingState, error) {
		if _, err := w.state(rs)(); err != nil || len(rs.Status.Pending) == 0 {
			return "", err
		}
		return rs.Status.Pending[0].State, nil
	}
}
