// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/plan"
)

func TestPlanningAgainAfterThePullGivesNothing(t *testing.T) {
	t.Parallel()
	randomly(t, 5000, func(t *testing.T, d dice) {
		in := anyPull(d)
		checkPullIdempotence(t, anyPullWorld(d, in.Creation), in)
	})
}

func checkPullIdempotence(t *testing.T, w *pullWorld, in plan.PullInput) {
	t.Helper()
	w.reconcile(in, -1)
	out := w.plan(in)
	if out.Create || out.Apply || len(out.Intents(in.Creation)) > 0 {
		t.Errorf("still to do: create %v, apply %v, intents %v", out.Create, out.Apply, out.Intents(in.Creation))
	}
	for _, step := range out.Steps {
		if out.Problem != nil {
			break
		}
		if diff := cmp.Diff(step.Before, step.After); diff != "" && w.target.Exists {
			t.Errorf("the record of %s would change again (-before +after):\n%s", step.Key, diff)
		}
	}
	for _, fault := range w.faults {
		t.Error(fault)
	}
}

func TestTheOrderOfPullKeysDoesNotMatter(t *testing.T) {
	t.Parallel()
	randomly(t, 2000, func(t *testing.T, d dice) {
		in := anyPull(d)
		w := anyPullWorld(d, in.Creation)
		reversed := in
		reversed.Keys = nil
		for _, key := range in.Keys {
			reversed.Keys = append([]plan.PullKey{key}, reversed.Keys...)
		}
		if diff := cmp.Diff(w.plan(in), w.plan(reversed), cmpopts.IgnoreUnexported(plan.KeyStep{})); diff != "" {
			t.Errorf("plan (-sorted +reversed):\n%s", diff)
		}
	})
}

func TestAnUnknownRowIsNeitherPulledNorRemoved(t *testing.T) {
	t.Parallel()
	randomly(t, 5000, func(t *testing.T, d dice) {
		in := anyPull(d)
		w := anyPullWorld(d, in.Creation)
		for _, step := range w.plan(in).Steps {
			if step.Wanted == nil || w.room[step.Key].Unknown == nil {
				continue
			}
			gaveUp := step.Reason == roomv1alpha1.ReasonConflict && step.After == nil
			if step.Op != plan.KeyKeep || step.State == roomv1alpha1.EntryInSync || (!gaveUp && !cmp.Equal(step.Before, step.After)) {
				t.Errorf("%s: %s %s, record %v becomes %v", step.Key, step.Op, step.State, step.Before, step.After)
			}
		}
	})
}

func TestAnIncompleteTargetIsNeverCreated(t *testing.T) {
	t.Parallel()
	randomly(t, 5000, func(t *testing.T, d dice) {
		in := anyPull(d)
		w := anyPullWorld(d, in.Creation)
		out := w.plan(in)
		for _, step := range out.Steps {
			seen := w.room[step.Key]
			optional := step.Wanted != nil && step.Wanted.OnMissing != roomv1alpha1.OnMissingFail && !seen.Exists && seen.Unknown == nil
			if out.Create && step.Wanted != nil && step.Op != plan.KeySet && !optional {
				t.Errorf("the target is created without %s: %s %s", step.Key, step.State, step.Reason)
			}
			if !out.Create && out.Problem == nil && !w.target.Exists && step.Wanted != nil && !optional &&
				(step.State == roomv1alpha1.EntryInSync || !cmp.Equal(step.Before, step.After)) {
				t.Errorf("%s is %s with record %v in a target that is not created", step.Key, step.State, step.After)
			}
		}
	})
}

func TestOnlyKeysOfOursAreTouched(t *testing.T) {
	t.Parallel()
	randomly(t, 5000, checkPullHistory)
}

// checkPullHistory lives through a history of changes of the room and the spec, crashes, and people who meddle with the target.
func checkPullHistory(t *testing.T, d dice) {
	t.Helper()
	in := anyPull(d)
	w := anyPullWorld(d, in.Creation)
	for range 3 + d(5) {
		key := pick(d, pullKeys...)
		switch d(4) {
		case 0:
			next := anyPull(d)
			if merges(next) != merges(in) {
				w.voidRecords() // their seal says whether they are of merged keys
			}
			in, w.target.Metadata = next, false
		case 1:
			w.turn(d, key)
		case 2:
			w.meddle(d, key, in.Creation)
		}
		w.reconcile(in, d(5)-1)
	}
	for _, fault := range w.faults {
		t.Error(fault)
	}
}

