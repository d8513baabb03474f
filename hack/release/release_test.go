// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

// host is the platform of this machine: for another one, the plugin would have to be compiled from the ground up.
const host = runtime.GOOS + "/" + runtime.GOARCH

// release makes a release for this machine, with images that are none, and returns where it is.
func release(t *testing.T) string {
	t.Helper()
	images, out := t.TempDir(), filepath.Join(t.TempDir(), "release")
	for _, name := range []string{"roomsecret-operator.tar", "roomsecret-operator-linux-amd64.cdx.json"} {
		if err := os.WriteFile(filepath.Join(images, name), []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	source := filepath.Join("..", "..")
	o, err := parse([]string{
		"-version", "v1.2.3", "-targets", host, "-source", source, "-out", out, "-images", images, "-image", "localhost/operator",
		"-helm", filepath.Join(source, "bin", "tools", "helm"), "-kubectl", filepath.Join(source, "bin", "kube", "kubectl"),
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := o.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	return out
}

func read(t *testing.T, dir, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func TestWhatAReleaseConsistsOf(t *testing.T) {
	t.Parallel()
	dir := release(t)
	archive := "kubectl-room_1.2.3_" + runtime.GOOS + "_" + runtime.GOARCH + ".tar.gz"

	var names []string
	sums := map[string]string{}
	for line := range strings.Lines(string(read(t, dir, "checksums.txt"))) {
		sum, name, _ := strings.Cut(strings.TrimSpace(line), "  ")
		names, sums[name] = append(names, name), sum
	}
	want := []string{
		"crds.yaml", "install.yaml", archive, "room.yaml", "roomsecret-operator-1.2.3.tgz",
		"roomsecret-operator-linux-amd64_1.2.3.cdx.json", "roomsecret-operator_1.2.3.tar",
	}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	for name, sum := range sums {
		if got := fmt.Sprintf("%x", sha256.Sum256(read(t, dir, name))); got != sum {
			t.Errorf("the checksum of %s is %s, want %s", name, got, sum)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != len(want)+1 {
		t.Errorf("there are %d files, %v", len(entries), err)
	}

	if !bytes.Contains(read(t, dir, "install.yaml"), []byte("image: localhost/operator:1.2.3\n")) {
		t.Error("install.yaml does not have the image")
	}
	if n := bytes.Count(read(t, dir, "crds.yaml"), []byte("kind: CustomResourceDefinition\n")); n != 3 {
		t.Errorf("there are %d CRDs", n)
	}
	checkPlugin(t, read(t, dir, archive))
	checkKrew(t, read(t, dir, "room.yaml"), archive, sums[archive])
	checkReproducible(t, dir, release(t))
}

// checkPlugin expects that an archive has the license and a plugin that runs.
func checkPlugin(t *testing.T, archive []byte) {
	t.Helper()
	files, err := untar(bytes.NewReader(archive))
	if err != nil || len(files) != 2 || files[0].name != "LICENSE" || files[1].name != "kubectl-room" {
		t.Fatalf("there are %d files, %v", len(files), err)
	}
	program := filepath.Join(t.TempDir(), files[1].name)
	if err := os.WriteFile(program, files[1].content, files[1].mode); err != nil {
		t.Fatal(err)
	}
	if output, err := exec.CommandContext(t.Context(), program, "secret", "--help").CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, output)
	}
}

// checkKrew reads the manifest as Krew does, which refuses members that it does not know, and checks what Krew checks.
func checkKrew(t *testing.T, manifest []byte, archive, sum string) {
	t.Helper()
	var plugin krewPlugin
	if err := yaml.UnmarshalStrict(manifest, &plugin); err != nil {
		t.Fatal(err)
	}
	if plugin.APIVersion != "krew.googlecontainertools.github.com/v1alpha2" || plugin.Kind != "Plugin" || plugin.Metadata.Name != "room" {
		t.Errorf("it is %s %s %s", plugin.APIVersion, plugin.Kind, plugin.Metadata.Name)
	}
	if plugin.Spec.Version != "v1.2.3" || !regexp.MustCompile(`^[^\r\n]+$`).MatchString(plugin.Spec.ShortDescription) {
		t.Errorf("version %q, %q", plugin.Spec.Version, plugin.Spec.ShortDescription)
	}
	want := []krewPlatform{{
		Selector: krewSelector{MatchLabels: map[string]string{"os": runtime.GOOS, "arch": runtime.GOARCH}},
		URI:      "https://not-published.invalid/v1.2.3/" + archive, SHA256: sum, Bin: "kubectl-room",
	}}
	if diff := cmp.Diff(want, plugin.Spec.Platforms); diff != "" {
		t.Errorf("platforms (-want +got):\n%s", diff)
	}
}

// checkReproducible expects the same files of two releases.
func checkReproducible(t *testing.T, first, second string) {
	t.Helper()
	if diff := cmp.Diff(string(read(t, first, "checksums.txt")), string(read(t, second, "checksums.txt"))); diff != "" {
		t.Errorf("checksums (-first +second):\n%s", diff)
	}
}

func TestAPluginForWindowsIsZipped(t *testing.T) {
	t.Parallel()
	archive, err := zipped([]file{{"LICENSE", 0o644, []byte("free")}, {"kubectl-room.exe", 0o755, []byte("MZ")}})
	if err != nil {
		t.Fatal(err)
	}
	r, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil || len(r.File) != 2 || r.File[1].Name != "kubectl-room.exe" || r.File[1].Mode().Perm() != 0o755 {
		t.Fatalf("%+v, %v", r, err)
	}
}

func TestVersionsAreLikeThoseOfGo(t *testing.T) {
	t.Parallel()
	for version, good := range map[string]bool{"v0.1.0": true, "v1.0.0-rc.1": true, "0.1.0": false, "v1": false, "": false, "v1.0.0/..": false} {
		if _, err := parse([]string{"-version", version}); (err == nil) != good {
			t.Errorf("%q: %v", version, err)
		}
	}
}
