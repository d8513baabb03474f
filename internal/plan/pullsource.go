// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
)

// Listing is what a query found, sorted by id, or why it could not be answered.
type Listing struct {
	Rows    []Listed
	Unknown *Problem
}

// PullSource is where values of a pull come from: an entry or a find.
type PullSource struct {
	// Name is the key of the entry, or find[0] and so on.
	Name string
	// Row is the row of an entry that names its id.
	Row Row
	// Query finds the row of an entry that matches, and the rows of a find.
	Query *Query
	// Decode and Extract say what becomes of a value.
	Decode  roomv1alpha1.Decode
	Extract roomv1alpha1.Extract
	// OnMissing says what to do when the room has no row for an entry.
	OnMissing roomv1alpha1.OnMissing
	// MaxRows is how many rows a find may give; 0 for an entry.
	MaxRows int
	// Ask is what an entry asks somebody for.
	Ask Ask
	// Prefix comes before the value.
	Prefix string
	// Strip is how much of an id a find leaves out of the key, in bytes.
	Strip int
}

// many reports whether a source gives keys that the spec does not name.
func (s PullSource) many() bool { return s.MaxRows > 0 || s.extracts() }

func (s PullSource) extracts() bool {
	return s.Extract != "" && s.Extract != roomv1alpha1.ExtractNone
}

// findName is what the names of finds begin with, and no name of an entry.
const findName = "find["

// isFind reports whether a source of this name is a find.
func isFind(name string) bool { return strings.HasPrefix(name, findName) }

// key returns the key that a find makes of a row, which need not be valid.
func (s PullSource) key(row Row) string { return row.ID[s.Strip:] }

// PullSources lists the sources of a pull, entries first, given the identity of the operator in the room.
func PullSources(pull *roomv1alpha1.Pull, own string) []PullSource {
	sources := make([]PullSource, 0, len(pull.Entries)+len(pull.Find))
	for _, entry := range pull.Entries {
		identity := cmp.Or(string(entry.ForIdentity), own)
		source := PullSource{
			Name: entry.Key, Decode: entry.Decode, Extract: entry.Extract, OnMissing: entry.OnMissingOrDefault(),
		}
		switch {
		case entry.Request != nil:
			source = source.askFor(*entry.Request, own)
		case entry.OAuth != nil:
			source = source.askForToken(*entry.OAuth, own)
		case entry.Match != nil:
			source.Query = &Query{Identity: identity, Type: string(entry.Match.Type), Name: entry.Match.Name, DelegatedTo: string(entry.DelegatedTo)}
		default:
			source.Row = Row{Identity: identity, ID: string(entry.ID), DelegatedTo: string(entry.DelegatedTo)}
		}
		sources = append(sources, source)
	}
	for i, find := range pull.Find {
		source := PullSource{
			Name:    fmt.Sprintf("%s%d]", findName, i),
			Query:   &Query{Identity: own, IDPrefix: string(find.IDPrefix), Type: string(find.Type)},
			MaxRows: find.MaxEntriesOrDefault(),
		}
		if find.StripPrefix {
			source.Strip = len(find.IDPrefix)
		}
		sources = append(sources, source)
	}
	return sources
}

// PullQueries returns the queries of the sources that the access rules allow to ask, each once. What is not allowed is not
// even looked for: looking may mean to join the room as somebody else.
func PullQueries(sources []PullSource, access Access) []Query {
	var queries []Query
	for _, source := range sources {
		if source.Query != nil && access.AllowsSome(*source.Query, roomv1alpha1.OperationRead) && !slices.Contains(queries, *source.Query) {
			queries = append(queries, *source.Query)
		}
	}
	return queries
}

// match says what an entry matches; it is empty for one that names its row.
func (s PullSource) match() string {
	if s.Query == nil {
		return ""
	}
	return fmt.Sprintf("of type %q with the name %q", s.Query.Type, s.Query.Name)
}
