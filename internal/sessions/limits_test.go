// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package sessions_test

import (
	"context"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/roomsecrets/roomsecret-operator/internal/plan"
	"github.com/roomsecrets/roomsecret-operator/internal/roomserver/store"
	"github.com/roomsecrets/roomsecret-operator/internal/sessions"
)

// many returns n rows of two identities.
func many(n int) []plan.Row {
	rows := make([]plan.Row, n)
	for i := range rows {
		rows[i] = plan.Row{Identity: []string{own, "alice"}[i%2], ID: strconv.Itoa(i)}
	}
	return rows
}

func TestTheRateOfRequestsIsThatOfTheRoom(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	room := w.room("1")
	room.PollInterval, room.Limits = time.Hour, sessions.Limits{RequestsPerSecond: 50, Burst: 5}
	client := w.connect(room, owned("a"))
	rows := many(30)
	w.track(client, rows...)
	began := time.Now()
	for row, seen := range client.Read(t.Context(), rows) {
		w.Expect(seen.Err).NotTo(HaveOccurred(), row.ID)
	}
	w.Expect(time.Since(began)).To(BeNumerically(">=", 490*time.Millisecond), "5 at once, and 25 more at 50 a second")

	room.Limits = sessions.Limits{RequestsPerSecond: 1, Burst: 1}
	w.Expect(w.pool.Ensure(t.Context(), roomKey, room)).To(Succeed())
	ctx, cancel := context.WithCancel(t.Context())
	answers := make(chan map[plan.Row]sessions.Seen, 1)
	go func() { answers <- client.Read(ctx, rows) }()
	cancel()
	w.Eventually(answers).Should(Receive(), "who gives up does not wait")

	room.Limits = sessions.Limits{}
	w.Expect(w.pool.Ensure(t.Context(), roomKey, room)).To(Succeed())
	w.see(client, rows...)
	w.Expect(w.participants()).To(Equal(2.0), "nobody has connected anew")
}

// What a room has used of its rate stays used when its sessions are replaced: a credential that comes and goes is no way around the limit.
func TestARoomThatIsConnectedAnewMayNotAskForMore(t *testing.T) {
	t.Parallel()
	cases := map[string]func(w *world, room *sessions.Room){
		"after its credential was gone": func(w *world, _ *sessions.Room) { w.pool.Withhold(roomKey) },
		"after it was suspended":        func(w *world, _ *sessions.Room) { w.pool.Suspend(roomKey) },
		"as somebody else":              func(_ *world, room *sessions.Room) { room.Identity, room.Revision = "alice", "2" },
	}
	for name, change := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			room := w.room("1")
			room.PollInterval, room.Limits = time.Hour, sessions.Limits{RequestsPerSecond: 5, Burst: 5}
			rows := many(5)
			client := w.connect(room, owned("a"))
			w.track(client, rows...)
			began := time.Now()
			client.Read(t.Context(), rows)
			change(w, &room)
			w.see(w.connect(room, owned("a")), rows...)
			w.Expect(time.Since(began)).To(BeNumerically(">=", 990*time.Millisecond), "5 at once, and 5 more at 5 a second")
		})
	}
}

func TestPollsKeepToTheRateOfTheRoom(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	room := w.room("1")
	room.PollInterval, room.Limits = time.Millisecond, sessions.Limits{RequestsPerSecond: 20, Burst: 1}
	client := w.connect(room, owned("a"))
	w.track(client, row("a"))
	began, before := time.Now(), w.asked()
	w.Eventually(w.asked).Should(BeNumerically(">=", before+20))
	w.Expect(time.Since(began)).To(BeNumerically(">=", 900*time.Millisecond))
}

// asked returns how many requests there were.
func (w *world) asked() float64 {
	return max(w.requests("list", "ok"), 0) + max(w.requests("get", "ok"), 0)
}

// The room server answers each connection one request after the other: it takes several to have several in flight.
func TestOnlySoManyRequestsAreInFlight(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	desk := &narrowDesk{Store: w.disk.Store, busy: make(chan struct{}), most: 3}
	w.disk.Store = desk
	free := sync.OnceFunc(func() { close(desk.busy) })
	defer free()
	room := w.room("1")
	room.PollInterval, room.Limits = time.Hour, sessions.Limits{MaxInFlight: 3}
	client := w.connect(room, owned("a"))
	var rows []plan.Row
	for _, identity := range []string{own, "alice", "bob", "carol", "dave"} {
		rows = append(rows, plan.Row{Identity: identity, ID: "a"})
	}
	w.track(client, rows...)
	done := make(chan map[plan.Row]sessions.Seen, 1)
	go func() { done <- client.Read(t.Context(), rows) }()
	w.Eventually(desk.now.Load).Should(Equal(int32(3)))
	w.Consistently(desk.now.Load).Should(Equal(int32(3)))
	free()
	w.Eventually(done).Should(Receive())
	w.Expect(desk.tooMany.Load()).To(BeFalse())
}

// narrowDesk is a store that answers nobody while it is busy, and counts who waits.
type narrowDesk struct {
	store.Store
	busy chan struct{}
	// most is how many may wait at a time; tooMany is set when there were more.
	most    int32
	tooMany atomic.Bool
	now     atomic.Int32
}

func (d *narrowDesk) Get(ctx context.Context, key store.Key) (store.Row, error) {
	if d.now.Add(1) > d.most {
		d.tooMany.Store(true)
	}
	defer d.now.Add(-1)
	<-d.busy
	return d.Store.Get(ctx, key)
}

func TestARequestHasItsTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	desk := &narrowDesk{Store: w.disk.Store, busy: make(chan struct{})}
	w.disk.Store = desk
	defer close(desk.busy)
	room := w.room("1")
	room.PollInterval, room.RequestTimeout = time.Hour, 50*time.Millisecond
	client := w.connect(room, owned("a"))
	w.track(client, row("a"))
	w.Expect(client.Read(t.Context(), []plan.Row{row("a")})[row("a")].Err).To(MatchError(context.DeadlineExceeded))
}
