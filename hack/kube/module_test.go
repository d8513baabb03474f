// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"os/exec"
	"testing"
)

// requirements returns the versions that the module in dir is built with.
func requirements(t *testing.T, dir string) map[string]string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "mod", "edit", "-json")
	cmd.Dir = dir
	output, err := cmd.Output()
	if err != nil {
		t.Fatal(withStderr(err))
	}
	type module struct {
		Path    string `json:"Path"`
		Version string `json:"Version"`
	}
	var file struct {
		Require []module `json:"Require"`
		Replace []struct {
			Old module `json:"Old"`
			New module `json:"New"`
		} `json:"Replace"`
	}
	if err := json.Unmarshal(output, &file); err != nil {
		t.Fatal(err)
	}
	versions := map[string]string{}
	for _, m := range file.Require {
		versions[m.Path] = m.Version
	}
	for _, r := range file.Replace {
		versions[r.Old.Path] = r.New.Version
	}
	return versions
}

// The build cache has a package once for each combination of versions below it. If the two modules
// disagree about golang.org/x/net, say, nearly all Kubernetes libraries are compiled twice.
func TestTheOperatorAndTheControlPlaneShareTheVersionsOfTheirLibraries(t *testing.T) {
	operator, kube := requirements(t, "../.."), requirements(t, ".")
	for path, version := range operator {
		if got, shared := kube[path]; shared && got != version {
			t.Errorf("%s: the operator requires %s, hack/kube %s; bring them together with go get in hack/kube", path, version, got)
		}
	}
}
