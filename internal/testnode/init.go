// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package testnode

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

// initOptions are what the init process of a node is told.
type initOptions struct {
	Options

	ControlGroup string
}

// Init does nothing, unless this process is the init process of a node: then it starts the node, runs the command, and
// never returns.
func Init() {
	encoded, ok := os.LookupEnv(optionsEnv)
	if !ok {
		return
	}
	if encoded == "probe" {
		os.Exit(0)
	}
	code, err := runInside(encoded)
	if err != nil {
		fmt.Fprintln(os.Stderr, "testnode:", err)
		code = 1
	}
	os.Exit(code)
}

func runInside(encoded string) (int, error) {
	// Not in the environment of what we start: it would take itself for an init process too.
	if err := os.Unsetenv(optionsEnv); err != nil {
		return 0, err
	}
	var opts initOptions
	if err := json.Unmarshal([]byte(encoded), &opts); err != nil { //nolint:musttag // from this program itself
		return 0, err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM) //nolint:forbidigo // a main function
	defer stop()
	defer outliveInterrupts()()
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	n := &node{initOptions: opts, fail: fail}
	if err := n.start(ctx); err != nil {
		return 0, err
	}
	return n.run(ctx, os.Args[1:])
}

// startTimeout bounds how long a node may take until pods can run. On an idle machine it is ten seconds.
const startTimeout = 3 * time.Minute

// start prepares the namespaces and starts all programs, each when those before it are ready.
func (n *node) start(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, startTimeout, errors.New("the node takes too long to start"))
	defer cancel()
	for _, step := range []struct {
		name string
		do   func(context.Context) error
	}{
		{"mounts", n.mount},
		{"network", n.connect},
		{"credentials", n.makeCredentials},
		{"control plane", n.startControlPlane},
		{"network policies", n.startPolicies},
		{"containerd", n.startContainerd},
		{"images", n.importImages},
		{"kubelet", n.startKubelet},
	} {
		if err := step.do(ctx); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
	}
	return nil
}

// run runs the command that the node is for.
func (n *node) run(ctx context.Context, args []string) (int, error) {
	command := exec.CommandContext(ctx, args[0], args[1:]...)
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, os.Stdout, os.Stderr
	command.Env = append(os.Environ(),
		KubeconfigEnv+"="+n.kubeconfig("admin"),
		LogsEnv+"="+n.Logs,
		"KUBECACHEDIR="+file("kubectl-cache"), // and not in somebody's home
		"PATH="+n.ControlPlane+string(filepath.ListSeparator)+os.Getenv("PATH"))
	err := command.Run()
	if ctx.Err() != nil {
		return 0, context.Cause(ctx)
	}
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.Exited() {
		return exit.ExitCode(), nil
	}
	return 0, err
}
