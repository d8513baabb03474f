// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomclient

import "time"

// Phase is what a [Session] is doing.
type Phase string

// Phases of a Session.
const (
	// PhaseConnecting: an attempt is under way.
	PhaseConnecting Phase = "Connecting"
	// PhaseConnected: calls can be made.
	PhaseConnected Phase = "Connected"
	// PhaseWaiting: an attempt failed or the connection was lost; the next attempt is due
	// at RetryAt.
	PhaseWaiting Phase = "Waiting"
	// PhaseFailed: the error is terminal; nothing happens until Retry.
	PhaseFailed Phase = "Failed"
	// PhaseClosed: the session is over.
	PhaseClosed Phase = "Closed"
)

// State is what a [Session] tells about itself.
type State struct {
	Phase Phase
	// Err is the last failure. It stays while later attempts go on, so that the reason is
	// always at hand; it is nil before the first failure, when Connected and when Closed.
	Err error
	// Since is when the phase began.
	Since time.Time
	// Attempt counts the attempts since the last stable connection, from 1.
	Attempt int
	// RetryAt is when the next attempt begins; only set when Waiting.
	RetryAt time.Time
}
