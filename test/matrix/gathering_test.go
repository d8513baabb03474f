// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package matrix_test

import (
	"sync"
	"testing"
)

// gathering is an event that happens once, to several cells at the same time: when each that takes part has arrived or is
// over. It is safe for concurrent use.
type gathering struct {
	event func() error
	over  chan struct{}

	mu       sync.Mutex
	expected int
	arrived  int
	err      error
}

func newGathering(event func() error) *gathering {
	return &gathering{event: event, over: make(chan struct{})}
}

// join has a cell take part, and must be called before any has arrived. The cell arrives with the function that is returned,
// which waits for the event. A cell that does not arrive is waited for until its test ends.
func (g *gathering) join(t *testing.T) (arrive func() error) {
	t.Helper()
	g.mu.Lock()
	defer g.mu.Unlock()
	g.expected++
	var once sync.Once
	t.Cleanup(func() { once.Do(func() { g.leave(0) }) })
	return func() error {
		once.Do(func() { g.leave(1) })
		<-g.over
		return g.err
	}
}

func (g *gathering) leave(arrived int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.expected--
	g.arrived += arrived
	if g.expected > 0 || g.arrived == 0 {
		return
	}
	g.err = g.event()
	close(g.over)
}
