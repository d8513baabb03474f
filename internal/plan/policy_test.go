// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/plan"
)

// outcome writes what matters of a step in a line: op, state, reason, and the record afterwards.
func outcome(step plan.Step) string {
	return strings.Join(strings.Fields(fmt.Sprintf("%s %s %s | %s", step.Op, step.State, step.Reason, recordLine(step.After))), " ")
}

func recordLine(record *plan.Record) string {
	switch {
	case record == nil:
		return "no record"
	case !record.Confirmed:
		return "intent " + record.Digest
	}
	return string(record.Origin) + " " + record.Digest
}

// TestPushOfAWantedRow goes through every combination of the policies for every situation of a row. The digest that is
// wanted is "new", and the source was edited when the record says "old".
func TestPushOfAWantedRow(t *testing.T) {
	t.Parallel()
	const (
		created   = "create InSync | Created new"
		updated   = "update InSync | Created new"
		kept      = "none InSync | Created new"
		conflict  = "none Failed Conflict | no record"
		skipped   = "none Skipped Skipped | no record"
		adopted   = "adopt InSync | Adopted new"
		waitingOf = "none Pending RoomNotReady | "
	)
	absent, unreadable := plan.Observed{}, plan.Observed{Exists: true}
	there := func(digest string) plan.Observed { return plan.Observed{Exists: true, Digest: digest} }
	unknown := plan.Observed{Unknown: &plan.Problem{Reason: roomv1alpha1.ReasonRoomNotReady, Passing: true}}
	foreign := map[string]string{"Fail": conflict, "Skip": skipped, "Adopt": adopted}
	always := func(outcome string) map[string]string { return map[string]string{"": outcome} }
	drifted := func(correct string, digest string) map[string]string {
		return map[string]string{
			"Correct": correct,
			"Report":  "none Drifted Drifted | Created " + digest,
			"Ignore":  "none InSync | Created " + digest,
		}
	}
	cases := map[string]struct {
		record *plan.Record
		seen   plan.Observed
		// want is keyed by the policy that decides, and by "" when none does.
		want map[string]string
	}{
		"a row that is absent is created":                                    {nil, absent, always(created)},
		"a row that is somebody's":                                           {nil, there("theirs"), foreign},
		"a row that is somebody's and happens to be right":                   {nil, there("new"), foreign},
		"a row that is somebody's and cannot be read":                        {nil, unreadable, foreign},
		"a row that is unknown":                                              {nil, unknown, always(waitingOf + "no record")},
		"a row of ours that is right":                                        {new(confirmed("new")), there("new"), always(kept)},
		"a row of ours that cannot be read":                                  {new(confirmed("new")), unreadable, always(kept)},
		"a row of ours that is unknown":                                      {new(confirmed("new")), unknown, always(waitingOf + "Created new")},
		"a row of ours that somebody changed":                                {new(confirmed("new")), there("theirs"), drifted(updated, "new")},
		"a row of ours that somebody deleted":                                {new(confirmed("new")), absent, drifted(created, "new")},
		"an edited row of ours is updated":                                   {new(confirmed("old")), there("old"), always(updated)},
		"an edited row of ours that cannot be read is updated":               {new(confirmed("old")), unreadable, always(updated)},
		"an edited row of ours that is unknown":                              {new(confirmed("old")), unknown, always(waitingOf + "Created old")},
		"an edited row of ours that somebody changed is updated":             {new(confirmed("old")), there("theirs"), always(updated)},
		"an edited row of ours that somebody deleted is created":             {new(confirmed("old")), absent, always(created)},
		"an edited row of ours that is right already":                        {new(confirmed("old")), there("new"), always(kept)},
		"an update that may have failed is done again":                       {new(confirmed("")), there("old"), always(updated)},
		"such an update, of a row that somebody changed":                     {new(confirmed("")), there("theirs"), always(updated)},
		"such an update, of a row that cannot be read":                       {new(confirmed("")), unreadable, always(updated)},
		"such an update, of a row that somebody deleted":                     {new(confirmed("")), absent, always(created)},
		"such an update, of a row that is right after all":                   {new(confirmed("")), there("new"), always(kept)},
		"such an update, of a row that is unknown":                           {new(confirmed("")), unknown, always(waitingOf + "Created")},
		"such an update, of a row that was adopted":                          {&plan.Record{Origin: roomv1alpha1.OriginAdopted, Confirmed: true}, there("old"), always("update InSync | Adopted new")},
		"an intent that was done is confirmed":                               {new(intent("new")), there("new"), always(kept)},
		"an intent that was never done":                                      {new(intent("new")), absent, always(created)},
		"an intent whose row is somebody's":                                  {new(intent("new")), there("theirs"), foreign},
		"an intent whose row cannot be read proves nothing":                  {new(intent("new")), unreadable, foreign},
		"an intent whose row is unknown":                                     {new(intent("new")), unknown, always(waitingOf + "intent new")},
		"an edited intent that was done is updated":                          {new(intent("old")), there("old"), always(updated)},
		"an edited intent that was never done":                               {new(intent("old")), absent, always(created)},
		"an edited intent whose row is somebody's":                           {new(intent("old")), there("theirs"), foreign},
		"an edited intent whose row is somebody's and happens to be right":   {new(intent("old")), there("new"), foreign},
		"an edited intent whose row cannot be read proves nothing":           {new(intent("old")), unreadable, foreign},
		"an edited intent whose row is unknown":                              {new(intent("old")), unknown, always(waitingOf + "intent old")},
		"a row of ours that was adopted stays adopted":                       {&plan.Record{Digest: "old", Origin: roomv1alpha1.OriginAdopted, Confirmed: true}, there("old"), always("update InSync | Adopted new")},
		"a row of ours that was adopted and vanished stays adopted":          {&plan.Record{Digest: "old", Origin: roomv1alpha1.OriginAdopted, Confirmed: true}, absent, always("create InSync | Adopted new")},
		"an intent to adopt that was done is confirmed":                      {&plan.Record{Digest: "new", Origin: roomv1alpha1.OriginAdopted}, there("new"), always("none InSync | Adopted new")},
		"an intent to adopt that was not done, and whose row is still there": {&plan.Record{Digest: "new", Origin: roomv1alpha1.OriginAdopted}, there("theirs"), foreign},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			everyPolicy(func(in *plan.PushInput) {
				in.Observed[api] = tc.seen
				if tc.record != nil {
					in.Ledger[api] = *tc.record
				}
				want := tc.want[""] + tc.want[string(in.Conflict)] + tc.want[string(in.Drift)]
				step := only(t, *in)
				if diff := cmp.Diff(want, outcome(step)); diff != "" {
					t.Errorf("%s, %s, %s (-want +got):\n%s", in.Conflict, in.Drift, in.Deletion, diff)
				}
				if diff := cmp.Diff(tc.record, step.Before); diff != "" || step.Wanted == nil || step.Left {
					t.Errorf("the step does not carry its record and row: %+v", step)
				}
			})
		})
	}
}

