// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package sessions_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/roomsecrets/roomsecret-operator/internal/plan"
	"github.com/roomsecrets/roomsecret-operator/internal/sessions"
	"github.com/roomsecrets/roomsecret-operator/roomclient"
)

func TestAChangeWakesTheOwnersOfTheRowAndNobodyElse(t *testing.T) {
	t.Parallel()
	delegated := plan.Row{Identity: own, ID: "a", DelegatedTo: "bob"}
	alice := plan.Row{Identity: "alice", ID: "a"}
	cases := map[string]struct {
		row    plan.Row
		change func(w *world, row plan.Row)
	}{
		"another value":                  {row("a"), func(w *world, r plan.Row) { w.put(r, text("two")) }},
		"no value":                       {row("a"), func(w *world, r plan.Row) { w.put(r, text("")) }},
		"another type":                   {row("a"), func(w *world, r plan.Row) { v := text("one"); v.Type = "text/html"; w.put(r, v) }},
		"another name":                   {row("a"), func(w *world, r plan.Row) { v := text("one"); v.Name = "other"; w.put(r, v) }},
		"a deletion":                     {row("a"), func(w *world, r plan.Row) { w.remove(r) }},
		"a creation":                     {row("new"), func(w *world, r plan.Row) { w.put(r, text("one")) }},
		"another value, delegated":       {delegated, func(w *world, r plan.Row) { w.put(r, text("two")) }},
		"another value of somebody else": {alice, func(w *world, r plan.Row) { w.put(r, text("two")) }},
		"the deletion of somebody else":  {alice, func(w *world, r plan.Row) { w.remove(r) }},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			everything := []plan.Row{row("a"), row("b"), delegated, alice, {Identity: "alice", ID: "b"}, {Identity: own, ID: "a", DelegatedTo: "eve"}}
			for _, r := range everything {
				w.put(r, text("one"))
			}
			w.see(w.connect(w.room("1"), owned("first")), c.row)
			w.see(w.client(owned("second")), c.row, row("b"))
			for i, r := range append(everything, row("new")) {
				if r != c.row {
					w.see(w.client(owned("other-"+strconv.Itoa(i))), r)
				}
			}
			w.Consistently(w.wakes).Should(Equal(0))

			c.change(w, c.row)
			w.Eventually(w.woken(owned("first"))).Should(Equal(1))
			w.Eventually(w.woken(owned("second"))).Should(Equal(1))
			w.Consistently(w.wakes).Should(Equal(2))
		})
	}
}

// wakes returns how often anybody has been woken.
func (w *world) wakes() (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, times := range w.owners {
		n += times
	}
	return n
}

func TestARoomWithTooManyRowsToListIsStillWatched(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 30_000 {
		w.put(row(strconv.Itoa(i)+strings.Repeat("-", 100)), text(""))
	}
	w.put(row("a"), text("one"))
	w.see(w.connect(w.room("1"), owned("first")), row("a"), row("new"))
	w.Eventually(func() float64 { return w.requests("list", "failed") }).Should(BeNumerically(">", 1), "the list is larger than a message may be")
	w.Consistently(w.wakes).Should(Equal(0))

	w.put(row("a"), text("two"))
	w.Eventually(w.woken(owned("first"))).Should(Equal(1))
	w.put(row("new"), text("one"))
	w.Eventually(w.woken(owned("first"))).Should(Equal(2))
}

func TestNobodyIsWokenByTheirOwnWork(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	client := w.connect(w.room("1"), owned("a"))
	w.see(client, row("a"), row("b"))
	for i := range 100 {
		w.Expect(client.Write(t.Context(), row("a"), text(strconv.Itoa(i)))).To(Succeed())
	}
	w.Expect(client.Write(t.Context(), row("b"), text("x"))).To(Succeed())
	w.Expect(client.Delete(t.Context(), row("b"))).To(Succeed())
	w.Consistently(w.wakes).Should(Equal(0))
}

func TestTheWorkOfOneOwnerWakesTheOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	writer := w.connect(w.room("1"), owned("writer"))
	w.see(writer, row("a"))
	w.see(w.client(owned("reader")), row("a"))

	w.Expect(writer.Write(t.Context(), row("a"), text("x"))).To(Succeed())
	w.Eventually(w.woken(owned("reader"))).Should(Equal(1))
	w.see(w.client(owned("reader")), row("a"))
	w.Expect(writer.Delete(t.Context(), row("a"))).To(Succeed())
	w.Eventually(w.woken(owned("reader"))).Should(Equal(2))
	w.Consistently(w.wakes).Should(Equal(2))
}

