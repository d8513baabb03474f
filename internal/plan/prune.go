// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
)

// pruneFloor is how much may always be deleted at once.
const pruneFloor = 2

// Prune guards against deleting most of what an object has at once, as it happens when a list is suddenly empty. The zero
// value does not guard.
type Prune struct {
	// Guard is true when a person must confirm that more than half of what there is of ours is to be deleted. What is written
	// now counts, or the answer would be another one once it has been.
	Guard bool
	// Confirmed is the value of the annotation with which somebody did.
	Confirmed string
}

// problem returns why the names, out of so many records, may not be deleted together; nil when they may. A few may always
// be.
func (p Prune) problem(names []string, records int) *Problem {
	if !most(len(names), records) {
		return nil
	}
	return p.unconfirmed(names, records)
}

// most reports whether so many out of all are too many to go without being asked for.
func most(names, all int) bool { return names > pruneFloor && 2*names > all }

// untilKnown returns why names may not be deleted yet, as long as it is not known of so many others whether they go with them;
// nil when that makes no difference. Or what may not go together would go one after the other, as an outage ends.
func (p Prune) untilKnown(names []string, others []Problem, records int) *Problem {
	if !p.Guard || len(names) == 0 || len(others) == 0 || !most(len(names)+len(others), records) {
		return nil
	}
	return &Problem{
		Reason: others[0].Reason, Passing: true,
		Message: "It stays until it is known whether most of what there is would be deleted at once.",
	}
}

// unconfirmed returns why the names may not be deleted unless somebody confirms it; nil when somebody did, or there are none.
func (p Prune) unconfirmed(names []string, records int) *Problem {
	if !p.Guard || len(names) == 0 {
		return nil
	}
	token := pruneToken(names)
	if p.Confirmed == token {
		return nil
	}
	return &Problem{Reason: roomv1alpha1.ReasonPruneBlocked, Message: fmt.Sprintf(
		"%d of %d would be deleted at once. If that is meant, set the annotation %s to %q; if not, bring back what is missing.",
		len(names), records, roomv1alpha1.AnnotationConfirmPrune, token)}
}

// pruneToken is a value that stands for exactly these names, so that a confirmation is good for nothing else.
func pruneToken(names []string) string {
	sum := sha256.Sum256([]byte(strings.Join(slices.Sorted(slices.Values(names)), "\n")))
	return hex.EncodeToString(sum[:6])
}

// guard keeps the rows that would be deleted, unless that is allowed.
func (in PushInput) guard(steps []Step) {
	var names []string
	var others []Problem
	count := 0
	for _, step := range steps {
		if step.After != nil || step.Op == OpDelete {
			count++
		}
		switch {
		case step.Op == OpDelete:
			names = append(names, step.Name(""))
		case step.Wanted == nil && step.Passing:
			others = append(others, Problem{Reason: step.Reason})
		}
	}
	problem := cmp.Or(in.Prune.problem(names, count), in.Prune.untilKnown(names, others, count))
	for i := range steps {
		if problem != nil && steps[i].Op == OpDelete {
			steps[i] = steps[i].stop(*problem)
			steps[i].After = steps[i].Before
		}
	}
}

// guard keeps the keys that would be removed, unless that is allowed. What finds gave is guarded, however little it is, when
// one of them suddenly finds nothing.
func (in PullInput) guard(steps []KeyStep) {
	var names, found []string
	var others []Problem
	count := 0
	for _, step := range steps {
		if step.After != nil || step.Op == KeyRemove {
			count++
		}
		if step.undecided() {
			others = append(others, Problem{Reason: step.Reason})
		}
		if step.Op != KeyRemove {
			continue
		}
		names = append(names, step.Key)
		if in.Emptied && step.found() {
			found = append(found, step.Key)
		}
	}
	if in.Prune.unconfirmed(names, count) == nil {
		return // who confirmed all of it confirmed each part
	}
	all := cmp.Or(in.Prune.problem(names, count), in.Prune.untilKnown(names, others, count))
	last := in.Prune.unconfirmed(found, count)
	for i, step := range steps {
		problem := all
		if problem == nil && in.Emptied && step.found() {
			problem = last
		}
		if step.Op == KeyRemove && problem != nil {
			steps[i] = step.stop(*problem)
			steps[i].Op, steps[i].After = KeyKeep, step.Before
		}
	}
}

// undecided reports whether it is not known yet whether the key is to be removed.
func (s KeyStep) undecided() bool {
	if s.Wanted == nil {
		return s.Op == KeyKeep && (s.Passing || s.State == roomv1alpha1.EntryDeleting)
	}
	return s.ours && s.Passing && s.Wanted.OnMissing == roomv1alpha1.OnMissingRemove
}

// found reports whether a find gave the key.
func (s KeyStep) found() bool { return s.Before != nil && isFind(s.Before.Source) }
