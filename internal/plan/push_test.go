// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/plan"
)

const own = "operator"

// api is the row that most cases speak of.
var api = plan.Row{Identity: own, ID: "api"}

// confirmed and intent make records of the ledger.
func confirmed(digest string) plan.Record {
	return plan.Record{Digest: digest, Origin: roomv1alpha1.OriginCreated, Confirmed: true}
}

func intent(digest string) plan.Record {
	return plan.Record{Digest: digest, Origin: roomv1alpha1.OriginCreated}
}

// pushOf returns an input that wants the row api with the digest new and knows that the room has nothing; mods change it.
func pushOf(mods ...func(*plan.PushInput)) plan.PushInput {
	in := plan.PushInput{
		Rows:      []plan.PushRow{{Row: api, Entry: "api", Key: "apiKey", Type: "text/plain", DisplayName: "api"}},
		Digests:   map[plan.Row]string{api: "new"},
		Ledger:    map[plan.Row]plan.Record{},
		Observed:  map[plan.Row]plan.Observed{api: {}},
		Claimed:   map[plan.Row]string{},
		Own:       own,
		CanDelete: func(string) bool { return true },
		Access:    plan.Access{Everything: true},
		Conflict:  roomv1alpha1.ConflictFail,
		Drift:     roomv1alpha1.DriftCorrect,
		Deletion:  roomv1alpha1.DeletionRetain,
	}
	for _, mod := range mods {
		mod(&in)
	}
	return in
}

func recorded(record plan.Record) func(*plan.PushInput) {
	return func(in *plan.PushInput) { in.Ledger[api] = record }
}

func holding(digest string) func(*plan.PushInput) {
	return func(in *plan.PushInput) { in.Observed[api] = plan.Observed{Exists: true, Digest: digest} }
}

func unwanted(in *plan.PushInput) { in.Rows = nil }

// only returns the one step of a push.
func only(t *testing.T, in plan.PushInput) plan.Step {
	t.Helper()
	steps := plan.Push(in)
	if len(steps) != 1 {
		t.Fatalf("got %d steps, want one: %v", len(steps), steps)
	}
	return steps[0]
}

func TestEveryStepNamesAnOp(t *testing.T) {
	t.Parallel()
	cases := map[string]plan.PushInput{
		"a row that is skipped":    pushOf(holding("theirs"), func(in *plan.PushInput) { in.Conflict = roomv1alpha1.ConflictSkip }),
		"a drift that is reported": pushOf(recorded(confirmed("new")), holding("theirs"), func(in *plan.PushInput) { in.Drift = roomv1alpha1.DriftReport }),
	}
	for name, in := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := only(t, in).Op; got != plan.OpNone {
				t.Errorf("op is %q, want %q", got, plan.OpNone)
			}
		})
	}
}

