// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package sessions

import (
	"cmp"
	"maps"
	"slices"
	"sync"

	"k8s.io/apimachinery/pkg/types"

	"github.com/roomsecrets/roomsecret-operator/internal/plan"
)

// listings remembers, for each owner that asked, what its queries found. It is safe for concurrent use.
type listings struct {
	mu     sync.Mutex
	owners map[types.NamespacedName]*watchedListing
}

// watchedListing is what an owner was told. Before it was told anything rows is nil.
type watchedListing struct {
	queries []plan.Query
	rows    map[plan.Listed]bool
}

// track makes queries the ones that an owner is woken for.
func (l *listings) track(owner types.NamespacedName, queries []plan.Query) {
	l.mu.Lock()
	defer l.mu.Unlock()
	known := l.owners[owner]
	switch {
	case len(queries) == 0:
		delete(l.owners, owner)
	case known == nil || !slices.Equal(known.queries, queries):
		if l.owners == nil {
			l.owners = map[types.NamespacedName]*watchedListing{}
		}
		l.owners[owner] = &watchedListing{queries: slices.Clone(queries)}
	}
}

// note remembers what an owner was told.
func (l *listings) note(owner types.NamespacedName, listed []plan.Listed) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if known := l.owners[owner]; known != nil {
		known.rows = known.matching(listed)
	}
}

// compare remembers what a poll listed and returns the owners that were told something else.
func (l *listings) compare(listed []plan.Listed) []types.NamespacedName {
	l.mu.Lock()
	defer l.mu.Unlock()
	var changed []types.NamespacedName
	for owner, known := range l.owners {
		rows := known.matching(listed)
		if known.rows != nil && !maps.Equal(known.rows, rows) {
			changed = append(changed, owner)
		}
		if known.rows != nil {
			known.rows = rows
		}
	}
	return changed
}

func (w *watchedListing) matching(listed []plan.Listed) map[plan.Listed]bool {
	rows := map[plan.Listed]bool{}
	for _, row := range listed {
		if slices.ContainsFunc(w.queries, func(q plan.Query) bool { return q.Matches(row) }) {
			rows[row] = true
		}
	}
	return rows
}

// idle reports whether nobody asks.
func (l *listings) idle() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.owners) == 0
}

// answer returns the rows that a query describes, sorted by id.
func answer(query plan.Query, listed []plan.Listed) []plan.Listed {
	var rows []plan.Listed // a room can list a hundred thousand rows, and each of many queries describe one
	for _, row := range listed {
		if query.Matches(row) {
			rows = append(rows, row)
		}
	}
	slices.SortFunc(rows, func(a, b plan.Listed) int { return cmp.Compare(a.ID, b.ID) })
	return rows
}
