// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomserver

import (
	"net/http"
	"sync"
	"time"
)

// hub knows who is connected: it bounds how many, and sends everybody home at the end.
type hub struct {
	max     int
	leaving chan struct{} // closed when the server begins to close

	mu     sync.Mutex
	closed bool
	seats  int
	conns  map[*conn]struct{}
	inside sync.WaitGroup
}

func newHub(limit int) *hub {
	return &hub{max: limit, leaving: make(chan struct{}), conns: map[*conn]struct{}{}}
}

// enter takes a seat, which leave gives back. Its errors are refusals.
func (h *hub) enter() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return &refusal{http.StatusServiceUnavailable, "shutting down"}
	}
	if h.seats >= h.max {
		return &refusal{http.StatusServiceUnavailable, "too many connections"}
	}
	h.seats++
	h.inside.Add(1)
	return nil
}

func (h *hub) leave() {
	h.mu.Lock()
	h.seats--
	h.mu.Unlock()
	h.inside.Done()
}

// add makes the connection known, so that close can end it by force.
func (h *hub) add(c *conn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.conns[c] = struct{}{}
}

func (h *hub) remove(c *conn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.conns, c)
}

func (h *hub) isLeaving() bool {
	select {
	case <-h.leaving:
		return true
	default:
		return false
	}
}

// close asks every connection to end, ends by force what has not ended after the grace time, and returns when
// all seats are free.
func (h *hub) close(grace time.Duration) {
	h.mu.Lock()
	if !h.closed {
		h.closed = true
		close(h.leaving)
	}
	h.mu.Unlock()
	force := time.AfterFunc(grace, h.abort)
	defer force.Stop()
	h.inside.Wait()
}

func (h *hub) abort() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for c := range h.conns {
		c.abort()
	}
}
