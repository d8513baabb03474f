// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"time"
)

// stampName is the file that says what the programs beside it were made from. It is written last, so
// that a run that was interrupted leaves none.
const stampName = ".stamp"

// stamp is the content of the stamp file.
type stamp struct {
	Inputs   string              `json:"inputs"`
	Programs map[string]identity `json:"programs"`
}

// identity tells a program from one that was cut short, replaced or rebuilt by somebody else.
type identity struct {
	Size    int64     `json:"size"`
	ModTime time.Time `json:"modTime"`
}

// identify follows symbolic links: a changed target is a changed program.
func identify(path string) (identity, error) {
	info, err := os.Stat(path)
	if err != nil {
		return identity{}, err
	}
	if !info.Mode().IsRegular() || info.Mode().Perm()&0o111 == 0 {
		return identity{}, fmt.Errorf("%s is not an executable file", path)
	}
	return identity{Size: info.Size(), ModTime: info.ModTime().UTC()}, nil
}

// fingerprint is a digest of everything the programs depend on: the module with its locked
// dependencies, the sources in it, the compiler, its flags, and the programs taken from elsewhere.
func fingerprint(module string, assets assets) (string, error) {
	files := []string{filepath.Join(module, "go.mod"), filepath.Join(module, "go.sum")}
	sources, err := filepath.Glob(filepath.Join(module, "etcd", "*.go"))
	if err != nil {
		return "", err
	}
	digest := sha256.New()
	fmt.Fprintln(digest, runtime.Version(), runtime.GOOS, runtime.GOARCH, buildEnv(), buildFlags("VERSION"))
	fmt.Fprintln(digest, assets.dir, assets.found)
	for _, name := range append(files, sources...) {
		if err := hashFile(digest, name); err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(digest.Sum(nil)), nil
}

func hashFile(digest io.Writer, name string) error {
	content, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(digest, "%s %d\n%s", filepath.Base(name), len(content), content)
	return err
}

// upToDate reports whether the programs in d are whole and made from inputs.
func (d *directory) upToDate(inputs string) bool {
	content, err := os.ReadFile(filepath.Join(d.path, stampName))
	if err != nil {
		return false
	}
	var s stamp
	if json.Unmarshal(content, &s) != nil || s.Inputs != inputs {
		return false
	}
	for _, p := range d.programs {
		id, err := identify(filepath.Join(d.path, p.name))
		if err != nil || id != s.Programs[p.name] {
			return false
		}
	}
	return true
}

// seal writes the stamp, once all programs are in place.
func (d *directory) seal(inputs string) error {
	s := stamp{Inputs: inputs, Programs: map[string]identity{}}
	for _, p := range d.programs {
		id, err := identify(filepath.Join(d.path, p.name))
		if err != nil {
			return err
		}
		s.Programs[p.name] = id
	}
	content, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	fresh := filepath.Join(d.staging, stampName)
	if err := os.WriteFile(fresh, append(content, '\n'), 0o644); err != nil {
		return err
	}
	return os.Rename(fresh, filepath.Join(d.path, stampName))
}
