// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package store

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
)

// errClosed is what a call on a closed Memory gets; Bolt has bbolt's own.
var errClosed = errors.New("store: closed")

// Memory is a Store that lives and dies with the process.
type Memory struct {
	max int64

	mu     sync.RWMutex
	closed bool
	used   int64
	owners map[ownerKey]map[Key]Row
}

type ownerKey struct{ room, owner string }

var _ Store = (*Memory)(nil)

// NewMemory returns an empty store that holds up to maxBytes; 0 means DefaultMaxBytes.
func NewMemory(maxBytes int64) *Memory {
	if maxBytes == 0 {
		maxBytes = DefaultMaxBytes
	}
	return &Memory{max: maxBytes, owners: map[ownerKey]map[Key]Row{}}
}

// Get implements Store.
func (m *Memory) Get(ctx context.Context, key Key) (Row, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if err := m.usable(ctx); err != nil {
		return Row{}, err
	}
	row, ok := m.owners[ownerOf(key)][key]
	if !ok {
		return Row{}, ErrNotFound
	}
	row.Value = bytes.Clone(row.Value)
	return row, nil
}

// Put implements Store.
func (m *Memory) Put(ctx context.Context, row Row) error { return m.put(ctx, row, always) }

// Create implements Store.
func (m *Memory) Create(ctx context.Context, row Row) error { return m.put(ctx, row, ifNew) }

// Replace implements Store.
func (m *Memory) Replace(ctx context.Context, row Row) error { return m.put(ctx, row, ifOld) }

func (m *Memory) put(ctx context.Context, row Row, may condition) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.usable(ctx); err != nil {
		return err
	}
	rows := m.owners[ownerOf(row.Key)]
	used := m.used + cost(row.Info, len(row.Value))
	old, exists := rows[row.Key]
	if err := may(exists); err != nil {
		return err
	}
	if exists {
		used -= cost(old.Info, len(old.Value))
	}
	if used > m.max && used > m.used {
		return ErrFull
	}
	if rows == nil {
		rows = map[Key]Row{}
		m.owners[ownerOf(row.Key)] = rows
	}
	row.Value = bytes.Clone(row.Value)
	rows[row.Key], m.used = row, used
	return nil
}

// Delete implements Store.
func (m *Memory) Delete(ctx context.Context, key Key) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.usable(ctx); err != nil {
		return err
	}
	rows := m.owners[ownerOf(key)]
	old, ok := rows[key]
	if !ok {
		return nil
	}
	m.used -= cost(old.Info, len(old.Value))
	delete(rows, key)
	if len(rows) == 0 {
		delete(m.owners, ownerOf(key))
	}
	return nil
}

// List implements Store.
func (m *Memory) List(ctx context.Context, room, owner string) ([]Info, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if err := m.usable(ctx); err != nil {
		return nil, err
	}
	rows := m.owners[ownerKey{room, owner}]
	infos := make([]Info, 0, len(rows))
	for _, key := range slices.SortedFunc(maps.Keys(rows), Key.Compare) {
		infos = append(infos, rows[key].Info)
	}
	return infos, nil
}

// Close implements Store and drops every row.
func (m *Memory) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed, m.owners, m.used = true, nil, 0
	return nil
}

func (m *Memory) usable(ctx context.Context) error {
	if m.closed {
		return errClosed
	}
	return ctx.Err()
}

func ownerOf(key Key) ownerKey { return ownerKey{key.Room, key.Owner} }
