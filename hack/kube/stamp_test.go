// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io"
	"os"
	"path/filepath"
	"testing"
)

// newModule makes the files that a fingerprint is taken of.
func newModule(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "go.mod"), "module m\n", 0o644)
	writeFile(t, filepath.Join(dir, "go.sum"), "", 0o644)
	writeFile(t, filepath.Join(dir, "etcd", "main.go"), "package main\n", 0o644)
	return dir
}

// newFilled makes a directory with all programs and the stamp of inputs.
func newFilled(t *testing.T, inputs string) *directory {
	t.Helper()
	d := newDirectory(t)
	for _, p := range d.programs {
		writeFile(t, filepath.Join(d.path, p.name), "program", 0o755)
	}
	if err := d.seal(inputs); err != nil {
		t.Fatal(err)
	}
	return d
}

func newDirectory(t *testing.T) *directory {
	t.Helper()
	d, err := openDirectory(t.TempDir(), controlPlane(), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.close)
	if err := d.clean(); err != nil {
		t.Fatal(err)
	}
	return d
}

func writeFile(t *testing.T, path, content string, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
}

func mustFingerprint(t *testing.T, module string, a assets) string {
	t.Helper()
	sum, err := fingerprint(module, a)
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

func TestFingerprintChangesWithWhatTheProgramsAreMadeFrom(t *testing.T) {
	cases := map[string]func(t *testing.T, module string, a *assets){
		"another version is required": func(t *testing.T, module string, _ *assets) {
			writeFile(t, filepath.Join(module, "go.mod"), "module m\n// changed\n", 0o644)
		},
		"a dependency has another checksum": func(t *testing.T, module string, _ *assets) {
			writeFile(t, filepath.Join(module, "go.sum"), "changed", 0o644)
		},
		"the source of etcd's main changes": func(t *testing.T, module string, _ *assets) {
			writeFile(t, filepath.Join(module, "etcd", "main.go"), "package main // changed\n", 0o644)
		},
		"ready-made programs are named": func(_ *testing.T, _ string, a *assets) {
			*a = assets{dir: "/assets"}
		},
		"a ready-made program is replaced": func(_ *testing.T, _ string, a *assets) {
			*a = assets{dir: "/assets", found: map[string]identity{"etcd": {Size: 1}}}
		},
	}
	for name, change := range cases {
		t.Run(name, func(t *testing.T) {
			module, a := newModule(t), assets{}
			before := mustFingerprint(t, module, a)
			if again := mustFingerprint(t, module, a); again != before {
				t.Fatalf("the same inputs give %s and %s", before, again)
			}
			change(t, module, &a)
			if after := mustFingerprint(t, module, a); after == before {
				t.Error("the fingerprint is still the same")
			}
		})
	}
}

func TestUpToDateDirectoryIsRecognised(t *testing.T) {
	d := newFilled(t, "inputs")
	if !d.upToDate("inputs") {
		t.Error("a directory that was just sealed is not up to date")
	}
}

func TestDirectoryIsNotUpToDate(t *testing.T) {
	cases := map[string]func(t *testing.T, d *directory){
		"when a program is missing": func(t *testing.T, d *directory) {
			if err := os.Remove(filepath.Join(d.path, "kubectl")); err != nil {
				t.Fatal(err)
			}
		},
		"when a program was cut short": func(t *testing.T, d *directory) {
			if err := os.Truncate(filepath.Join(d.path, "etcd"), 3); err != nil {
				t.Fatal(err)
			}
		},
		"when a program cannot be executed": func(t *testing.T, d *directory) {
			if err := os.Chmod(filepath.Join(d.path, "etcd"), 0o644); err != nil {
				t.Fatal(err)
			}
		},
		"when a new run was interrupted": func(t *testing.T, d *directory) {
			if err := d.clean(); err != nil {
				t.Fatal(err)
			}
		},
		"when the stamp is damaged": func(t *testing.T, d *directory) {
			writeFile(t, filepath.Join(d.path, stampName), "{", 0o644)
		},
	}
	for name, damage := range cases {
		t.Run(name, func(t *testing.T) {
			d := newFilled(t, "inputs")
			damage(t, d)
			if d.upToDate("inputs") {
				t.Error("it is said to be up to date")
			}
		})
	}
	t.Run("when it was made from something else", func(t *testing.T) {
		if newFilled(t, "inputs").upToDate("other inputs") {
			t.Error("it is said to be up to date")
		}
	})
}

func TestSealRefusesAnIncompleteDirectory(t *testing.T) {
	d := newDirectory(t)
	if err := d.seal("inputs"); err == nil {
		t.Error("a directory without programs was sealed")
	}
	if d.upToDate("inputs") {
		t.Error("a directory without programs is up to date")
	}
}
