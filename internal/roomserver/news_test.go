// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomserver

import "testing"

// TestChangesThatWereNotToldComeToOne goes through all sequences of changes that can be, from somebody who is known
// and from somebody who is not, and compares what is told with what has become of them.
func TestChangesThatWereNotToldComeToOne(t *testing.T) {
	t.Parallel()
	var walk func(wasKnown, known bool, sum change, steps int)
	walk = func(wasKnown, known bool, sum change, steps int) {
		told := wasKnown
		switch sum {
		case joined, rejoined:
			told = true
		case left:
			told = false
		case nothing, changed:
		}
		if told != known || sum == joined && wasKnown || sum == left && !wasKnown {
			t.Errorf("known before: %v, now: %v; told: %d", wasKnown, known, sum)
		}
		if steps == 0 {
			return
		}
		if !known {
			walk(wasKnown, true, sum.then(joined), steps-1)
			return
		}
		walk(wasKnown, true, sum.then(changed), steps-1)
		walk(wasKnown, false, sum.then(left), steps-1)
	}
	walk(false, false, nothing, 6)
	walk(true, true, nothing, 6)
}