func merges(in plan.PullInput) bool { return in.Creation == roomv1alpha1.CreationMerge }

func TestATargetThatIsCreatedSaysItselfWhoseItIs(t *testing.T) {
	t.Parallel()
	randomly(t, 5000, func(t *testing.T, d dice) {
		in := anyPull(d)
		in.Creation = pick(d, roomv1alpha1.CreationOwner, roomv1alpha1.CreationOrphan)
		in.ClaimedBy, in.Size, in.Adopt = "", 0, false
		w := anyPullWorld(d, in.Creation)
		maps.Copy(w.ledger, anyPullWorld(d, roomv1alpha1.CreationMerge).ledger) // whatever the ledger says
		out := w.plan(in)
		conflict := reasonOf(out.Problem) == roomv1alpha1.ReasonConflict
		if theirs := w.target.Exists && !w.target.Owned; conflict != theirs {
			t.Errorf("the target is somebody else's: %v, problem %v", theirs, out.Problem)
		}
		if intents := out.Intents(in.Creation); len(intents) > 0 {
			t.Errorf("intents %v", intents)
		}
	})
}

func TestATargetOfOursStaysOursWhenItLosesItsKeys(t *testing.T) {
	t.Parallel()
	randomly(t, 3000, func(t *testing.T, d dice) {
		in := anyPull(d)
		in.Creation = pick(d, roomv1alpha1.CreationOwner, roomv1alpha1.CreationOrphan)
		in.ClaimedBy, in.Size = "", 0
		w := anyPullWorld(d, in.Creation)
		w.target = plan.Target{Name: w.target.Name, Exists: true, Owned: true, Keys: map[string]string{}}
		w.reconcile(in, -1)
		for _, key := range in.Keys {
			value := w.room[key.Key].Digest
			if value != "" && in.Access.Allows(key.Row, roomv1alpha1.OperationRead) && w.target.Keys[key.Key] != value {
				t.Errorf("%s was lost and is not put back: %q", key.Key, w.target.Keys[key.Key])
			}
		}
		checkPullIdempotence(t, w, in)
	})
}

func TestWhatSomebodyCreatesAnewIsNotOurs(t *testing.T) {
	t.Parallel()
	randomly(t, 5000, func(t *testing.T, d dice) {
		in := anyPull(d)
		w := anyPullWorld(d, in.Creation)
		w.reconcile(in, d(5)-1)
		was := w.target.Keys
		w.vanish(in.Creation)
		in.Adopt = false
		w.appear("other", "theirs")
		maps.Copy(w.target.Keys, was) // it may even look just the same
		stranger := maps.Clone(w.target.Keys)
		w.reconcile(in, -1)
		for key, digest := range stranger {
			if w.target.Keys[key] != digest {
				t.Errorf("%s of somebody else is now %q", key, w.target.Keys[key])
			}
		}
		if !merges(in) && !maps.Equal(w.target.Keys, stranger) {
			t.Errorf("keys were added to the target of somebody else: %v", w.target.Keys)
		}
		checkPullIdempotence(t, w, in)
	})
}

func TestACrashAnywhereInAPullChangesNothing(t *testing.T) {
	t.Parallel()
	randomly(t, 3000, checkPullCrashes)
}

// checkPullCrashes crashes after every effect of a pull, and again after every effect of the next one, before which the room
// may have changed. What comes out must be what comes out without a crash.
func checkPullCrashes(t *testing.T, d dice) {
	t.Helper()
	in := anyPull(d)
	before := anyPullWorld(d, in.Creation)
	before.target.Immutable, before.target.Frozen, in.Immutable = false, false, false // or a change that came in time without the crash would now come too late
	if merges(in) {
		before.target.Owned = false // a RoomSecret that creates its target never becomes one that merges
	}
	rotated := map[string]plan.Observed{}
	for key, seen := range before.room {
		if rotated[key] = seen; seen.Exists && seen.Digest != "" {
			rotated[key] = plan.Observed{Exists: true, Digest: pick(d, "rotated", seen.Digest)}
		}
	}
	want := before.clone()
	want.reconcile(in, -1)
	want.room = rotated
	want.reconcile(in, -1)

	for one, crashed := 0, true; crashed; one++ {
		w := before.clone()
		crashed = !w.reconcile(in, one)
		w.room = rotated
		for two, again := 0, true; again; two++ {
			w := w.clone()
			again = !w.reconcile(in, two)
			w.reconcile(in, -1)
			if diff := cmp.Diff(want.target, w.target); diff != "" {
				t.Errorf("target after crashes at %d and %d (-without +with):\n%s", one, two, diff)
			}
			if diff := cmp.Diff(want.ledger, w.ledger); diff != "" {
				t.Errorf("ledger after crashes at %d and %d (-without +with):\n%s", one, two, diff)
			}
		}
	}
}

