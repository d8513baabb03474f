// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"path/filepath"
)

// assets is a directory of ready-made programs that the user named. The zero value is none.
type assets struct {
	dir   string
	found map[string]identity // by program name
}

// findAssets looks at the directory dir, "" for none. The directory that is being filled does not
// count: it is what KUBEBUILDER_ASSETS names once this command has done its work.
func findAssets(dir string, dest *directory) (assets, error) {
	if dir == "" || sameDirectory(dir, dest.path) {
		return assets{}, nil
	}
	info, err := os.Stat(dir)
	if err != nil {
		return assets{}, fmt.Errorf("KUBEBUILDER_ASSETS: %w", err)
	}
	if !info.IsDir() {
		return assets{}, fmt.Errorf("KUBEBUILDER_ASSETS: %s is not a directory", dir)
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return assets{}, err
	}
	a := assets{dir: dir, found: map[string]identity{}}
	for _, p := range dest.programs {
		if id, err := identify(filepath.Join(dir, p.name)); err == nil {
			a.found[p.name] = id
		}
	}
	return a, nil
}

func sameDirectory(a, b string) bool {
	infoA, errA := os.Stat(a)
	infoB, errB := os.Stat(b)
	return errA == nil && errB == nil && os.SameFile(infoA, infoB)
}
