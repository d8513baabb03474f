// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package sessions

import (
	"context"
	"sync"

	"github.com/roomsecrets/roomsecret-operator/internal/plan"
)

// lists lets those who want a list while one is under way share the next one. A list that began before it was wanted
// would not do: it may lack what made somebody look.
type lists struct {
	// turn is full while a list is made. What follows belongs to whose turn it is: begun is when, by the clock, the last
	// list began, and zero when it is not to be shared.
	turn  chan struct{}
	begun int
	last  []plan.Listed
	err   error

	mu sync.Mutex
	// clock counts those who want a list, and the lists that begin. waiting is how many want one now.
	clock, waiting int
}

func newLists() *lists { return &lists{turn: make(chan struct{}, 1)} }

// share returns a list that began after the call.
func (l *lists) share(ctx context.Context, ask func() ([]plan.Listed, error)) ([]plan.Listed, error) {
	wanted := l.tick(1)
	select {
	case l.turn <- struct{}{}:
	case <-ctx.Done():
		l.leave()
		return nil, ctx.Err()
	}
	defer func() { <-l.turn }()
	if l.begun < wanted {
		l.begun = l.tick(0)
		l.last, l.err = ask()
		if ctx.Err() != nil {
			l.begun = 0 // it may have failed for our own reasons
		}
	}
	list, err := l.last, l.err
	if l.leave() == 0 {
		l.begun, l.last, l.err = 0, nil, nil
	}
	return list, err
}

// tick moves the clock on, and adds to those who wait.
func (l *lists) tick(more int) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waiting += more
	l.clock++
	return l.clock
}

// leave returns how many still wait.
func (l *lists) leave() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waiting--
	return l.waiting
}
