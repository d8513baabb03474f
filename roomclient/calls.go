// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomclient

import (
	"errors"
	"sync"
	"time"
)

// reply is what a call gets: the data of the response, or why there is none.
type reply struct {
	data []byte
	err  error
}

// errAnswerTooLarge is why a call fails whose answer is beyond MaxMessage.
var errAnswerTooLarge = errors.New("the answer is beyond MaxMessage")

// waiter is a call that waits for its reply. Waiters are used again: a small call would
// otherwise spend most of its memory on its channel and its timer.
type waiter struct {
	replies chan reply // of one
	timer   *time.Timer
}

// callTable correlates responses with calls. It is safe for concurrent use. Whoever takes
// a waiter out of the table, and nobody else, may send to it.
type callTable struct {
	mu      sync.Mutex
	waiting map[uint64]*waiter
	nextID  uint64
	err     error // why no call can be made any more

	idle sync.Pool
}

// add registers a call before it is sent, so that no reply can be too early.
func (t *callTable) add(timeout time.Duration) (uint64, *waiter, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.err != nil {
		return 0, nil, t.err
	}
	w, ok := t.idle.Get().(*waiter)
	if ok {
		w.timer.Reset(timeout)
	} else {
		w = &waiter{replies: make(chan reply, 1), timer: time.NewTimer(timeout)}
	}
	t.nextID++
	t.waiting[t.nextID] = w
	return t.nextID, w, nil
}

// remove gives up a call, or returns the waiter of one that is over, for the next one.
func (t *callTable) remove(id uint64, w *waiter) {
	t.mu.Lock()
	delete(t.waiting, id)
	t.mu.Unlock()
	// A reply may have come between the caller's decision and the removal.
	select {
	case <-w.replies:
	default:
	}
	w.timer.Stop()
	t.idle.Put(w)
}

// deliver hands the data of a response to its call; it reports false when nobody waits for it.
func (t *callTable) deliver(id uint64, data []byte) bool { return t.settle(id, reply{data: data}) }

// refuse ends the call whose answer is larger than we take.
func (t *callTable) refuse(id uint64) bool { return t.settle(id, reply{err: errAnswerTooLarge}) }

func (t *callTable) settle(id uint64, answer reply) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	w, ok := t.waiting[id]
	if ok {
		delete(t.waiting, id)
		w.replies <- answer // never blocks: taken out, so it is the only one
	}
	return ok
}

// fail ends all calls, and those to come, with the error.
func (t *callTable) fail(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.err = err
	for id, w := range t.waiting {
		delete(t.waiting, id)
		w.replies <- reply{err: err}
	}
}
