// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomclient

import "time"

const (
	backoffBase = 500 * time.Millisecond
	backoffCap  = 30 * time.Second
	// stableAfter is how long a connection must have lived for the next loss to count as
	// the first of its kind.
	stableAfter = time.Minute
)

// Delay is the time to wait before retry number attempt (0, 1, 2 …): full jitter, which is
// rnd, in [0, 1), of an interval that doubles from 500 ms to at most 30 s. Spreading over the whole
// interval keeps many clients of one restarted server from coming back together.
func Delay(attempt int, rnd float64) time.Duration {
	interval := backoffCap
	// Beyond six doublings the cap is reached, and more would overflow.
	if attempt < 6 {
		interval = min(backoffBase<<max(attempt, 0), backoffCap)
	}
	return time.Duration(rnd * float64(interval))
}
