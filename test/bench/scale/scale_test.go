// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package scale

import (
	"testing"
)

// atOnce is up to how many changes at once are measured: more take their time, and show nothing else.
const atOnce = 1000

// TestScale measures everything, one after the other: what is measured later works on what was synced before.
func TestScale(t *testing.T) {
	s := newStage(t)
	r := &report{n: *size}
	warmUp := s.populate(t, "warm-up", 20)
	s.coldReference(t, warmUp)

	ours := [2]population{s.populate(t, "ours-1", *size), s.populate(t, "ours-2", *size)}
	bare := [2]population{s.populate(t, "bare-1", *size), s.populate(t, "bare-2", *size)}
	coldSync(t, s, r, bare, ours)
	restart(t, s, r, ours[0])
	idle(t, s, r, ours[0])
	change(t, s, r, ours[0])
	storm(t, s, r, ours[1], bare[0])
	revoked(t, s, r, bare[0])
	memory(t, s, r, ours[1])
	if *size <= atOnce {
		rotation(t, s, r)
		limits(t, s, r, ours[0])
		takeover(t, s, r)
	}
	r.publish(t)
}
