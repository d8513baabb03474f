// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package scale

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const (
	// What the manager may need: something for itself, and something for each RoomSecret, in MiB.
	memoryBase, memoryEach = 60.0, 8.0 / 1024
	// foreignSize is the size of a Secret that no RoomSecret speaks of, in bytes.
	foreignSize = 100_000
	// settling is how long the manager is left alone before it is measured.
	settling = 3 * time.Second
)

// memory measures the manager as a process of its own, once it has verified all RoomSecrets, and once more with Secrets that
// do not concern it.
func memory(t *testing.T, s *stage, r *report, p population) {
	program := filepath.Join(t.TempDir(), "manager")
	output, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "../../../cmd/manager").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	before := s.residentSize(t, program, p)
	r.ratio("memory of the manager", "MiB", before, memoryBase+float64(p.n)*memoryEach, 1)

	foreign := min(p.n, 500)
	group, ctx := errgroup.WithContext(t.Context())
	group.SetLimit(setUpWorkers)
	for i := range foreign {
		group.Go(func() error {
			return s.kube.Create(ctx, &corev1.Secret{
				ObjectMeta: metav1.ObjectMeta{Namespace: p.namespace, Name: fmt.Sprintf("foreign-%05d", i)},
				Data:       map[string][]byte{"value": bytes.Repeat([]byte("v"), foreignSize)},
			})
		})
	}
	check(t, group.Wait())
	r.count(fmt.Sprintf("memory: KiB for each of %d foreign Secrets", foreign), (s.residentSize(t, program, p)-before)*1024/float64(foreign), 1)
}

// residentSize runs the manager until it has read every row, and returns its resident set in MiB.
func (s *stage) residentSize(t *testing.T, program string, p population) float64 {
	t.Helper()
	s.rows.forget()
	cmd := exec.CommandContext(t.Context(), program, "--kubeconfig", s.cluster.Kubeconfig, "--namespace", "default", "--watch-namespaces", p.namespace,
		"--leader-elect=false", "--metrics-bind-address", "0", "--health-probe-bind-address", "0")
	check(t, cmd.Start())
	defer func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	}()
	eventually(t, func() bool { return s.rows.countRead() == p.n })
	<-time.After(settling)
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid))
	check(t, err)
	for line := range bytes.Lines(status) {
		var kib float64
		if _, err := fmt.Sscanf(string(line), "VmRSS: %f kB", &kib); err == nil {
			return kib / 1024
		}
	}
	t.Fatal("the resident set is not known")
	return 0
}
