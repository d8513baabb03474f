// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/go-logr/logr"
	"sigs.k8s.io/controller-runtime/tools/setup-envtest/remote"
	"sigs.k8s.io/controller-runtime/tools/setup-envtest/store"
	"sigs.k8s.io/controller-runtime/tools/setup-envtest/versions"
)

// A network that does not answer soon is taken for none, and one that is slower than the compiler is
// no help either.
const (
	indexPatience    = 5 * time.Second
	downloadPatience = 5 * time.Minute
)

// fetcher gets the archives that envtest publishes. The client of setup-envtest does the work; it
// compares the archive with the checksum in the index.
type fetcher struct {
	out      io.Writer
	indexURL string // "" for the index of the Kubernetes project
}

// fetch downloads the newest published patch release of the same minor version, unpacks it below dir
// and returns the folder with the programs.
func (f *fetcher) fetch(ctx context.Context, version, dir string) (string, error) {
	ctx = logr.NewContext(ctx, logr.Discard())
	client := &remote.HTTPClient{Log: logr.Discard(), IndexURL: f.indexURL}
	release, platform, err := choose(ctx, client, version)
	if err != nil {
		return "", err
	}
	archive, err := os.Create(filepath.Join(dir, "envtest.tar.gz"))
	if err != nil {
		return "", err
	}
	defer archive.Close()

	fmt.Fprintf(f.out, "downloading the published binaries of Kubernetes %s\n", release)
	download, cancel := context.WithTimeout(ctx, downloadPatience)
	defer cancel()
	if err := client.GetVersion(download, release, platform, archive); err != nil {
		return "", err
	}
	if _, err := archive.Seek(0, io.SeekStart); err != nil {
		return "", err
	}
	return unpack(ctx, archive, store.Item{Version: release, Platform: platform.Platform}, dir)
}

// published reports whether the archives have any of programs.
func published(programs []program) bool {
	return slices.ContainsFunc(programs, func(p program) bool { return p.name == "kube-apiserver" })
}

// choose finds the release and the archive for this machine in the index.
func choose(ctx context.Context, client remote.Client, version string) (versions.Concrete, versions.PlatformItem, error) {
	var wanted versions.PatchSelector
	wanted.Patch = versions.AnyPoint
	if _, err := fmt.Sscanf(version, "v%d.%d.", &wanted.Major, &wanted.Minor); err != nil {
		return versions.Concrete{}, versions.PlatformItem{}, fmt.Errorf("version %q: %w", version, err)
	}
	ctx, cancel := context.WithTimeout(ctx, indexPatience)
	defer cancel()
	sets, err := client.ListVersions(ctx) // newest first
	if err != nil {
		return versions.Concrete{}, versions.PlatformItem{}, err
	}
	for _, set := range sets {
		if !wanted.Matches(set.Version) {
			continue
		}
		for _, item := range set.Platforms {
			if item.OS == runtime.GOOS && item.Arch == runtime.GOARCH {
				return set.Version, item, nil
			}
		}
	}
	return versions.Concrete{}, versions.PlatformItem{}, fmt.Errorf("none is published for %s on %s/%s", wanted, runtime.GOOS, runtime.GOARCH)
}

// reason shortens the error of a request to why it failed.
func reason(err error) error {
	if request, ok := errors.AsType[*url.Error](err); ok {
		return request.Err
	}
	return err
}

// unpack returns the folder below dir that holds the content of archive.
func unpack(ctx context.Context, archive io.Reader, item store.Item, dir string) (string, error) {
	s := store.NewAt(dir)
	if err := errors.Join(s.Initialize(ctx), s.Add(ctx, item, archive)); err != nil {
		return "", err
	}
	folder, err := s.Path(item)
	if err != nil {
		return "", err
	}
	// The store makes the folder read-only; the programs are moved out of it.
	return folder, os.Chmod(folder, 0o755)
}
