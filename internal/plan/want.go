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

// maxID is the longest id that a room secret may have in the API, in bytes.
const maxID = 128

// PushRow is one row that a push asks for.
type PushRow struct {
	Row
	// Entry is the name of the entry of the spec; for a row of allKeys it is the key.
	Entry string
	// Key of the source Secret that holds the value; empty when Template makes it.
	Key string
	// Template makes the value, unless it is empty.
	Template string
	// Type is the MIME type of the room secret.
	Type string
	// DisplayName is the name of the room secret.
	DisplayName string
	// Problem is set when there is nothing to write for the row.
	Problem *Problem
}

// PushRows lists the rows that a push asks for, sorted, given the identity of the operator in the room and the keys of
// the source Secret. It returns a Problem when the spec contradicts itself: then nothing at all can be done.
func PushRows(push *roomv1alpha1.Push, own string, keys []string) ([]PushRow, *Problem) {
	var rows []PushRow
	for _, entry := range push.Entries {
		rows = append(rows, entryRows(entry, own, keys)...)
	}
	if push.AllKeys != nil {
		rows = append(rows, allKeysRows(push, own, keys)...)
	}
	slices.SortFunc(rows, func(a, b PushRow) int { return cmp.Or(compareRows(a.Row, b.Row), cmp.Compare(a.Entry, b.Entry)) })
	if len(rows) > roomv1alpha1.MaxRows {
		return nil, &Problem{
			Reason:  roomv1alpha1.ReasonTooLarge,
			Message: fmt.Sprintf("The spec asks for %d room secrets, and one RoomSecret can have at most %d: split it.", len(rows), roomv1alpha1.MaxRows),
		}
	}
	for i := 1; i < len(rows); i++ {
		if rows[i].Row == rows[i-1].Row {
			return nil, &Problem{
				Reason: roomv1alpha1.ReasonConflict,
				Message: fmt.Sprintf("%q and %q ask for the same room secret %q: give one of them another id.",
					rows[i-1].Entry, rows[i].Entry, rows[i].Name(own)),
			}
		}
	}
	return rows, nil
}

func entryRows(entry roomv1alpha1.PushEntry, own string, keys []string) []PushRow {
	base := PushRow{
		Row:         Row{Identity: cmp.Or(string(entry.ForIdentity), own), ID: entry.IDOrDefault()},
		Entry:       string(entry.Name),
		Key:         entry.Key,
		Template:    string(entry.Template),
		Type:        entry.TypeOrDefault(),
		DisplayName: cmp.Or(entry.DisplayName, entry.IDOrDefault()),
	}
	if entry.Template == "" && !slices.Contains(keys, entry.Key) {
		base.Problem = &Problem{
			Reason:  roomv1alpha1.ReasonKeyNotFound,
			Message: fmt.Sprintf("The source Secret has no key %q: add it, or change the entry.", entry.Key),
		}
	}
	var rows []PushRow
	if !entry.DelegatedOnly {
		rows = append(rows, base)
	}
	for _, delegation := range entry.Delegations {
		row := base
		row.DelegatedTo = string(delegation.To)
		rows = append(rows, row)
	}
	return rows
}

func allKeysRows(push *roomv1alpha1.Push, own string, keys []string) []PushRow {
	named := map[string]bool{}
	for _, entry := range push.Entries {
		named[entry.Key] = true
	}
	var rows []PushRow
	for _, key := range keys {
		if named[key] {
			continue
		}
		id := push.AllKeys.IDPrefix + key
		row := PushRow{
			Row: Row{Identity: own, ID: id}, Entry: key, Key: key,
			Type: push.AllKeys.TypeOrDefault(), DisplayName: id,
		}
		if len(id) > maxID {
			row.Problem = &Problem{
				Reason:  roomv1alpha1.ReasonInvalidKey,
				Message: fmt.Sprintf("The id would be longer than %d characters: push the key with an entry that gives it a shorter id.", maxID),
			}
		}
		rows = append(rows, row)
	}
	return rows
}

// Keys returns the keys of a Secret's data, sorted.
func Keys(data map[string][]byte) []string {
	return slices.Sorted(maps.Keys(data))
}
