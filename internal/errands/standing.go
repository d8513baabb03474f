// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package errands

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/roomclient"
	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
)

// Standing tells how an errand stands. The zero value says that nobody is waited for.
type Standing struct {
	// State of the request.
	State roomv1alpha1.PendingState
	// Since is when it was first made.
	Since time.Time
	// Until is when whoever is asked has to have answered; zero while they have not been asked yet.
	Until time.Time
	// Attempts is how often it was made in vain, and Next when it is made again.
	Attempts int32
	Next     time.Time
}

const (
	// firstPause and longestPause bound how long it takes until somebody is asked again who has refused, or has not
	// answered. It doubles each time.
	firstPause, longestPause = time.Minute, time.Hour
	// firstReturn and longestReturn are the same for a room that was lost.
	firstReturn, longestReturn = time.Second, time.Minute
	// jitter spreads both: what was asked together is not asked again together.
	jitter = 0.1
)

// pauseAfter returns how long to wait after so many attempts in vain, of which there is at least one.
func pauseAfter(attempts int32) time.Duration {
	return doubled(firstPause, longestPause, attempts-1)
}

// returnAfter returns how long to wait after a room was lost so many times in a row: between one half and the whole of what
// doubles each time.
func returnAfter(losses int32) time.Duration {
	whole := doubled(firstReturn, longestReturn, losses-1)
	return whole/2 + rand.N(whole/2+1) //nolint:gosec // jitter spreads load and guards nothing
}

func doubled(first, longest time.Duration, times int32) time.Duration {
	for range times {
		if first >= longest {
			break
		}
		first *= 2
	}
	return min(first, longest)
}

// inVain returns the standing after an attempt has come to nothing.
func (s Standing) inVain(state roomv1alpha1.PendingState, now time.Time) Standing {
	s = s.now(state, now)
	s.Attempts++
	s.Next = now.Add(wait.Jitter(pauseAfter(s.Attempts), jitter))
	return s
}

// now returns the standing with another state, and nothing that is to happen at some time.
func (s Standing) now(state roomv1alpha1.PendingState, now time.Time) Standing {
	if s.Since.IsZero() {
		s.Since = now
	}
	s.State, s.Until, s.Next = state, time.Time{}, time.Time{}
	return s
}

// verdict says what the error of a request means.
type verdict int

const (
	// lost is a room that is out of reach, or was while somebody was asked.
	lost verdict = iota
	// nobody is a participant who is not there.
	nobody
	rejected
	timedOut
	failed
)

func verdictOf(err error) verdict {
	var e *roomclient.Error
	_ = errors.As(err, &e)
	switch {
	case errors.Is(err, roomclient.ErrNotConnected), errors.Is(err, roomclient.ErrClosed):
		return lost
	case errors.Is(err, roomclient.ErrNotFound):
		return nobody
	case errors.Is(err, context.DeadlineExceeded), e != nil && e.Code == protocol.CodeTimeout:
		return timedOut
	case e != nil && e.Code == protocol.CodeOperationFailed:
		return rejected
	}
	return failed
}

// state returns what is shown of a request that came to nothing.
func (v verdict) state() roomv1alpha1.PendingState {
	switch v {
	case rejected:
		return roomv1alpha1.PendingRejected
	case timedOut:
		return roomv1alpha1.PendingTimedOut
	case lost, nobody, failed:
	}
	return roomv1alpha1.PendingFailed
}
