// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomclient_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestTheDocumentationIsMadeOfExamples checks that every block of Go in the client's
// documentation is part of an example, which compiles and runs.
func TestTheDocumentationIsMadeOfExamples(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("..", "docs", "roomclient.md"))
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("example_*test.go")
	if err != nil {
		t.Fatal(err)
	}
	var examples strings.Builder
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		examples.Write(source)
	}
	blocks := regexp.MustCompile("(?s)```go\n(.*?)```").FindAllStringSubmatch(string(page), -1)
	if len(blocks) < 10 {
		t.Errorf("found %d blocks", len(blocks))
	}
	for _, block := range blocks {
		if !strings.Contains(examples.String(), block[1]) {
			t.Errorf("in no example:\n%s", block[1])
		}
	}
}
