// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package plan

import "strings"

// Listed is a row as the room lists it, without its value.
type Listed struct {
	Row
	// Type and Name of the room secret.
	Type, Name string
}

// Query describes rows of one identity. What is empty describes nothing, except for the delegate.
type Query struct {
	// Identity is the owner.
	Identity string
	// IDPrefix is what the ids begin with.
	IDPrefix string
	// Type and Name are those of the room secrets.
	Type, Name string
	// DelegatedTo is the delegate, and empty for rows that are not delegated.
	DelegatedTo string
}

// Matches reports whether a query describes a row.
func (q Query) Matches(row Listed) bool {
	return row.Identity == q.Identity && row.DelegatedTo == q.DelegatedTo && strings.HasPrefix(row.ID, q.IDPrefix) &&
		q.describes(row.Type, row.Name)
}

// describes reports whether a room secret of a type and name is one that is asked for.
func (q Query) describes(kind, name string) bool {
	return (q.Type == "" || kind == q.Type) && (q.Name == "" || name == q.Name)
}
