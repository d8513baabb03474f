// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// builder compiles programs with the go command, in the module of the current directory.
type builder struct {
	out     io.Writer
	version string // of Kubernetes, shown by the programs
}

// buildEnv and buildFlags decide whether entries of the build cache can be shared: the operator's own
// binaries are built with the same ones, so that the Kubernetes libraries are compiled once for both.
func buildEnv() []string { return []string{"CGO_ENABLED=0"} }

func buildFlags(version string) []string {
	major, minor, _ := strings.Cut(strings.TrimPrefix(version, "v"), ".")
	minor, _, _ = strings.Cut(minor, ".")
	const pkg = "k8s.io/component-base/version"
	return []string{"-ldflags", fmt.Sprintf(
		"-s -w -X %[1]s.gitVersion=%[2]s -X %[1]s.gitMajor=%[3]s -X %[1]s.gitMinor=%[4]s -X %[1]s.gitTreeState=clean",
		pkg, version, major, minor)}
}

// build puts the executables of the wanted programs into dir.
func (b *builder) build(ctx context.Context, wanted []program, dir string) error {
	fmt.Fprintf(b.out, "building %s %s from source\n", names(wanted), b.version)
	m := newMeter(b.out)
	stop := m.start()
	defer stop()

	cached, stale, err := b.packages(ctx, wanted, m)
	if err != nil {
		return err
	}
	m.expect(cached, stale)
	args := append([]string{"build", "-v", "-o", dir + string(filepath.Separator)}, buildFlags(b.version)...)
	if err := b.golang(ctx, m, io.Discard, append(args, paths(wanted)...)); err != nil {
		return fmt.Errorf("build %s: %w", names(wanted), err)
	}
	m.finish()
	return nil
}

// packages asks the go command how many packages the build cache has and which ones it lacks. The
// executables themselves count as neither: they are always linked anew.
func (b *builder) packages(ctx context.Context, wanted []program, m *meter) (cached int, stale []string, err error) {
	var list bytes.Buffer
	const format = `{{if eq .Name "main"}}program{{else if .Stale}}stale{{else}}cached{{end}} {{.ImportPath}}`
	args := append([]string{"list", "-deps", "-f", format}, buildFlags(b.version)...)
	if err := b.golang(ctx, m, &list, append(args, paths(wanted)...)); err != nil {
		return 0, nil, fmt.Errorf("list the packages of %s: %w", names(wanted), err)
	}
	for line := range strings.Lines(list.String()) {
		switch state, name, _ := strings.Cut(strings.TrimSpace(line), " "); state {
		case "cached":
			cached++
		case "stale":
			stale = append(stale, name)
		case "program":
			m.ignore(name)
		}
	}
	return cached, stale, nil
}

// golang runs the go command. Its diagnostics go through the meter, which shows all that is not progress.
func (b *builder) golang(ctx context.Context, m *meter, stdout io.Writer, args []string) error {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Env = append(os.Environ(), buildEnv()...)
	cmd.Stdout, cmd.Stderr = stdout, m
	// The go command removes its temporary files when it is interrupted, not when it is killed.
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	err := cmd.Run()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

func paths(wanted []program) []string {
	list := make([]string, 0, len(wanted))
	for _, p := range wanted {
		list = append(list, p.pkg)
	}
	return list
}

// withStderr adds what a command said to the error of its exit status.
func withStderr(err error) error {
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return fmt.Errorf("%w: %s", err, bytes.TrimSpace(exit.Stderr))
	}
	return err
}
