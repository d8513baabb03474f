// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"testing"
	"time"
)

// Rooms whose credential was revoked at the same moment come back spread, and none of them before its interval is over.
func TestRoomsThatWereRefusedTogetherAreNotTriedTogether(t *testing.T) {
	t.Parallel()
	const interval, since, most = time.Minute, 10 * time.Second, 56 * time.Second
	together := map[time.Duration]int{}
	for range 1000 {
		delay := untilNextTry(interval, since)
		if delay < interval-since || delay > most {
			t.Fatalf("%s after the refusal, the next attempt is %s away", since, delay)
		}
		together[delay.Round(100*time.Millisecond)]++
	}
	for delay, count := range together {
		if count > 100 {
			t.Errorf("%d of 1000 come within %s ± 50ms", count, delay)
		}
	}
}
