// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The program of the manager is compared by the test of the Dockerfile, which has a directory of its own too.
func TestTheSameSourcesInAnotherDirectoryGiveTheSameFiles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "path", "of", "another", "length")
	source, out := filepath.Join(dir, "source"), filepath.Join(dir, "out")
	if err := commitCopy(t.Context(), source); err != nil {
		t.Fatal(err)
	}
	roomserver := shipped()[1]
	if err := makeImages(t.Context(), source, out, roomserver); err != nil {
		t.Fatal(err)
	}
	want := digests(t, shared.out)
	maps.DeleteFunc(want, func(path, _ string) bool { return !strings.HasPrefix(path, roomserver.image) })
	if diff := cmp.Diff(want, digests(t, out)); diff != "" {
		t.Errorf("digests (-first +second):\n%s", diff)
	}
}

// digests returns the digest of every file in dir.
func digests(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(filepath.Join(dir, path))
		sum := sha256.Sum256(content)
		found[path] = hex.EncodeToString(sum[:])
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) == 0 {
		t.Fatalf("%s is empty", dir)
	}
	return found
}