// everyPolicy calls f with an input for every combination of the policies.
func everyPolicy(f func(in *plan.PushInput)) {
	for _, conflict := range []roomv1alpha1.ConflictPolicy{roomv1alpha1.ConflictFail, roomv1alpha1.ConflictAdopt, roomv1alpha1.ConflictSkip} {
		for _, drift := range []roomv1alpha1.DriftPolicy{roomv1alpha1.DriftCorrect, roomv1alpha1.DriftReport, roomv1alpha1.DriftIgnore} {
			for _, deletion := range []roomv1alpha1.DeletionPolicy{roomv1alpha1.DeletionRetain, roomv1alpha1.DeletionDelete} {
				in := pushOf()
				in.Conflict, in.Drift, in.Deletion = conflict, drift, deletion
				f(&in)
			}
		}
	}
}

// TestWhatStopsAPushLeavesTheRecord covers what comes before anything is decided, in the order in which it is reported.
func TestWhatStopsAPushLeavesTheRecord(t *testing.T) {
	t.Parallel()
	claimed := func(in *plan.PushInput) { in.Claimed[api] = "team-a/older" }
	denied := func(in *plan.PushInput) { in.Access = plan.Access{Own: own} }
	troubled := func(in *plan.PushInput) { in.Rows[0].Problem = &plan.Problem{Reason: roomv1alpha1.ReasonKeyNotFound} }
	unknown := func(in *plan.PushInput) {
		in.Observed[api] = plan.Observed{Unknown: &plan.Problem{Reason: roomv1alpha1.ReasonRoomNotReady, Passing: true}}
	}
	unlooked := func(in *plan.PushInput) { delete(in.Observed, api) }
	cases := map[string]struct {
		mods  []func(*plan.PushInput)
		want  roomv1alpha1.Reason
		state roomv1alpha1.EntryState
	}{
		"a claim comes first":                  {[]func(*plan.PushInput){claimed, denied, troubled, unknown}, roomv1alpha1.ReasonConflict, roomv1alpha1.EntryFailed},
		"then what the room allows":            {[]func(*plan.PushInput){denied, troubled, unknown}, roomv1alpha1.ReasonAccessDenied, roomv1alpha1.EntryFailed},
		"then what the row lacks":              {[]func(*plan.PushInput){troubled, unknown}, roomv1alpha1.ReasonKeyNotFound, roomv1alpha1.EntryFailed},
		"then what is not known":               {[]func(*plan.PushInput){unknown}, roomv1alpha1.ReasonRoomNotReady, roomv1alpha1.EntryPending},
		"what nobody looked at is not missing": {[]func(*plan.PushInput){unlooked}, roomv1alpha1.ReasonProgressing, roomv1alpha1.EntryPending},
	}
	records := map[string]*plan.Record{"no record": nil, "a record": new(confirmed("old")), "an intent": new(intent("old"))}
	for name, tc := range cases {
		for which, record := range records {
			t.Run(name+" with "+which, func(t *testing.T) {
				t.Parallel()
				everyPolicy(func(in *plan.PushInput) {
					for _, mod := range append(tc.mods, func(in *plan.PushInput) {
						if record != nil {
							in.Ledger[api] = *record
						}
					}) {
						mod(in)
					}
					step := only(t, *in)
					if step.Op != plan.OpNone || step.State != tc.state || step.Reason != tc.want || step.Passing != (tc.state == roomv1alpha1.EntryPending) {
						t.Errorf("step is %+v", step)
					}
					if diff := cmp.Diff(record, step.After); diff != "" {
						t.Errorf("record (-before +after):\n%s", diff)
					}
				})
			})
		}
	}
}

