// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package quickstart_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Every link from a page to a file of this repository leads there, and to a heading that is there.
func TestLinksLeadSomewhere(t *testing.T) {
	t.Parallel()
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/*/*.md"} {
		pages, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil || len(pages) == 0 {
			t.Fatalf("%d pages match %s, %v", len(pages), pattern, err)
		}
		for _, page := range pages {
			for _, link := range links(t, page) {
				if problem := follows(page, link); problem != "" {
					t.Errorf("%s: %s: %s", page, link, problem)
				}
			}
		}
	}
}

// links are the addresses of the links of a page that are relative.
func links(t *testing.T, page string) []string {
	t.Helper()
	content, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	text := regexp.MustCompile("(?ms)^ *```.*?^ *```$").ReplaceAllString(string(content), "")
	var found []string
	for _, match := range regexp.MustCompile(`\]\(([^)\s]+)\)`).FindAllStringSubmatch(text, -1) {
		if !strings.Contains(match[1], "://") {
			found = append(found, match[1])
		}
	}
	return found
}

// follows goes where a link of a page leads, and returns what is wrong with it.
func follows(page, link string) string {
	path, anchor, _ := strings.Cut(link, "#")
	if path != "" {
		page = filepath.Join(filepath.Dir(page), filepath.FromSlash(path))
	}
	if anchor == "" {
		_, err := os.Stat(page)
		if err != nil {
			return err.Error()
		}
		return ""
	}
	content, err := os.ReadFile(page)
	if err != nil {
		return err.Error()
	}
	for _, heading := range regexp.MustCompile(`(?m)^#+ (.+)$`).FindAllStringSubmatch(string(content), -1) {
		if anchorOf(heading[1]) == anchor {
			return ""
		}
	}
	return "there is no such heading"
}

// anchorOf is how a heading is linked to: in small letters, without punctuation, with hyphens for spaces.
func anchorOf(heading string) string {
	heading = regexp.MustCompile(`[^\p{L}\p{N} _-]`).ReplaceAllString(strings.ToLower(heading), "")
	return strings.ReplaceAll(heading, " ", "-")
}
