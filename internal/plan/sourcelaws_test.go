// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/plan"
)

func TestPlanningAgainAfterSourcesWereReadGivesNothing(t *testing.T) {
	t.Parallel()
	randomly(t, 1500, func(t *testing.T, d dice) {
		w := anySourceWorld(d)
		w.live(-1)
		w.checkStill(t)
	})
}

// checkStill checks that there is nothing left to do.
func (w *sourceWorld) checkStill(t *testing.T) {
	t.Helper()
	in, problem := w.look()
	if problem != nil {
		return
	}
	out := w.plan(in)
	if out.Create || out.Apply || len(out.Intents(in.Creation)) > 0 {
		t.Errorf("still to do: create %v, apply %v, intents %v:\n%s", out.Create, out.Apply, out.Intents(in.Creation), out.Story(own))
	}
	for _, step := range out.Steps {
		if diff := gocmp.Diff(step.Before, step.After); diff != "" && w.target.Exists && out.Problem == nil {
			t.Errorf("the record of %s would change again (-before +after):\n%s", step.Key, diff)
		}
	}
	for _, fault := range w.faults {
		t.Error(fault)
	}
}

func TestTheOrderOfEntriesAndListsDoesNotMatter(t *testing.T) {
	t.Parallel()
	randomly(t, 1000, func(t *testing.T, d dice) {
		w := anySourceWorld(d)
		w.live(-1)
		w.stir(d)
		in, _ := w.look()
		want := w.plan(in)
		slices.Reverse(w.spec.Entries)
		reversed, _ := w.look() // the list comes out of a map, in another order each time
		if diff := gocmp.Diff(want, w.plan(reversed), cmpopts.IgnoreUnexported(plan.KeyStep{})); diff != "" {
			t.Errorf("plan (-in order +reversed):\n%s", diff)
		}
	})
}

func TestAListThatFailsChangesNothing(t *testing.T) {
	t.Parallel()
	randomly(t, 1500, func(t *testing.T, d dice) {
		w := anySourceWorld(d)
		w.calm()
		w.live(-1)
		w.unlisted = true
		for range d(4) {
			if w.stir(d); !w.unlisted {
				w.unlisted = true
			}
		}
		if d.oneIn(3) {
			w.respec(d)
		}
		before := w.clone()
		w.live(-1)
		for key, digest := range before.target.Keys {
			source := cmp.Or(before.ledger[key].Source, key)
			if w.queried(source) && w.target.Keys[key] != digest {
				t.Errorf("%s came from %s and was %q; it is %q", key, source, digest, w.target.Keys[key])
			}
		}
		w.checkStill(t)
	})
}

func TestARoomThatIsSuddenlyEmptyTakesNothingOfAFindAway(t *testing.T) {
	t.Parallel()
	randomly(t, 1500, func(t *testing.T, d dice) {
		w := anySourceWorld(d)
		w.calm()
		w.live(-1)
		if d.oneIn(3) {
			w.respec(d)
		}
		clear(w.rows)
		before := w.clone()
		w.live(-1)
		for key, digest := range before.target.Keys {
			source := before.ledger[key].Source
			if strings.HasPrefix(source, "find[") && w.queried(source) && w.target.Keys[key] != digest {
				t.Errorf("%s came from %s and was %q; it is %q", key, source, digest, w.target.Keys[key])
			}
		}
		w.checkStill(t)
	})
}

func TestAValueThatCannotBeReadKeepsEveryKeyThatItGave(t *testing.T) {
	t.Parallel()
	randomly(t, 1500, func(t *testing.T, d dice) {
		w := anySourceWorld(d)
		w.calm()
		w.spec.Entries = append(w.spec.Entries, roomv1alpha1.PullEntry{Key: "sure", ID: "sure", Extract: roomv1alpha1.ExtractJSON, OnMissing: roomv1alpha1.OnMissingRemove})
		w.put("sure", "json", `{"one":"1","two":"2"}`)
		w.access = plan.Access{Everything: true, Own: own}
		w.live(-1)
		before := maps.Clone(w.target.Keys)
		switch row := (plan.Row{Identity: own, ID: "sure"}); d(3) {
		case 0:
			w.unread[row] = true
		case 1:
			w.put("sure", "json", `no JSON`)
		case 2:
			w.access = plan.Access{Own: own}
		}
		w.live(-1)
		for _, key := range []string{"one", "two"} {
			if w.target.Keys[key] != before[key] {
				t.Errorf("%s was %q and is %q", key, before[key], w.target.Keys[key])
			}
		}
		w.checkStill(t)
	})
}

func TestAWithdrawnRuleTakesNothingAway(t *testing.T) {
	t.Parallel()
	randomly(t, 1500, func(t *testing.T, d dice) {
		w := anySourceWorld(d)
		w.calm()
		w.access = plan.Access{Everything: true, Own: own}
		w.live(-1)
		w.access = plan.Access{Own: own}
		if d.oneIn(2) {
			w.access.Rules = []roomv1alpha1.AccessRule{{IDs: []roomv1alpha1.Pattern{"b", "app-b"}, Operations: []roomv1alpha1.Operation{roomv1alpha1.OperationRead}}}
		}
		before := maps.Clone(w.target.Keys)
		w.live(-1)
		for key := range before {
			if _, there := w.target.Keys[key]; !there {
				t.Errorf("%s is gone", key)
			}
		}
		w.checkStill(t)
	})
}

