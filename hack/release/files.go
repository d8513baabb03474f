// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// chart packages the chart. helm keeps the time of each file in it, which is when it was checked out, so it is packed
// again without.
func (o *options) chart(ctx context.Context) error {
	name := o.path("roomsecret-operator-" + o.number() + ".tgz")
	if _, err := output(ctx, o.helm, "package", filepath.Join(o.source, "charts", "roomsecret-operator"),
		"--version", o.number(), "--app-version", o.number(), "--destination", o.out); err != nil {
		return err
	}
	packed, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	files, err := untar(bytes.NewReader(packed))
	if err != nil {
		return err
	}
	again, err := tarball(files)
	if err != nil {
		return err
	}
	return os.WriteFile(name, again, 0o644)
}

// manifests writes the CRDs, and all that config/default has with the image of this version.
func (o *options) manifests(ctx context.Context) error {
	crds, err := output(ctx, o.kubectl, "kustomize", filepath.Join(o.source, "config", "crd"))
	if err != nil {
		return err
	}
	install, err := output(ctx, o.kubectl, "kustomize", filepath.Join(o.source, "config", "default"))
	if err != nil {
		return err
	}
	const image = "image: roomsecret-operator:latest\n"
	if n := bytes.Count(install, []byte(image)); n != 1 {
		return fmt.Errorf("config/default has the image %d times, want once", n)
	}
	install = bytes.Replace(install, []byte(image), []byte("image: "+o.image+":"+o.number()+"\n"), 1)
	for name, content := range map[string][]byte{"crds.yaml": crds, "install.yaml": install} {
		if err := os.WriteFile(o.path(name), content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// copyImages takes the archives of the images and their bills of materials.
func (o *options) copyImages(context.Context) error {
	found := 0
	for _, pattern := range []string{"*.tar", "*.cdx.json"} {
		names, err := filepath.Glob(filepath.Join(o.images, pattern))
		if err != nil {
			return err
		}
		for _, name := range names {
			content, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			base := strings.Replace(filepath.Base(name), ".", "_"+o.number()+".", 1)
			if err := os.WriteFile(o.path(base), content, 0o644); err != nil {
				return err
			}
			found++
		}
	}
	if found == 0 {
		return fmt.Errorf("there are no images in %s: run make images", o.images)
	}
	return nil
}

// checksums writes what "sha256sum --check" reads, about all that was written before.
func (o *options) checksums() error {
	entries, err := os.ReadDir(o.out) // in the order of their names
	if err != nil {
		return err
	}
	var sums strings.Builder
	for _, entry := range entries {
		content, err := os.ReadFile(o.path(entry.Name()))
		if err != nil {
			return err
		}
		fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(content), entry.Name())
	}
	return os.WriteFile(o.path("checksums.txt"), []byte(sums.String()), 0o644)
}

// output runs a program and returns what it prints.
func output(ctx context.Context, program string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s %v: %w\n%s", filepath.Base(program), args, err, &stderr)
	}
	return out, nil
}
