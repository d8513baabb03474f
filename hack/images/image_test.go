// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"archive/tar"
	"bytes"
	"crypto/x509"
	"debug/elf"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

func TestEveryImageIsWhole(t *testing.T) {
	for _, p := range shipped() {
		if err := validate.Index(index(t, shared.out, p.image)); err != nil {
			t.Errorf("%s: %v", p.image, err)
		}
	}
}

// contents are all files of the images.
var contents = map[string][]string{
	"manager": {
		"drwxr-xr-x 0:0 etc/",
		"drwxr-xr-x 0:0 etc/ssl/",
		"drwxr-xr-x 0:0 etc/ssl/certs/",
		"-r--r--r-- 0:0 etc/ssl/certs/ca-certificates.crt",
		"-rwxr-xr-x 0:0 manager",
	},
	"roomserver": {
		"drwxr-xr-x 0:0 etc/",
		"drwxr-xr-x 0:0 etc/ssl/",
		"drwxr-xr-x 0:0 etc/ssl/certs/",
		"-r--r--r-- 0:0 etc/ssl/certs/ca-certificates.crt",
		"drwx------ 65532:65532 data/",
		"-rwxr-xr-x 0:0 roomserver",
	},
}

func TestAnImageHoldsTheProgramAndRootCertificatesAndNothingElse(t *testing.T) {
	forEach(t, func(t *testing.T, p program, _ string, image v1.Image) {
		var got []string
		eachFile(t, image, func(header *tar.Header, _ []byte) {
			got = append(got, fmt.Sprintf("%s %d:%d %s", header.FileInfo().Mode(), header.Uid, header.Gid, header.Name))
			if header.ModTime.Unix() != 0 || header.Uname != "" || header.Gname != "" {
				t.Errorf("%s: time %v, user %q, group %q are of the machine that made it", header.Name, header.ModTime, header.Uname, header.Gname)
			}
		})
		if diff := cmp.Diff(contents[p.name], got); diff != "" {
			t.Errorf("files (-want +got):\n%s", diff)
		}
	})
}

func TestAnImageSaysHowItIsRunAndWhatItIs(t *testing.T) {
	forEach(t, func(t *testing.T, p program, platform string, image v1.Image) {
		config, err := image.ConfigFile()
		if err != nil {
			t.Fatal(err)
		}
		labels := config.Config.Labels
		config.Config.Labels = nil
		want := v1.Config{User: "65532:65532", Entrypoint: []string{"/" + p.name}, WorkingDir: "/"}
		if diff := cmp.Diff(want, config.Config); diff != "" {
			t.Errorf("config (-want +got):\n%s", diff)
		}
		if got := config.OS + "/" + config.Architecture; got != platform {
			t.Errorf("platform is %s, want %s", got, platform)
		}
		revision, err := exec.CommandContext(t.Context(), "git", "-C", shared.source, "rev-parse", "HEAD").Output()
		if err != nil {
			t.Fatal(err)
		}
		commit := strings.TrimSpace(string(revision))
		wantLabels := map[string]string{
			"org.opencontainers.image.title":       p.title,
			"org.opencontainers.image.description": p.description,
			"org.opencontainers.image.licenses":    "Apache-2.0",
			"org.opencontainers.image.source":      "https://github.com/roomsecrets/roomsecret-operator",
			"org.opencontainers.image.created":     committedAt,
			"org.opencontainers.image.revision":    commit,
			"org.opencontainers.image.version":     "v0.0.0-20260102030405-" + commit[:12],
		}
		if diff := cmp.Diff(wantLabels, labels); diff != "" {
			t.Errorf("labels (-want +got):\n%s", diff)
		}
	})
}

func TestAProgramIsStaticAndForItsPlatform(t *testing.T) {
	machines := map[string]elf.Machine{"linux/amd64": elf.EM_X86_64, "linux/arm64": elf.EM_AARCH64}
	forEach(t, func(t *testing.T, p program, platform string, image v1.Image) {
		binary, err := elf.NewFile(bytes.NewReader(read(t, image, p.name)))
		if err != nil {
			t.Fatal(err)
		}
		if binary.Machine != machines[platform] {
			t.Errorf("it is for %v", binary.Machine)
		}
		for _, segment := range binary.Progs {
			if segment.Type == elf.PT_INTERP || segment.Type == elf.PT_DYNAMIC {
				t.Errorf("it has a segment %v: it needs a dynamic loader", segment.Type)
			}
		}
	})
}

