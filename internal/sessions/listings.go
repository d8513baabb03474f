// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package sessions

import (
	"cmp"
	"slices"
	"sync"

	"k8s.io/apimachinery/pkg/types"

	"github.com/roomsecrets/roomsecret-operator/internal/fingerprint"
	"github.com/roomsecrets/roomsecret-operator/internal/plan"
)

// listings remembers, for each owner that asked, what its queries found, as a digest. It is safe for concurrent use.
type listings struct {
	digests fingerprint.Key

	mu     sync.Mutex
	owners map[types.NamespacedName]*watchedListing
}

// watchedListing is what an owner was told. Before it was told anything told is empty.
type watchedListing struct {
	queries []plan.Query
	told    string
}

// unanswered is what is remembered when the room answers a list with an error: an owner that was told something else has to
// look, or it would go on saying that all is well.
const unanswered = "unanswered"

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

// note remembers what an owner was told; err is what the room answered instead of a list.
func (l *listings) note(owner types.NamespacedName, listed []plan.Listed, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if known := l.owners[owner]; known != nil {
		known.told = l.answerTo(known.queries, listed, err)
	}
}

// compare remembers what a poll listed and returns the owners that were told something else.
func (l *listings) compare(listed []plan.Listed, err error) []types.NamespacedName {
	l.mu.Lock()
	defer l.mu.Unlock()
	var changed []types.NamespacedName
	for owner, known := range l.owners {
		if known.told == "" {
			continue // it is about to ask
		}
		if told := l.answerTo(known.queries, listed, err); told != known.told {
			known.told = told
			changed = append(changed, owner)
		}
	}
	return changed
}

// answerTo returns a digest of what queries find.
func (l *listings) answerTo(queries []plan.Query, listed []plan.Listed, err error) string {
	if err != nil {
		return unanswered
	}
	var fields [][]byte
	for _, query := range queries {
		for _, row := range answer(query, listed) {
			fields = append(fields, []byte(row.ID), []byte(row.DelegatedTo), []byte(row.Type), []byte(row.Name))
		}
		fields = append(fields, nil)
	}
	return l.digests.Digest("listing", fields...)
}

// idle reports whether nobody asks.
func (l *listings) idle() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.owners) == 0
}

// answer returns the rows that a query describes, sorted by id, and each once, whatever the room says.
func answer(query plan.Query, listed []plan.Listed) []plan.Listed {
	var rows []plan.Listed // a room can list a hundred thousand rows, and each of many queries describe one
	for _, row := range listed {
		if query.Matches(row) {
			rows = append(rows, row)
		}
	}
	slices.SortFunc(rows, func(a, b plan.Listed) int {
		return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.Type, b.Type), cmp.Compare(a.Name, b.Name))
	})
	return slices.CompactFunc(rows, func(a, b plan.Listed) bool { return a.Row == b.Row })
}
