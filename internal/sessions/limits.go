// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package sessions

import (
	"cmp"
	"context"
	"fmt"
	"sync"

	"golang.org/x/sync/semaphore"
	"golang.org/x/time/rate"
)

// Limits bound the requests to one room, those of all identities and of the polls together.
type Limits struct {
	// RequestsPerSecond is how many requests may be made in a second, on average; 0 means any number.
	RequestsPerSecond int
	// Burst is how many requests may be made at once; 0 means RequestsPerSecond.
	Burst int
	// MaxInFlight is how many requests may wait for their answers at a time; 0 means any number.
	MaxInFlight int
}

// gate lets requests through as the limits say. It is safe for concurrent use.
type gate struct {
	mu     sync.Mutex
	limits Limits
	// rate and places are nil when there is no limit.
	rate   *rate.Limiter
	places *semaphore.Weighted
}

func newGate(limits Limits) *gate {
	g := &gate{}
	g.set(limits)
	return g
}

// set changes the limits. Requests that wait already do so as before.
func (g *gate) set(limits Limits) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if limits == g.limits {
		return
	}
	g.limits, g.rate, g.places = limits, nil, nil
	if limits.RequestsPerSecond > 0 {
		g.rate = rate.NewLimiter(rate.Limit(limits.RequestsPerSecond), cmp.Or(limits.Burst, limits.RequestsPerSecond))
	}
	if limits.MaxInFlight > 0 {
		g.places = semaphore.NewWeighted(int64(limits.MaxInFlight))
	}
}

// pass waits until a request may be made that takes as long as people do. It has no place among those in flight, which would
// have to wait for it.
func (g *gate) pass(ctx context.Context) error {
	g.mu.Lock()
	pace := g.rate
	g.mu.Unlock()
	if pace == nil {
		return nil
	}
	if err := pace.Wait(ctx); err != nil {
		return fmt.Errorf("wait for the rate limit of the room: %w", err)
	}
	return nil
}

// enter waits until a request may be made. The caller must say when it is over.
func (g *gate) enter(ctx context.Context) (leave func(), err error) {
	g.mu.Lock()
	pace, places := g.rate, g.places
	g.mu.Unlock()
	leave = func() {}
	if places != nil {
		if err := places.Acquire(ctx, 1); err != nil {
			return nil, fmt.Errorf("wait for other requests to the room: %w", err)
		}
		leave = func() { places.Release(1) }
	}
	if pace == nil {
		return leave, nil
	}
	if err := pace.Wait(ctx); err != nil {
		leave()
		return nil, fmt.Errorf("wait for the rate limit of the room: %w", err)
	}
	return leave, nil
}
