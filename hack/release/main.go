// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

// Command release puts together what a release consists of: the kubectl plugin for each platform with a manifest for Krew,
// the Helm chart, the manifests of config/default and the CRDs in one file each, the images and their bills of materials that
// "make images" has made, and checksums of it all. It publishes nothing.
//
// The same commit, compiled by the same Go release, gives the same files.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
)

// options are the flags of the command.
type options struct {
	source  string   // root of the repository
	out     string   // where the files go; what was there before is removed
	version string   // such as v0.1.0
	targets []string // platforms of the plugin, such as linux/amd64
	images  string   // where "make images" has put what it makes
	image   string   // of the operator in the manifests, without a tag
	baseURL string   // where the files will be, for Krew
	helm    string
	kubectl string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	o, err := parse(os.Args[1:])
	if err == nil {
		err = o.run(ctx)
	}
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

func parse(args []string) (*options, error) {
	var o options
	var targets string
	flags := flag.NewFlagSet("release", flag.ContinueOnError)
	flags.StringVar(&o.source, "source", ".", "`directory` of the repository")
	flags.StringVar(&o.out, "out", filepath.Join("dist", "release"), "`directory` the files go to; it is emptied first")
	flags.StringVar(&o.version, "version", "", "`version`, such as v0.1.0")
	flags.StringVar(&targets, "targets", "linux/amd64,linux/arm64,darwin/amd64,darwin/arm64,windows/amd64,windows/arm64", "`platforms` of the kubectl plugin")
	flags.StringVar(&o.images, "images", filepath.Join("dist", "images"), "`directory` with the images")
	flags.StringVar(&o.image, "image", "localhost/roomsecret-operator", "`name` of the operator's image in the manifests, without a tag")
	flags.StringVar(&o.baseURL, "base-url", "https://not-published.invalid", "`URL` at which the files will be, below their version")
	flags.StringVar(&o.helm, "helm", filepath.Join("bin", "tools", "helm"), "`path` of helm")
	flags.StringVar(&o.kubectl, "kubectl", filepath.Join("bin", "kube", "kubectl"), "`path` of kubectl")
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	if !regexp.MustCompile(`^v\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$`).MatchString(o.version) {
		return nil, fmt.Errorf("the version %q is not like v0.1.0", o.version)
	}
	o.targets = strings.Split(targets, ",")
	return &o, nil
}

// number is the version without the v, which charts and images have.
func (o *options) number() string { return strings.TrimPrefix(o.version, "v") }

// path is where a file of the release goes.
func (o *options) path(name string) string { return filepath.Join(o.out, name) }

func (o *options) run(ctx context.Context) error {
	if err := errors.Join(os.RemoveAll(o.out), os.MkdirAll(o.out, 0o755)); err != nil {
		return err
	}
	for _, step := range []func(context.Context) error{o.plugin, o.chart, o.manifests, o.copyImages} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return o.checksums()
}
