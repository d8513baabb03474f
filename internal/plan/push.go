// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"fmt"
	"maps"
	"slices"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
)

// Op is something to do to a row of the room.
type Op string

const (
	// OpNone leaves the row as it is.
	OpNone Op = "none"
	// OpCreate writes a row that is not there.
	OpCreate Op = "create"
	// OpUpdate writes a row of ours that differs.
	OpUpdate Op = "update"
	// OpAdopt takes over a row that is not ours.
	OpAdopt Op = "adopt"
	// OpDelete deletes a row of ours.
	OpDelete Op = "delete"
	// OpForget drops the record of a row and leaves the row.
	OpForget Op = "forget"
)

// PushInput is everything that decides a push.
type PushInput struct {
	// Rows that the spec asks for, as PushRows returns them.
	Rows []PushRow
	// Digests of what the rows should hold. A row with a Problem has none.
	Digests map[Row]string
	// Ledger has the records whose seal is valid.
	Ledger map[Row]Record
	// Observed has an item for each row in Rows and in Ledger. A row without one is unknown.
	Observed map[Row]Observed
	// Claimed names, for rows that another RoomSecret has the better claim to, that RoomSecret.
	Claimed map[Row]string
	// Own is the identity of the operator in the room.
	Own string
	// CanDelete reports whether the credential can delete rows of an identity.
	CanDelete func(identity string) bool
	// Access says what the room allows.
	Access Access
	// Prune guards against deleting too much at once.
	Prune Prune
	// Conflict, Drift and Deletion are the policies of the spec.
	Conflict roomv1alpha1.ConflictPolicy
	Drift    roomv1alpha1.DriftPolicy
	Deletion roomv1alpha1.DeletionPolicy
}

// Step is the decision about one row.
type Step struct {
	Row
	// Wanted is the row of the spec, and nil for a row that is no longer wanted.
	Wanted *PushRow
	// Op is what to do.
	Op Op
	// State, Reason and Message are what to report when Op succeeds (or is OpNone).
	State   roomv1alpha1.EntryState
	Reason  roomv1alpha1.Reason
	Message string
	// Passing is true when State is not final and trying again may help.
	Passing bool
	// Before is the record of the ledger, and nil when there was none.
	Before *Record
	// After is the record once Op succeeded, and nil when there is to be none.
	After *Record
	// Left is true when a row of ours had to be left behind in the room although it should have been deleted.
	Left bool
}

// Intent returns the record to write to the ledger before Op runs, and whether there is one. What is created or adopted
// is recorded as an intent, and what is deleted is still recorded. An intent that turned out to be done is confirmed
// before its row changes again: after that, what is there would no longer prove that the row is ours.
func (s Step) Intent() (Record, bool) {
	switch s.Op {
	case OpCreate, OpAdopt:
		if s.Before != nil && s.Before.Confirmed {
			return *s.Before, false // a row of ours that vanished: its record already says that it is ours
		}
		intent := *s.After
		intent.Confirmed = false
		return intent, s.Before == nil || *s.Before != intent
	case OpDelete:
		return *s.Before, true
	case OpUpdate:
		done := *s.Before
		done.Confirmed = true
		return done, done != *s.Before
	case OpNone, OpForget:
	}
	return Record{}, false
}

// Writes reports whether the step changes the room.
func (s Step) Writes() bool { return s.Op != OpNone && s.Op != OpForget }

// Push decides a push. The steps are sorted by row.
func Push(in PushInput) []Step {
	steps := make([]Step, 0, len(in.Rows)+len(in.Ledger))
	wanted := map[Row]bool{}
	for i := range in.Rows {
		row := &in.Rows[i]
		wanted[row.Row] = true
		steps = append(steps, in.decideWanted(row))
	}
	for row := range maps.Keys(in.Ledger) {
		if !wanted[row] {
			steps = append(steps, in.decideUnwanted(row))
		}
	}
	in.guard(steps)
	slices.SortFunc(steps, func(a, b Step) int { return compareRows(a.Row, b.Row) })
	return steps
}

// observed returns what is known of a row; a row that nobody looked at is unknown.
func (in PushInput) observed(row Row) Observed {
	if o, ok := in.Observed[row]; ok {
		return o
	}
	return Observed{Unknown: &Problem{Reason: roomv1alpha1.ReasonProgressing, Message: "The row has not been looked at yet.", Passing: true}}
}

// record returns the record of a row when it makes the row ours, given what was observed: an intent counts only when
// what we meant to write is there.
func (in PushInput) record(row Row, seen Observed) *Record {
	record, ok := in.Ledger[row]
	if !ok || (!record.Confirmed && (!seen.Exists || seen.Digest != record.Digest)) {
		return nil
	}
	return &record
}

