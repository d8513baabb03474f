// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"fmt"
	"regexp"
	"testing"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/plan"
)

// prune plans a push of nothing, when so many rows of the ledger are in the room, and returns how many are deleted and the
// value that is asked for.
func prune(total, kept int, guard plan.Prune) (deleted int, asked string) {
	in := plan.PushInput{
		Ledger: map[plan.Row]plan.Record{}, Observed: map[plan.Row]plan.Observed{}, Digests: map[plan.Row]string{}, Own: own,
		CanDelete: func(string) bool { return true }, Access: plan.Access{Everything: true},
		Drift: roomv1alpha1.DriftCorrect, Deletion: roomv1alpha1.DeletionDelete, Prune: guard,
	}
	for i := range total {
		row := plan.Row{Identity: own, ID: fmt.Sprintf("id-%d", i)}
		in.Ledger[row] = plan.Record{Digest: "d", Origin: roomv1alpha1.OriginCreated, Confirmed: true}
		in.Observed[row] = plan.Observed{Exists: true, Digest: "d"}
		if i < kept {
			in.Rows, in.Digests[row] = append(in.Rows, plan.PushRow{Row: row}), "d"
		}
	}
	for _, step := range plan.Push(in) {
		if step.Op == plan.OpDelete {
			deleted++
		}
		if step.Reason == roomv1alpha1.ReasonPruneBlocked {
			asked = regexp.MustCompile(`"([0-9a-f]+)"`).FindStringSubmatch(step.Message)[1]
			if step.After == nil || step.Op != plan.OpNone {
				panic("a row that stays must stay ours")
			}
		}
	}
	return deleted, asked
}

func TestMostOfALedgerIsDeletedOnlyWhenThatIsConfirmed(t *testing.T) {
	t.Parallel()
	guard := plan.Prune{Guard: true}
	for name, c := range map[string]struct {
		total, kept, deleted int
		guard                plan.Prune
	}{
		"two may always go":       {2, 0, 2, guard},
		"half may go":             {6, 3, 3, guard},
		"more than half may not":  {6, 2, 0, guard},
		"all may not":             {3, 0, 0, guard},
		"all may without a guard": {3, 0, 3, plan.Prune{}},
		"another confirmation":    {3, 0, 0, plan.Prune{Guard: true, Confirmed: "yes"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			deleted, asked := prune(c.total, c.kept, c.guard)
			if deleted != c.deleted {
				t.Errorf("%d are deleted, want %d", deleted, c.deleted)
			}
			if c.guard.Guard && deleted == 0 && asked == "" {
				t.Error("nobody is told how to confirm it")
			}
		})
	}
	_, asked := prune(6, 1, guard)
	guard.Confirmed = asked
	if deleted, _ := prune(6, 1, guard); deleted != 5 {
		t.Errorf("%d are deleted after the confirmation, want 5", deleted)
	}
	if deleted, again := prune(6, 0, guard); deleted != 0 || again == asked {
		t.Errorf("a confirmation of five deletes %d others", deleted)
	}
}

// unknown is a row that cannot be read at the moment.
var unknown = plan.Observed{Unknown: &plan.Problem{Reason: roomv1alpha1.ReasonRoomNotReady, Message: "The room is out of reach.", Passing: true}}

// Of what may not go together, some is known before the rest when an outage ends.
func TestWhatMayNotGoTogetherDoesNotGoOneByOne(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		known, unknown, kept, deleted int
	}{
		"most may be gone":          {2, 1, 0, 0},
		"most are gone for sure":    {3, 1, 1, 0},
		"half may be gone":          {2, 1, 3, 2},
		"two at most may be gone":   {1, 1, 0, 1},
		"what is unknown is wanted": {2, 0, 1, 2},
	} {
		t.Run("push: "+name, func(t *testing.T) {
			t.Parallel()
			in := plan.PushInput{
				Ledger: map[plan.Row]plan.Record{}, Observed: map[plan.Row]plan.Observed{}, Digests: map[plan.Row]string{}, Own: own,
				CanDelete: func(string) bool { return true }, Access: plan.Access{Everything: true},
				Drift: roomv1alpha1.DriftCorrect, Deletion: roomv1alpha1.DeletionDelete, Prune: plan.Prune{Guard: true},
			}
			for i := range c.known + c.unknown + c.kept {
				row := plan.Row{Identity: own, ID: fmt.Sprintf("id-%d", i)}
				in.Ledger[row] = plan.Record{Digest: "d", Origin: roomv1alpha1.OriginCreated, Confirmed: true}
				in.Observed[row] = plan.Observed{Exists: true, Digest: "d"}
				if i >= c.known {
					in.Observed[row] = unknown
				}
				if i >= c.known+c.unknown {
					in.Rows, in.Digests[row] = append(in.Rows, plan.PushRow{Row: row}), "d"
				}
			}
			deleted := 0
			for _, step := range plan.Push(in) {
				if step.Op == plan.OpDelete {
					deleted++
				} else if step.After == nil {
					t.Errorf("%s is given up", step.Name(own))
				}
			}
			if deleted != c.deleted {
				t.Errorf("%d are deleted, want %d", deleted, c.deleted)
			}
		})
		t.Run("pull: "+name, func(t *testing.T) {
			t.Parallel()
			in := pullOf(noKeys, guarded, target(true))
			for i := range c.known + c.unknown + c.kept {
				key := fmt.Sprintf("KEY_%d", i)
				want := plan.PullKey{Key: key, Row: api, OnMissing: roomv1alpha1.OnMissingRemove}
				in.Observed[key] = plan.Observed{}
				if i >= c.known {
					in.Observed[key] = unknown
				}
				if i >= c.known+c.unknown {
					want.OnMissing = roomv1alpha1.OnMissingFail
				}
				in.Keys, in.Target.Keys[key] = append(in.Keys, want), "d"
				in.Ledger[key] = plan.Record{Digest: "d", Origin: roomv1alpha1.OriginCreated, Confirmed: true}
			}
			removed := 0
			for _, step := range plan.Pull(in).Steps {
				if step.Op == plan.KeyRemove {
					removed++
				} else if step.After == nil {
					t.Errorf("%s is given up", step.Key)
				}
			}
			if removed != c.deleted {
				t.Errorf("%d are removed, want %d", removed, c.deleted)
			}
		})
	}
}
