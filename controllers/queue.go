// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"sync"

	"github.com/roomsecrets/roomsecret-operator/internal/sessions"
)

const (
	// maxQueued is how many questions of one room wait to be answered, and maxQueuedInAll those of all rooms. What comes
	// beyond is not answered.
	maxQueued      = 16384
	maxQueuedInAll = 4 * maxQueued
	// workersPerRoom is how many questions of one room are answered at the same time, so that a room that takes its time,
	// or that is not connected, holds up no other.
	workersPerRoom = 8
	// maxRemembered is how many questions a repetition is recognised of.
	maxRemembered = maxQueuedInAll
)

// questionQueue has the questions that wait, by room. Whoever puts one in never waits. It is safe for concurrent use.
type questionQueue struct {
	// stirred wakes whoever hires workers.
	stirred chan struct{}

	mu      sync.Mutex
	lanes   map[sessions.RoomKey]*lane
	waiting int
	seen    rememberedQuestions
}

// lane is what waits in one room.
type lane struct {
	questions []question
	workers   int
}

func newQuestionQueue() *questionQueue {
	return &questionQueue{
		stirred: make(chan struct{}, 1), lanes: map[sessions.RoomKey]*lane{},
		seen: rememberedQuestions{known: map[askedOnce]bool{}},
	}
}

// put puts a question in, unless it was in before. It reports false when there is no place for it.
func (q *questionQueue) put(question question) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.seen.isNew(askedOnce{question.room, question.id}) {
		return true
	}
	l := q.lanes[question.room]
	if q.waiting >= maxQueuedInAll || (l != nil && len(l.questions) >= maxQueued) {
		return false
	}
	if l == nil {
		l = &lane{}
		q.lanes[question.room] = l
	}
	l.questions = append(l.questions, question)
	q.waiting++
	select {
	case q.stirred <- struct{}{}:
	default: // somebody has stirred already
	}
	return true
}

// take takes a question of a room out. When there is none, one worker of the room is less.
func (q *questionQueue) take(room sessions.RoomKey) (question, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	l := q.lanes[room]
	if len(l.questions) == 0 {
		if l.workers--; l.workers == 0 {
			delete(q.lanes, room)
		}
		return question{}, false
	}
	first := l.questions[0]
	l.questions[0] = question{} // so that it can be forgotten before the others
	l.questions = l.questions[1:]
	q.waiting--
	return first, true
}

// hire returns the rooms that need one more worker, each as often as it needs one. Who works already may be at it for long.
func (q *questionQueue) hire() []sessions.RoomKey {
	q.mu.Lock()
	defer q.mu.Unlock()
	var rooms []sessions.RoomKey
	for room, l := range q.lanes {
		for range min(workersPerRoom-l.workers, len(l.questions)) {
			l.workers++
			rooms = append(rooms, room)
		}
	}
	return rooms
}

// serve has questions worked on until ctx is done, and returns when nobody works any more. What waits then is not answered.
func (q *questionQueue) serve(ctx context.Context, work func(context.Context, question)) {
	var workers sync.WaitGroup
	defer workers.Wait()
	for {
		for _, room := range q.hire() {
			workers.Go(func() {
				for ctx.Err() == nil {
					next, ok := q.take(room)
					if !ok {
						return
					}
					work(ctx, next)
				}
			})
		}
		select {
		case <-ctx.Done():
			return
		case <-q.stirred:
		}
	}
}

// askedOnce is what tells questions apart.
type askedOnce struct {
	room sessions.RoomKey
	id   string
}

// rememberedQuestions are the last questions that were asked.
type rememberedQuestions struct {
	known map[askedOnce]bool
	order []askedOnce // a ring once it is full
	next  int
}

// isNew reports whether a question was not asked before, and remembers it.
func (r *rememberedQuestions) isNew(asked askedOnce) bool {
	if r.known[asked] {
		return false
	}
	r.known[asked] = true
	if len(r.order) < maxRemembered {
		r.order = append(r.order, asked)
		return true
	}
	delete(r.known, r.order[r.next])
	r.order[r.next] = asked
	r.next = (r.next + 1) % maxRemembered
	return true
}
