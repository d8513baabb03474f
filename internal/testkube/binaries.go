// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package testkube

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// binaries are the paths of the programs a cluster consists of.
type binaries struct {
	etcd, apiServer, controllerManager, kubectl string
}

// findBinaries looks in dir. When dir is empty it looks where KUBEBUILDER_ASSETS says, else in bin/kube
// of the module that the working directory belongs to.
func findBinaries(dir string) (binaries, error) {
	if dir == "" {
		dir = os.Getenv("KUBEBUILDER_ASSETS")
	}
	if dir == "" {
		root, err := moduleRoot()
		if err != nil {
			return binaries{}, err
		}
		dir = filepath.Join(root, "bin", "kube")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return binaries{}, err
	}
	b := binaries{
		etcd:              filepath.Join(dir, "etcd"),
		apiServer:         filepath.Join(dir, "kube-apiserver"),
		controllerManager: filepath.Join(dir, "kube-controller-manager"),
		kubectl:           filepath.Join(dir, "kubectl"),
	}
	for _, path := range []string{b.etcd, b.apiServer, b.controllerManager, b.kubectl} {
		if _, err := exec.LookPath(path); err != nil {
			return binaries{}, fmt.Errorf("no usable %s in %s, run \"make kube\" to get it: %w", filepath.Base(path), dir, err)
		}
	}
	return b, nil
}

// moduleRoot is the nearest folder at or above the working directory that has a go.mod.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("the working directory is in no Go module: set KUBEBUILDER_ASSETS or Options.BinDir")
		}
		dir = parent
	}
}