func TestATargetIsTakenOverWholeOrNotAtAll(t *testing.T) {
	t.Parallel()
	adopted := 0
	randomly(t, 5000, func(t *testing.T, d dice) {
		in := anyPull(d)
		in.Creation, in.Adopt = pick(d, roomv1alpha1.CreationOwner, roomv1alpha1.CreationOrphan), true
		w := anyPullWorld(d, in.Creation)
		w.target.Exists, w.target.Owned = true, false
		before := w.clone()
		out := w.plan(in)
		w.reconcile(in, -1)
		if !out.Adopt {
			if diff := cmp.Diff(before.target, w.target); diff != "" {
				t.Errorf("a target that is not taken over has changed:\n%s", diff)
			}
			return
		}
		adopted++
		asked := map[string]bool{}
		for _, step := range out.Steps {
			asked[step.Key] = step.Wanted != nil
			_, there := before.target.Keys[step.Key]
			if step.After != nil && (step.After.Origin == roomv1alpha1.OriginAdopted) != there {
				t.Errorf("%s was there: %v, and is %s", step.Key, there, step.After.Origin)
			}
		}
		for key, digest := range before.target.Keys {
			if !asked[key] && w.target.Keys[key] != digest {
				t.Errorf("%s, which nobody asked for, is now %q", key, w.target.Keys[key])
			}
		}
		checkPullIdempotence(t, w, in)
	})
	if adopted < 100 {
		t.Errorf("only %d targets were taken over", adopted)
	}
}

func TestTheContentOfATargetIsWhatIsThereAfterwards(t *testing.T) {
	t.Parallel()
	stood := 0
	randomly(t, 5000, func(t *testing.T, d dice) {
		in := anyPull(d)
		w := anyPullWorld(d, in.Creation)
		first := w.plan(in)
		w.reconcile(in, -1)
		second := w.plan(in)
		if !first.Stands {
			return
		}
		stood++
		if diff := cmp.Diff(first.Content(), second.Content()); diff != "" || !second.Stands || second.Edits() {
			t.Errorf("stands %v, edits %v, content (-before +after):\n%s", second.Stands, second.Edits(), diff)
		}
	})
	if stood < 100 {
		t.Errorf("only %d targets stood", stood)
	}
}

// What somebody has to confirm is still to be confirmed once everything else has been done.
func TestAGuardDoesNotChangeItsMind(t *testing.T) {
	t.Parallel()
	guarded := 0
	randomly(t, 20000, func(t *testing.T, d dice) {
		in := anyPull(d)
		w := anyPullWorld(d, in.Creation)
		first := w.plan(in)
		w.reconcile(in, -1)
		second := w.plan(in)
		before, after := blockedMessages(first), blockedMessages(second)
		guarded += len(before)
		if diff := cmp.Diff(before, after); diff != "" && first.Problem == nil && second.Problem == nil {
			t.Errorf("guarded (-before +after):\n%s", diff)
		}
	})
	if guarded < 20 {
		t.Errorf("only %d keys were guarded", guarded)
	}
}

func blockedMessages(p plan.PullPlan) map[string]string {
	messages := map[string]string{}
	for _, step := range p.Steps {
		if step.Reason == roomv1alpha1.ReasonPruneBlocked {
			messages[step.Key] = step.Message
		}
	}
	return messages
}

// FuzzPull throws the dice of the laws from bytes.
func FuzzPull(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte("\x01\x02\x03\x04\x05\x06\x07\x00\x01\x02\x03\x04\x05\x06\x07"))
	f.Add([]byte("the quick brown fox jumps over the lazy dog, and the dog does not mind at all"))
	f.Fuzz(func(t *testing.T, data []byte) {
		d := fromBytes(data)
		in := anyPull(d)
		checkPullIdempotence(t, anyPullWorld(d, in.Creation), in)
		checkPullHistory(t, fromBytes(data))
		checkPullCrashes(t, fromBytes(data))
	})
}
