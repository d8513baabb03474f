// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package interop_test

import (
	"fmt"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"
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

// run is all tests and what is to be said of the SDKs after the last.
type run struct{ *testing.M }

// Run stops the Node processes when the tests are through. It fails when an SDK has something to complain about.
func (r run) Run() int {
	code := r.M.Run()
	for _, launcher := range sdks {
		for _, complaint := range launcher.stop() {
			fmt.Fprintf(os.Stderr, "SDK %s: %s\n", launcher.version, complaint)
			code = max(code, 1)
		}
	}
	if started.Load() {
		if err := stopCluster(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = max(code, 1)
		}
	}
	return code
}

// TestMain fails the run, too, when a goroutine is still there after the last test; but client-go leaves some of its watches
// behind when a manager ends.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(run{m}, goleak.IgnoreAnyFunction("k8s.io/apimachinery/pkg/watch.(*filteredWatch).loop"))
}
