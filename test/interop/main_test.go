// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package interop_test

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// patience is how long a test waits for something that must happen. It is a bound for a busy machine.
const patience = 30 * time.Second

// The versions of the SDK: the newest on the npm registry, and one from before clients reconnected.
const (
	newest = "0.39.9"
	older  = "0.35.8"
)

// sdks are the Node processes, started when a test first needs one.
var sdks = map[string]*launcher{newest: {version: newest}, older: {version: older}}

// eachVersion runs a test once with each version.
func eachVersion(t *testing.T, test func(t *testing.T, sdk *sdk)) {
	t.Helper()
	for version, launcher := range sdks {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			test(t, launcher.sdk(t))
		})
	}
}

// TestMain stops the Node processes after the last test, and fails the run when the SDK got messages that it does
// not know, when a method of it was left out, or when a goroutine of the server is still there.
func TestMain(m *testing.M) {
	code := m.Run()
	for _, launcher := range sdks {
		for _, complaint := range launcher.stop() {
			fmt.Fprintf(os.Stderr, "SDK %s: %s\n", launcher.version, complaint)
			code = max(code, 1)
		}
	}
	if left := leaked(5 * time.Second); left != "" {
		fmt.Fprintln(os.Stderr, "goroutines left behind:\n"+left)
		code = max(code, 1)
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
		if strings.Contains(stack, "roomsecret-operator/") {
			own = append(own, stack)
		}
	}
	return strings.Join(own, "\n\n")
}