func TestIntentIsWrittenBeforeTheOp(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		in        plan.PushInput
		wantOp    plan.Op
		want      plan.Record
		wantWrite bool
	}{
		"a row that is created is recorded as an intent": {
			in: pushOf(), wantOp: plan.OpCreate, want: intent("new"), wantWrite: true,
		},
		"a row that is adopted is recorded as an intent": {
			in:     pushOf(holding("theirs"), func(in *plan.PushInput) { in.Conflict = roomv1alpha1.ConflictAdopt }),
			wantOp: plan.OpAdopt, want: plan.Record{Digest: "new", Origin: roomv1alpha1.OriginAdopted}, wantWrite: true,
		},
		"an intent that still stands is not written again": {
			in: pushOf(recorded(intent("new"))), wantOp: plan.OpCreate, want: intent("new"),
		},
		"an intent that was never done is replaced when the source was edited": {
			in: pushOf(recorded(intent("old"))), wantOp: plan.OpCreate, want: intent("new"), wantWrite: true,
		},
		"an intent that was done is confirmed before its row changes again": {
			in:     pushOf(recorded(intent("old")), holding("old")),
			wantOp: plan.OpUpdate, want: confirmed("old"), wantWrite: true,
		},
		"a row of ours that vanished is already recorded": {
			in: pushOf(recorded(confirmed("old"))), wantOp: plan.OpCreate, want: confirmed("old"),
		},
		"a row of ours that is updated is already recorded": {
			in: pushOf(recorded(confirmed("old")), holding("old")), wantOp: plan.OpUpdate, want: confirmed("old"),
		},
		"a row whose update may have failed is already recorded": {
			in: pushOf(recorded(confirmed("")), holding("old")), wantOp: plan.OpUpdate, want: confirmed(""),
		},
		"a row whose update may have failed, and that cannot be read, is already recorded": {
			in: pushOf(recorded(confirmed("")), holding("")), wantOp: plan.OpUpdate, want: confirmed(""),
		},
		"a row whose update may have failed is written again with driftPolicy Report": {
			in: pushOf(recorded(confirmed("")), holding("old"), reporting), wantOp: plan.OpUpdate, want: confirmed(""),
		},
		"a row whose update may have failed is written again with driftPolicy Ignore": {
			in:     pushOf(recorded(confirmed("")), holding("old"), func(in *plan.PushInput) { in.Drift = roomv1alpha1.DriftIgnore }),
			wantOp: plan.OpUpdate, want: confirmed(""),
		},
		"a row whose update may have failed, and that vanished, is already recorded": {
			in: pushOf(recorded(confirmed(""))), wantOp: plan.OpCreate, want: confirmed(""),
		},
		"a row whose update may have failed needs no intent when it turns out to be right": {
			in: pushOf(recorded(confirmed("")), holding("new")), wantOp: plan.OpNone,
		},
		"a row whose update may have failed is still recorded when it is deleted": {
			in: pushOf(unwanted, recorded(confirmed("")), holding("old"), func(in *plan.PushInput) {
				in.Deletion = roomv1alpha1.DeletionDelete
			}),
			wantOp: plan.OpDelete, want: confirmed(""), wantWrite: true,
		},
		"a row that is left as it is needs no intent": {
			in: pushOf(recorded(confirmed("new")), holding("new")), wantOp: plan.OpNone,
		},
		"a row that is deleted is still recorded": {
			in: pushOf(unwanted, recorded(confirmed("old")), holding("old"), func(in *plan.PushInput) {
				in.Deletion = roomv1alpha1.DeletionDelete
			}),
			wantOp: plan.OpDelete, want: confirmed("old"), wantWrite: true,
		},
		"a row that is forgotten needs no intent": {
			in: pushOf(unwanted, recorded(confirmed("old")), holding("old")), wantOp: plan.OpForget,
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			step := only(t, tc.in)
			got, write := step.Intent()
			if step.Op != tc.wantOp || write != tc.wantWrite {
				t.Errorf("op %q, intent written %v; want %q, %v", step.Op, write, tc.wantOp, tc.wantWrite)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("intent (-want +got):\n%s", diff)
			}
		})
	}
}

func TestARowThatVanishedBeforeItWasAdoptedIsCreated(t *testing.T) {
	t.Parallel()
	adopting := plan.Record{Digest: "new", Origin: roomv1alpha1.OriginAdopted}
	step := only(t, pushOf(recorded(adopting)))
	want := confirmed("new")
	if diff := cmp.Diff(&want, step.After); step.Op != plan.OpCreate || diff != "" {
		t.Errorf("op %q, record (-want +got):\n%s", step.Op, diff)
	}
}

