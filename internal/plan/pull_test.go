// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/plan"
)

// pullOf returns an input that wants the key TOKEN of a target that does not exist, and a room that has a value with the
// digest new for it; mods change it.
func pullOf(mods ...func(*plan.PullInput)) plan.PullInput {
	in := plan.PullInput{
		Keys:     []plan.PullKey{{Key: "TOKEN", Row: api, OnMissing: roomv1alpha1.OnMissingFail}},
		Observed: map[string]plan.Observed{"TOKEN": {Exists: true, Digest: "new"}},
		Ledger:   map[string]plan.Record{},
		Target:   plan.Target{Name: "app", Metadata: true, Keys: map[string]string{}},
		Access:   plan.Access{Everything: true},
		Creation: roomv1alpha1.CreationOwner,
		Deletion: roomv1alpha1.DeletionDelete,
	}
	for _, mod := range mods {
		mod(&in)
	}
	return in
}

func creating(policy roomv1alpha1.CreationPolicy) func(*plan.PullInput) {
	return func(in *plan.PullInput) { in.Creation = policy }
}

// target makes the target exist with alternating keys and digests.
func target(owned bool, pairs ...string) func(*plan.PullInput) {
	return func(in *plan.PullInput) {
		in.Target.Exists, in.Target.Owned = true, owned
		for i := 0; i < len(pairs); i += 2 {
			in.Target.Keys[pairs[i]] = pairs[i+1]
		}
	}
}

func keyRecorded(key string, record plan.Record) func(*plan.PullInput) {
	return func(in *plan.PullInput) { in.Ledger[key] = record }
}

func found(seen plan.Observed) func(*plan.PullInput) {
	return func(in *plan.PullInput) { in.Observed["TOKEN"] = seen }
}

func onMissing(policy roomv1alpha1.OnMissing) func(*plan.PullInput) {
	return func(in *plan.PullInput) { in.Keys[0].OnMissing = policy }
}

func immutable(in *plan.PullInput)  { in.Target.Immutable = true }
func frozen(in *plan.PullInput)     { in.Target.Frozen = true }
func freezing(in *plan.PullInput)   { in.Immutable = true }
func guarded(in *plan.PullInput)    { in.Prune.Guard = true }
func relabelled(in *plan.PullInput) { in.Target.Metadata = false }
func adopting(in *plan.PullInput)   { in.Adopt, in.Name = true, "pull" }
func consenting(in *plan.PullInput) { in.Target.Consent = true }
func controlled(in *plan.PullInput) { in.Target.Controller = `Tool "theirs"` }
func going(in *plan.PullInput)      { in.Target.Deleting = true }

// noKeys drops the key from the spec.
func noKeys(in *plan.PullInput) { in.Keys = nil }

func reasonOf(problem *plan.Problem) roomv1alpha1.Reason {
	if problem == nil {
		return ""
	}
	return problem.Reason
}

func TestAValueThatCannotBeReadIsNotPulled(t *testing.T) {
	t.Parallel()
	for name, in := range map[string]plan.PullInput{
		"into a new target":         pullOf(found(plan.Observed{Exists: true})),
		"into a target without it":  pullOf(found(plan.Observed{Exists: true}), target(true)),
		"into a target that has it": pullOf(found(plan.Observed{Exists: true}), target(true, "TOKEN", "old")),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out := plan.Pull(in)
			if got := out.Steps[0]; out.Create || out.Apply || got.Op != plan.KeyKeep || got.Reason != roomv1alpha1.ReasonUnsupported {
				t.Errorf("create %v, apply %v, step %+v", out.Create, out.Apply, got)
			}
		})
	}
}

