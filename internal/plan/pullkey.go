// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"cmp"
	"fmt"
	"strconv"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
)

// PullKey is one key that a pull asks for.
type PullKey struct {
	// Key in the target.
	Key string
	// Entry is what gives the key, when that gives others too; otherwise it is empty.
	Entry string
	// Row of the room that its value comes from. It is the zero Row when none is known, and for what a template makes.
	Row Row
	// Match says what the row is to match, when no id is named.
	Match string
	// OnMissing says what to do when the room has no such row.
	OnMissing roomv1alpha1.OnMissing
	// Asked is what somebody is asked for to get its value.
	Asked Ask
}

// operation returns what access rules must allow.
func (k PullKey) operation() roomv1alpha1.Operation {
	if k.Asked != (Ask{}) {
		return roomv1alpha1.OperationRequest
	}
	return roomv1alpha1.OperationRead
}

// KeyOp is something to do to a key of the target.
type KeyOp string

const (
	// KeyKeep leaves the key as it is, and ours if it is ours.
	KeyKeep KeyOp = "keep"
	// KeySet writes the value of the room.
	KeySet KeyOp = "set"
	// KeyRemove removes the key.
	KeyRemove KeyOp = "remove"
	// KeyRelease leaves the key, and gives up that it is ours.
	KeyRelease KeyOp = "release"
)

// KeyStep is the decision about one key.
type KeyStep struct {
	// Key in the target.
	Key string
	// Wanted is the key of the spec, and nil for a key that is no longer wanted.
	Wanted *PullKey
	// Op is what to do.
	Op KeyOp
	// State, Reason and Message are what to report when the target has been written.
	State   roomv1alpha1.EntryState
	Reason  roomv1alpha1.Reason
	Message string
	// Passing is true when trying again may help.
	Passing bool
	// Awaited is true when somebody has been asked, so that trying again does not help.
	Awaited bool
	// Before is the record of the ledger, and nil when there was none.
	Before *Record
	// After is the record once the target has been written, and nil when there is to be none.
	After *Record

	// ours is true when the key is there and ours, and there is the digest of what it holds.
	ours  bool
	there string
}

// denied says that the access rules do not allow what the key needs.
func (k PullKey) denied() *Problem {
	if k.operation() == roomv1alpha1.OperationRequest {
		return deniedRequest(k.Row)
	}
	return deniedRow(k.Row)
}

func foreignKey(key string) *Problem {
	return &Problem{Reason: roomv1alpha1.ReasonConflict, Message: fmt.Sprintf("Key %q of the target exists and is not ours: remove it, or choose another key.", key)}
}

// missing decides about a key whose row the room does not have.
func (s KeyStep) missing(policy roomv1alpha1.OnMissing, exists bool) KeyStep {
	s.State, s.Reason = roomv1alpha1.EntryInSync, roomv1alpha1.ReasonRoomSecretNotFound
	switch policy {
	case roomv1alpha1.OnMissingKeep:
		s.Message = "The room has no such secret; onMissing Keep leaves the key as it is."
		return s
	case roomv1alpha1.OnMissingRemove:
		s.Message = "The room has no such secret; onMissing Remove takes the key away."
		s.After = nil
		if exists {
			s.Op = KeyRemove
		}
		return s
	case roomv1alpha1.OnMissingFail:
	}
	what := cmp.Or(s.Wanted.Match, strconv.Quote(s.Wanted.Row.Name(s.Wanted.Row.Identity)))
	return s.stop(Problem{Reason: roomv1alpha1.ReasonRoomSecretNotFound, Message: fmt.Sprintf("The room has no secret %s: create it, or change onMissing.", what)})
}

func (s KeyStep) stop(problem Problem) KeyStep {
	s.State = roomv1alpha1.EntryFailed
	if problem.Passing {
		s.State = roomv1alpha1.EntryPending
	}
	s.Reason, s.Message, s.Passing, s.Awaited = problem.Reason, problem.Message, problem.Passing, problem.Awaited
	return s
}

// wait puts off what is to be done to the key until the target is there, or ours.
func (s KeyStep) wait(message string) KeyStep {
	if s.Wanted == nil || s.State != roomv1alpha1.EntryInSync || (s.Op == KeyKeep && (s.After == nil || s.Before != nil)) {
		return s
	}
	s.Op, s.After, s.State = KeyKeep, s.Before, roomv1alpha1.EntryPending
	s.Reason, s.Message = roomv1alpha1.ReasonProgressing, message
	return s
}
