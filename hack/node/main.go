// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

// Command node runs a command beside a Kubernetes node that exists as long as the command: a shell, if none is named.
// It takes root, and what "make node" builds before.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/roomsecrets/roomsecret-operator/internal/testnode"
)

func main() {
	testnode.Init()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	code, err := run(ctx, os.Args[1:])
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "node:", err)
		code = 1
	}
	os.Exit(code)
}

func run(ctx context.Context, args []string) (int, error) {
	flags := flag.NewFlagSet("node", flag.ContinueOnError)
	bin := flags.String("bin", "bin", "`directory` with what make builds")
	if err := flags.Parse(args); err != nil {
		return 0, err
	}
	if err := testnode.Supported(); err != nil {
		return 0, err
	}
	opts, err := options(*bin)
	if err != nil {
		return 0, err
	}
	command := flags.Args()
	if len(command) == 0 {
		command = []string{"bash"}
		fmt.Fprintln(os.Stderr, "A shell beside a Kubernetes node: kubectl works. Both end with \"exit\".")
		fmt.Fprintln(os.Stderr, "Logs are in", opts.Logs)
	}
	return testnode.Run(ctx, opts, command...)
}

// options finds what make has built.
func options(bin string) (testnode.Options, error) {
	bin, err := filepath.Abs(bin)
	if err != nil {
		return testnode.Options{}, err
	}
	images, err := filepath.Glob(filepath.Join(bin, "images", "*.tar"))
	return testnode.Options{
		ControlPlane: filepath.Join(bin, "kube"),
		Node:         filepath.Join(bin, "node"),
		Images:       images,
		PauseImage:   "localhost/pod:test",
		Policies:     filepath.Join(bin, "networkpolicies"),
		Logs:         filepath.Join(bin, "logs"),
	}, err
}
