// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package sessions

import (
	"context"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/utils/clock"
)

// pollJitter spreads polls: what is between two of them is shorter than the interval by a random part of up to this.
const pollJitter = 0.1

// pace says when to poll.
type pace struct {
	clock   clock.Clock
	hurried chan struct{}

	mu       sync.Mutex
	interval time.Duration
}

func newPace(clock clock.Clock, interval time.Duration) *pace {
	return &pace{clock: clock, interval: interval, hurried: make(chan struct{}, 1)}
}

// set changes the interval, from now on.
func (p *pace) set(interval time.Duration) {
	p.mu.Lock()
	same := p.interval == interval
	p.interval = interval
	p.mu.Unlock()
	if !same {
		p.hurry()
	}
}

// hurry ends the wait that is under way.
func (p *pace) hurry() {
	select {
	case p.hurried <- struct{}{}:
	default: // somebody hurries already
	}
}

// wait waits until it is time for a poll. It reports false when ctx is done.
func (p *pace) wait(ctx context.Context) bool {
	p.mu.Lock()
	interval := p.interval
	p.mu.Unlock()
	timer := p.clock.NewTimer(wait.Jitter(shortest(interval), pollJitter))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-p.hurried:
	case <-timer.C():
	}
	return true
}

// shortest returns what is at least between two polls, so that with the jitter it is never more than the interval.
func shortest(interval time.Duration) time.Duration {
	return time.Duration(float64(interval) / (1 + pollJitter))
}
