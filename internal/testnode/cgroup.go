// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package testnode

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// controlGroup is the part of the machine's control groups that a node works in. The kubelet ends what it finds there
// and does not know, so each node must have its own.
type controlGroup struct {
	name string
	dirs []string // one of each hierarchy
}

const (
	controlGroups      = "/sys/fs/cgroup"
	controlGroupPrefix = "testnode-"
)

// newControlGroup makes a group that is named after this process, and removes those of processes that have ended.
func newControlGroup() (*controlGroup, error) {
	roots, err := hierarchies()
	if err != nil {
		return nil, err
	}
	g := &controlGroup{name: controlGroupPrefix + strconv.Itoa(os.Getpid())}
	for _, root := range roots {
		sweep(root)
		dir := filepath.Join(root, g.name)
		if err := os.Mkdir(dir, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
		g.dirs = append(g.dirs, dir)
	}
	return g, nil
}

// hierarchies are the roots of the control groups: one in version 2, one for each controller in version 1.
func hierarchies() ([]string, error) {
	controllers, err := os.ReadFile(filepath.Join(controlGroups, "cgroup.controllers"))
	if err == nil {
		// A group has the controllers that its parent passes on.
		pass := "+" + strings.Join(strings.Fields(string(controllers)), " +")
		return []string{controlGroups}, os.WriteFile(filepath.Join(controlGroups, "cgroup.subtree_control"), []byte(pass), 0)
	}
	processes, err := filepath.Glob(filepath.Join(controlGroups, "*", "cgroup.procs"))
	roots := make([]string, 0, len(processes))
	for _, file := range processes {
		roots = append(roots, filepath.Dir(file))
	}
	return roots, err
}

// sweep removes the groups of nodes whose program was killed before it could do so.
func sweep(hierarchy string) {
	left, _ := filepath.Glob(filepath.Join(hierarchy, controlGroupPrefix+"*"))
	for _, dir := range left {
		pid := strings.TrimPrefix(filepath.Base(dir), controlGroupPrefix)
		if _, err := os.Stat(filepath.Join("/proc", pid)); errors.Is(err, fs.ErrNotExist) {
			_ = removeGroups(dir) // still in use, or somebody else was faster
		}
	}
}

// remove removes the group with all that pods have left in it. Their processes have ended; the kernel may need a moment
// to notice.
func (g *controlGroup) remove() error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second) //nolint:forbidigo // also when the caller's is done
	defer cancel()
	for _, dir := range g.dirs {
		if err := poll(ctx, func() error { return removeGroups(dir) }); err != nil {
			return fmt.Errorf("remove a control group: %w", err)
		}
	}
	return nil
}

// removeGroups removes a group and those within it, the innermost first.
func removeGroups(dir string) error {
	var groups []string
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			groups = append(groups, path)
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	})
	for _, group := range slices.Backward(groups) {
		if removeErr := os.Remove(group); removeErr != nil && !errors.Is(removeErr, fs.ErrNotExist) {
			err = errors.Join(err, removeErr)
		}
	}
	return err
}

// poll calls try until it succeeds or ctx is done.
func poll(ctx context.Context, try func() error) error {
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for {
		err := try()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.Join(context.Cause(ctx), err)
		case <-ticker.C:
		}
	}
}
