// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"testing"

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
