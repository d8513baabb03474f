// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package testkube_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/roomsecrets/roomsecret-operator/internal/testkube"
)

// orphanDir, in the environment, makes the test binary a program that starts a cluster and waits to be killed.
const orphanDir = "TESTKUBE_ORPHAN_DIR"

func TestNoProcessOutlivesAProgramThatIsKilled(t *testing.T) {
	if _, err := exec.LookPath("setpriv"); err != nil {
		t.Log("without setpriv nothing is promised")
		return
	}
	g := NewWithT(t)
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), orphanDir+"="+dir)
	cmd.Stderr = os.Stderr
	stdout, err := cmd.StdoutPipe()
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(cmd.Start()).To(Succeed())
	line, err := bufio.NewReader(stdout).ReadString('\n')
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(line).To(Equal("started\n"))
	g.Expect(processesIn(t, dir)).To(HaveLen(3), "etcd, kube-apiserver and kube-controller-manager")

	g.Expect(cmd.Process.Kill()).To(Succeed())
	_ = cmd.Wait()
	g.Eventually(func() []string { return processesIn(t, dir) }, patience).Should(BeEmpty())
}

// runOrphan never returns unless the cluster cannot be started.
func runOrphan(dir string) int {
	if _, err := testkube.Start(context.Background(), testkube.Options{Dir: dir}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println("started")
	select {}
}

// processesIn returns the running processes that have dir in their command line, other than our own.
func processesIn(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err == nil && bytes.Contains(content, []byte(dir)) {
			found = append(found, filepath.Base(filepath.Dir(file)))
		}
	}
	return found
}
