// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package quickstart_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// block is a block of a page for a terminal. What a block marked as console prints is in it.
type block struct{ kind, text string }

// blocks finds them.
func blocks(page string) []block {
	var found []block
	for _, match := range regexp.MustCompile("(?ms)^```(sh|console)\n(.*?)^```$").FindAllStringSubmatch(page, -1) {
		found = append(found, block{kind: match[1], text: match[2]})
	}
	return found
}

// standIn is done instead of a block that cannot be run here, or before one.
type standIn struct {
	line   string // of the block
	do     func()
	before bool // the block is run then
}

// read returns a page, with other texts in place of some.
func read(t *testing.T, page string, replacements ...string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, page))
	if err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer(replacements...).Replace(string(content))
}

// follow runs the blocks of a page in the shell. Every stand-in must be for exactly one of them.
func follow(t *testing.T, s *shell, page string, standIns ...standIn) {
	t.Helper()
	found := blocks(page)
	for _, stand := range standIns {
		if n := strings.Count(page, "\n"+stand.line); n != 1 {
			t.Fatalf("the page has %d lines that begin with %q", n, stand.line)
		}
	}
	for _, b := range found {
		if run := prepare(b, standIns); !run {
			continue
		}
		if b.kind == "sh" {
			t.Logf("%s%s", b.text, s.run(b.text))
			continue
		}
		for _, e := range examples(b.text) {
			if diff := cmp.Diff(tidy(e.output), tidy(s.run(e.command))); diff != "" {
				t.Errorf("$ %s\n(-documented +real):\n%s", e.command, diff)
			}
		}
	}
}

// prepare does what stands for a block, and tells whether the block is to be run.
func prepare(b block, standIns []standIn) bool {
	run := true
	for _, stand := range standIns {
		if strings.Contains("\n"+b.text, "\n"+stand.line) {
			stand.do()
			run = stand.before
		}
	}
	return run
}

// example is a command of a page and what it prints.
type example struct{ command, output string }

func examples(text string) []example {
	var steps []example
	for line := range strings.Lines(text) {
		if command, ok := strings.CutPrefix(line, "$ "); ok {
			steps = append(steps, example{command: command})
		} else {
			steps[len(steps)-1].output += line
		}
	}
	return steps
}

// tidy makes alike what differs each time: ages and the width of columns.
func tidy(output string) string {
	output = regexp.MustCompile(`(\s)\d+[smh](\d+s)?\b`).ReplaceAllString(output, "${1}AGE")
	output = regexp.MustCompile(`[ \t]+`).ReplaceAllString(output, " ")
	output = regexp.MustCompile(`(?m) +$`).ReplaceAllString(output, "")
	return strings.TrimSpace(output)
}
