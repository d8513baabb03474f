// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package cli_test

import (
	"bytes"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	. "github.com/onsi/gomega"
)

// TestTheExamplesOfTheDocumentationAreTrue runs the examples of docs/cli.md, one after the other, in one shell.
func TestTheExamplesOfTheDocumentationAreTrue(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.withRoomSecrets()
	w.withOperator()
	for _, name := range []string{"stripe", "app"} {
		w.Eventually(func() string { return w.run("kubectl", "get", "roomsecret", name).Stdout }).Should(ContainSubstring("InSync"))
	}
	text, err := os.ReadFile("../../docs/cli.md")
	w.Expect(err).NotTo(HaveOccurred())
	steps := examples(string(text))
	if len(steps) < 20 {
		t.Fatalf("%d examples were found", len(steps))
	}
	// Each command is followed by a mark, on both streams' way, that tells where its output ends.
	const mark = "--- the end of an example ---"
	var script strings.Builder
	for _, step := range steps {
		script.WriteString(step.command + "\necho '" + mark + "'\n")
	}
	var output bytes.Buffer
	shell := exec.CommandContext(t.Context(), "bash", "-s")
	shell.Env, shell.Dir, shell.Stdin, shell.Stdout, shell.Stderr = w.environ, w.dir, strings.NewReader(script.String()), &output, &output
	w.Expect(shell.Run()).To(Succeed(), output.String())
	outputs := strings.Split(strings.ReplaceAll(output.String(), w.ns, "team-a"), mark+"\n")
	w.Expect(outputs).To(HaveLen(len(steps) + 1))
	for i, step := range steps {
		documented, printed := tidy(step.output), tidy(outputs[i])
		if strings.HasSuffix(step.command, "; wait") { // two programs print at the same time
			documented, printed = inAnyOrder(documented), inAnyOrder(printed)
		}
		if diff := cmp.Diff(documented, printed); diff != "" {
			t.Errorf("$ %s\n(-documented +real):\n%s", step.command, diff)
		}
	}
}

// example is a command of the documentation and what it prints.
type example struct{ command, output string }

// examples finds the commands in the blocks that are marked as console.
func examples(text string) []example {
	var steps []example
	for _, block := range regexp.MustCompile("(?ms)^```console\n(.*?)^```$").FindAllStringSubmatch(text, -1) {
		for line := range strings.Lines(block[1]) {
			if command, ok := strings.CutPrefix(line, "$ "); ok {
				steps = append(steps, example{command: strings.TrimSuffix(command, "\n")})
			} else {
				steps[len(steps)-1].output += line
			}
		}
	}
	return steps
}

// inAnyOrder returns the lines of a text, sorted.
func inAnyOrder(text string) string {
	return strings.Join(slices.Sorted(strings.SplitSeq(text, "\n")), "\n")
}

// tidy makes alike what differs each time: times, ids of participants, the width of columns, and the end of a value that
// has no end of line.
func tidy(output string) string {
	output = regexp.MustCompile(`(\s)\d+[smh](\d+s)?\b`).ReplaceAllString(output, "${1}AGE")
	output = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`).ReplaceAllString(output, "…")
	output = regexp.MustCompile(`[ \t]+`).ReplaceAllString(output, " ")
	output = regexp.MustCompile(`(?m) +$`).ReplaceAllString(output, "")
	return strings.TrimSpace(output)
}
