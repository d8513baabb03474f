// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"maps"
	"testing"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/plan"
)

// life is a push with its finalizer, as an executor lives it: the finalizer goes on before the first step that deleting
// the RoomSecret would have to undo, and off when there is nothing left to undo.
type life struct {
	*pushWorld
	held, gone bool
}

func (l life) clone() *life {
	l.pushWorld = l.pushWorld.clone()
	return &l
}

// chapter is what the operator finds when it starts.
type chapter struct {
	plan.PushInput
	// policy is the deletion policy of the spec, which decides about the finalizer. What is planned can be another one.
	policy roomv1alpha1.DeletionPolicy
	// deleted is true when somebody has deleted the RoomSecret, and fewer when an entry was dropped.
	deleted, fewer bool
}

// sourceGone is the chapter after the source was deleted, with onSourceDeleted Delete.
func (c chapter) sourceGone() chapter {
	c.Rows, c.Digests, c.Deletion = nil, nil, roomv1alpha1.DeletionDelete
	return c
}

// end is the chapter after the RoomSecret was deleted.
func (c chapter) end() chapter {
	c.Rows, c.Digests, c.deleted = nil, nil, true
	return c
}

// without is the chapter after an entry was dropped.
func (c chapter) without(entry int) chapter {
	rows := c.Rows
	c.Rows, c.fewer = nil, true
	for i, row := range rows {
		if i != entry {
			c.Rows = append(c.Rows, row)
		}
	}
	return c
}

// crashes returns all ways in which a reconcile can go: it writes the finalizer and then the intents, it does its ops at the
// same time, it takes the finalizer off and it writes the ledger; and it dies anywhere, with any of the ops done. The last way
// is the one in which it does not die.
func (c chapter) crashes(l *life) []func(*life) {
	if l.gone || (c.deleted && !l.held) {
		return []func(*life){func(l *life) { l.gone = true }}
	}
	steps := l.plan(c.PushInput)
	undoes := c.policy == roomv1alpha1.DeletionDelete
	hold := func(l *life) {
		for _, step := range steps {
			l.held = l.held || (undoes && !c.deleted && (step.After != nil || step.Op == plan.OpDelete))
		}
	}
	ahead := func(l *life) { hold(l); l.writeAhead(steps) }
	ways := []func(*life){func(*life) {}, hold, ahead}
	ops := opsOf(steps)
	for done := range 1 << len(ops) {
		ways = append(ways, func(l *life) {
			ahead(l)
			for i, step := range ops {
				if done&(1<<i) != 0 {
					l.do(c.PushInput, step)
				}
			}
		})
	}
	all := ways[len(ways)-1]
	release := func(l *life) {
		all(l)
		left := false
		for _, step := range steps {
			left = left || step.After != nil
		}
		if !undoes || !left {
			l.held, l.gone = false, c.deleted
		}
	}
	return append(ways, release, func(l *life) { release(l); l.settle(steps) })
}

func opsOf(steps []plan.Step) []plan.Step {
	var ops []plan.Step
	for _, step := range steps {
		if step.Op != plan.OpNone && step.Op != plan.OpForget {
			ops = append(ops, step)
		}
	}
	return ops
}

// live lets a chapter happen without a crash.
func (c chapter) live(l *life) {
	ways := c.crashes(l)
	ways[len(ways)-1](l)
}

// checkChapters crashes anywhere in the first chapter and, if twice, then anywhere in the second.
func checkChapters(t *testing.T, before *life, first, second chapter, twice bool) {
	t.Helper()
	want := before.clone()
	first.live(want)
	second.live(want)
	for one, way := range first.crashes(before) {
		l := before.clone()
		way(l)
		if !twice {
			second.live(l)
			checkLife(t, want, l, second, one, -1)
			continue
		}
		for two, way := range second.crashes(l) {
			l := l.clone()
			way(l)
			second.live(l)
			checkLife(t, want, l, second, one, two)
		}
	}
}

