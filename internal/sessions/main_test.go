// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package sessions_test

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/onsi/gomega"
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
	code := m.Run()
	if leaked := leakedGoroutines(5 * time.Second); code == 0 && len(leaked) > 0 {
		fmt.Fprintf(os.Stderr, "%d goroutines leaked:\n\n%s\n", len(leaked), strings.Join(leaked, "\n\n"))
		code = 1
	}
	os.Exit(code)
}

// leakedGoroutines gives goroutines that are about to end the time to do so.
func leakedGoroutines(patience time.Duration) (leaked []string) {
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for {
		leaked = ourGoroutines()
		if len(leaked) == 0 {
			return nil
		}
		select {
		case <-again.C:
		case <-deadline.C:
			return leaked
		}
	}
}

func ourGoroutines() (ours []string) {
	buf := make([]byte, 1<<20)
	buf = buf[:runtime.Stack(buf, true)]
	for stack := range strings.SplitSeq(string(buf), "\n\n") {
		if strings.Contains(stack, "roomsecret-operator/") && !strings.Contains(stack, "sessions_test.TestMain") {
			ours = append(ours, stack)
		}
	}
	return ours
}
