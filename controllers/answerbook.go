// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"maps"
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
)

const (
	// maxRecent is how many answers the status tells of.
	maxRecent = 10
	// maxAwaiting is how many requests of one RoomSecret may wait for somebody to approve, those that were decided and are
	// not over yet included.
	maxAwaiting = 64
	// bookInterval is how often the status of a RoomSecret is written because of answers. A request that somebody is to
	// approve is written at once.
	bookInterval = 5 * time.Second
)

// answerBook has, for each RoomSecret, what it has answered since that was written to its status. It is safe for concurrent
// use.
type answerBook struct {
	mu sync.Mutex
	// wake has a RoomSecret reconciled after a while.
	wake   func(types.NamespacedName, time.Duration)
	sheets map[types.NamespacedName]*sheet
}

// sheet is what is to be written for one RoomSecret.
type sheet struct {
	uid                types.UID
	provided, rejected int64
	// recent are the last answers, the newest first.
	recent []roomv1alpha1.Answer
	// awaiting are the requests that somebody is to approve.
	awaiting []roomv1alpha1.PendingRequest
	// held has the requests that were kept for somebody to approve, and until when each waits: the cache may not have those yet
	// that are in the status.
	held map[string]time.Time
	// due is when answers may be written again.
	due time.Time
}

// wakeWith makes wake what has a RoomSecret reconciled after a while. Before, nobody needs to be woken: when the controller
// starts it looks at all.
func (b *answerBook) wakeWith(wake func(types.NamespacedName, time.Duration)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.wake = wake
}

// of returns the sheet of a RoomSecret. The caller holds the lock.
func (b *answerBook) of(name types.NamespacedName, uid types.UID) *sheet {
	s := b.sheets[name]
	if s == nil || s.uid != uid {
		if b.sheets == nil {
			b.sheets = map[types.NamespacedName]*sheet{}
		}
		s = &sheet{uid: uid}
		b.sheets[name] = s
	}
	return s
}

// note notes an answer.
func (b *answerBook) note(name types.NamespacedName, uid types.UID, answer roomv1alpha1.Answer) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.of(name, uid)
	first := s.provided+s.rejected == 0
	s.count(answer)
	if first {
		b.wake(name, max(s.due.Sub(answer.Time.Time), 0))
	}
}

func (s *sheet) count(answer roomv1alpha1.Answer) {
	switch answer.Outcome {
	case roomv1alpha1.AnswerProvided:
		s.provided++
	case roomv1alpha1.AnswerRejected:
		s.rejected++
	case roomv1alpha1.AnswerExpired:
	}
	s.recent = firstFew(append([]roomv1alpha1.Answer{answer}, s.recent...))
}

func firstFew(answers []roomv1alpha1.Answer) []roomv1alpha1.Answer {
	return answers[:min(len(answers), maxRecent)]
}

// await notes a request that somebody is to approve, beside those that the status has. It reports false when there are too
// many.
func (b *answerBook) await(name types.NamespacedName, uid types.UID, request roomv1alpha1.PendingRequest, written []roomv1alpha1.PendingRequest) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.of(name, uid)
	if s.holds(written, request.Since.Time) >= maxAwaiting {
		return false
	}
	if s.held == nil {
		s.held = map[string]time.Time{}
	}
	s.held[request.Name] = request.Until.Time
	s.awaiting = append(s.awaiting, request)
	b.wake(name, 0)
	return true
}

// holds counts the requests that wait, given those that the status has.
func (s *sheet) holds(written []roomv1alpha1.PendingRequest, now time.Time) int {
	maps.DeleteFunc(s.held, func(_ string, until time.Time) bool { return !now.Before(until) })
	count := len(s.held)
	for _, request := range written {
		if _, known := s.held[request.Name]; !known {
			count++
		}
	}
	return count
}

// take returns what is to be written for a RoomSecret now, and how long to wait before the rest is. Whoever takes it says
// with done what has become of it.
func (b *answerBook) take(name types.NamespacedName, uid types.UID, now time.Time) (sheet, time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.of(name, uid)
	taken := sheet{uid: uid, awaiting: s.awaiting}
	s.awaiting = nil
	if wait := s.due.Sub(now); wait > 0 && len(taken.awaiting) == 0 && s.provided+s.rejected > 0 {
		return taken, wait
	}
	taken.provided, taken.rejected, taken.recent = s.provided, s.rejected, s.recent
	s.provided, s.rejected, s.recent = 0, 0, nil
	return taken, 0
}

// done says whether what was taken has been written.
func (b *answerBook) done(name types.NamespacedName, taken sheet, written bool, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.sheets[name]
	if s == nil || s.uid != taken.uid {
		return // it is gone, or another one by now
	}
	if written {
		if taken.provided+taken.rejected > 0 {
			s.due = now.Add(bookInterval)
		}
		return
	}
	s.provided += taken.provided
	s.rejected += taken.rejected
	s.recent = firstFew(append(s.recent, taken.recent...))
	s.awaiting = append(slices.Clone(taken.awaiting), s.awaiting...)
}

// forget forgets a RoomSecret that is gone.
func (b *answerBook) forget(name types.NamespacedName) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.sheets, name)
}