func TestAnImmutableTargetOnlyKeepsItsData(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		in        plan.PullInput
		wantApply bool
		want      roomv1alpha1.Reason
	}{
		"nothing has to change": {in: pullOf(target(true, "TOKEN", "new"), immutable)},
		"a value has to change": {in: pullOf(target(true, "TOKEN", "old"), immutable), want: roomv1alpha1.ReasonTargetImmutable},
		"it is not to be immutable, which somebody else has made it": {in: pullOf(target(true, "TOKEN", "new"), immutable)},
		"it is no longer to be immutable":                            {in: pullOf(target(true, "TOKEN", "new"), immutable, frozen), want: roomv1alpha1.ReasonTargetImmutable},
		"it is to be immutable, and is":                              {in: pullOf(target(true, "TOKEN", "new"), immutable, frozen, freezing)},
		"it is to be immutable, which somebody else has made it":     {in: pullOf(target(true, "TOKEN", "new"), immutable, freezing)},
		"it is to become immutable when somebody confirms that keys go": {
			in: pullOf(noKeys, freezing, guarded, target(true, "A", "1", "B", "2", "C", "3"), keyRecorded("A", confirmed("1")), keyRecorded("B", confirmed("2")), keyRecorded("C", confirmed("3"))),
		},
		"it is to become immutable":                                {in: pullOf(target(true, "TOKEN", "new"), freezing), wantApply: true},
		"it is to become immutable with a new value":               {in: pullOf(target(true, "TOKEN", "old"), freezing), wantApply: true},
		"it is to become immutable with a value that is not known": {in: pullOf(target(true, "TOKEN", "old"), freezing, found(plan.Observed{}))},
		"a key has to be added":                                    {in: pullOf(target(true), immutable), want: roomv1alpha1.ReasonTargetImmutable},
		"a key has to be removed":                                  {in: pullOf(noKeys, keyRecorded("TOKEN", confirmed("new")), target(true, "TOKEN", "new"), immutable), want: roomv1alpha1.ReasonTargetImmutable},
		"only labels are to change":                                {in: pullOf(target(true, "TOKEN", "new"), immutable, relabelled), wantApply: true},
		"only a record is to go":                                   {in: pullOf(noKeys, keyRecorded("TOKEN", confirmed("new")), target(true), immutable), wantApply: true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out := plan.Pull(tc.in)
			if out.Create || out.Apply != tc.wantApply || reasonOf(out.Problem) != tc.want {
				t.Errorf("create %v, apply %v, problem %v", out.Create, out.Apply, out.Problem)
			}
		})
	}
}

