// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

// Command images makes the container images of this project, without a container engine and without a registry: the
// static binary and a bundle of root certificates, on nothing. For each image it writes an OCI layout, which tools such
// as crane and skopeo copy to a registry, the same as an archive, which "ctr images import" and "docker load" read, and
// a software bill of materials in CycloneDX for each platform.
//
// The same sources, compiled by the same Go release, give the same digests, wherever and whenever they are built.
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
	"strings"
	"syscall"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// options are the flags of the command.
type options struct {
	source    string   // root of the repository
	out       string   // where layouts, archives and bills of materials go
	files     string   // where only the files of the images go; "" for images
	tag       string   // of the images
	platforms []string // such as linux/amd64
	programs  []string // names in the list of programs; none: those that are shipped
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "images:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	o, err := parse(args)
	if err != nil {
		return err
	}
	programs, err := choose(o.programs)
	if err != nil {
		return err
	}
	binaries, err := os.MkdirTemp("", "images-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(binaries) }() // they are in the images now
	for _, p := range programs {
		built, err := o.build(ctx, p, binaries)
		if err != nil {
			return fmt.Errorf("%s: %w", p.image, err)
		}
		if o.files != "" {
			if err := built[0].writeFiles(filepath.Join(o.files, p.name)); err != nil {
				return err
			}
			continue
		}
		digest, err := o.write(p, built)
		if err != nil {
			return fmt.Errorf("%s: %w", p.image, err)
		}
		fmt.Fprintln(out, p.reference(o.tag), digest)
	}
	return nil
}

func parse(args []string) (*options, error) {
	var o options
	var platforms string
	flags := flag.NewFlagSet("images", flag.ContinueOnError)
	flags.StringVar(&o.source, "source", filepath.Join("..", ".."), "`directory` of the repository")
	flags.StringVar(&o.out, "out", filepath.Join("..", "..", "dist", "images"), "`directory` the images go to")
	flags.StringVar(&o.files, "files", "", "write only the files of the images, below this `directory`; of one platform")
	flags.StringVar(&o.tag, "tag", "latest", "`tag` of the images")
	flags.StringVar(&platforms, "platforms", "linux/amd64,linux/arm64", "`platforms` to build for")
	flags.Usage = func() {
		fmt.Fprintln(flags.Output(), "Usage: images [flags] [program ...]")
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	o.platforms, o.programs = strings.Split(platforms, ","), flags.Args()
	if o.files != "" && len(o.platforms) != 1 {
		return nil, errors.New("-files takes one platform: name it with -platforms")
	}
	return &o, nil
}

// build compiles a program for every platform.
func (o *options) build(ctx context.Context, p program, dir string) ([]*binary, error) {
	var built []*binary
	for _, name := range o.platforms {
		platform, err := v1.ParsePlatform(name)
		if err != nil {
			return nil, err
		}
		b, err := compile(ctx, o.source, p, *platform, dir)
		if err != nil {
			return nil, err
		}
		built = append(built, b)
	}
	return built, nil
}

// write makes one image of a program's binaries, with all that belongs to it, and returns its digest.
func (o *options) write(p program, built []*binary) (v1.Hash, error) {
	index, err := newIndex(built)
	if err != nil {
		return v1.Hash{}, err
	}
	dir := filepath.Join(o.out, p.image)
	if err := writeLayout(dir, index, p.reference(o.tag)); err != nil {
		return v1.Hash{}, err
	}
	if err := writeArchive(dir+".tar", dir); err != nil {
		return v1.Hash{}, err
	}
	for _, b := range built {
		if err := writeBill(fmt.Sprintf("%s-%s-%s.cdx.json", dir, b.platform.OS, b.platform.Architecture), b); err != nil {
			return v1.Hash{}, err
		}
	}
	return index.Digest()
}
