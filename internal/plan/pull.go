// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
)

// maxTargetBytes is the size that the API server allows for the data of a Secret.
const maxTargetBytes = 1 << 20

// Target is what is known of the Secret that a pull writes.
type Target struct {
	// Name of the Secret.
	Name string
	// Exists says whether it is there.
	Exists bool
	// Owned is true when the Secret itself shows that the RoomSecret created it.
	Owned bool
	// Type is the type it has, and Wanted the type the spec asks for. They cannot differ: a type is never changed.
	Type, Wanted string
	// Immutable is true when its data cannot be changed, and Frozen when it was us who made it so.
	Immutable, Frozen bool
	// Metadata is false when labels, annotations or the owner that the spec asks for, and that may be written, are not there
	// as asked, or when there are others of ours.
	Metadata bool
	// Foreign names a label or annotation that the spec asks for and that somebody else has given another value, in a Secret
	// that is merged into.
	Foreign string
	// Consent is true when the Secret allows the RoomSecret to take it over.
	Consent bool
	// Controller names the object that owns the Secret as its controller, if there is one and it is not the RoomSecret.
	Controller string
	// Deleting is true when the Secret is being deleted.
	Deleting bool
	// Keys has the digest of each key that is there.
	Keys map[string]string
}

// PullInput is everything that decides a pull.
type PullInput struct {
	// Keys that the spec asks for, as Gather returns them.
	Keys []PullKey
	// Observed has, for each row, what the room holds; the digest is that of the key with the row's value.
	Observed map[string]Observed
	// Size is the sum of the sizes of the values found, in bytes.
	Size int
	// Unsettled is true when a source may give keys that are not known; then nothing is taken away because no source gives it.
	Unsettled bool
	// Emptied is true when a find that gave keys finds nothing; then Prune guards whatever would be taken away, however little.
	Emptied bool
	// Ledger has the records, by key, whose seal is valid for this target.
	Ledger map[string]Record
	// Target is what is there.
	Target Target
	// ClaimedBy names the RoomSecret that has the better claim to the target, if any.
	ClaimedBy string
	// Access says what the room allows.
	Access Access
	// Owed says, by key, why the room could not forget what the ledger says it is to forget with the key. The key stays.
	Owed map[string]Problem
	// Prune guards against removing too much at once.
	Prune Prune
	// Creation and Deletion are the policies of the spec.
	Creation roomv1alpha1.CreationPolicy
	Deletion roomv1alpha1.DeletionPolicy
	// Adopt says that the spec asks to take over a target that is not ours, and Name is the name of the RoomSecret, which
	// the target must allow to.
	Adopt bool
	Name  string
	// Immutable says that the spec asks for a target whose data cannot be changed.
	Immutable bool

	// adopting is true when the target is not ours and is to be taken over.
	adopting bool
}

// PullPlan is the decision about a target.
type PullPlan struct {
	// Steps are sorted by key.
	Steps []KeyStep
	// Problem is set when the target as a whole cannot be written; then no step is done.
	Problem *Problem
	// Create is true when the target is to be created.
	Create bool
	// Apply is true when the target differs from what it should be.
	Apply bool
	// Adopt is true when applying takes over a target that is not ours yet. It is made ours before anything is taken out of it.
	Adopt bool
	// Freeze is true when applying makes the target immutable, once everything else is done.
	Freeze bool
	// Stands is true when the target is there, and as far as it is to be written is ours, once the steps are done.
	Stands bool
	// Left is set when something stays as it is although the spec asks for something else; the steps are done all the same.
	Left *Problem
}

// Pull decides a pull.
func Pull(in PullInput) PullPlan {
	out := PullPlan{Problem: in.targetProblem(), Left: in.foreignMetadata()}
	if in.adopting = out.Problem == nil && in.strange(); in.adopting {
		in.Ledger = nil // what it says is of another Secret that had the name
	}
	for i := range in.Keys {
		out.Steps = append(out.Steps, in.decideKey(&in.Keys[i]))
	}
	for key := range maps.Keys(in.Ledger) {
		if !slices.ContainsFunc(in.Keys, func(k PullKey) bool { return k.Key == key }) {
			out.Steps = append(out.Steps, in.decideLeftover(key))
		}
	}
	in.guard(out.Steps)
	slices.SortFunc(out.Steps, func(a, b KeyStep) int { return cmp.Compare(a.Key, b.Key) })
	if out.Problem == nil {
		out.Problem = out.limit()
	}
	if out.Problem == nil {
		out = in.decideTarget(out)
	}
	if out.Problem != nil {
		in.stop(out.Steps)
		return out
	}
	out.Stands = out.Create || (in.Target.Exists && in.adopting == out.Adopt)
	return out
}