// TestDeletion covers the rows of the ledger that the spec no longer asks for.
func TestDeletion(t *testing.T) {
	t.Parallel()
	cannotDelete := func(in *plan.PushInput) { in.CanDelete = func(string) bool { return false } }
	denied := func(in *plan.PushInput) { in.Access = plan.Access{Own: own} }
	unknown := func(in *plan.PushInput) {
		in.Observed[api] = plan.Observed{Unknown: &plan.Problem{Reason: roomv1alpha1.ReasonRoomNotReady, Passing: true}}
	}
	unlooked := func(in *plan.PushInput) { delete(in.Observed, api) }
	unreadable := holding("")
	type want struct {
		Op     plan.Op
		State  roomv1alpha1.EntryState
		Reason roomv1alpha1.Reason
		Kept   bool // the record stays
		Left   bool
	}
	var (
		deleted   = want{Op: plan.OpDelete, State: roomv1alpha1.EntryDeleting, Reason: roomv1alpha1.ReasonDeleting}
		forgotten = want{Op: plan.OpForget, State: roomv1alpha1.EntryDeleting}
		left      = want{Op: plan.OpForget, State: roomv1alpha1.EntryDeleting, Left: true}
		waiting   = want{Op: plan.OpNone, State: roomv1alpha1.EntryPending, Reason: roomv1alpha1.ReasonRoomNotReady, Kept: true}
		refused   = want{Op: plan.OpNone, State: roomv1alpha1.EntryFailed, Reason: roomv1alpha1.ReasonAccessDenied, Kept: true}
	)
	cases := map[string]struct {
		record         plan.Record
		mods           []func(*plan.PushInput)
		retain, delete want
	}{
		"a row of ours":                         {confirmed("a"), []func(*plan.PushInput){holding("a")}, forgotten, deleted},
		"a row of ours that somebody changed":   {confirmed("a"), []func(*plan.PushInput){holding("b")}, forgotten, deleted},
		"a row of ours that cannot be read":     {confirmed("a"), []func(*plan.PushInput){unreadable}, forgotten, deleted},
		"a row of ours that is gone":            {confirmed("a"), nil, forgotten, forgotten},
		"an update that may have failed":        {confirmed(""), []func(*plan.PushInput){holding("b")}, forgotten, deleted},
		"such an update, of an unreadable row":  {confirmed(""), []func(*plan.PushInput){unreadable}, forgotten, deleted},
		"such an update, of a row that is gone": {confirmed(""), nil, forgotten, forgotten},
		"such an update, of an unknown row":     {confirmed(""), []func(*plan.PushInput){unknown}, forgotten, waiting},
		"an intent that was done":               {intent("a"), []func(*plan.PushInput){holding("a")}, forgotten, deleted},
		"an intent whose row is somebody's":     {intent("a"), []func(*plan.PushInput){holding("b")}, forgotten, forgotten},
		"an intent whose row cannot be read":    {intent("a"), []func(*plan.PushInput){unreadable}, forgotten, forgotten},
		"an intent that was never done":         {intent("a"), nil, forgotten, forgotten},
		"a row that is unknown":                 {confirmed("a"), []func(*plan.PushInput){unknown}, forgotten, waiting},
		"an intent whose row is unknown":        {intent("a"), []func(*plan.PushInput){unknown}, forgotten, waiting},
		"a row that must not be deleted":        {confirmed("a"), []func(*plan.PushInput){holding("a"), denied}, forgotten, refused},
		"an unknown row, must not be deleted":   {confirmed("a"), []func(*plan.PushInput){unknown, denied}, forgotten, refused},
		"a row that is gone, must not":          {confirmed("a"), []func(*plan.PushInput){denied}, forgotten, forgotten},
		"a row that cannot be deleted":          {confirmed("a"), []func(*plan.PushInput){holding("a"), cannotDelete}, forgotten, left},
		"a row that is gone, cannot be deleted": {confirmed("a"), []func(*plan.PushInput){cannotDelete}, forgotten, forgotten},
		"somebody's row, cannot be deleted":     {intent("a"), []func(*plan.PushInput){holding("b"), cannotDelete}, forgotten, forgotten},
		"an unreadable row, cannot be deleted":  {intent("a"), []func(*plan.PushInput){unreadable, cannotDelete}, forgotten, left},
		"an unknown row, cannot be deleted":     {confirmed("a"), []func(*plan.PushInput){unknown, cannotDelete}, forgotten, left},
		"a row that nobody looked at": {confirmed("a"), []func(*plan.PushInput){unlooked}, forgotten, want{
			Op: plan.OpNone, State: roomv1alpha1.EntryPending, Reason: roomv1alpha1.ReasonProgressing, Kept: true,
		}},
	}
	for name, tc := range cases {
		for policy, want := range map[roomv1alpha1.DeletionPolicy]want{roomv1alpha1.DeletionRetain: tc.retain, roomv1alpha1.DeletionDelete: tc.delete} {
			t.Run(name+" with "+string(policy), func(t *testing.T) {
				t.Parallel()
				in := pushOf(append(tc.mods, unwanted, recorded(tc.record))...)
				in.Deletion = policy
				step := only(t, in)
				got := want
				got.Op, got.State, got.Reason, got.Kept, got.Left = step.Op, step.State, step.Reason, step.After != nil, step.Left
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("step (-want +got):\n%s", diff)
				}
				if step.Wanted != nil || step.Before == nil || *step.Before != tc.record {
					t.Errorf("the step does not carry the record of an unwanted row: %+v", step)
				}
				if step.After != nil && *step.After != tc.record {
					t.Errorf("the record that stays was changed to %+v", *step.After)
				}
			})
		}
	}
}
