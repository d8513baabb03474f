// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package errands

import (
	"context"
	"errors"
	"fmt"
	"math"
	"testing"
	"time"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/roomclient"
	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
)

func TestPausesDoubleFromAMinuteToAnHour(t *testing.T) {
	t.Parallel()
	for attempts, want := range map[int32]time.Duration{
		1: time.Minute, 2: 2 * time.Minute, 3: 4 * time.Minute, 6: 32 * time.Minute, 7: time.Hour, 8: time.Hour, math.MaxInt32: time.Hour,
	} {
		if got := pauseAfter(attempts); got != want {
			t.Errorf("after %d attempts %s instead of %s", attempts, got, want)
		}
	}
}

func TestReturnsComeWithinTheirBounds(t *testing.T) {
	t.Parallel()
	for losses, want := range map[int32]time.Duration{1: time.Second, 2: 2 * time.Second, 6: 32 * time.Second, 7: time.Minute, 100: time.Minute} {
		for range 100 {
			if got := returnAfter(losses); got < want/2 || got > want {
				t.Errorf("after %d losses %s, and not within %s", losses, got, want)
			}
		}
	}
}

func TestAnAttemptInVainIsCounted(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	s := Standing{}.now(roomv1alpha1.PendingWaiting, start)
	s.Until = start.Add(time.Minute)
	later := start.Add(time.Hour)
	s = s.inVain(roomv1alpha1.PendingRejected, later).inVain(roomv1alpha1.PendingTimedOut, later)
	pause := s.Next.Sub(later)
	if s.Since != start || s.Attempts != 2 || !s.Until.IsZero() || s.State != roomv1alpha1.PendingTimedOut || pause < 2*time.Minute || pause > 132*time.Second {
		t.Errorf("got %+v", s)
	}
}

func TestVerdicts(t *testing.T) {
	t.Parallel()
	kind := func(kind error) error { return fmt.Errorf("ask: %w", &roomclient.Error{Kind: kind}) }
	code := func(code protocol.Code) error { return fmt.Errorf("ask: %w", &roomclient.Error{Code: code}) }
	for name, c := range map[string]struct {
		err   error
		want  verdict
		state roomv1alpha1.PendingState
	}{
		"no connection":       {kind(roomclient.ErrNotConnected), lost, roomv1alpha1.PendingFailed},
		"a lost connection":   {kind(roomclient.ErrClosed), lost, roomv1alpha1.PendingFailed},
		"nobody is there":     {kind(roomclient.ErrNotFound), nobody, roomv1alpha1.PendingFailed},
		"a refusal":           {code(protocol.CodeOperationFailed), rejected, roomv1alpha1.PendingRejected},
		"a silence":           {code(protocol.CodeTimeout), timedOut, roomv1alpha1.PendingTimedOut},
		"a silent room":       {&roomclient.Error{Err: context.DeadlineExceeded}, timedOut, roomv1alpha1.PendingTimedOut},
		"not allowed":         {kind(roomclient.ErrForbidden), failed, roomv1alpha1.PendingFailed},
		"whatever else it is": {errors.New("x"), failed, roomv1alpha1.PendingFailed},
	} {
		if got := verdictOf(c.err); got != c.want || got.state() != c.state {
			t.Errorf("%s: %v, %s", name, got, got.state())
		}
	}
}
