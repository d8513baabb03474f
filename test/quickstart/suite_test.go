// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

// Package quickstart_test runs the shell blocks of README.md and docs/quickstart.md, one after the other in one shell, as
// somebody who reads them does, and compares what they print.
//
// There is no node, so no image is pulled and no pod runs. Where a page waits for the pods, the test runs the programs instead, with
// the arguments of the containers and the rights of the service account. Where it names a host that only exists in the
// cluster, and where it opens a way there, the address of the room server stands for it.
package quickstart_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/go-logr/logr"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/roomsecrets/roomsecret-operator/internal/testkube"
)

// root is the repository.
const root = "../.."

// binDir has the programs that "make build" makes.
var binDir string

func TestMain(m *testing.M) {
	log.SetLogger(logr.Discard())
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	if binDir, err = os.MkdirTemp("", "quickstart-"); err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(binDir)) }()
	build := exec.Command("go", "build", "-o", binDir+"/", "./cmd/manager", "./cmd/roomserver", "./cmd/kubectl-room")
	build.Dir, build.Env = root, append(os.Environ(), "CGO_ENABLED=0")
	if output, err := build.CombinedOutput(); err != nil {
		return 1, fmt.Errorf("build the programs: %w\n%s", err, output)
	}
	return m.Run(), nil
}

// newCluster starts a cluster in which nothing is installed.
func newCluster(t *testing.T) *testkube.Cluster {
	t.Helper()
	cluster, err := testkube.Start(t.Context(), testkube.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cluster.Stop(); err != nil {
			t.Error(err)
		}
	})
	return cluster
}

// helmDir is where "make tools" puts helm.
func helmDir(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs(filepath.Join(root, "bin", "tools"))
	if err == nil {
		_, err = os.Stat(filepath.Join(dir, "helm"))
	}
	if err != nil {
		t.Fatalf("%v: run make tools", err)
	}
	return dir
}

// output runs kubectl as administrator and returns what it prints.
func output(ctx context.Context, cluster *testkube.Cluster, args ...string) ([]byte, error) {
	cmd := cluster.Kubectl(ctx, args...)
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("kubectl %v: %w", args, err)
	}
	return out, nil
}
