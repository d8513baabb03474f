// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package errands_test

import (
	"testing"
	"time"

	"github.com/onsi/gomega"
	"go.uber.org/goleak"
)

// TestMain fails the run when a goroutine outlives the tests.
func TestMain(m *testing.M) {
	gomega.SetDefaultEventuallyTimeout(30 * time.Second)
	gomega.SetDefaultEventuallyPollingInterval(time.Millisecond)
	gomega.SetDefaultConsistentlyDuration(50 * time.Millisecond)
	gomega.SetDefaultConsistentlyPollingInterval(5 * time.Millisecond)
	goleak.VerifyTestMain(m)
}
