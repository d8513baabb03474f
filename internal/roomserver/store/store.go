// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

// Package store keeps the rows of the room server: who owns which secret in which room, and its value.
//
// Two stores implement [Store]: [Memory] forgets everything when the process ends, [Bolt] keeps one file whose
// values are sealed. Both are bounded, both are safe for concurrent use, and both pass the same contract test.
package store

import (
	"cmp"
	"context"
	"errors"
	"strings"

	"github.com/roomsecrets/roomsecret-operator/roomclient/redact"
)

// ErrNotFound is returned by Get for a row that does not exist.
var ErrNotFound = errors.New("store: no such row")

// ErrExists is returned by Create for a row that exists already.
var ErrExists = errors.New("store: row exists")

// ErrFull is returned by Put when the row would take the store over its limit. Nothing has been changed.
var ErrFull = errors.New("store: full")

// Store is what the room server needs from its storage.
//
// Rows are copied in and out: neither side sees later changes the other makes to a slice.
type Store interface {
	// Get returns one row, or ErrNotFound.
	Get(ctx context.Context, key Key) (Row, error)
	// Put creates the row or replaces all of it, or returns ErrFull.
	Put(ctx context.Context, row Row) error
	// Create is Put for a row that does not exist yet, else ErrExists.
	Create(ctx context.Context, row Row) error
	// Replace is Put for a row that exists already, else ErrNotFound.
	Replace(ctx context.Context, row Row) error
	// Delete removes the row. A row that does not exist is not an error.
	Delete(ctx context.Context, key Key) error
	// List returns what one owner has in one room, sorted by id and then delegate. It never reads a value.
	List(ctx context.Context, room, owner string) ([]Info, error)
	// Close releases the store. Calls after it fail.
	Close() error
}

// Key identifies a row. Every member takes part: the same id may exist for several owners, and once per
// delegate beside the row that is delegated to nobody.
type Key struct {
	// Room is the name of the room.
	Room string
	// Owner is the identity the secret belongs to: the name in a participant token.
	Owner string
	// ID is the secret's id.
	ID string
	// DelegatedTo is the identity that may use the secret; empty when it is delegated to nobody.
	DelegatedTo string
}

// Compare orders the rows of one owner as List returns them: by id, then by delegate.
func (k Key) Compare(other Key) int {
	return cmp.Or(strings.Compare(k.ID, other.ID), strings.Compare(k.DelegatedTo, other.DelegatedTo))
}

// Info is everything about a row but its value.
type Info struct {
	Key
	// Type is the label of the value, usually a MIME type.
	Type string
	// Name is the display name; it need not be unique.
	Name string
}

// Row is one stored secret.
type Row struct {
	Info
	// Value is the secret itself. It redacts itself wherever it is printed.
	Value redact.Bytes
}

// rowOverhead is charged for each row beside its own bytes, so that a flood of tiny rows is bounded too. It is
// about what a row costs in a map or in a page of the file.
const rowOverhead = 128

// cost is what a row counts against the limit of a store, in bytes.
func cost(info Info, valueSize int) int64 {
	text := len(info.Room) + len(info.Owner) + len(info.ID) + len(info.DelegatedTo) + len(info.Type) + len(info.Name)
	return int64(text) + int64(valueSize) + rowOverhead
}

// condition decides by whether a row exists whether it may be written.
type condition func(exists bool) error

func always(bool) error { return nil }

func ifNew(exists bool) error {
	if exists {
		return ErrExists
	}
	return nil
}

func ifOld(exists bool) error {
	if !exists {
		return ErrNotFound
	}
	return nil
}

// DefaultMaxBytes is the limit of a store whose configuration names none: 1 GiB.
const DefaultMaxBytes = 1 << 30
