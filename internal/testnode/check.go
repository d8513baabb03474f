// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package testnode

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// networkPlugins is where Debian has the programs that connect pods.
const networkPlugins = "/usr/lib/cni"

// check tells what is missing, with the command that gets it.
func (o Options) check() error {
	errs := []error{
		executables(o.ControlPlane, "make kube", "etcd", "kube-apiserver", "kube-controller-manager", "kubectl"),
		executables(o.Node, "make kube-node", "kubelet", "kube-proxy", "kube-scheduler"),
		executables(networkPlugins, "make node-tools", "ptp", "host-local", "portmap", "loopback"),
	}
	for _, program := range []string{"containerd", "ctr", "runc", "nft", "iptables", "ip"} {
		if _, err := exec.LookPath(program); err != nil {
			errs = append(errs, fmt.Errorf("%w: run make node-tools", err))
		}
	}
	if o.Policies != "" {
		if _, err := exec.LookPath(o.Policies); err != nil {
			errs = append(errs, fmt.Errorf("%w: run make network-policies", err))
		}
	}
	for _, image := range o.Images {
		if _, err := os.Stat(image); err != nil {
			errs = append(errs, err)
		}
	}
	if !filepath.IsAbs(o.Logs) {
		errs = append(errs, fmt.Errorf("the directory of the logs is %q, which is not absolute", o.Logs))
	}
	return errors.Join(errs...)
}

func executables(dir, remedy string, programs ...string) error {
	var errs []error
	for _, program := range programs {
		if _, err := exec.LookPath(filepath.Join(dir, program)); err != nil {
			errs = append(errs, fmt.Errorf("%w: run %s", err, remedy))
		}
	}
	return errors.Join(errs...)
}
