// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

// Command kube fills a directory with the programs of a small but real Kubernetes control plane:
// etcd, kube-apiserver, kube-controller-manager and kubectl, all of the version that go.mod names. With
// -node it is what has to be added to run pods: kubelet, kube-proxy and kube-scheduler.
//
// In order of preference it uses the directory that KUBEBUILDER_ASSETS names, the envtest archives
// the Kubernetes project publishes, and the Go compiler. What none of the first two has is built, which
// takes ten minutes or more with an empty build cache; everything after that takes a moment.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "kube:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("kube", flag.ContinueOnError)
	dest := flags.String("out", filepath.Join("..", "..", "bin", "kube"), "`directory` the programs go to")
	forNode := flags.Bool("node", false, "get the programs of a node instead of those of a control plane")
	if err := flags.Parse(args); err != nil {
		return err
	}
	wanted := controlPlane()
	if *forNode {
		wanted = node()
	}
	dir, err := openDirectory(*dest, wanted, out)
	if err != nil {
		return err
	}
	defer dir.close()
	assets, err := findAssets(os.Getenv("KUBEBUILDER_ASSETS"), dir)
	if err != nil {
		return err
	}
	inputs, err := fingerprint(".", assets)
	if err != nil {
		return err
	}
	if dir.upToDate(inputs) {
		fmt.Fprintln(out, names(wanted), "are up to date")
		return nil
	}
	return fill(ctx, dir, assets, inputs, out)
}

// fill puts every program of dir there and marks dir as made from inputs.
func fill(ctx context.Context, dir *directory, assets assets, inputs string, out io.Writer) error {
	version, err := kubernetesVersion(ctx)
	if err != nil {
		return err
	}
	if err := dir.clean(); err != nil {
		return err
	}
	missing := dir.programs
	switch {
	case assets.dir != "":
		missing, err = dir.link(assets, missing)
	case published(missing):
		missing, err = dir.fetch(ctx, &fetcher{out: out}, version, missing)
	}
	if err != nil {
		return err
	}
	if len(missing) > 0 {
		if err := dir.build(ctx, &builder{out: out, version: version}, missing); err != nil {
			return err
		}
	}
	return dir.seal(inputs)
}