func TestPullIntents(t *testing.T) {
	t.Parallel()
	orphan, merge := creating(roomv1alpha1.CreationOrphan), creating(roomv1alpha1.CreationMerge)
	cases := map[string]struct {
		in   plan.PullInput
		want map[string]plan.Record
	}{
		"Owner creates a target that says itself whose it is":  {in: pullOf()},
		"Orphan creates a target that says itself whose it is": {in: pullOf(orphan)},
		"Owner writes a target that says itself whose it is":   {in: pullOf(target(true))},
		"Orphan writes a target that says itself whose it is":  {in: pullOf(orphan, target(true, "TOKEN", "old"))},
		"a key is recorded before it is merged": {
			in: pullOf(merge, target(false)), want: map[string]plan.Record{"TOKEN": intent("new")},
		},
		"an intent that still stands is not written again": {
			in: pullOf(merge, target(false), keyRecorded("TOKEN", intent("new"))),
		},
		"an intent that was never done is replaced when the room changed": {
			in:   pullOf(merge, target(false), keyRecorded("TOKEN", intent("old"))),
			want: map[string]plan.Record{"TOKEN": intent("new")},
		},
		"an intent of a merged key that was done is confirmed before the key changes again": {
			in:   pullOf(merge, target(false, "TOKEN", "old"), keyRecorded("TOKEN", intent("old"))),
			want: map[string]plan.Record{"TOKEN": confirmed("old")},
		},
		"a key of ours is already recorded": {
			in: pullOf(merge, target(false, "TOKEN", "old"), keyRecorded("TOKEN", confirmed("old"))),
		},
		"a key that is not ours is not recorded": {
			in: pullOf(merge, target(false, "TOKEN", "old"), keyRecorded("TOKEN", intent("other"))),
		},
		"a key that is right already is not recorded": {
			in: pullOf(merge, target(false, "TOKEN", "new"), keyRecorded("TOKEN", intent("new")), relabelled),
		},
		"nothing is recorded for a target that is not written": {
			in: pullOf(merge, target(false), found(plan.Observed{})),
		},
		"nothing is recorded for a target that is absent": {in: pullOf(merge)},
		"a key of a target that is taken over is recorded": {
			in:   pullOf(target(false, "TOKEN", "old"), adopting, consenting),
			want: map[string]plan.Record{"TOKEN": {Digest: "new", Origin: roomv1alpha1.OriginAdopted}},
		},
		"a key that is right in a target that is taken over is recorded": {
			in:   pullOf(target(false, "TOKEN", "new"), adopting, consenting),
			want: map[string]plan.Record{"TOKEN": {Digest: "new", Origin: roomv1alpha1.OriginAdopted}},
		},
		"a key that is added to a target that is taken over says itself whose it is": {
			in: pullOf(target(false, "OTHER", "theirs"), adopting, consenting),
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := plan.Pull(tc.in).Intents(tc.in.Creation)
			if diff := cmp.Diff(tc.want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("intents (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPullOfTheTarget(t *testing.T) {
	t.Parallel()
	owner, orphan, merge := creating(roomv1alpha1.CreationOwner), creating(roomv1alpha1.CreationOrphan), creating(roomv1alpha1.CreationMerge)
	ours := keyRecorded("TOKEN", confirmed("old"))
	type want struct {
		Create, Apply, Adopt bool
		Problem              roomv1alpha1.Reason
	}
	conflict, create, apply, nothing := want{Problem: roomv1alpha1.ReasonConflict}, want{Create: true}, want{Apply: true}, want{}
	adopt := want{Apply: true, Adopt: true}
	cases := map[string]struct {
		in   plan.PullInput
		want want
	}{
		"Owner creates a target that is absent":             {pullOf(owner), create},
		"Owner creates its target again":                    {pullOf(owner, ours), create},
		"Owner writes its target":                           {pullOf(owner, target(true, "TOKEN", "old")), apply},
		"Owner leaves its target when nothing changed":      {pullOf(owner, target(true, "TOKEN", "new")), nothing},
		"Owner refuses a target of somebody else":           {pullOf(owner, target(false)), conflict},
		"Owner refuses one that only the ledger knows":      {pullOf(owner, target(false, "TOKEN", "old"), ours), conflict},
		"Owner refuses its target when the type differs":    {pullOf(owner, target(true, "TOKEN", "old"), typed("kubernetes.io/tls", "Opaque")), want{Problem: roomv1alpha1.ReasonTypeMismatch}},
		"Merge takes any type":                              {pullOf(merge, target(false, "OTHER", "x"), typed("kubernetes.io/tls", "Opaque")), apply},
		"Orphan creates a target that is absent":            {pullOf(orphan), create},
		"Orphan creates its target again":                   {pullOf(orphan, ours), create},
		"Orphan writes its target":                          {pullOf(orphan, target(true, "TOKEN", "old"), ours), apply},
		"Orphan needs no ledger to know its target":         {pullOf(orphan, target(true, "TOKEN", "old")), apply},
		"Orphan leaves its target when nothing changed":     {pullOf(orphan, target(true, "TOKEN", "new")), nothing},
		"Orphan writes a target that was tampered with":     {pullOf(orphan, target(true, "TOKEN", "bad"), ours), apply},
		"Orphan writes a target that lost all of its keys":  {pullOf(orphan, target(true), ours), apply},
		"Orphan refuses a target of somebody else":          {pullOf(orphan, target(false, "TOKEN", "new")), conflict},
		"Orphan refuses one that only the ledger knows":     {pullOf(orphan, target(false, "TOKEN", "old"), ours), conflict},
		"Orphan refuses one that is just what it wrote":     {pullOf(orphan, target(false, "TOKEN", "new"), keyRecorded("TOKEN", confirmed("new"))), conflict},
		"Merge does not create":                             {pullOf(merge), want{Problem: roomv1alpha1.ReasonTargetNotFound}},
		"Merge does not create again":                       {pullOf(merge, ours), want{Problem: roomv1alpha1.ReasonTargetNotFound}},
		"Merge adds to a target of somebody else":           {pullOf(merge, target(false, "OTHER", "x")), apply},
		"Merge leaves a target when nothing changed":        {pullOf(merge, target(false, "TOKEN", "new"), ours), nothing},
		"Merge leaves a target that it has no key in":       {pullOf(merge, target(false, "TOKEN", "theirs")), nothing},
		"Owner waits until everything is known":             {pullOf(owner, found(plan.Observed{})), nothing},
		"Orphan waits until everything is known":            {pullOf(orphan, found(plan.Observed{Unknown: &plan.Problem{Passing: true}})), nothing},
		"an absent target waits for access":                 {pullOf(owner, func(in *plan.PullInput) { in.Access = plan.Access{} }), nothing},
		"labels are put right":                              {pullOf(owner, target(true, "TOKEN", "new"), relabelled), apply},
		"an incomplete target that exists keeps its labels": {pullOf(owner, target(true, "TOKEN", "new"), relabelled, found(plan.Observed{})), apply},
		"a target that may not be taken over is refused":    {pullOf(owner, target(false), adopting), want{Problem: roomv1alpha1.ReasonAdoptionRequired}},
		"Owner takes a target over":                         {pullOf(owner, target(false, "TOKEN", "old"), adopting, consenting), adopt},
		"Orphan takes a target over":                        {pullOf(orphan, target(false), adopting, consenting), adopt},
		"a target that is right is taken over too":          {pullOf(owner, target(false, "TOKEN", "new"), adopting, consenting), adopt},
		"a target of ours needs no consent":                 {pullOf(owner, target(true, "TOKEN", "new"), adopting), nothing},
		"a target that is absent needs no consent":          {pullOf(owner, adopting), create},
		"consent alone is not enough":                       {pullOf(owner, target(false), consenting), conflict},
		"a target that is managed is not taken over":        {pullOf(owner, target(false), adopting, consenting, controlled), conflict},
		"nor is it by an Orphan":                            {pullOf(orphan, target(false), adopting, consenting, controlled), conflict},
		"a claimed target is not taken over":                {pullOf(owner, target(false), adopting, consenting, func(in *plan.PullInput) { in.ClaimedBy = "older" }), conflict},
		"a target that goes is not taken over":              {pullOf(owner, target(false), adopting, consenting, going), want{Problem: roomv1alpha1.ReasonProgressing}},
		"a target of another type is not taken over":        {pullOf(owner, target(false), adopting, consenting, typed("kubernetes.io/tls", "Opaque")), want{Problem: roomv1alpha1.ReasonTypeMismatch}},
		"an immutable target is not changed":                {pullOf(owner, target(false, "TOKEN", "old"), adopting, consenting, immutable), want{Problem: roomv1alpha1.ReasonTargetImmutable}},
		"an immutable target that is right is":              {pullOf(owner, target(false, "TOKEN", "new"), adopting, consenting, immutable), adopt},
		"a target is not taken over half":                   {pullOf(owner, target(false, "TOKEN", "old"), adopting, consenting, found(plan.Observed{})), nothing},
		"values that fill a Secret fit":                     {pullOf(owner, func(in *plan.PullInput) { in.Size = 1 << 20 }), create},
		"values that are too large are refused": {
			pullOf(owner, func(in *plan.PullInput) { in.Size = 1<<20 + 1 }), want{Problem: roomv1alpha1.ReasonTooLarge},
		},
		"a target that another RoomSecret claims is refused": {
			pullOf(owner, target(true, "TOKEN", "old"), func(in *plan.PullInput) { in.ClaimedBy = "older" }), conflict,
		},
		"an absent target that another RoomSecret claims is refused": {
			pullOf(owner, func(in *plan.PullInput) { in.ClaimedBy = "older" }), conflict,
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out := plan.Pull(tc.in)
			got := want{out.Create, out.Apply, out.Adopt, reasonOf(out.Problem)}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("plan (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPullOfAKey(t *testing.T) {
	t.Parallel()
	merge := creating(roomv1alpha1.CreationMerge)
	missing := found(plan.Observed{})
	unknown := found(plan.Observed{Unknown: &plan.Problem{Reason: roomv1alpha1.ReasonRoomNotReady, Passing: true}})
	ours := keyRecorded("TOKEN", confirmed("old"))
	type want struct {
		Op     plan.KeyOp
		State  roomv1alpha1.EntryState
		Reason roomv1alpha1.Reason
		Record string // "", or the digest of the record afterwards
	}
	inSync, notFound := roomv1alpha1.EntryInSync, roomv1alpha1.ReasonRoomSecretNotFound
	cases := map[string]struct {
		in   plan.PullInput
		want want
	}{
		"a key that is absent is set":                       {pullOf(target(true)), want{plan.KeySet, inSync, "", "new"}},
		"a key that is right is kept":                       {pullOf(target(true, "TOKEN", "new")), want{plan.KeyKeep, inSync, "", "new"}},
		"a key that was rotated in the room is set":         {pullOf(target(true, "TOKEN", "old"), ours), want{plan.KeySet, inSync, "", "new"}},
		"a key that was tampered with is set":               {pullOf(target(true, "TOKEN", "bad"), keyRecorded("TOKEN", confirmed("new"))), want{plan.KeySet, inSync, "", "new"}},
		"a key that somebody added to our target is set":    {pullOf(target(true, "TOKEN", "theirs")), want{plan.KeySet, inSync, "", "new"}},
		"onMissing Remove removes a key without a record":   {pullOf(missing, target(true, "TOKEN", "theirs"), onMissing(roomv1alpha1.OnMissingRemove)), want{plan.KeyRemove, inSync, notFound, ""}},
		"onMissing Fail keeps the key":                      {pullOf(missing, target(true, "TOKEN", "old"), ours), want{plan.KeyKeep, roomv1alpha1.EntryFailed, notFound, "old"}},
		"onMissing Keep keeps the key":                      {pullOf(missing, target(true, "TOKEN", "old"), ours, onMissing(roomv1alpha1.OnMissingKeep)), want{plan.KeyKeep, inSync, notFound, "old"}},
		"onMissing Keep has nothing to keep":                {pullOf(missing, onMissing(roomv1alpha1.OnMissingKeep)), want{plan.KeyKeep, inSync, notFound, ""}},
		"onMissing Remove removes the key":                  {pullOf(missing, target(true, "TOKEN", "old"), ours, onMissing(roomv1alpha1.OnMissingRemove)), want{plan.KeyRemove, inSync, notFound, ""}},
		"onMissing Remove has nothing to remove":            {pullOf(missing, target(true), ours, onMissing(roomv1alpha1.OnMissingRemove)), want{plan.KeyKeep, inSync, notFound, ""}},
		"onMissing Remove does not touch an unknown row":    {pullOf(unknown, target(true, "TOKEN", "old"), ours, onMissing(roomv1alpha1.OnMissingRemove)), want{plan.KeyKeep, roomv1alpha1.EntryPending, roomv1alpha1.ReasonRoomNotReady, "old"}},
		"a row that is unknown changes nothing":             {pullOf(unknown, target(true, "TOKEN", "bad"), ours), want{plan.KeyKeep, roomv1alpha1.EntryPending, roomv1alpha1.ReasonRoomNotReady, "old"}},
		"a row that nobody looked at changes nothing":       {pullOf(func(in *plan.PullInput) { in.Observed = nil }, target(true, "TOKEN", "old"), ours), want{plan.KeyKeep, roomv1alpha1.EntryPending, roomv1alpha1.ReasonProgressing, "old"}},
		"a row that may not be read changes nothing":        {pullOf(func(in *plan.PullInput) { in.Access = plan.Access{} }, target(true, "TOKEN", "old"), ours), want{plan.KeyKeep, roomv1alpha1.EntryFailed, roomv1alpha1.ReasonAccessDenied, "old"}},
		"Merge adds a key":                                  {pullOf(merge, target(false)), want{plan.KeySet, inSync, "", "new"}},
		"Merge refuses a key of somebody else":              {pullOf(merge, target(false, "TOKEN", "theirs")), want{plan.KeyKeep, roomv1alpha1.EntryFailed, roomv1alpha1.ReasonConflict, ""}},
		"Merge refuses a key that happens to be right":      {pullOf(merge, target(false, "TOKEN", "new")), want{plan.KeyKeep, roomv1alpha1.EntryFailed, roomv1alpha1.ReasonConflict, ""}},
		"Merge writes a key of ours":                        {pullOf(merge, target(false, "TOKEN", "old"), ours), want{plan.KeySet, inSync, "", "new"}},
		"Merge puts back a key of ours":                     {pullOf(merge, target(false), ours), want{plan.KeySet, inSync, "", "new"}},
		"Merge refuses a key although the target is ours":   {pullOf(merge, target(true, "TOKEN", "new")), want{plan.KeyKeep, roomv1alpha1.EntryFailed, roomv1alpha1.ReasonConflict, ""}},
		"Merge knows a key by an intent":                    {pullOf(merge, target(false, "TOKEN", "old"), keyRecorded("TOKEN", intent("old"))), want{plan.KeySet, inSync, "", "new"}},
		"Merge gives up an intent that somebody overtook":   {pullOf(merge, target(false, "TOKEN", "theirs"), keyRecorded("TOKEN", intent("old"))), want{plan.KeyKeep, roomv1alpha1.EntryFailed, roomv1alpha1.ReasonConflict, ""}},
		"Merge does not remove a key of somebody else":      {pullOf(merge, missing, onMissing(roomv1alpha1.OnMissingRemove), target(false, "TOKEN", "theirs")), want{plan.KeyKeep, roomv1alpha1.EntryFailed, roomv1alpha1.ReasonConflict, ""}},
		"a leftover of ours is removed":                     {pullOf(noKeys, target(true, "TOKEN", "old"), ours), want{plan.KeyRemove, roomv1alpha1.EntryDeleting, "", ""}},
		"a leftover in an orphan target is removed":         {pullOf(noKeys, creating(roomv1alpha1.CreationOrphan), target(true, "TOKEN", "bad"), ours), want{plan.KeyRemove, roomv1alpha1.EntryDeleting, "", ""}},
		"a leftover that is gone is released":               {pullOf(noKeys, target(true), ours), want{plan.KeyRelease, roomv1alpha1.EntryDeleting, "", ""}},
		"a leftover in a merged target is removed":          {pullOf(noKeys, merge, target(false, "TOKEN", "old"), ours), want{plan.KeyRemove, roomv1alpha1.EntryDeleting, "", ""}},
		"a leftover intent that was done is removed":        {pullOf(noKeys, merge, target(false, "TOKEN", "old"), keyRecorded("TOKEN", intent("old"))), want{plan.KeyRemove, roomv1alpha1.EntryDeleting, "", ""}},
		"a leftover intent that somebody overtook is left":  {pullOf(noKeys, merge, target(false, "TOKEN", "theirs"), keyRecorded("TOKEN", intent("old"))), want{plan.KeyRelease, roomv1alpha1.EntryDeleting, "", ""}},
		"a leftover stays in a merged target with Retain":   {pullOf(noKeys, merge, retained, target(false, "TOKEN", "old"), ours), want{plan.KeyRelease, roomv1alpha1.EntryDeleting, "", ""}},
		"Retain says nothing about a target that we create": {pullOf(noKeys, retained, target(true, "TOKEN", "old"), ours), want{plan.KeyRemove, roomv1alpha1.EntryDeleting, "", ""}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			step := plan.Pull(tc.in).Steps[0]
			got := want{Op: step.Op, State: step.State, Reason: step.Reason}
			if step.After != nil {
				got.Record = step.After.Digest
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("step (-want +got):\n%s", diff)
			}
		})
	}
}

func retained(in *plan.PullInput) { in.Deletion = roomv1alpha1.DeletionRetain }

func TestOneConflictInAMergedTargetDoesNotStopTheOthers(t *testing.T) {
	t.Parallel()
	in := pullOf(creating(roomv1alpha1.CreationMerge), target(false, "TOKEN", "theirs"), func(in *plan.PullInput) {
		in.Keys = append(in.Keys, plan.PullKey{Key: "USER", Row: plan.Row{Identity: own, ID: "user"}})
		in.Observed["USER"] = plan.Observed{Exists: true, Digest: "u1"}
	})
	out := plan.Pull(in)
	var got []string
	for _, step := range out.Steps {
		got = append(got, strings.TrimSpace(step.Key+" "+string(step.Op)+" "+string(step.Reason)))
	}
	if diff := cmp.Diff([]string{"TOKEN keep Conflict", "USER set"}, got); diff != "" || !out.Apply {
		t.Errorf("apply %v, steps (-want +got):\n%s", out.Apply, diff)
	}
}

// typed gives the target a type, and the spec another.
func typed(is, wanted string) func(*plan.PullInput) {
	return func(in *plan.PullInput) { in.Target.Type, in.Target.Wanted = is, wanted }
}
