// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"cmp"
	"fmt"
	"slices"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
)

// Rows returns the rows whose values the sources need, each once, given what their queries found. Those that the access
// rules do not allow to read are not among them.
func (in GatherInput) Rows() []Row {
	var rows []Row
	known := map[Row]bool{}
	for _, source := range in.Sources {
		if source.Asks() {
			continue // what it asks for is not in the room, or not for us to read there
		}
		found, _ := in.lookUp(source)
		for _, row := range found {
			if !known[row] && in.Access.Allows(row, roomv1alpha1.OperationRead) {
				rows = append(rows, row)
			}
			known[row] = true
		}
	}
	return rows
}

// lookUp returns the rows of a source. For an entry, none is an answer: the room has no such row. What the access rules do
// not allow to read does not exist for a query, or the answer would tell what others have in the room; unless it gave a key
// before: a rule that is withdrawn takes nothing away.
func (in GatherInput) lookUp(source PullSource) ([]Row, *Problem) {
	if source.Query == nil {
		return []Row{source.Row}, nil
	}
	listing, asked := in.Listings[*source.Query]
	switch {
	case !in.Access.AllowsSome(*source.Query, roomv1alpha1.OperationRead):
		return nil, deniedQuery(*source.Query)
	case !asked:
		return nil, notRead()
	case listing.Unknown != nil:
		return nil, listing.Unknown
	}
	var allowed, denied []Row
	for _, listed := range listing.Rows {
		if in.Access.Allows(listed.Row, roomv1alpha1.OperationRead) {
			allowed = append(allowed, listed.Row)
		} else {
			denied = append(denied, listed.Row)
		}
	}
	if source.MaxRows > 0 {
		return in.allOf(source, allowed, denied)
	}
	return in.oneOf(source, allowed, denied)
}

// oneOf returns the row of an entry.
func (in GatherInput) oneOf(source PullSource, allowed, denied []Row) ([]Row, *Problem) {
	switch {
	case len(allowed) > 1:
		return nil, &Problem{Reason: roomv1alpha1.ReasonConflict, Message: fmt.Sprintf(
			"The room has %d secrets %s: name the id of one.", len(allowed), source.match())}
	case len(allowed) == 0 && len(denied) > 0 && len(in.Held[source.Name]) > 0:
		return nil, deniedQuery(*source.Query)
	}
	return allowed, nil
}

// allOf returns the rows of a find.
func (in GatherInput) allOf(source PullSource, allowed, denied []Row) ([]Row, *Problem) {
	if len(allowed) > source.MaxRows {
		return nil, &Problem{Reason: roomv1alpha1.ReasonTooLarge, Message: fmt.Sprintf(
			"The room has %d secrets that %s describes, and maxEntries allows %d: describe fewer, or allow more.", len(allowed), source.Name, source.MaxRows)}
	}
	rows := allowed
	for _, row := range denied {
		if slices.Contains(in.Held[source.Name], source.key(row)) {
			rows = append(rows, row)
		}
	}
	slices.SortFunc(rows, func(a, b Row) int { return cmp.Compare(a.ID, b.ID) })
	return slices.Compact(rows), nil
}

func deniedRow(row Row) *Problem {
	return &Problem{Reason: roomv1alpha1.ReasonAccessDenied, Message: "No access rule of the room allows to read this room secret: add a rule with its id, identity and the operation Read" + delegateHint(row) + "."}
}

func deniedQuery(query Query) *Problem {
	return &Problem{
		Reason:  roomv1alpha1.ReasonAccessDenied,
		Message: "No access rule of the room allows to read what is looked for: add a rule with its ids, identity and the operation Read" + delegateHint(Row{DelegatedTo: query.DelegatedTo}) + ".",
	}
}

func notRead() *Problem {
	return &Problem{Reason: roomv1alpha1.ReasonProgressing, Message: "The room has not been read yet.", Passing: true}
}
