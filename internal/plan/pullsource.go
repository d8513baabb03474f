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
		(q.Type == "" || row.Type == q.Type) && (q.Name == "" || row.Name == q.Name)
}

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
	// Strip is how much of an id a find leaves out of the key, in bytes.
	Strip int
}

// many reports whether a source gives keys that the spec does not name.
func (s PullSource) many() bool { return s.MaxRows > 0 || s.extracts() }

func (s PullSource) extracts() bool {
	return s.Extract != "" && s.Extract != roomv1alpha1.ExtractNone
}

// PullSources lists the sources of a pull, entries first, given the identity of the operator in the room.
func PullSources(pull *roomv1alpha1.Pull, own string) []PullSource {
	sources := make([]PullSource, 0, len(pull.Entries)+len(pull.Find))
	for _, entry := range pull.Entries {
		identity := cmp.Or(string(entry.ForIdentity), own)
		source := PullSource{
			Name: entry.Key, Decode: entry.Decode, Extract: entry.Extract, OnMissing: entry.OnMissingOrDefault(),
		}
		if entry.Match != nil {
			source.Query = &Query{Identity: identity, Type: string(entry.Match.Type), Name: entry.Match.Name, DelegatedTo: string(entry.DelegatedTo)}
		} else {
			source.Row = Row{Identity: identity, ID: string(entry.ID), DelegatedTo: string(entry.DelegatedTo)}
		}
		sources = append(sources, source)
	}
	for i, find := range pull.Find {
		source := PullSource{
			Name:    fmt.Sprintf("find[%d]", i),
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

// PullQueries returns the queries of the sources, each once.
func PullQueries(sources []PullSource) []Query {
	var queries []Query
	for _, source := range sources {
		if source.Query != nil && !slices.Contains(queries, *source.Query) {
			queries = append(queries, *source.Query)
		}
	}
	return queries
}

// PullRows returns the rows whose values the sources need, each once, given what their queries found.
func PullRows(sources []PullSource, listings map[Query]Listing) []Row {
	var rows []Row
	for _, source := range sources {
		found, problem := source.rows(listings)
		if problem != nil {
			continue
		}
		for _, row := range found {
			if !slices.Contains(rows, row) {
				rows = append(rows, row)
			}
		}
	}
	return rows
}

// rows returns the rows of a source. None is an answer: the room has no such row.
func (s PullSource) rows(listings map[Query]Listing) ([]Row, *Problem) {
	if s.Query == nil {
		return []Row{s.Row}, nil
	}
	listing, ok := listings[*s.Query]
	switch {
	case !ok:
		return nil, &Problem{Reason: roomv1alpha1.ReasonProgressing, Message: "The room has not been read yet.", Passing: true}
	case listing.Unknown != nil:
		return nil, listing.Unknown
	case s.MaxRows == 0 && len(listing.Rows) > 1:
		return nil, &Problem{Reason: roomv1alpha1.ReasonConflict, Message: fmt.Sprintf(
			"The room has %d secrets %s: name the id of one.", len(listing.Rows), s.match())}
	case s.MaxRows > 0 && len(listing.Rows) > s.MaxRows:
		return nil, &Problem{Reason: roomv1alpha1.ReasonTooLarge, Message: fmt.Sprintf(
			"The room has %d secrets that %s describes, and maxEntries allows %d: describe fewer, or allow more.", len(listing.Rows), s.Name, s.MaxRows)}
	}
	rows := make([]Row, len(listing.Rows))
	for i, listed := range listing.Rows {
		rows[i] = listed.Row
	}
	return rows, nil
}

// match says what an entry matches; it is empty for one that names its row.
func (s PullSource) match() string {
	if s.Query == nil {
		return ""
	}
	return fmt.Sprintf("of type %q with the name %q", s.Query.Type, s.Query.Name)
}