func TestTwoSourcesForOneKeyAreAConflictThatNamesBoth(t *testing.T) {
	t.Parallel()
	contested := 0
	randomly(t, 1000, func(t *testing.T, d dice) {
		w := anySourceWorld(d)
		w.calm()
		w.access = plan.Access{Everything: true, Own: own}
		in, problem := w.look()
		if problem != nil {
			return
		}
		out := w.plan(in)
		for key, sources := range w.givers() {
			if len(sources) < 2 || out.Problem != nil || strings.Contains(key, "[") {
				continue // what has a bracket stands for a source
			}
			contested++
			i := slices.IndexFunc(out.Steps, func(s plan.KeyStep) bool { return s.Key == key })
			step := out.Steps[i]
			if step.Op != plan.KeyKeep || step.Reason != roomv1alpha1.ReasonConflict {
				t.Errorf("%s: %s %s", key, step.Op, step.Reason)
			}
			for _, source := range sources[:2] {
				if !strings.Contains(step.Message, " "+source+" ") {
					t.Errorf("%s: %q does not name %s", key, step.Message, source)
				}
			}
		}
	})
	if contested < 100 {
		t.Errorf("only %d keys had two sources", contested)
	}
}

// givers returns which sources give each key, by reading each source alone.
func (w *sourceWorld) givers() map[string][]string {
	givers := map[string][]string{}
	alone := w.clone()
	take := func(handle string) {
		in, _ := alone.look()
		for _, key := range in.Keys {
			givers[key.Key] = append(givers[key.Key], handle)
		}
	}
	for _, entry := range w.spec.Entries {
		alone.spec.Entries, alone.spec.Find = []roomv1alpha1.PullEntry{entry}, nil
		take(entry.Key)
	}
	for i, find := range w.spec.Find {
		alone.spec.Entries, alone.spec.Find = nil, []roomv1alpha1.PullFind{find}
		take([]string{"find[0]", "find[1]"}[i])
	}
	for _, sources := range givers {
		slices.Sort(sources)
	}
	return givers
}

func TestOnlyKeysOfOursAreTouchedWhateverTheSourcesGive(t *testing.T) {
	t.Parallel()
	randomly(t, 1500, checkSourceHistory)
}

// checkSourceHistory lives through changes of the room, of what can be seen of it, and of the spec, and through crashes.
func checkSourceHistory(t *testing.T, d dice) {
	t.Helper()
	w := anySourceWorld(d)
	for range 3 + d(5) {
		switch d(5) {
		case 0:
			w.respec(d)
		case 1:
			w.meddle(d, pick(d, "a", "b", "x", "y"), w.spec.Target.CreationPolicy)
		default:
			w.stir(d)
		}
		w.live(d(5) - 1)
	}
	w.live(-1)
	w.checkStill(t)
}

func TestACrashAnywhereChangesNothingWhateverTheSourcesGive(t *testing.T) {
	t.Parallel()
	randomly(t, 700, checkSourceCrashes)
}

// checkSourceCrashes crashes after every effect of a pull, and again after every effect of the next one.
func checkSourceCrashes(t *testing.T, d dice) {
	t.Helper()
	before := anySourceWorld(d)
	if d.oneIn(2) {
		before.live(-1)
		before.stir(d)
	}
	want := before.clone()
	want.live(-1)
	for one, crashed := 0, true; crashed; one++ {
		w := before.clone()
		_, lived := w.live(one)
		crashed = !lived
		for two, again := 0, true; again; two++ {
			w := w.clone()
			_, lived := w.live(two)
			again = !lived
			w.live(-1)
			if diff := gocmp.Diff(want.target, w.target); diff != "" {
				t.Errorf("target after crashes at %d and %d (-without +with):\n%s", one, two, diff)
			}
			if diff := gocmp.Diff(want.ledger, w.ledger); diff != "" {
				t.Errorf("ledger after crashes at %d and %d (-without +with):\n%s", one, two, diff)
			}
		}
	}
}

// FuzzSources throws the dice of the laws of sources from bytes.
func FuzzSources(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte("\x01\x02\x03\x04\x05\x06\x07\x00\x01\x02\x03\x04\x05\x06\x07\x03\x01\x04\x01\x05\x09\x02\x06"))
	f.Add([]byte("the quick brown fox jumps over the lazy dog, and the dog does not mind at all"))
	f.Fuzz(func(t *testing.T, data []byte) {
		w := anySourceWorld(fromBytes(data))
		w.live(-1)
		w.checkStill(t)
		checkSourceHistory(t, fromBytes(data))
		checkSourceCrashes(t, fromBytes(data))
	})
}