// checkLife checks what has become of a life with crashes. What is there is the same as without, unless what is there at
// all depends on whether it was written before it was no longer wanted. No row is written more often, none is left behind,
// and there is nothing left to do.
func checkLife(t *testing.T, want, got *life, last chapter, one, two int) {
	t.Helper()
	say := func(format string, args ...any) {
		t.Errorf("after crashes at %d and %d: "+format, append([]any{one, two}, args...)...)
	}
	if len(last.Rows) > 0 && !last.fewer {
		checkSame(t, want.pushWorld, got.pushWorld, one, two)
	}
	reportFaults(t, got.pushWorld)
	for _, row := range got.lost() {
		say("%s was written by us and has no record", row)
	}
	for row, writes := range got.writes {
		if writes > max(want.writes[row], 1) && !got.unreadable[row] {
			say("%s was written %d times, without %d", row.Name(own), writes, want.writes[row])
		}
	}
	got.checkOrphans(say, last)
	if got.gone {
		return
	}
	if held := last.policy == roomv1alpha1.DeletionDelete && len(got.ledger) > 0; got.held != held {
		say("held %v, with %d records", got.held, len(got.ledger))
	}
	for _, step := range got.plan(last.PushInput) {
		if step.Op != plan.OpNone {
			say("still to do: %s %s", step.Op, step.Name(own))
		}
	}
}

// checkOrphans notes rows that should have been deleted, and could have been.
func (l *life) checkOrphans(say func(string, ...any), last chapter) {
	wanted := map[plan.Row]bool{}
	for _, row := range last.Rows {
		wanted[row.Row] = true
	}
	for row := range l.byUs {
		allowed := last.CanDelete(row.Identity) && last.Access.Allows(row, roomv1alpha1.OperationDelete) && !l.unknown[row]
		if !wanted[row] && l.ours[row] && allowed && last.Deletion == roomv1alpha1.DeletionDelete {
			say("%s is left behind", row.Name(own))
		}
	}
}

func TestACrashAnywhereInALifeChangesNothing(t *testing.T) {
	t.Parallel()
	randomly(t, 300, func(t *testing.T, d dice) {
		rows := allRows()[:3]
		before := &life{pushWorld: anyPushWorld(d, rows)}
		before.honest()
		first := chapter{PushInput: anyPush(d, rows)}
		first.policy = first.Deletion
		before.held = first.policy == roomv1alpha1.DeletionDelete && (len(before.ledger) > 0 || d.oneIn(2))
		second := first
		switch d(5) {
		case 0:
			second.PushInput = edited(first.PushInput, d, "second")
		case 1:
			second = first.without(d(3))
		case 2:
			second = first.sourceGone()
		case 3:
			second = first.end()
		}
		checkChapters(t, before, first, second, true)
	})
}

// honest leaves out what a crash makes nobody able to tell: an intent proves nothing about a row that cannot be read.
func (w *pushWorld) honest() {
	maps.DeleteFunc(w.unreadable, func(row plan.Row, _ bool) bool { return !w.ledger[row].Confirmed || w.room[row] == "" })
}

// TestEverySituationOfARowSurvivesACrash goes through all of them: where the row comes from, what is wanted, what the policies
// say, what may be done, and what happens next.
func TestEverySituationOfARowSurvivesACrash(t *testing.T) {
	t.Parallel()
	cases := 0
	exhaustively(func(d dice) {
		cases++
		row := allRows()[1+2*d(2)] // ours, or somebody else's
		before := &life{pushWorld: newPushWorld()}
		before.throw(d, row)
		before.unreadable[row] = d.oneIn(2)
		before.honest()
		access := []plan.Access{{Everything: true}, {}}
		mayDelete := d(2) == 0
		in := plan.PushInput{
			Digests: map[plan.Row]string{}, Own: own, CanDelete: func(string) bool { return mayDelete },
			Access: access[d(2)], Conflict: anyConflict(d), Drift: anyDrift(d), Deletion: anyDeletion(d),
		}
		if d.oneIn(2) {
			in.Rows, in.Digests[row] = []plan.PushRow{{Row: row, Entry: "e", Key: "k"}}, "first"
		}
		first := chapter{PushInput: in, policy: in.Deletion}
		before.held = first.policy == roomv1alpha1.DeletionDelete && len(before.ledger) > 0
		for _, second := range []chapter{first, {PushInput: edited(in, func(int) int { return 0 }, "second"), policy: in.Deletion}, first.without(0), first.sourceGone(), first.end()} {
			checkChapters(t, before, first, second, false)
		}
		if t.Failed() {
			t.Fatalf("case %d: room %v, ledger %v, input %+v", cases, before.room, before.ledger, in)
		}
	})
	if cases < 2000 {
		t.Errorf("only %d situations", cases)
	}
}
