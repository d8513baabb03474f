// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

// Package chart_test renders the Helm chart with helm itself, and installs, upgrades and uninstalls it on a real API server.
package chart_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/go-logr/logr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/roomsecrets/roomsecret-operator/internal/testkube"
)

const (
	// chart is the directory of the chart.
	chart = "../../charts/roomsecret-operator"
	// helmProgram is built by "make tools".
	helmProgram = "../../bin/tools/helm"
)

var update = flag.Bool("update", false, "write the golden files anew")

// cluster is a control plane without the operator.
var cluster *testkube.Cluster

func TestMain(m *testing.M) {
	log.SetLogger(logr.Discard())
	flag.Parse()
	os.Exit(run(m))
}

func run(m *testing.M) (code int) {
	if _, err := os.Stat(helmProgram); err != nil {
		fmt.Fprintf(os.Stderr, "%v: run make tools\n", err)
		return 1
	}
	var err error
	if cluster, err = testkube.Start(context.Background(), testkube.Options{}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() {
		if err := cluster.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}()
	return m.Run()
}

// tryHelm runs helm against the cluster, with nothing of the machine's own settings, and returns what it prints to
// standard output.
func tryHelm(t *testing.T, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), helmProgram, args...)
	kubectl := cluster.Kubectl(t.Context())
	cmd.Env = append(kubectl.Environ(), "HELM_CONFIG_HOME="+t.TempDir(), "HELM_CACHE_HOME="+t.TempDir(), "HELM_DATA_HOME="+t.TempDir())
	var stderr strings.Builder
	cmd.Stderr = &stderr
	output, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("helm %v: %w\n%s", args, err, stderr.String())
	}
	return string(output), err
}

func helm(t *testing.T, args ...string) string {
	t.Helper()
	output, err := tryHelm(t, args...)
	if err != nil {
		t.Fatal(err)
	}
	return output
}

func newClient(t *testing.T) client.Client {
	t.Helper()
	kube, err := client.New(cluster.Config, client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return kube
}
