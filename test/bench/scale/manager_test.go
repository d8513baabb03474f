// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package scale

import (
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// buildManager builds the manager as it is shipped.
func (s *stage) buildManager(t *testing.T) {
	t.Helper()
	s.manager = filepath.Join(t.TempDir(), "manager")
	output, err := exec.CommandContext(t.Context(), "go", "build", "-o", s.manager, "../../../cmd/manager").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, output)
	}
}

// startManager starts the manager as a process of its own, and returns when it has read every row of a population.
func (s *stage) startManager(t *testing.T, p population, kubeconfig string, flags ...string) (pid int, stop func()) {
	t.Helper()
	s.rows.forget()
	flags = append(flags, "--kubeconfig", kubeconfig, "--namespace", "default", "--watch-namespaces", p.namespace,
		"--leader-elect=false", "--metrics-bind-address", "0", "--health-probe-bind-address", "0")
	cmd := exec.CommandContext(t.Context(), s.manager, flags...)
	check(t, cmd.Start())
	stop = func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	}
	eventually(t, func() bool { return s.rows.countRead() == p.n })
	return cmd.Process.Pid, stop
}
