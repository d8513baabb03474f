// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestProgramsOfKubebuilderAssetsAreLinkedAndTheRestIsMissing(t *testing.T) {
	source, d := t.TempDir(), newDirectory(t)
	for _, name := range []string{"etcd", "kube-apiserver", "kubectl"} {
		writeFile(t, filepath.Join(source, name), name, 0o755)
	}
	writeFile(t, filepath.Join(source, "kube-controller-manager"), "not a program", 0o644)

	a, err := findAssets(source, d)
	if err != nil {
		t.Fatal(err)
	}
	missing, err := d.link(a, d.programs)
	if err != nil {
		t.Fatal(err)
	}
	if got := names(missing); got != "kube-controller-manager" {
		t.Errorf("missing are %q, want only kube-controller-manager", got)
	}
	content, err := os.ReadFile(filepath.Join(d.path, "kube-apiserver"))
	if err != nil || string(content) != "kube-apiserver" {
		t.Errorf("kube-apiserver reads %q, %v", content, err)
	}
}

func TestTheDirectoryThatIsFilledIsNotTakenForAssets(t *testing.T) {
	d := newDirectory(t)
	a, err := findAssets(d.path+"/.", d)
	if err != nil || a.dir != "" {
		t.Errorf("found %+v, %v, want none", a, err)
	}
}

func TestKubebuilderAssetsMustBeADirectory(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	writeFile(t, file, "", 0o644)
	for _, path := range []string{file, file + ".missing"} {
		if _, err := findAssets(path, newDirectory(t)); err == nil {
			t.Errorf("%s was accepted", path)
		}
	}
}
