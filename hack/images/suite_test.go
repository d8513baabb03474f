// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
)

// platforms are those that the images of a program are made for here. The manager takes minutes to compile for another
// machine than this one, and shows nothing that the room server does not.
func (p program) platforms() []string {
	if p.name == "manager" {
		return []string{"linux/" + runtime.GOARCH}
	}
	return []string{"linux/amd64", "linux/arm64"}
}

// shared are the images that the tests of this package look at, made of a copy of the sources.
var shared struct{ source, out string }

func TestMain(m *testing.M) {
	os.Exit(runTests(m))
}

func runTests(m *testing.M) int {
	dir, err := os.MkdirTemp("", "images-test-")
	if err == nil {
		defer func() { _ = os.RemoveAll(dir) }() // a folder for temporary files is cleaned by others too
		shared.source, shared.out = filepath.Join(dir, "source"), filepath.Join(dir, "out")
		err = errors.Join(commitCopy(context.Background(), shared.source), makeImages(context.Background(), shared.source, shared.out, shipped()...))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// makeImages makes images of programs.
func makeImages(ctx context.Context, source, out string, programs ...program) error {
	for _, p := range programs {
		platforms := strings.Join(p.platforms(), ",")
		if err := run(ctx, []string{"-source", source, "-out", out, "-platforms", platforms, "-tag", "test", p.name}, io.Discard); err != nil {
			return err
		}
	}
	return nil
}

// commitCopy makes a repository at dir with one commit: what git knows of this one, and what is new and not ignored; all
// that nobody has built, when this is no repository. Its author, date and message are always the same, so the same files
// give the same commit.
func commitCopy(ctx context.Context, dir string) error {
	script := fmt.Sprintf(`
mkdir -p %[1]s
{ git -c safe.directory="$(realpath ../..)" -C ../.. ls-files -z --cached --others --exclude-standard ||
	(cd ../.. && find . -path ./bin -prune -o -path ./dist -prune -o -type f -print0); } |
	(cd ../.. && while IFS= read -r -d '' file; do [[ ! -f $file ]] || printf '%%s\0' "$file"; done) |
	tar -C ../.. --null --files-from - --create | tar -C %[1]s --extract
cd %[1]s
git init --quiet
git add --all
git -c user.name=nobody -c user.email=nobody@example.com -c commit.gpgsign=false commit --quiet --message sources`, dir)
	cmd := exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-c", script)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null",
		"GIT_AUTHOR_DATE="+committedAt, "GIT_COMMITTER_DATE="+committedAt)
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("copy the sources: %w\n%s", err, output)
	}
	return nil
}

const committedAt = "2026-01-02T03:04:05Z"

// index returns an image from the layout of its name in out.
func index(t *testing.T, out, name string) v1.ImageIndex {
	t.Helper()
	path, err := layout.FromPath(filepath.Join(out, name))
	if err != nil {
		t.Fatal(err)
	}
	all, err := path.ImageIndex()
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := all.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	if len(manifest.Manifests) != 1 {
		t.Fatalf("%s: there are %d images, want 1", name, len(manifest.Manifests))
	}
	image, err := all.ImageIndex(manifest.Manifests[0].Digest)
	if err != nil {
		t.Fatal(err)
	}
	return image
}

// images returns the image of a program for each platform.
func images(t *testing.T, p program) map[string]v1.Image {
	t.Helper()
	all := index(t, shared.out, p.image)
	manifest, err := all.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]v1.Image{}
	for _, m := range manifest.Manifests {
		if found[m.Platform.String()], err = all.Image(m.Digest); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(p.platforms(), slices.Sorted(maps.Keys(found))); diff != "" {
		t.Fatalf("platforms of %s (-want +got):\n%s", p.image, diff)
	}
	return found
}

// forEach runs a test for every image that is shipped, and every platform.
func forEach(t *testing.T, test func(t *testing.T, p program, platform string, image v1.Image)) {
	t.Helper()
	for _, p := range shipped() {
		for platform, image := range images(t, p) {
			t.Run(p.name+" for "+platform, func(t *testing.T) { test(t, p, platform, image) })
		}
	}
}