func TestAProgramFromAnImageRuns(t *testing.T) {
	for _, p := range shipped() {
		image, ok := images(t, p)["linux/"+runtime.GOARCH]
		if !ok || runtime.GOOS != "linux" {
			t.Logf("this machine (%s/%s) runs none of the images", runtime.GOOS, runtime.GOARCH)
			return
		}
		path := filepath.Join(t.TempDir(), p.name)
		if err := os.WriteFile(path, read(t, image, p.name), 0o700); err != nil {
			t.Fatal(err)
		}
		if output, err := exec.CommandContext(t.Context(), path, "--help").CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", p.name, err, output)
		}
	}
}

func TestRootCertificatesCanBeUsed(t *testing.T) {
	forEach(t, func(t *testing.T, _ program, _ string, image v1.Image) {
		text := read(t, image, certificatesPath)
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(text) {
			t.Fatal("there is no certificate")
		}
		if n := bytes.Count(text, []byte("BEGIN CERTIFICATE")); n < 50 {
			t.Errorf("there are only %d certificates", n)
		}
		if bytes.Contains(text, []byte("PRIVATE KEY")) {
			t.Error("there is a private key among them")
		}
	})
}

// What ctr and docker read is the archive, and they name the image as its index says.
func TestTheArchiveIsTheLayout(t *testing.T) {
	for _, p := range shipped() {
		dir := filepath.Join(shared.out, p.image)
		archive, err := os.Open(dir + ".tar")
		if err != nil {
			t.Fatal(err)
		}
		defer archive.Close()
		files := 0
		eachEntry(t, archive, func(header *tar.Header, content []byte) {
			files++
			if header.Name == "index.json" {
				checkReference(t, content, p.reference("test"))
			}
			onDisk, err := os.ReadFile(filepath.Join(dir, header.Name))
			if err != nil || !bytes.Equal(onDisk, content) {
				t.Errorf("%s differs from the layout: %v", header.Name, err)
			}
		})
		// The layout's own two, the index, each platform's manifest, configuration and program, and the certificates.
		if want := 2 + 1 + 3*len(p.platforms()) + 1; files != want {
			t.Errorf("%s has %d files, want %d", archive.Name(), files, want)
		}
	}
}

func checkReference(t *testing.T, index []byte, want string) {
	t.Helper()
	var manifest v1.IndexManifest
	if err := json.Unmarshal(index, &manifest); err != nil {
		t.Fatal(err)
	}
	if got := manifest.Manifests[0].Annotations["io.containerd.image.name"]; got != want {
		t.Errorf("the image is named %q, want %q", got, want)
	}
}

// eachFile calls visit for all files of an image, in the order of the layers.
func eachFile(t *testing.T, image v1.Image, visit func(*tar.Header, []byte)) {
	t.Helper()
	layers, err := image.Layers()
	if err != nil {
		t.Fatal(err)
	}
	for _, layer := range layers {
		content, err := layer.Uncompressed()
		if err != nil {
			t.Fatal(err)
		}
		eachEntry(t, content, visit)
		if err := content.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func eachEntry(t *testing.T, archive io.Reader, visit func(*tar.Header, []byte)) {
	t.Helper()
	for r := tar.NewReader(archive); ; {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		visit(header, content)
	}
}

// read returns a file of an image as a container sees it.
func read(t *testing.T, image v1.Image, path string) []byte {
	t.Helper()
	root := mutate.Extract(image)
	defer root.Close()
	var found []byte
	eachEntry(t, root, func(header *tar.Header, content []byte) {
		if header.Name == path {
			found = content
		}
	})
	if found == nil {
		t.Fatalf("there is no %s", path)
	}
	return found
}
