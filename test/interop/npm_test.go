// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package interop_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"testing"
)

const (
	lockFile = "package-lock.json"
	// installedLock is a copy of the lock file, written when everything it names has been installed.
	installedLock = "node_modules/.installed-lock.json"
)

// install makes node_modules what the lock file says, once for all tests.
var install = sync.OnceValue(func() error {
	want, err := os.ReadFile(lockFile)
	if err != nil {
		return err
	}
	if have, err := os.ReadFile(installedLock); err == nil && bytes.Equal(have, want) {
		return nil
	}
	if output, err := exec.Command("npm", "ci").CombinedOutput(); err != nil {
		return fmt.Errorf("npm ci: %w\n%s", err, output)
	}
	return os.WriteFile(installedLock, want, 0o600)
})

// needSDK makes sure that the SDK can run. Where it cannot because node or npm is missing, the test is skipped,
// but never in CI: there nobody would see it.
func needSDK(t *testing.T) {
	t.Helper()
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			report := t.Skipf
			if os.Getenv("CI") == "true" {
				report = t.Fatalf
			}
			report("the published SDK was not tried: %v (install Node.js 20 or newer, with npm)", err)
		}
	}
	if err := install(); err != nil {
		t.Fatal(err)
	}
}
