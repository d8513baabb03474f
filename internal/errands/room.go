// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package errands

import (
	"sync"

	"golang.org/x/sync/semaphore"
)

// MaxInRoom is how many requests of one room may wait for their answers at a time. Further ones wait for their turn.
const MaxInRoom = 32

// room is what the errands of one room share.
type room struct {
	places *semaphore.Weighted
	// users counts the errands.
	users int

	mu      sync.Mutex
	changed chan struct{} // closed and replaced at every change
}

func newRoom() *room {
	return &room{places: semaphore.NewWeighted(MaxInRoom), changed: make(chan struct{})}
}

// changes returns what is closed when the connection changes next, or who is in the room.
func (r *room) changes() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.changed
}

func (r *room) stir() {
	r.mu.Lock()
	defer r.mu.Unlock()
	close(r.changed)
	r.changed = make(chan struct{})
}
