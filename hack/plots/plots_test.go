// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The table and the plots of the documentation show the figures that are there.
func TestTheDocumentationShowsTheFigures(t *testing.T) {
	const committed = "../../docs/performance.md"
	out := t.TempDir()
	page := filepath.Join(out, "page.md")
	if err := os.WriteFile(page, []byte(content(t, committed)), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := run("../../docs/figures", out, page); err != nil {
		t.Fatal(err)
	}
	if content(t, page) != content(t, committed) {
		t.Errorf("docs/performance.md shows other figures than docs/figures has: run make plots")
	}
	for _, chart := range charts() {
		drawn, committed := content(t, filepath.Join(out, chart.file)), content(t, filepath.Join("../../docs/images", chart.file))
		if drawn != committed {
			t.Errorf("docs/images/%s shows other figures than docs/figures has: run make plots", chart.file)
		}
	}
}

func content(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestWhatCannotBeDrawnIsSaid(t *testing.T) {
	for name, test := range map[string]struct{ figures, want string }{
		"nothing":      {"", "has no figures"},
		"no JSON":      {"{", "figures.json: unexpected end of JSON input"},
		"not measured": {`{"figures":[{"name":"memory","n":10,"ours":1}]}`, `"cold sync" was not measured with 10 RoomSecrets`},
		"no reference": {`{"figures":[{"name":"cold sync","n":10,"ours":1}]}`, `"cold sync" has no reference`},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if test.figures != "" {
				if err := os.WriteFile(filepath.Join(dir, "figures.json"), []byte(test.figures), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if err := run(dir, t.TempDir(), "no page"); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got error %v, want one with %q", err, test.want)
			}
		})
	}
}