func (in PushInput) decideWanted(want *PushRow) Step {
	seen := in.observed(want.Row)
	step := Step{Row: want.Row, Wanted: want, Op: OpNone}
	if before, ok := in.Ledger[want.Row]; ok {
		step.Before, step.After = &before, &before
	}
	switch holder, claimed := in.Claimed[want.Row]; {
	case claimed:
		return step.fail(roomv1alpha1.ReasonConflict, fmt.Sprintf("RoomSecret %s already keeps this room secret: change the id, or delete one of the two.", holder))
	case !in.Access.Allows(want.Row, roomv1alpha1.OperationWrite):
		return step.fail(roomv1alpha1.ReasonAccessDenied, "No access rule of the room allows to write this room secret: add a rule with its id, identity and the operation Write"+delegateHint(want.Row)+".")
	case want.Problem != nil:
		return step.stop(*want.Problem)
	case seen.Unknown != nil:
		return step.stop(*seen.Unknown)
	}
	digest := in.Digests[want.Row]
	if record := in.record(want.Row, seen); record != nil {
		return in.decideOurs(step, *record, seen, digest)
	}
	return in.decideForeign(step, seen, digest)
}

func delegateHint(row Row) string {
	if row.DelegatedTo == "" {
		return ""
	}
	return " and Delegate"
}

// decideForeign decides about a wanted row that is not ours.
func (in PushInput) decideForeign(step Step, seen Observed, digest string) Step {
	step.After = &Record{Digest: digest, Origin: roomv1alpha1.OriginCreated, Confirmed: true}
	if !seen.Exists {
		return step.write(OpCreate)
	}
	switch in.Conflict {
	case roomv1alpha1.ConflictAdopt:
		step.After.Origin = roomv1alpha1.OriginAdopted
		return step.write(OpAdopt)
	case roomv1alpha1.ConflictSkip:
		step.After = nil
		step.State, step.Reason = roomv1alpha1.EntrySkipped, roomv1alpha1.ReasonSkipped
		step.Message = "The room secret exists and is not ours; conflictPolicy Skip leaves it alone."
		return step
	case roomv1alpha1.ConflictFail:
	}
	step.After = nil
	return step.fail(roomv1alpha1.ReasonConflict, "The room secret exists and is not ours: delete it in the room, choose another id, or set conflictPolicy to Adopt or Skip.")
}

// decideOurs decides about a wanted row that is ours.
func (in PushInput) decideOurs(step Step, record Record, seen Observed, digest string) Step {
	step.After = &Record{Digest: digest, Origin: record.Origin, Confirmed: true}
	edited := digest != record.Digest
	switch {
	case seen.Digest == digest, seen.unreadable() && !edited:
		return step.write(OpNone)
	case seen.Exists && edited:
		return step.write(OpUpdate)
	}
	return in.decideDrifted(step, record, seen, edited)
}

// decideDrifted decides about a row of ours that somebody changed or deleted in the room.
func (in PushInput) decideDrifted(step Step, record Record, seen Observed, edited bool) Step {
	if edited || in.Drift == roomv1alpha1.DriftCorrect {
		if seen.Exists {
			return step.write(OpUpdate)
		}
		return step.write(OpCreate)
	}
	step.After = &record
	if in.Drift == roomv1alpha1.DriftIgnore {
		return step.write(OpNone)
	}
	step.State, step.Reason = roomv1alpha1.EntryDrifted, roomv1alpha1.ReasonDrifted
	step.Message = "Somebody deleted the room secret; driftPolicy Report leaves it so."
	if seen.Exists {
		step.Message = "Somebody changed the room secret; driftPolicy Report leaves it so."
	}
	return step
}

// decideUnwanted decides about a row of the ledger that the spec no longer asks for.
func (in PushInput) decideUnwanted(row Row) Step {
	before := in.Ledger[row]
	step := Step{Row: row, Op: OpForget, State: roomv1alpha1.EntryDeleting, Before: &before}
	seen := in.observed(row)
	if in.Deletion != roomv1alpha1.DeletionDelete {
		return step
	}
	ours := seen.Exists && in.record(row, seen) != nil
	if seen.Unknown == nil && !ours && !seen.unreadable() {
		return step // nothing of ours is there: no right to delete is needed, and nothing is left behind
	}
	switch {
	case !in.CanDelete(row.Identity):
		step.Left = true
		return step
	case !in.Access.Allows(row, roomv1alpha1.OperationDelete):
		step.After = &before
		return step.fail(roomv1alpha1.ReasonAccessDenied, "No access rule of the room allows to delete this room secret: add a rule with its id, identity and the operation Delete"+delegateHint(row)+".")
	case seen.Unknown != nil:
		step.After = &before
		return step.stop(*seen.Unknown)
	case ours:
		step.Op, step.Reason = OpDelete, roomv1alpha1.ReasonDeleting
	}
	return step
}

func (s Step) write(op Op) Step {
	s.Op, s.State = op, roomv1alpha1.EntryInSync
	return s
}

func (s Step) fail(reason roomv1alpha1.Reason, message string) Step {
	return s.stop(Problem{Reason: reason, Message: message})
}

func (s Step) stop(problem Problem) Step {
	s.Op, s.State = OpNone, roomv1alpha1.EntryFailed
	if problem.Passing {
		s.State = roomv1alpha1.EntryPending
	}
	s.Reason, s.Message, s.Passing = problem.Reason, problem.Message, problem.Passing
	return s
}
