// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomclient

import "sync"

const (
	// maxWaiting is how many requests may wait for a handler, and maxWaitingBytes how much of
	// the memory of their messages. Somebody may be asked by thousands at once.
	maxWaiting      = 16384
	maxWaitingBytes = 32 << 20
	// rememberedRequests is how many requests a repetition is recognised of: of all that wait.
	rememberedRequests = maxWaiting
	// maxRequestID bounds what remembering takes, in bytes; the SDKs' ids are UUIDs.
	maxRequestID = 256
)

// requests is what this participant is asked for on one connection: each request once, in
// the order of their arrival, and not too many at a time. The reader alone takes requests up.
type requests struct {
	limit int // of handlers that run

	seen  map[string]struct{}
	order []string // a ring once it is full
	next  int

	mu      sync.Mutex
	running int
	waiting []turn
	bytes   int // of those that wait
}

// turn is a request that waits for a handler.
type turn struct {
	run  func()
	size int
}

func newRequests(limit int) *requests {
	return &requests{limit: limit, seen: make(map[string]struct{})}
}

// take has the request run in a goroutine of its own, at once or when others have ended, or
// says why not.
func (r *requests) take(id string, size int, run func()) (refusal string) {
	if len(id) > maxRequestID {
		return "its id is too long"
	}
	if _, ok := r.seen[id]; ok {
		return "it is a repetition"
	}
	if !r.admit(turn{run, size}) {
		return "all handlers are busy, and too many requests wait"
	}
	r.remember(id)
	return ""
}

func (r *requests) remember(id string) {
	r.seen[id] = struct{}{}
	if len(r.order) < rememberedRequests {
		r.order = append(r.order, id)
		return
	}
	delete(r.seen, r.order[r.next])
	r.order[r.next] = id
	r.next = (r.next + 1) % rememberedRequests
}

func (r *requests) admit(t turn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.running < r.limit {
		r.running++
		go r.serve(t)
		return true
	}
	if len(r.waiting) >= maxWaiting || r.bytes+t.size > maxWaitingBytes {
		return false
	}
	r.waiting = append(r.waiting, t)
	r.bytes += t.size
	return true
}

// serve runs a request and then lets the next one have its place, also when its handler panics
// or ends its goroutine.
func (r *requests) serve(t turn) {
	defer r.release()
	t.run()
}

func (r *requests) release() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.waiting) == 0 {
		r.running--
		r.waiting = nil // so that its memory is not kept for the next burst
		return
	}
	t := r.waiting[0]
	r.waiting[0] = turn{}
	r.waiting = r.waiting[1:]
	r.bytes -= t.size
	go r.serve(t)
}