func TestRowsThatNobodyTracksAreNobodysBusiness(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	client := w.connect(w.room("1"), owned("a"))
	w.Consistently(func() float64 { return w.requests("list", "ok") }).Should(Equal(-1.0), "nobody needs to know")

	w.see(client, row("a"), row("b"))
	w.track(client, row("b"))
	w.put(row("a"), text("x"))
	w.put(row("c"), text("x"))
	w.Eventually(func() float64 { return w.requests("list", "ok") }).Should(BeNumerically(">", 3))
	w.Expect(w.wakes()).To(Equal(0))

	w.pool.Release(owned("a"))
	w.put(row("b"), text("x"))
	w.Consistently(w.wakes).Should(Equal(0))
}

func TestOneRowThatCannotBeReadHindersNoOther(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rows := make([]plan.Row, 0, 20)
	for i := range 20 {
		r := plan.Row{Identity: own, ID: "broken", DelegatedTo: strconv.Itoa(i)}
		w.put(r, text("one"))
		rows = append(rows, r)
	}
	w.put(row("a"), text("one"))
	w.see(w.connect(w.room("1"), owned("a")), row("a"))
	w.see(w.client(owned("broken")), rows...)
	w.disk.set(func(d *disk) { d.unreadable = "broken" })
	polls := w.requests("list", "ok")
	w.Eventually(func() float64 { return w.requests("get", "failed") }).Should(BeNumerically(">=", 20))

	w.put(row("a"), text("two"))
	w.Eventually(w.woken(owned("a"))).Should(Equal(1))
	w.Expect(w.requests("list", "ok") - polls).To(BeNumerically(">=", 1))
	w.Expect(w.woken(owned("broken"))()).To(Equal(0), "what cannot be read has not changed")

	w.disk.set(func(d *disk) { d.unreadable = "" })
	w.Consistently(w.woken(owned("broken"))).Should(Equal(0))
}

func TestAnOutageIsToldAndEndsByItself(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(row("a"), text("one"))
	client := w.connect(w.room("1"), owned("a"))
	w.see(client, row("a"))
	w.Eventually(w.told).Should(Equal(1))

	w.stopServer()
	w.Eventually(w.told).Should(Equal(2))
	w.Eventually(w.up).Should(Equal(0.0))
	_, err := w.pool.Client(roomKey, owned("a"))
	w.Expect(err).To(MatchError(roomclient.ErrNotConnected))
	w.Expect(client.Read(t.Context(), []plan.Row{row("a")})[row("a")].Err).To(MatchError(roomclient.ErrNotConnected))
	w.Expect(client.Write(t.Context(), row("a"), text("two"))).To(MatchError(roomclient.ErrNotConnected))
	w.Consistently(w.wakes).Should(Equal(0), "an outage is no change")
	w.Expect(w.told()).To(Equal(2), "attempts that fail are nothing new")

	w.put(row("a"), text("three"))
	w.startServer()
	w.Eventually(w.told).Should(Equal(3))
	w.Eventually(w.up).Should(Equal(1.0))
	w.Eventually(w.woken(owned("a"))).Should(Equal(1), "the change was made during the outage")
	before := time.Now()
	w.Expect(client.NoticedAt([]plan.Row{row("a")})).To(BeTemporally("<=", before))
	w.Expect(client.NoticedAt([]plan.Row{row("a")})).To(BeZero(), "it has been told already")
}

func TestAValueThatTheRoomDoesNotKeepIsAnError(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	client := w.connect(w.room("1"), owned("a"))
	w.see(client, row("a"))
	w.disk.set(func(d *disk) { d.forgetful = true })
	w.Expect(client.Write(t.Context(), row("a"), text("one"))).To(MatchError(sessions.ErrNotKept))
	w.put(row("a"), text("one"))
	w.Expect(client.Write(t.Context(), row("a"), text("two"))).To(MatchError(sessions.ErrNotKept))
	w.Expect(client.Write(t.Context(), row("a"), text("one"))).To(Succeed())
}

func TestRequestsAreCounted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	client := w.connect(w.room("1"), owned("a"))
	w.see(client, row("a"))
	w.Expect(client.Write(t.Context(), row("a"), text("x"))).To(Succeed())
	w.Expect(client.Delete(t.Context(), row("a"))).To(Succeed())
	w.Expect(w.requests("set", "ok")).To(Equal(1.0))
	w.Expect(w.requests("delete", "ok")).To(Equal(1.0))
	w.Expect(w.requests("get", "ok")).To(BeNumerically(">=", 2.0))
	w.Eventually(func() float64 { return w.requests("list", "ok") }).Should(BeNumerically(">", 0))
	w.Expect(w.requests("get", "failed")).To(Equal(-1.0), "that there is no such row is an answer")

	w.stopServer()
	w.Eventually(w.phase).ShouldNot(Equal(roomclient.PhaseConnected))
	w.Consistently(func() float64 { return w.requests("list", "lost") }).Should(BeNumerically("<=", 1), "nothing is asked of a room that is not connected")
}