func TestMessagesSayWhoAndWhat(t *testing.T) {
	t.Parallel()
	toBob := plan.Row{Identity: own, ID: "api", DelegatedTo: "bob"}
	cases := map[string]struct {
		in   plan.PushInput
		want string
	}{
		"a claim names its holder":               {pushOf(func(in *plan.PushInput) { in.Claimed[api] = "team-a/older" }), "RoomSecret team-a/older"},
		"a denied row names the operation":       {pushOf(func(in *plan.PushInput) { in.Access = plan.Access{} }), "operation Write."},
		"a denied delegation names Delegate":     {pushOf(func(in *plan.PushInput) { in.Access, in.Rows[0].Row = plan.Access{}, toBob }), "operation Write and Delegate."},
		"a conflict names the ways out":          {pushOf(holding("theirs")), "conflictPolicy to Adopt or Skip"},
		"a change that stays names the policy":   {pushOf(recorded(confirmed("new")), holding("x"), reporting), "changed the room secret; driftPolicy Report"},
		"a deletion that stays names the policy": {pushOf(recorded(confirmed("new")), reporting), "deleted the room secret; driftPolicy Report"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := only(t, tc.in).Message; !strings.Contains(got, tc.want) {
				t.Errorf("message %q does not say %q", got, tc.want)
			}
		})
	}
}

func reporting(in *plan.PushInput) { in.Drift = roomv1alpha1.DriftReport }

func TestStepsAreSortedAndEachRowHasOne(t *testing.T) {
	t.Parallel()
	in := pushOf(recorded(confirmed("new")), holding("new"))
	for _, row := range []plan.Row{{Identity: own, ID: "z"}, {Identity: "agent", ID: "api"}, {Identity: own, ID: "api", DelegatedTo: "bob"}, {Identity: own, ID: "a"}} {
		in.Ledger[row] = confirmed("x")
	}
	var got []string
	for _, step := range plan.Push(in) {
		got = append(got, step.Name(own))
	}
	if diff := cmp.Diff([]string{"a", "api@agent", "api", "api>bob", "z"}, got); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
}
