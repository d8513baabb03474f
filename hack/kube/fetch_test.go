// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha512"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// newArchive makes an archive as envtest publishes them.
func newArchive(t *testing.T) []byte {
	t.Helper()
	var buffer bytes.Buffer
	zip := gzip.NewWriter(&buffer)
	archive := tar.NewWriter(zip)
	for _, name := range []string{"etcd", "kube-apiserver", "kubectl"} {
		content := "published " + name
		header := &tar.Header{Name: "controller-tools/envtest/" + name, Mode: 0o755, Size: int64(len(content)), Typeflag: tar.TypeReg}
		if err := archive.WriteHeader(header); err != nil {
			t.Fatal(err)
		}
		if _, err := archive.Write([]byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	if err := zip.Close(); err != nil {
		t.Fatal(err)
	}
	return buffer.Bytes()
}

// mirror serves an index with one archive for this platform under each of the versions.
type mirror struct {
	versions []string
	hash     string // "" for the right one
	asked    string // the archive that was downloaded
}

func (m *mirror) start(t *testing.T) *fetcher {
	t.Helper()
	archive := newArchive(t)
	if m.hash == "" {
		m.hash = fmt.Sprintf("%x", sha512.Sum512(archive))
	}
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	mux.HandleFunc("/index.yaml", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, "releases:")
		for _, version := range m.versions {
			name := fmt.Sprintf("envtest-%s-%s-%s.tar.gz", version, runtime.GOOS, runtime.GOARCH)
			fmt.Fprintf(w, "  %s:\n    %s:\n      hash: %s\n      selfLink: %s/%s\n", version, name, m.hash, server.URL, name)
		}
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		m.asked = filepath.Base(r.URL.Path)
		_, _ = w.Write(archive)
	})
	return &fetcher{out: &bytes.Buffer{}, indexURL: server.URL + "/index.yaml"}
}

func TestNewestPatchReleaseOfTheSameMinorVersionIsFetched(t *testing.T) {
	m := &mirror{versions: []string{"v1.36.9", "v1.37.0", "v1.37.1", "v1.38.0"}}
	f, d := m.start(t), newDirectory(t)
	missing, err := d.fetch(t.Context(), f, "v1.37.2", controlPlane())
	if err != nil {
		t.Fatal(err)
	}
	if got := names(missing); got != "kube-controller-manager" {
		t.Errorf("missing are %q, want only what is never published; output: %s", got, f.out)
	}
	if !strings.HasPrefix(m.asked, "envtest-v1.37.1-") {
		t.Errorf("downloaded %s, want v1.37.1", m.asked)
	}
	content, err := os.ReadFile(filepath.Join(d.path, "kube-apiserver"))
	if err != nil || string(content) != "published kube-apiserver" {
		t.Errorf("kube-apiserver reads %q, %v", content, err)
	}
}

func TestWhatCannotBeFetchedIsLeftToBeBuilt(t *testing.T) {
	cases := map[string]struct {
		mirror mirror
		said   string
	}{
		"when no release has the minor version": {mirror{versions: []string{"v1.36.0"}}, "none is published"},
		"when the checksum is wrong":            {mirror{versions: []string{"v1.37.2"}, hash: "00"}, "checksum mismatch"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			f, d := c.mirror.start(t), newDirectory(t)
			missing, err := d.fetch(t.Context(), f, "v1.37.2", controlPlane())
			if err != nil || len(missing) != len(controlPlane()) {
				t.Fatalf("missing are %q, %v, want all", names(missing), err)
			}
			said := f.out.(*bytes.Buffer).String()
			if !strings.Contains(said, c.said) || !strings.Contains(said, "building instead") {
				t.Errorf("it says %q, want the reason %q and what happens next", said, c.said)
			}
			if left, _ := filepath.Glob(filepath.Join(d.path, "kube*")); len(left) > 0 {
				t.Errorf("it left %v", left)
			}
		})
	}
}

func TestRefusedConnectionIsNoError(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	f := &fetcher{out: &bytes.Buffer{}, indexURL: server.URL}
	began := time.Now()
	missing, err := newDirectory(t).fetch(t.Context(), f, "v1.37.2", controlPlane())
	if err != nil || len(missing) != len(controlPlane()) {
		t.Errorf("missing are %q, %v, want all", names(missing), err)
	}
	if took := time.Since(began); took > indexPatience {
		t.Errorf("it took %s", took)
	}
}
