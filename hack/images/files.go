// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"archive/tar"
	"bytes"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// file is a file or, when its mode says so, a folder of an image.
type file struct {
	path    string // relative to the root, with slashes
	mode    fs.FileMode
	owner   int // user and group
	content []byte
}

// certificatesPath is the first place that Go programs look for root certificates at.
const certificatesPath = "etc/ssl/certs/ca-certificates.crt"

// common are the files beside the program. They change seldom, so they are a layer of their own.
func (p program) common() ([]file, error) {
	roots, err := rootCertificates()
	if err != nil {
		return nil, err
	}
	files := withParents(file{path: certificatesPath, mode: 0o444, content: roots})
	for _, dir := range p.directories {
		files = append(files, file{path: dir, mode: fs.ModeDir | 0o700, owner: nobody})
	}
	return files, nil
}

// executable is the program itself.
func (b *binary) executable() (file, error) {
	content, err := os.ReadFile(b.path)
	return file{path: b.program.name, mode: 0o755, content: content}, err
}

// withParents puts the folders that f is in before it.
func withParents(f file) []file {
	files := []file{f}
	for dir := path.Dir(f.path); dir != "."; dir = path.Dir(dir) {
		files = append([]file{{path: dir, mode: fs.ModeDir | 0o755}}, files...)
	}
	return files
}

// archive makes a layer of files. It holds no time stamp and no name of a user, so equal files make equal layers.
func archive(files ...file) ([]byte, error) {
	var layer bytes.Buffer
	w := tar.NewWriter(&layer)
	for _, f := range files {
		header := &tar.Header{Typeflag: tar.TypeReg, Name: f.path, Mode: int64(f.mode.Perm()), Uid: f.owner, Gid: f.owner, Size: int64(len(f.content))}
		if f.mode.IsDir() {
			header.Typeflag, header.Name = tar.TypeDir, strings.TrimSuffix(f.path, "/")+"/"
		}
		if err := w.WriteHeader(header); err != nil {
			return nil, err
		}
		if _, err := w.Write(f.content); err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return layer.Bytes(), err
}

// writeFiles puts what would be in the image below dir instead. Only root can give files to others; for anybody else all
// files are their own.
func (b *binary) writeFiles(dir string) error {
	files, err := b.program.common()
	if err != nil {
		return err
	}
	executable, err := b.executable()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, f := range append(files, executable) {
		name := filepath.Join(dir, filepath.FromSlash(f.path))
		if f.mode.IsDir() {
			err = os.MkdirAll(name, f.mode.Perm())
		} else {
			err = os.WriteFile(name, f.content, f.mode.Perm())
		}
		if err != nil {
			return err
		}
		if err := os.Chmod(name, f.mode.Perm()); err != nil { // whatever the umask is
			return err
		}
		if err := f.give(name); err != nil {
			return err
		}
	}
	return nil
}

// give makes the owner of f the owner of the file of this name.
func (f file) give(name string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	return os.Chown(name, f.owner, f.owner)
}
