// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// directory is the place the programs go to. While it is open no other run of this command can
// change it, and everything new is made in staging first: a program appears whole or not at all.
type directory struct {
	path     string
	programs []program
	staging  string
	lock     *os.File
}

// openDirectory waits for any other run on the same directory. The caller closes what it returns.
func openDirectory(path string, programs []program, out io.Writer) (*directory, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(path, 0o755); err != nil {
		return nil, err
	}
	lock, err := os.OpenFile(filepath.Join(path, ".lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	d := &directory{path: path, programs: programs, staging: filepath.Join(path, ".staging"), lock: lock}
	if err := d.acquire(out); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return d, nil
}

func (d *directory) acquire(out io.Writer) error {
	fd := int(d.lock.Fd())
	err := syscall.Flock(fd, syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		fmt.Fprintln(out, "waiting for another build of the same programs")
		err = syscall.Flock(fd, syscall.LOCK_EX)
	}
	if err != nil {
		return fmt.Errorf("lock %s: %w", d.path, err)
	}
	return nil
}

func (d *directory) close() {
	_ = os.RemoveAll(d.staging)
	_ = d.lock.Close()
}

// clean empties the staging folder and takes the stamp away: from here to seal the directory is
// not a valid set of programs.
func (d *directory) clean() error {
	if err := os.RemoveAll(d.staging); err != nil {
		return err
	}
	err := os.Remove(filepath.Join(d.path, stampName))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.MkdirAll(d.staging, 0o755)
}

// install moves one finished program from fresh to its place.
func (d *directory) install(fresh, name string) error {
	return os.Rename(fresh, filepath.Join(d.path, name))
}

// link makes the programs of assets visible in d and returns those that assets lacks.
func (d *directory) link(assets assets, wanted []program) (missing []program, err error) {
	for _, p := range wanted {
		if _, ok := assets.found[p.name]; !ok {
			missing = append(missing, p)
			continue
		}
		fresh := filepath.Join(d.staging, p.name)
		if err := os.Symlink(filepath.Join(assets.dir, p.name), fresh); err != nil {
			return nil, err
		}
		if err := d.install(fresh, p.name); err != nil {
			return nil, err
		}
	}
	return missing, nil
}

// fetch downloads what is published and returns what is not. That nothing can be downloaded is not an
// error: it only takes longer.
func (d *directory) fetch(ctx context.Context, f *fetcher, version string, wanted []program) (missing []program, err error) {
	source, err := f.fetch(ctx, version, d.staging)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		fmt.Fprintf(f.out, "published binaries cannot be used (%v); building instead\n", reason(err))
		return wanted, nil
	}
	for _, p := range wanted {
		fresh := filepath.Join(source, p.name)
		if _, err := identify(fresh); err != nil {
			missing = append(missing, p)
			continue
		}
		if err := d.install(fresh, p.name); err != nil {
			return nil, err
		}
	}
	return missing, nil
}

// build compiles the wanted programs into d.
func (d *directory) build(ctx context.Context, b *builder, wanted []program) error {
	if err := b.build(ctx, wanted, d.staging); err != nil {
		return err
	}
	for _, p := range wanted {
		if err := d.install(filepath.Join(d.staging, p.name), p.name); err != nil {
			return err
		}
	}
	return nil
}
