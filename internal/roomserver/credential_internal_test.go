// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomserver

import (
	"testing"
	"time"
)

func TestATokenIsRefreshedTwoMinutesBeforeItExpiresOrAtHalfItsLife(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for life, want := range map[time.Duration]time.Duration{
		time.Hour: 58 * time.Minute, 4 * time.Minute: 2 * time.Minute, 2 * time.Minute: time.Minute, 10 * time.Second: 5 * time.Second,
	} {
		if got := refreshTime(now, now.Add(life)).Sub(now); got != want {
			t.Errorf("%s: after %s instead of %s", life, got, want)
		}
	}
}
