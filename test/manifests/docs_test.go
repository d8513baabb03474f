// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package manifests_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/roomsecrets/roomsecret-operator/internal/template"
)

// yamlBlock is a block of a page that is marked as YAML.
var yamlBlock = regexp.MustCompile("(?ms)^```yaml\n(.*?)^```$")

// What a page shows works: the API server accepts each of its manifests as it stands.
func TestEveryExampleOfThePagesIsApplied(t *testing.T) {
	t.Parallel()
	pages := []string{"../../README.md"}
	for _, pattern := range []string{"../../docs/*.md", "../../docs/*/*.md"} {
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) == 0 {
			t.Fatalf("%d pages match %s, %v", len(found), pattern, err)
		}
		pages = append(pages, found...)
	}
	for _, page := range pages {
		content, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for i, block := range yamlBlock.FindAllStringSubmatch(string(content), -1) {
			if !strings.Contains(block[1], "apiVersion:") || strings.Contains(block[1], "fluxcd.io/") {
				continue // a part of a manifest, or of something else; what is for Flux, test/gitops reads
			}
			t.Run(fmt.Sprintf("%s/%d", filepath.Base(page), i+1), func(t *testing.T) {
				t.Parallel()
				file := filepath.Join(t.TempDir(), "example.yaml")
				if err := os.WriteFile(file, []byte(block[1]), 0o600); err != nil {
					t.Fatal(err)
				}
				kubectl(t, "apply", "--dry-run=server", "--validate=strict", "-f", file)
			})
		}
	}
}

func TestThePageListsTheFunctionsOfTemplates(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/roomsecret.md")
	if err != nil {
		t.Fatal(err)
	}
	want := "`" + strings.Join(template.Functions(), "`, `") + "`"
	if got := strings.ReplaceAll(string(page), "\n", " "); !strings.Contains(got, want) {
		t.Errorf("docs/roomsecret.md does not list %s", want)
	}
}
