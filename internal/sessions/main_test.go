// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package sessions_test

import (
	"testing"
	"time"

	"github.com/onsi/gomega"
	"go.uber.org/goleak"
)

const (
	// pollInterval of the rooms of the tests.
	pollInterval = 100 * time.Millisecond
	// patience is how long an Eventually waits. It is a bound for a busy machine, not a measure.
	patience = 30 * time.Second
	// stillness is how long a Consistently watches: several polls.
	stillness = 6 * pollInterval
)

// TestMain fails the run when a goroutine outlives the tests.
func TestMain(m *testing.M) {
	gomega.SetDefaultEventuallyTimeout(patience)
	gomega.SetDefaultEventuallyPollingInterval(5 * time.Millisecond)
	gomega.SetDefaultConsistentlyDuration(stillness)
	goleak.VerifyTestMain(m)
}