// stop leaves every record as it is, when no step is done. An intent to take a target over is given up with the target.
func (in PullInput) stop(steps []KeyStep) {
	for i, step := range steps {
		steps[i].After = step.Before
		if step.Before != nil && !step.Before.Confirmed && in.strange() {
			steps[i].After = nil
		}
	}
}

// targetProblem says why the target as a whole may not be written.
func (in PullInput) targetProblem() *Problem {
	exists, merge := in.Target.Exists, in.Creation == roomv1alpha1.CreationMerge
	switch {
	case in.ClaimedBy != "":
		return &Problem{Reason: roomv1alpha1.ReasonConflict, Message: fmt.Sprintf("RoomSecret %s already writes Secret %q: choose another target name, or delete one of the two.", in.ClaimedBy, in.Target.Name)}
	case in.Size > maxTargetBytes:
		return &Problem{Reason: roomv1alpha1.ReasonTooLarge, Message: "The values are larger than the 1 MiB that a Secret can hold: split the entries over several RoomSecrets."}
	case merge && !exists:
		return &Problem{Reason: roomv1alpha1.ReasonTargetNotFound, Message: fmt.Sprintf("Secret %q does not exist, and creationPolicy Merge does not create it: create it, or use Owner.", in.Target.Name)}
	case in.strange() && !in.mayAdopt():
		return in.strangeProblem()
	case !merge && exists && in.Target.Type != in.Target.Wanted:
		return &Problem{Reason: roomv1alpha1.ReasonTypeMismatch, Message: fmt.Sprintf("Secret %q has type %s and should have type %s, which cannot be changed: correct target.type, or delete it, and it is created again.", in.Target.Name, in.Target.Type, in.Target.Wanted)}
	}
	return nil
}

// ours reports whether a key that is in the target is ours. In a Secret that we created every key is, and no record is
// needed. In one that we merge into it takes a record, and an intent counts only when what is there is what we meant to
// write.
func (in PullInput) ours(key string) bool {
	if in.Creation != roomv1alpha1.CreationMerge {
		return in.Target.Owned || in.adopting
	}
	record, ok := in.Ledger[key]
	return ok && (record.Confirmed || in.Target.Keys[key] == record.Digest)
}

func (in PullInput) decideKey(want *PullKey) KeyStep {
	step := KeyStep{Key: want.Key, Wanted: want, Op: KeyKeep}
	if before, ok := in.Ledger[want.Key]; ok {
		step.Before, step.After = &before, &before
	}
	there, exists := in.Target.Keys[want.Key]
	step.ours, step.there = exists && in.ours(want.Key), there
	seen, looked := in.Observed[want.Key]
	debt, owed := in.Owed[want.Key]
	switch {
	case want.Row != (Row{}) && !in.Access.Allows(want.Row, want.operation()):
		return step.stop(*want.denied())
	case exists && !step.ours:
		step.After = nil
		return step.stop(*foreignKey(want.Key))
	case owed:
		return step.stop(debt)
	case !looked:
		return step.stop(*notRead())
	case seen.Unknown != nil:
		return step.stop(*seen.Unknown)
	case !seen.Exists:
		return step.missing(want.OnMissing, exists)
	case seen.unreadable():
		return step.stop(*unreadable())
	}
	step.State = roomv1alpha1.EntryInSync
	step.After = &Record{Digest: seen.Digest, Origin: in.origin(step), Confirmed: true, Source: want.Entry, Asked: want.Asked}
	if there != seen.Digest {
		step.Op = KeySet
	}
	return step
}

