// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/roomsecrets/roomsecret-operator/internal/sessions"
)

const (
	// questionsPerSecond is how many questions of one participant are answered, on average, and questionsAtOnce how many may
	// come at once. The others are refused without a look at any Secret.
	questionsPerSecond = 10
	questionsAtOnce    = 100
	// maxAskers is how many participants there is a limit for each of. Those beyond share one.
	maxAskers = 4096
)

// askers limits how often each participant is answered. It is safe for concurrent use.
type askers struct {
	mu     sync.Mutex
	limits map[askerKey]*rate.Limiter
}

// askerKey is a participant: an identity, or else an id, or else everybody of whom the room does not say who they are.
type askerKey struct {
	room sessions.RoomKey
	who  string
}

// admit reports whether a question may be answered now.
func (a *askers) admit(q question, now time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	key := askerKey{q.room, q.from()}
	limit := a.limits[key]
	if limit == nil && len(a.limits) >= maxAskers {
		a.forgetIdle(now)
	}
	if limit == nil && len(a.limits) >= maxAskers {
		key = askerKey{}
		limit = a.limits[key]
	}
	if limit == nil {
		if a.limits == nil {
			a.limits = map[askerKey]*rate.Limiter{}
		}
		limit = rate.NewLimiter(questionsPerSecond, questionsAtOnce)
		a.limits[key] = limit
	}
	return limit.AllowN(now, 1)
}

// forgetIdle forgets who has not asked for so long that they have no limit left to speak of.
func (a *askers) forgetIdle(now time.Time) {
	for key, limit := range a.limits {
		if limit.TokensAt(now) >= questionsAtOnce {
			delete(a.limits, key)
		}
	}
}
