// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/plan"
)

const own = "operator"

// api is the row that most cases speak of.
var api = plan.Row{Identity: own, ID: "api"}

// confirmed and intent make records of the ledger.
func confirmed(digest string) plan.Record {
	return plan.Record{Digest: digest, Origin: v1alpha1.OriginCreated, Confirmed: true}
}

func intent(digest string) plan.Record {
	return plan.Record{Digest: digest, Origin: v1alpha1.OriginCreated}
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
		Conflict:  v1alpha1.ConflictFail,
		Drift:     v1alpha1.DriftCorrect,
		Deletion:  v1alpha1.DeletionRetain,
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
		"a row that is skipped":    pushOf(holding("theirs"), func(in *plan.PushInput) { in.Conflict = v1alpha1.ConflictSkip }),
		"a drift that is reported": pushOf(recorded(confirmed("new")), holding("theirs"), func(in *plan.PushInput) { in.Drift = v1alpha1.DriftReport }),
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
			in:     pushOf(holding("theirs"), func(in *plan.PushInput) { in.Conflict = v1alpha1.ConflictAdopt }),
			wantOp: plan.OpAdopt, want: plan.Record{Digest: "new", Origin: v1alpha1.OriginAdopted}, wantWrite: true,
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
		"a row that is left as it is needs no intent": {
			in: pushOf(recorded(confirmed("new")), holding("new")), wantOp: plan.OpNone,
		},
		"a row that is deleted is still recorded": {
			in: pushOf(unwanted, recorded(confirmed("old")), holding("old"), func(in *plan.PushInput) {
				in.Deletion = v1alpha1.DeletionDelete
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
	adopting := plan.Record{Digest: "new", Origin: v1alpha1.OriginAdopted}
	step := only(t, pushOf(recorded(adopting)))
	want := confirmed("new")
	if diff := cmp.Diff(&want, step.After); step.Op != plan.OpCreate || diff != "" {
		t.Errorf("op %q, record (-want +got):\n%s", step.Op, diff)
	}
}
