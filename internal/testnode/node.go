// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package testnode

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// node is what the init process of a node knows.
type node struct {
	initOptions

	fail  context.CancelCauseFunc // ends the command and with it the node
	admin string                  // token of an administrator
}

const (
	// state holds all files of the node but its logs. It is in memory.
	state = "/run/testnode"
	// nodeName is the name of the node's object.
	nodeName = "node"
	// nodeIP is the address of the node, nodeNetwork with its network, and gateway another address there.
	nodeIP      = "10.250.0.2"
	nodeNetwork = nodeIP + "/24"
	gateway     = "10.250.0.1"
	// podNetwork and serviceNetwork are where pods and services have their addresses.
	podNetwork     = "10.244.0.0/16"
	serviceNetwork = "10.96.0.0/16"
)

// file returns the path of a file of the node.
func file(name string) string { return filepath.Join(state, name) }

// write writes a file of the node and returns its path.
func write(name, content string) (string, error) {
	path := file(name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return "", err
	}
	return path, os.WriteFile(path, []byte(content), 0o600)
}

// launch starts a program that runs as long as the node. If it ends before, the node ends too: what remains would only
// fail in ways that are harder to understand. Nobody waits for the programs at the end, since the kernel kills all
// processes of a namespace with its init process.
func (n *node) launch(program string, args ...string) error {
	log, err := os.Create(n.log(program))
	if err != nil {
		return err
	}
	cmd := exec.Command(program, args...) //nolint:noctx // ends with the node
	cmd.Stdout, cmd.Stderr, cmd.Dir = log, log, state
	if err := cmd.Start(); err != nil {
		return err
	}
	go func() {
		err := cmd.Wait()
		n.fail(n.failed(program, errors.Join(errors.New("it ended"), err)))
	}()
	return log.Close()
}

// log is the path of the log of a program.
func (n *node) log(program string) string {
	return filepath.Join(n.Logs, filepath.Base(program)+".log")
}

// failed adds to err what a program wrote last.
func (n *node) failed(program string, err error) error {
	const most = 2000
	content, _ := os.ReadFile(n.log(program))
	return fmt.Errorf("%s: %w; it wrote last:\n%s", filepath.Base(program), err, content[max(0, len(content)-most):])
}

// command runs a program to its end and returns what it has printed.
func command(ctx context.Context, program string, args ...string) (string, error) {
	output, err := exec.CommandContext(ctx, program, args...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s %v: %w: %s", filepath.Base(program), args, err, bytes.TrimSpace(output))
	}
	return string(output), nil
}

// kubectl runs kubectl as an administrator.
func (n *node) kubectl(ctx context.Context, args ...string) (string, error) {
	return command(ctx, filepath.Join(n.ControlPlane, "kubectl"), append([]string{"--kubeconfig", n.kubeconfig("admin")}, args...)...)
}
