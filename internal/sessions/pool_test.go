// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package sessions_test

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/roomsecrets/roomsecret-operator/internal/plan"
	"github.com/roomsecrets/roomsecret-operator/internal/sessions"
	"github.com/roomsecrets/roomsecret-operator/roomclient"
	"github.com/roomsecrets/roomsecret-operator/roomclient/token"
)

func TestARoomIsConnectedFromEnsureToForget(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, known := w.pool.State(roomKey)
	w.Expect(known).To(BeFalse())
	_, err := w.pool.Client(roomKey, owned("a"))
	w.Expect(err).To(MatchError(sessions.ErrPending))
	w.Expect(w.up()).To(Equal(-1.0))

	w.connect(w.room("1"), owned("a"))
	w.Eventually(w.told).Should(Equal(1))
	w.Eventually(w.up).Should(Equal(1.0))
	w.Expect(w.participants()).To(Equal(1.0))

	since, _ := w.pool.State(roomKey)
	w.Expect(w.pool.Ensure(t.Context(), roomKey, w.room("1"))).To(Succeed())
	same, _ := w.pool.State(roomKey)
	w.Expect(same).To(Equal(since), "the same revision leaves the session alone")

	w.pool.Forget(roomKey)
	_, known = w.pool.State(roomKey)
	w.Expect(known).To(BeFalse())
	w.Expect(w.told()).To(Equal(2))
	w.Eventually(w.participants).Should(Equal(0.0))
	w.Consistently(w.up).Should(Equal(-1.0), "a room that is forgotten leaves no metric behind")
	w.Expect(w.told()).To(Equal(2))

	w.pool.Forget(roomKey)
	w.Expect(w.told()).To(Equal(2), "nothing is told of a room that was not known")
}

func TestAnotherIdentityReplacesTheSession(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old := w.connect(w.room("1"), owned("a"))
	w.see(old, row("a"))

	another := w.room("2")
	another.Identity = "another"
	w.Expect(w.pool.Ensure(t.Context(), roomKey, another)).To(Succeed())
	w.Expect(old.Read(t.Context(), []plan.Row{row("a")})[row("a")].Err).To(MatchError(roomclient.ErrNotConnected))
	w.Expect(old.Write(t.Context(), row("a"), text("x"))).To(MatchError(roomclient.ErrNotConnected))
	w.Expect(old.Delete(t.Context(), row("a"))).To(MatchError(roomclient.ErrNotConnected))

	next := w.client(owned("a"))
	w.Expect(next.Own()).To(Equal("another"))
	w.see(next, plan.Row{Identity: "another", ID: "a"})
	w.Eventually(w.participants).Should(Equal(1.0))
	w.Eventually(w.up).Should(Equal(1.0))
	w.Consistently(w.up).Should(Equal(1.0), "the end of the old session says nothing of the new one")
}

func TestAnotherPollIntervalTakesEffectAtOnceAndNobodyConnectsAnew(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rare := w.room("1")
	rare.PollInterval = time.Hour
	w.see(w.connect(rare, owned("a")), row("a"))
	before, _ := w.pool.State(roomKey)
	w.put(row("a"), text("x"))
	w.Consistently(w.woken(owned("a"))).Should(BeZero())

	w.Expect(w.pool.Ensure(t.Context(), roomKey, w.room("1"))).To(Succeed())
	w.Eventually(w.woken(owned("a"))).Should(Equal(1))
	after, _ := w.pool.State(roomKey)
	w.Expect(after).To(Equal(before))
}

func TestARoomIsReadAtOnceWhenSomebodyAsks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rare := w.room("1")
	rare.PollInterval = time.Hour
	w.see(w.connect(rare, owned("a")), row("a"))
	w.put(row("a"), text("x"))
	w.pool.Poll(roomKey)
	w.Eventually(w.woken(owned("a"))).Should(Equal(1))
}

func TestARoomThatCannotBeDialledKeepsWhatItHas(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	client := w.connect(w.room("1"), owned("a"))
	bad := w.room("2")
	bad.Name = "no room name"
	w.Expect(w.pool.Ensure(t.Context(), roomKey, bad)).To(MatchError(roomclient.ErrInvalid))
	w.see(client, row("a"))
}

func TestAWithheldRoomIsNotConnected(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.connect(w.room("1"), owned("a"))
	w.Eventually(w.told).Should(Equal(1))
	w.pool.Withhold(roomKey)
	w.pool.Withhold(roomKey)
	w.Expect(w.told()).To(Equal(2), "the second time there is nothing new to tell")
	_, err := w.pool.Client(roomKey, owned("a"))
	w.Expect(err).To(MatchError(roomclient.ErrNotConnected))
	w.Eventually(w.participants).Should(Equal(0.0))
	w.Expect(w.up()).To(Equal(0.0))

	w.connect(w.room("1"), owned("a"))
	w.Eventually(w.up).Should(Equal(1.0))
}

func TestASuspendedRoomIsNotConnectedAndNotMeasured(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.connect(w.room("1"), owned("a"))
	w.Eventually(w.told).Should(Equal(1))
	w.pool.Suspend(roomKey)
	w.Expect(w.told()).To(Equal(2))
	_, err := w.pool.Client(roomKey, owned("a"))
	w.Expect(err).To(MatchError(roomclient.ErrNotConnected))
	w.Eventually(w.participants).Should(Equal(0.0))
	w.Expect(w.up()).To(Equal(-1.0), "nobody is to be alerted")

	w.connect(w.room("1"), owned("a"))
	w.Eventually(w.up).Should(Equal(1.0))
}

func TestASessionThatGaveUpTriesAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	client := w.connect(w.room("1"), owned("a"))
	other := plan.Row{Identity: "alice", ID: "a"}
	w.see(client, row("a"), other)

	w.stopServer()
	w.startServer("another-room")
	w.Eventually(w.phase).Should(Equal(roomclient.PhaseFailed))
	w.Eventually(w.up).Should(Equal(0.0))
	_, err := w.pool.Client(roomKey, owned("a"))
	w.Expect(err).To(MatchError(roomclient.ErrNotConnected))
	state, _ := w.pool.State(roomKey)
	w.Expect(state.Err).To(MatchError(roomclient.ErrRoomNotFound))
	w.Consistently(w.phase).Should(Equal(roomclient.PhaseFailed), "nobody has asked for another attempt")

	w.stopServer()
	w.startServer()
	w.Eventually(func() roomclient.Phase {
		w.pool.Retry(roomKey)
		return w.phase()
	}, patience, pollInterval).Should(Equal(roomclient.PhaseConnected))
	client = w.client(owned("a"))
	w.Eventually(func() error { return client.Read(t.Context(), []plan.Row{other})[other].Err }).Should(Succeed(),
		"sessions of other identities try again by themselves")
}

func TestEachIdentityHasASessionWhileSomebodyNeedsIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	client := w.connect(w.room("1"), owned("a"))
	alice := plan.Row{Identity: "alice", ID: "a"}
	w.Expect(client.Own()).To(Equal(own))
	w.Expect(client.CanReadAs("alice")).To(BeTrue())
	w.Expect(client.Read(t.Context(), []plan.Row{alice})[alice].Err).To(MatchError(roomclient.ErrNotConnected), "nobody tracks it")

	w.Expect(client.Track(t.Context(), []plan.Row{row("a"), alice})).To(MatchError(sessions.ErrPending))
	w.see(client, row("a"), alice)
	w.Expect(w.participants()).To(Equal(2.0))
	w.Expect(client.Write(t.Context(), alice, text("x"))).To(Succeed())
	kept, _ := w.stored(alice)
	w.Expect(kept).To(Equal(text("x")))
	w.Expect(w.see(client, alice)[alice].Value).To(Equal(text("x")))
	w.Expect(client.Delete(t.Context(), alice)).To(Succeed())
	_, exists := w.stored(alice)
	w.Expect(exists).To(BeFalse())

	w.track(client, row("a"))
	w.Eventually(w.participants).Should(Equal(1.0), "nobody needs the session of alice any more")
	w.track(client, alice)
	w.pool.Release(owned("a"))
	w.Eventually(w.participants).Should(Equal(1.0), "the owner is gone")
	w.Consistently(w.phase).Should(Equal(roomclient.PhaseConnected), "the operator's own session stays")
}

func TestWithATokenOthersCanOnlyBeWrittenAndSeen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	client := w.connect(w.tokenRoom(token.APIScope{Secrets: &token.SecretsGrant{}, Admin: &token.AdminGrant{}}), owned("a"))
	mine, alice := row("a"), plan.Row{Identity: "alice", ID: "a"}
	w.Expect(client.CanReadAs(own)).To(BeTrue())
	w.Expect(client.CanReadAs("alice")).To(BeFalse())
	w.see(client, mine, alice)

	w.Expect(client.Write(t.Context(), alice, text("x"))).To(Succeed())
	kept, _ := w.stored(alice)
	w.Expect(kept).To(Equal(text("x")))
	w.Expect(w.see(client, alice)[alice]).To(Equal(sessions.Seen{Exists: true}))
	w.Expect(client.Delete(t.Context(), alice)).To(MatchError(roomclient.ErrUnsupported))
	_, exists := w.stored(alice)
	w.Expect(exists).To(BeTrue())
	w.Expect(w.participants()).To(Equal(1.0))

	w.remove(alice)
	w.Eventually(w.woken(owned("a"))).Should(Equal(1), "that it is gone can be seen")
}

func TestATokenWithoutTheAdminGrantIsForItselfOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	client := w.connect(w.tokenRoom(token.APIScope{Secrets: &token.SecretsGrant{}}), owned("a"))
	mine, alice := row("a"), plan.Row{Identity: "alice", ID: "a"}
	w.track(client, mine, alice)
	w.Expect(client.Write(t.Context(), alice, text("x"))).To(MatchError(roomclient.ErrForbidden))
	w.Expect(client.Read(t.Context(), []plan.Row{alice})[alice].Err).To(MatchError(roomclient.ErrForbidden))
	w.Expect(client.Write(t.Context(), mine, text("x"))).To(Succeed())
	w.Expect(w.requests("set", "denied")).To(Equal(1.0))

	w.put(mine, text("y"))
	w.Eventually(w.woken(owned("a"))).ShouldNot(BeZero(), "what cannot be read does not keep others from being watched")
}

func TestNothingIsStartedOnceThePoolIsClosed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	client := w.connect(w.room("1"), owned("a"))
	w.see(client, row("a"), plan.Row{Identity: "alice", ID: "a"})
	w.stopPool()
	w.Eventually(w.participants).Should(Equal(0.0))
	w.Expect(w.up()).To(Equal(-1.0))

	w.Expect(w.pool.Ensure(t.Context(), roomKey, w.room("2"))).To(Succeed())
	w.Expect(client.Track(t.Context(), []plan.Row{{Identity: "bob", ID: "a"}})).To(Succeed())
	_, err := w.pool.Client(roomKey, owned("a"))
	w.Expect(err).To(MatchError(sessions.ErrPending))
	w.pool.Retry(roomKey)
	w.pool.Withhold(roomKey)
	w.pool.Forget(roomKey)
	w.Consistently(w.participants).Should(Equal(0.0))
}
