// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"debug/buildinfo"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// binary is a program that was compiled for one platform.
type binary struct {
	program  program
	platform v1.Platform
	path     string
	info     *buildinfo.BuildInfo // what the Go command has recorded in it
}

// buildArgs leave out of a binary where it was built, and what only a debugger needs. Version, commit and its time are
// recorded when the sources are in a git repository.
func buildArgs() []string { return []string{"build", "-trimpath", "-buildvcs=auto", "-ldflags=-s -w"} }

// buildEnv makes the build depend on nothing that this machine has set. The sources may be somebody else's, as they often
// are in a container: git would refuse to tell their commit.
func buildEnv(source string, platform v1.Platform) []string {
	return []string{
		"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=" + source,
		"CGO_ENABLED=0", "GOOS=" + platform.OS, "GOARCH=" + platform.Architecture,
		"GOAMD64=v1", "GOARM64=v8.0", "GOFLAGS=", "GOEXPERIMENT=", "GOWORK=off", "GODEBUG=",
	}
}

// compile builds a program from the sources, into a folder for its platform below dir.
func compile(ctx context.Context, source string, p program, platform v1.Platform, dir string) (*binary, error) {
	path, err := filepath.Abs(filepath.Join(dir, platform.OS+"-"+platform.Architecture, p.name))
	if err != nil {
		return nil, err
	}
	if source, err = filepath.Abs(source); err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, "go", append(buildArgs(), "-o", path, p.pkg)...)
	cmd.Dir = source
	cmd.Env = append(os.Environ(), buildEnv(source, platform)...)
	if output, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build %s for %s: %w\n%s", p.pkg, platform, err, bytes.TrimSpace(output))
	}
	info, err := buildinfo.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return &binary{program: p, platform: platform, path: path, info: info}, nil
}

// setting returns what the go command has recorded under a key, such as "vcs.revision"; "" for nothing.
func (b *binary) setting(key string) string {
	for _, s := range b.info.Settings {
		if s.Key == key {
			return s.Value
		}
	}
	return ""
}

// committed is when the sources were committed; 1970 when that is not known.
func (b *binary) committed() (time.Time, error) {
	if text := b.setting("vcs.time"); text != "" {
		return time.Parse(time.RFC3339, text)
	}
	return time.Unix(0, 0).UTC(), nil
}
