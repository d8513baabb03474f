// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"cmp"
	"strings"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
)

// Row is the address of a room secret within its room.
type Row struct {
	// Identity is the owner; it is never empty.
	Identity string
	// ID is the id of the room secret.
	ID string
	// DelegatedTo is the delegate, and empty for the row that is not delegated.
	DelegatedTo string
}

// Name returns a name that is unique among rows: <id>[@<identity>][><delegate>]. The identity is left out when it is own.
func (r Row) Name(own string) string {
	var b strings.Builder
	b.WriteString(r.ID)
	if r.Identity != own {
		b.WriteString("@" + r.Identity)
	}
	if r.DelegatedTo != "" {
		b.WriteString(">" + r.DelegatedTo)
	}
	return b.String()
}

// compareRows orders rows by id, then owner, then delegate.
func compareRows(a, b Row) int {
	return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.Identity, b.Identity), cmp.Compare(a.DelegatedTo, b.DelegatedTo))
}

// Record is what the ledger says of a row of the room, or of a key of a target.
type Record struct {
	// Digest of what was, or is about to be, written. It is empty when that is not known: after a row of ours was written
	// and nobody can tell whether the write took effect. What is wanted then always differs from the record.
	Digest string
	// Origin says how it came to be ours.
	Origin roomv1alpha1.Origin
	// Confirmed is false for an intent: something that was about to be written when the record was made.
	Confirmed bool
	// Source names what gave a key of a target, when that gives others too.
	Source string
	// Asked is what somebody was asked for to get the value of a key of a target.
	Asked Ask
}

// Problem says why something cannot be done.
type Problem struct {
	// Reason of the problem.
	Reason roomv1alpha1.Reason
	// Message tells what to do. It holds no value and no text of the room.
	Message string
	// Passing is true when the problem may go away by itself.
	Passing bool
	// Awaited is true when it passes as soon as somebody does something who has been asked to: whoever asked is told, and
	// nothing is tried again before.
	Awaited bool
}

// Observed is what is known of a row of the room, or of a key of a target.
type Observed struct {
	// Exists says whether it is there. It means nothing when Unknown is set.
	Exists bool
	// Digest of what is there; empty when it exists but cannot be read.
	Digest string
	// Unknown is set when it could not be observed.
	Unknown *Problem
}

// unreadable reports whether the row is there without its value being known.
func (o Observed) unreadable() bool { return o.Exists && o.Digest == "" }

// unfit reports whether what was observed can never be a key of a target.
func (o Observed) unfit() bool {
	return o.Unknown != nil && o.Unknown.Reason == roomv1alpha1.ReasonInvalidKey
}
