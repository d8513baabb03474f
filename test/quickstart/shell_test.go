// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package quickstart_test

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// shell is a terminal: what is run in it stays for what is run next.
type shell struct {
	t      *testing.T
	stdin  io.WriteCloser
	output *bufio.Scanner
}

// mark ends the output of a block.
const mark = "--- the end of a block ---"

// newShell starts a shell that gives up at the first command that fails.
func newShell(t *testing.T, dir string, environ []string) *shell {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "bash", "-eu", "-o", "pipefail")
	cmd.Dir, cmd.Env = dir, environ
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = writer, writer
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	writer.Close()
	t.Cleanup(func() {
		_ = stdin.Close()
		_ = cmd.Wait() // a command that failed has been reported
		reader.Close()
	})
	return &shell{t: t, stdin: stdin, output: bufio.NewScanner(reader)}
}

// run runs a block to its end and returns what it prints, to either stream.
func (s *shell) run(block string) string {
	s.t.Helper()
	if _, err := io.WriteString(s.stdin, strings.TrimSuffix(block, "\n")+"\necho; echo '"+mark+"'\n"); err != nil {
		s.t.Fatal(err)
	}
	var printed strings.Builder
	for s.output.Scan() {
		if s.output.Text() == mark {
			return printed.String()
		}
		printed.WriteString(s.output.Text() + "\n")
	}
	s.t.Fatalf("this failed:\n%s\nit printed:\n%s", block, printed.String())
	return ""
}
