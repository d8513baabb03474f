// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomserver

// places are how many calls of a connection may wait at once.
type places chan struct{}

func newPlaces(limit int) places { return make(places, limit) }

func (p places) take() bool {
	select {
	case p <- struct{}{}:
		return true
	default:
		return false
	}
}

func (p places) release() { <-p }
