// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package scale

import (
	"bytes"
	"fmt"
	"os"
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
	before := s.residentSize(t, p)
	r.ratio("memory of the manager", "MiB", before, memoryBase+float64(p.n)*memoryEach, 1)

	foreign := min(p.n/2, 5000)
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
	r.count("memory: KiB for each foreign Secret", (s.residentSize(t, p)-before)*1024/float64(foreign), 1)
}

// residentSize runs the manager until it has read every row, and returns its resident set in MiB.
func (s *stage) residentSize(t *testing.T, p population) float64 {
	t.Helper()
	pid, stop := s.startManager(t, p, s.cluster.Kubeconfig)
	defer stop()
	<-time.After(settling)
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
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