// decideLeftover decides about a key of the ledger that no source gives any more.
func (in PullInput) decideLeftover(key string) KeyStep {
	before := in.Ledger[key]
	step := KeyStep{Key: key, Op: KeyRelease, State: roomv1alpha1.EntryDeleting, Before: &before}
	there, exists := in.Target.Keys[key]
	step.ours, step.there = exists && in.ours(key), there
	if debt, owed := in.Owed[key]; owed {
		step = step.stop(debt)
		step.Op, step.After = KeyKeep, &before
		return step
	}
	if in.Unsettled {
		step.Op, step.After, step.Reason = KeyKeep, &before, roomv1alpha1.ReasonProgressing
		step.Message = "No source gives this key any more; it stays until it is known what all of them give."
		return step
	}
	retain := in.Creation == roomv1alpha1.CreationMerge && in.Deletion == roomv1alpha1.DeletionRetain
	if step.ours && !retain {
		step.Op = KeyRemove
	}
	return step
}

// decideTarget decides whether the target is created or written, given the steps.
func (in PullInput) decideTarget(out PullPlan) PullPlan {
	incomplete := slices.ContainsFunc(out.Steps, KeyStep.incomplete)
	edits := out.Edits()
	releases := slices.ContainsFunc(out.Steps, func(s KeyStep) bool { return s.Op == KeyRelease })
	switch {
	case !in.Target.Exists:
		// A target that pods wait for is never created half: it appears once all of it is known.
		if incomplete {
			out.wait("The target is created once all of its keys are known.")
			return out
		}
		if out.Problem = in.lacks(out.Steps); out.Problem != nil {
			return out
		}
		out.Create = true
	case in.adopting && incomplete: // nor is it taken over half
		out.wait("The target is taken over once all of its keys are known.")
	default:
		if out.Problem = cmp.Or(in.immutableProblem(edits), in.lacks(out.Steps)); out.Problem != nil {
			return out
		}
		out.Adopt = in.adopting
		// What is not known yet could never be added.
		out.Freeze = in.Immutable && !in.Target.Immutable && !incomplete
		out.Apply = edits || releases || !in.Target.Metadata || in.adopting || out.Freeze
	}
	return out
}

// immutableProblem says why a target that is immutable has to be deleted. Its labels can still change.
func (in PullInput) immutableProblem(edits bool) *Problem {
	switch {
	case edits && in.Target.Immutable:
		return &Problem{Reason: roomv1alpha1.ReasonTargetImmutable, Message: fmt.Sprintf("Secret %q is immutable and would have to change: delete it, and it is created again.", in.Target.Name)}
	case in.Target.Frozen && !in.Immutable:
		return &Problem{Reason: roomv1alpha1.ReasonTargetImmutable, Message: fmt.Sprintf("Secret %q is immutable, which cannot be undone: delete it, and it is created again, or set target.immutable.", in.Target.Name)}
	}
	return nil
}

// wait puts off all steps.
func (p PullPlan) wait(message string) {
	for i := range p.Steps {
		p.Steps[i] = p.Steps[i].wait(message)
	}
}

// Intents returns the records to write to the ledger before the target is written, by key. Keys that are merged
// into a Secret of somebody else need them: a Secret that we create shows itself whose it is. An intent that turned out
// to be done is confirmed before its key changes again: after that, what is there would no longer prove that it is ours.
// The keys of a Secret that is taken over need them too, or a crash would make us forget that they were there before; then
// these records are all that is to be in the ledger.
func (p PullPlan) Intents(creation roomv1alpha1.CreationPolicy) map[string]Record {
	intents := map[string]Record{}
	if p.Adopt {
		for _, step := range p.Steps {
			if step.After != nil && step.After.Origin == roomv1alpha1.OriginAdopted {
				intents[step.Key] = Record{Digest: step.After.Digest, Origin: step.After.Origin}
			}
		}
		return intents
	}
	if creation != roomv1alpha1.CreationMerge || !p.Apply {
		return intents
	}
	for _, step := range p.Steps {
		if step.Op != KeySet || (step.Before != nil && step.Before.Confirmed) {
			continue
		}
		intent := *step.After
		intent.Confirmed = false
		if step.Before != nil && step.ours {
			intent = *step.Before
			intent.Confirmed = true
		}
		if step.Before == nil || *step.Before != intent {
			intents[step.Key] = intent
		}
	}
	return intents
}
