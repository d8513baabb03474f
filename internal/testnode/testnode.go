// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

// Package testnode runs commands beside a whole Kubernetes node: a control plane, a kubelet with containerd and runc, and
// the network between pods and services. It is for tests and for trying things out, on Linux and as root.
//
// The node lives in network, mount, process and IPC namespaces of its own, in memory, and exactly as long as the
// command. Nothing of it can be seen from outside but its logs, two nodes on one machine do not know of each other,
// and when the command or this program ends, however that happens, the kernel ends everything else and all mounts are
// gone. The machine's settings stay as they are.
//
// The programs are those of "make kube" and "make kube-node", and the packages containerd, runc,
// containernetworking-plugins and nftables of Debian.
package testnode

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"
)

// Options say what kind of node a command is run beside. All paths must be absolute.
type Options struct {
	// ControlPlane holds etcd, kube-apiserver, kube-controller-manager and kubectl.
	ControlPlane string
	// Node holds kubelet, kube-proxy and kube-scheduler.
	Node string
	// Images are archives of images that pods can be made of. One of them must contain PauseImage.
	Images []string
	// PauseImage is the image that holds the namespaces of a pod while its containers come and go. Its program waits
	// until it is told to end.
	PauseImage string
	// Policies is the program that makes NetworkPolicies true; without one they are not.
	Policies string
	// Logs receives the log of each program, and the audit log of the API server. It is made when missing. It cannot be
	// in /run or /var/log, which are the node's own.
	Logs string
}

// Environment variables of the command.
const (
	// KubeconfigEnv names a kubeconfig of a member of system:masters.
	KubeconfigEnv = "KUBECONFIG"
	// LogsEnv names the directory of the logs.
	LogsEnv = "TESTNODE_LOGS"
)

// AuditFile is the name of the audit log in the directory of the logs. It records who did what, and no bodies.
const AuditFile = "audit.log"

// optionsEnv carries the options to the program that is the init process of the node, which is this one once more.
const optionsEnv = "TESTNODE_OPTIONS"

// Supported tells why this machine cannot run a node, whatever is installed on it. It returns nil when it can.
func Supported() error {
	if os.Geteuid() != 0 {
		return errors.New("a node takes root: containers, namespaces and mounts are made")
	}
	probe := exec.Command("/proc/self/exe") //nolint:noctx // ends at once, or does not begin
	probe.Env, probe.SysProcAttr = []string{optionsEnv + "=probe"}, isolated()
	if err := probe.Run(); err != nil {
		return fmt.Errorf("this machine does not let us make namespaces: %w", err)
	}
	return nil
}

// isolated makes the namespaces of a node, and ends it when the thread that made it ends.
func isolated() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWIPC,
		Pdeathsig:  syscall.SIGKILL,
	}
}

// outliveInterrupts makes this process survive Ctrl-C until stop is called: it reaches the command by itself, which may
// take its time to end well. The signal is caught and not ignored, since a command would inherit that.
func outliveInterrupts() (stop func()) {
	interrupts := make(chan os.Signal, 1)
	signal.Notify(interrupts, syscall.SIGINT)
	return func() { signal.Stop(interrupts) }
}

// Run runs a command beside a new node, with the streams of this process and KubeconfigEnv and LogsEnv in its
// environment, and returns its exit code. When ctx is done it ends the command, and the node. The main function of the
// program that calls Run must call Init before anything else.
func Run(ctx context.Context, opts Options, command ...string) (code int, err error) {
	if err := opts.check(); err != nil {
		return 0, err
	}
	group, err := newControlGroup()
	if err != nil {
		return 0, fmt.Errorf("make a control group: %w", err)
	}
	defer func() { err = errors.Join(err, group.remove()) }()                          //nolint:contextcheck // also when ctx is done
	encoded, err := json.Marshal(initOptions{Options: opts, ControlGroup: group.name}) //nolint:musttag // for this program itself
	if err != nil {
		return 0, err
	}
	// The kernel ends the node when the thread that made it ends, so this one must not be used up by anything else.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	inside := exec.CommandContext(ctx, "/proc/self/exe", command...)
	inside.Env = append(os.Environ(), optionsEnv+"="+string(encoded))
	inside.Stdin, inside.Stdout, inside.Stderr = os.Stdin, os.Stdout, os.Stderr
	inside.SysProcAttr = isolated()
	defer outliveInterrupts()()
	err = inside.Run()
	if ctx.Err() != nil {
		return 0, ctx.Err()
	}
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.Exited() {
		return exit.ExitCode(), nil
	}
	return 0, err
}
