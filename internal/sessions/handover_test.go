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

func TestARotatedKeyTakesOverAndNoCallNotices(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first, second := w.newKey(), w.newKey()
	g := w.newGatehouse(false, first, second)
	w.connect(w.with(g, first, "1"), owned("a"))
	stop := w.hammers()
	w.Eventually(w.told).Should(Equal(2), "each of the two identities is connected")
	for i, key := range []token.APIKey{second, first, second} {
		w.Expect(w.pool.Ensure(t.Context(), roomKey, w.with(g, key, string(rune('2'+i))))).To(Succeed())
		w.Eventually(g.keys).Should(ConsistOf(key.ID.String(), key.ID.String()), "one connection for each of the two identities")
	}
	stop()
	w.Expect(w.told()).To(Equal(2), "nobody need know")
	w.Expect(w.requests("get", "lost")).To(Equal(-1.0))
	w.Expect(w.requests("set", "lost")).To(Equal(-1.0))
}

func TestRotatingFasterThanConnectingEndsWithTheLast(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	keys := []token.APIKey{w.newKey(), w.newKey(), w.newKey(), w.newKey()}
	g := w.newGatehouse(false, keys...)
	w.connect(w.with(g, keys[0], "0"), owned("a"))
	stop := w.hammers()
	for i, key := range keys {
		w.Expect(w.pool.Ensure(t.Context(), roomKey, w.with(g, key, string(rune('1'+i))))).To(Succeed())
	}
	w.Eventually(g.keys).Should(ConsistOf(keys[3].ID.String(), keys[3].ID.String()))
	stop()
}

func TestARotatedKeyThatIsRefusedLeavesNothingConnected(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	good, bad := w.newKey(), w.newKey()
	g := w.newGatehouse(false, good)
	client := w.connect(w.with(g, good, "1"), owned("a"))
	w.see(client, row("a"))
	w.Expect(w.pool.Ensure(t.Context(), roomKey, w.with(g, bad, "2"))).To(Succeed())
	w.Eventually(w.phase).Should(Equal(roomclient.PhaseFailed))
	state, _ := w.pool.State(roomKey)
	w.Expect(state.Err).To(MatchError(roomclient.ErrUnauthorized))
	w.Eventually(g.keys).Should(BeEmpty())
	w.Expect(client.Read(t.Context(), []plan.Row{row("a")})[row("a")].Err).To(MatchError(roomclient.ErrNotConnected))
	w.Eventually(w.up).Should(Equal(0.0))

	w.Expect(w.pool.Ensure(t.Context(), roomKey, w.with(g, good, "3"))).To(Succeed())
	w.Eventually(w.phase).Should(Equal(roomclient.PhaseConnected))
	w.see(client, row("a"))
}

func TestARotatedKeyThatCannotConnectHasAMinute(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	clock := w.stoppedClock()
	old, busy := w.newKey(), w.newKey()
	g := w.newGatehouse(false, old, busy)
	g.setBusy(busy.ID.String())
	client := w.connect(w.with(g, old, "1"), owned("a"))
	w.see(client, row("a"))
	w.Expect(w.pool.Ensure(t.Context(), roomKey, w.with(g, busy, "2"))).To(Succeed())
	clock.Step(59 * time.Second)
	w.Consistently(w.phase).Should(Equal(roomclient.PhaseConnected))
	w.see(client, row("a"))

	w.Eventually(func() []string { clock.Step(time.Second); return g.keys() }).Should(BeEmpty(), "then what is configured counts")
	w.Eventually(w.phase).ShouldNot(Equal(roomclient.PhaseConnected))
	g.setBusy("")
	w.pool.Retry(roomKey)
	w.Eventually(g.keys).Should(ConsistOf(busy.ID.String()))
}

func TestAConnectionThatIsLostIsNotMadeAgainWithTheOldKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.stoppedClock()
	old, busy := w.newKey(), w.newKey()
	g := w.newGatehouse(false, old, busy)
	g.setBusy(busy.ID.String())
	w.connect(w.with(g, old, "1"), owned("a"))
	w.Expect(w.pool.Ensure(t.Context(), roomKey, w.with(g, busy, "2"))).To(Succeed())
	w.Consistently(g.keys).Should(ConsistOf(old.ID.String()))
	w.Expect(g.server.Close()).To(Succeed())
	w.Eventually(g.keys).Should(BeEmpty())
	w.Eventually(w.phase).ShouldNot(Equal(roomclient.PhaseConnected))
	came := g.arrivals()
	w.pool.Retry(roomKey)
	w.Consistently(g.arrivals).Should(Equal(came), "only the new key is tried, and that is told to come back later")
}

// The clock of the pool goes on by leaps that are shorter than the life of a token. No connection is ever one with a token
// that has expired, and no call fails.
func TestTokensAreSignedAnewBeforeTheyExpire(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	clock := w.stoppedClock()
	key := w.newKey()
	g := w.newGatehouse(false, key)
	w.connect(w.with(g, key, "1"), owned("a"))
	stop := w.hammers()
	w.Eventually(w.told).Should(Equal(2), "each of the two identities is connected")
	for range 4 {
		came := g.arrivals()
		clock.Step(sessions.TokenLifetime * 9 / 10)
		w.Eventually(g.arrivals).Should(Equal(came+2), "each identity has a fresh token")
		w.Eventually(g.keys).Should(HaveLen(2))
		w.Expect(g.expired(clock.Now())).To(BeZero())
	}
	stop()
	w.Expect(w.told()).To(Equal(2), "nobody need know")
}

func TestARenewalThatIsRefusedEndsTheConnection(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	clock := w.stoppedClock()
	key := w.newKey()
	g := w.newGatehouse(false, key)
	w.connect(w.with(g, key, "1"), owned("a"))
	// The fresh token is of no use: to the clock of the server it has expired long ago.
	clock.SetTime(time.Now().Add(-24 * time.Hour))
	w.Expect(w.pool.Ensure(t.Context(), roomKey, w.with(g, key, "2"))).To(Succeed())
	w.Eventually(w.phase).Should(Equal(roomclient.PhaseFailed))
	w.Eventually(g.keys).Should(BeEmpty())
}

func TestAReadyMadeTokenIsNotFollowedByAnother(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	clock := w.stoppedClock()
	g := w.newGatehouse(false, w.apiKey)
	room := w.tokenRoom(token.APIScope{Secrets: &token.SecretsGrant{}})
	room.Endpoint = g.URL
	w.connect(room, owned("a"))
	clock.Step(100 * sessions.TokenLifetime)
	w.Consistently(g.arrivals).Should(Equal(1))

	fresh := w.tokenRoom(token.APIScope{Secrets: &token.SecretsGrant{}, Admin: &token.AdminGrant{}})
	fresh.Endpoint, fresh.Revision = g.URL, "fresh"
	stop := w.hammer("a", row("a"))
	w.Expect(w.pool.Ensure(t.Context(), roomKey, fresh)).To(Succeed())
	w.Eventually(g.arrivals).Should(Equal(2), "unless somebody puts another in its place")
	w.Eventually(g.keys).Should(HaveLen(1))
	w.Expect(stop()).To(Succeed())
}
