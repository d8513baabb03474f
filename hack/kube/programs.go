// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
)

// program is one executable of Kubernetes and the package it is built from.
type program struct {
	name string
	pkg  string
}

// controlPlane is what an API server that serves, stores and collects garbage consists of.
func controlPlane() []program {
	return []program{
		{"etcd", "./etcd"},
		{"kube-apiserver", "k8s.io/kubernetes/cmd/kube-apiserver"},
		{"kube-controller-manager", "k8s.io/kubernetes/cmd/kube-controller-manager"},
		{"kubectl", "k8s.io/kubernetes/cmd/kubectl"},
	}
}

// node is what has to be added to run pods.
func node() []program {
	return []program{
		{"kube-proxy", "k8s.io/kubernetes/cmd/kube-proxy"},
		{"kube-scheduler", "k8s.io/kubernetes/cmd/kube-scheduler"},
		{"kubelet", "k8s.io/kubernetes/cmd/kubelet"},
	}
}

func names(programs []program) string {
	list := make([]string, 0, len(programs))
	for _, p := range programs {
		list = append(list, p.name)
	}
	return strings.Join(list, ", ")
}

// kubernetesVersion reads from go.mod which release is wanted, for example "v1.37.2".
func kubernetesVersion(ctx context.Context) (string, error) {
	cmd := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Version}}", "k8s.io/kubernetes")
	output, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("find the Kubernetes version in go.mod: %w", withStderr(err))
	}
	return strings.TrimSpace(string(output)), nil
}
