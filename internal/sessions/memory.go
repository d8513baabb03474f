// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package sessions

import (
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/roomsecrets/roomsecret-operator/internal/plan"
)

// absent is the digest of a row that is not in the room.
const absent = ""

// memory is what one session remembers of the rows that somebody tracks: who tracks them, and the digest that was last
// seen of each. It is safe for concurrent use.
type memory struct {
	mu     sync.Mutex
	rows   map[plan.Row]*remembered
	owners map[types.NamespacedName][]plan.Row
	// clock counts everything that is noted, so that no two versions of anything are the same.
	clock uint64
}

type remembered struct {
	// known says whether digest has been seen at all.
	known bool
	// awaited is set when a poll sees the row before any owner does. Its owner is about to read it; only when the next
	// poll still finds it so has that failed, and the owner is woken.
	awaited bool
	// digest that was last seen.
	digest string
	// version is when something was noted last, so that a poll that began earlier does not overwrite what is newer.
	version uint64
	// writes is how many writes are under way. What a poll sees meanwhile may be from before or after them.
	writes int
	// noticed is when a poll saw the row different, until somebody asks for it.
	noticed time.Time
	// owners track the row. Nearly always that is one, for which a map would be five times as large.
	owners []types.NamespacedName
}

func newMemory() *memory {
	return &memory{rows: map[plan.Row]*remembered{}, owners: map[types.NamespacedName][]plan.Row{}}
}

// track makes rows the ones that an owner is interested in, instead of those it tracked before.
func (m *memory) track(owner types.NamespacedName, rows []plan.Row) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, row := range m.owners[owner] {
		if r := m.rows[row]; r != nil && !slices.Contains(rows, row) {
			r.owners = others(r.owners, owner)
			if len(r.owners) == 0 {
				delete(m.rows, row)
			}
		}
	}
	delete(m.owners, owner)
	if len(rows) == 0 {
		return
	}
	m.owners[owner] = slices.Clone(rows)
	for _, row := range rows {
		r := m.rows[row]
		if r == nil {
			r = &remembered{version: m.tick()}
			m.rows[row] = r
		}
		if !slices.Contains(r.owners, owner) {
			r.owners = append(r.owners, owner)
		}
	}
}

// note remembers what an owner has seen of a row, or written to it. It returns the other owners of the row when that is
// not what was remembered: they have not seen it.
func (m *memory) note(owner types.NamespacedName, row plan.Row, digest string) []types.NamespacedName {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.rows[row]
	if r == nil {
		return nil
	}
	same := r.known && r.digest == digest
	r.known, r.digest, r.version = true, digest, m.tick()
	if same {
		return nil
	}
	return others(r.owners, owner)
}

// others returns a copy of owners without one of them.
func others(owners []types.NamespacedName, owner types.NamespacedName) []types.NamespacedName {
	return slices.DeleteFunc(slices.Clone(owners), func(other types.NamespacedName) bool { return other == owner })
}

// writing says that a row is about to be written. Polls leave it alone until the function that it returns is called.
func (m *memory) writing(row plan.Row) (done func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.rows[row]
	if r == nil {
		return func() {}
	}
	r.writes++
	return func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		r.writes--
		r.version = m.tick()
	}
}

// tick returns a version that is newer than all others. The caller holds the lock.
func (m *memory) tick() uint64 {
	m.clock++
	return m.clock
}

// tracked returns the rows that somebody tracks, with the version of what is remembered of each.
func (m *memory) tracked() map[plan.Row]uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	rows := make(map[plan.Row]uint64, len(m.rows))
	for row, r := range m.rows {
		rows[row] = r.version
	}
	return rows
}

// examine looks at a row for a poll that began at version, and returns the owners to wake. When something has been noted since, what
// the poll saw may be older or newer than that: then the row is looked at again, once.
func (m *memory) examine(row plan.Row, version uint64, look func(again bool) (digest string, err error)) ([]types.NamespacedName, error) {
	for again := false; ; again = true {
		digest, err := look(again)
		if err != nil {
			return nil, err
		}
		owners, current := m.compare(row, version, digest, time.Now())
		if current == version || again {
			return owners, nil
		}
		version = current
	}
}

// compare remembers what a poll saw and returns the owners of a row that differs from what was remembered. It does
// nothing when something newer than version has been noted since, or the row is being written. It returns the version of now.
func (m *memory) compare(row plan.Row, version uint64, digest string, now time.Time) ([]types.NamespacedName, uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.rows[row]
	switch {
	case r == nil:
		return nil, version
	case r.version != version, r.writes > 0, r.known && r.digest == digest:
		return nil, r.version
	case !r.known && !r.awaited:
		r.awaited = true
		return nil, version
	}
	r.known, r.digest, r.noticed = true, digest, now
	return slices.Clone(r.owners), version
}

// noticedAt returns when the first of the changes to rows was noticed that nobody has asked for yet; zero for none.
func (m *memory) noticedAt(rows []plan.Row) time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	var first time.Time
	for _, row := range rows {
		r := m.rows[row]
		if r == nil || r.noticed.IsZero() {
			continue
		}
		if first.IsZero() || r.noticed.Before(first) {
			first = r.noticed
		}
		r.noticed = time.Time{}
	}
	return first
}

// idle reports whether nobody tracks anything.
func (m *memory) idle() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.owners) == 0
}
