// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

// Package manifests_test installs config/default on a real API server, as a user would, and looks at what came of it:
// what the operator may do, whether its pod would be allowed to run, what people may do, and whether the samples are valid.
package manifests_test

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/go-logr/logr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/roomsecrets/roomsecret-operator/internal/testkube"
)

// config is the directory of the manifests.
const config = "../../config/"

// cluster is a control plane with config/default installed. No test changes what is in it, besides adding namespaces.
var cluster *testkube.Cluster

func TestMain(m *testing.M) {
	log.SetLogger(logr.Discard())
	os.Exit(run(m))
}

func run(m *testing.M) (code int) {
	var err error
	// The controller that adds our roles to view, edit and admin is not one of the default ones.
	controllers := append(testkube.DefaultControllers(), "clusterrole-aggregation-controller")
	cluster, err = testkube.Start(context.Background(), testkube.Options{Controllers: controllers})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() {
		if err := cluster.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}()
	for _, args := range [][]string{
		{"apply", "-k", config + "default"},
		{"wait", "--for=condition=Established", "-f", config + "crd/bases", "--timeout=60s"},
	} {
		if output, err := cluster.Kubectl(context.Background(), args...).CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "kubectl %v: %v\n%s", args, err, output)
			return 1
		}
	}
	return m.Run()
}

// kubectl runs kubectl and returns what it prints to standard output.
func kubectl(t *testing.T, args ...string) string {
	t.Helper()
	cmd := cluster.Kubectl(t.Context(), args...)
	output, err := cmd.Output()
	if err != nil {
		t.Fatalf("kubectl %v: %v\n%s", args, err, stderr(err))
	}
	return string(output)
}

func newClient(t *testing.T) client.Client {
	t.Helper()
	kube, err := client.New(cluster.Config, client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return kube
}
