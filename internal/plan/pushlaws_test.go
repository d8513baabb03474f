// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/plan"
)

// The laws of the package, each tried on thousands of random cases.

func TestPlanningAgainAfterThePushGivesNothing(t *testing.T) {
	t.Parallel()
	randomly(t, 5000, func(t *testing.T, d dice) {
		rows := allRows()
		checkIdempotence(t, anyPushWorld(d, rows), anyPush(d, rows))
	})
}

func checkIdempotence(t *testing.T, w *pushWorld, in plan.PushInput) {
	t.Helper()
	w.reconcile(in, -1)
	for _, step := range w.plan(in) {
		if step.Op != plan.OpNone {
			t.Errorf("still to do: %s %s", step.Op, step.Name(own))
		}
		if diff := cmp.Diff(step.Before, step.After); diff != "" {
			t.Errorf("the record of %s would change again (-before +after):\n%s", step.Name(own), diff)
		}
	}
	reportFaults(t, w)
}

func reportFaults(t *testing.T, w *pushWorld) {
	t.Helper()
	for _, fault := range w.faults {
		t.Error(fault)
	}
}

func TestTheOrderOfRowsDoesNotMatter(t *testing.T) {
	t.Parallel()
	randomly(t, 2000, func(t *testing.T, d dice) {
		rows := allRows()
		w, in := anyPushWorld(d, rows), anyPush(d, rows)
		if diff := cmp.Diff(w.plan(in), w.plan(shuffled(in, d))); diff != "" {
			t.Errorf("steps (-sorted +shuffled):\n%s", diff)
		}
	})
}

func TestUnknownIsNotMissing(t *testing.T) {
	t.Parallel()
	randomly(t, 5000, func(t *testing.T, d dice) {
		rows := allRows()
		checkUnknown(t, anyPushWorld(d, rows), anyPush(d, rows))
	})
}

// checkUnknown allows one thing to happen to an unknown row: to be forgotten when the policy or the credential leaves it
// in the room anyway.
func checkUnknown(t *testing.T, w *pushWorld, in plan.PushInput) {
	t.Helper()
	for _, step := range w.plan(in) {
		if !w.unknown[step.Row] {
			continue
		}
		leaves := step.Wanted == nil && (in.Deletion == roomv1alpha1.DeletionRetain || !in.CanDelete(step.Identity))
		switch {
		case leaves && step.Op == plan.OpForget && step.After == nil:
		case !leaves && step.Op == plan.OpNone && cmp.Equal(step.Before, step.After):
		default:
			t.Errorf("unknown row %s: %s, record %v becomes %v", step.Name(own), step.Op, step.Before, step.After)
		}
		if step.Wanted != nil && step.State == roomv1alpha1.EntryInSync {
			t.Errorf("unknown row %s is reported in sync", step.Name(own))
		}
	}
}

func TestOnlyWhatIsOursIsTouched(t *testing.T) {
	t.Parallel()
	randomly(t, 3000, checkHistory)
}

// checkHistory lives through a history of edits, crashes, outages and people who meddle with the room; then peace comes, and
// no row that we wrote may be without a record.
func checkHistory(t *testing.T, d dice) {
	t.Helper()
	rows := allRows()[:6]
	w := anyPushWorld(d, rows)
	clear(w.unreadable) // an intent proves nothing about a row that cannot be read
	in := anyPush(d, rows)
	for round := range 3 + d(5) {
		switch d(4) {
		case 0:
			in = anyPush(d, rows)
		case 1:
			in = edited(in, d, "edit-"+string(rune('a'+round)))
		case 2:
			w.meddle(d, rows)
		}
		for _, row := range rows {
			w.unknown[row] = d.oneIn(6)
		}
		w.reconcile(in, d(8)-1)
	}
	clear(w.unknown)
	w.reconcile(in, -1)
	for _, row := range w.lost() {
		t.Errorf("%s was written by us and has no record", row)
	}
	checkIdempotence(t, w, in)
}

func TestACrashAnywhereChangesNothing(t *testing.T) {
	t.Parallel()
	randomly(t, 1000, checkCrashes)
}

// checkCrashes crashes after every effect of a reconcile, and again after every effect of the next one, during which the
// source may have been edited. What comes out must be what comes out without a crash.
func checkCrashes(t *testing.T, d dice) {
	t.Helper()
	rows := allRows()[:6]
	before := anyPushWorld(d, rows)
	for row := range before.unreadable {
		before.unreadable[row] = before.unreadable[row] && before.ledger[row].Confirmed && before.room[row] != ""
	}
	first := anyPush(d, rows)
	second := pick(d, first, edited(first, d, "second"))
	want := before.clone()
	want.reconcile(first, -1)
	want.reconcile(second, -1)

	for one, crashed := 0, true; crashed; one++ {
		w := before.clone()
		crashed = !w.reconcile(first, one)
		for two, again := 0, true; again; two++ {
			w := w.clone()
			again = !w.reconcile(second, two)
			w.reconcile(second, -1)
			checkSame(t, want, w, one, two)
		}
	}
}

func checkSame(t *testing.T, want, got *pushWorld, one, two int) {
	t.Helper()
	if diff := cmp.Diff(want.room, got.room); diff != "" {
		t.Errorf("room after crashes at %d and %d (-without +with):\n%s", one, two, diff)
	}
	if diff := cmp.Diff(want.ledger, got.ledger); diff != "" {
		t.Errorf("ledger after crashes at %d and %d (-without +with):\n%s", one, two, diff)
	}
	for _, row := range got.lost() {
		t.Errorf("%s was written by us and has no record, after crashes at %d and %d", row, one, two)
	}
	reportFaults(t, got)
}

// FuzzPush throws the dice of the laws from bytes.
func FuzzPush(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte("\x01\x02\x03\x04\x05\x06\x07\x00\x01\x02\x03\x04\x05\x06\x07"))
	f.Add([]byte("the quick brown fox jumps over the lazy dog, and the dog does not mind at all"))
	f.Add([]byte{5, 1, 0, 7, 7, 5, 0, 1, 7, 7, 5, 1, 1, 7, 7, 5, 0, 0, 7, 7, 5, 1, 0, 7, 7, 5, 0, 0, 7, 7, 3, 2, 1, 0, 1, 7, 2, 9, 7, 2, 9, 7, 2, 9})
	f.Fuzz(func(t *testing.T, data []byte) {
		rows := allRows()[:6]
		d := fromBytes(data)
		w, in := anyPushWorld(d, rows), anyPush(d, rows)
		checkUnknown(t, w.clone(), in)
		checkIdempotence(t, w.clone(), in)
		checkHistory(t, fromBytes(data))
		checkCrashes(t, fromBytes(data))
	})
}
