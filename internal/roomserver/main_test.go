// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomserver_test

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestMain fails the run when a goroutine of the server is still there after the last test.
func TestMain(m *testing.M) {
	code := m.Run()
	if left := leaked(5 * time.Second); left != "" && code == 0 {
		fmt.Fprintln(os.Stderr, "goroutines left behind:\n"+left)
		code = 1
	}
	os.Exit(code)
}

// leaked returns the stacks of goroutines that run code of this module and do not end in time.
func leaked(patience time.Duration) string {
	deadline := time.After(patience)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		left := ownGoroutines()
		if left == "" {
			return ""
		}
		select {
		case <-deadline:
			return left
		case <-tick.C:
		}
	}
}

func ownGoroutines() string {
	buffer := make([]byte, 1<<20)
	stacks := strings.Split(string(buffer[:runtime.Stack(buffer, true)]), "\n\n")
	var own []string
	for _, stack := range stacks[1:] { // the first is this one
		if strings.Contains(stack, "roomsecret-operator/") || strings.Contains(stack, "net/http.") {
			own = append(own, stack)
		}
	}
	return strings.Join(own, "\n\n")
}
