// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"
)

// TestMain fails the run when a goroutine is still there after the last test.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// execute runs a command line that ends by itself.
func execute(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), args, &out, &errs)
	return code, out.String(), errs.String()
}

// server is a serve command that runs.
type server struct {
	address string
	stop    func() (code int, stdout, stderr string) // interrupts it; once
}

// start runs a serve command until it says that it is ready.
func start(t *testing.T, args ...string) *server {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background()) // outlives t.Context, so that the end is graceful
	reader, writer := io.Pipe()
	var stderr lockedBuffer
	exit := make(chan int, 1)
	go func() {
		exit <- run(ctx, append([]string{"serve", "--listen", "127.0.0.1:0"}, args...), writer, &stderr)
		_ = writer.Close()
	}()
	lines := bufio.NewReader(reader)
	line, err := lines.ReadString('\n')
	if err != nil {
		cancel()
		t.Fatalf("exit %d before it was ready: %s", <-exit, stderr.String())
	}
	address, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "listening on ")
	if !ok {
		t.Errorf("standard output begins with %q", line)
	}
	stop := sync.OnceValues(func() (int, string) {
		cancel()
		rest, _ := io.ReadAll(lines)
		return <-exit, line + string(rest)
	})
	t.Cleanup(func() { stop() })
	return &server{address: address, stop: func() (int, string, string) {
		code, stdout := stop()
		return code, stdout, stderr.String()
	}}
}

type lockedBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.String()
}

// keyFile makes an API key file as a user would.
func keyFile(t *testing.T) string {
	t.Helper()
	code, key, stderr := execute(t, "api-key")
	if code != exitOK {
		t.Fatal(stderr)
	}
	return write(t, "api-keys", "# keys of the test\n\n  "+key)
}

func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func mint(t *testing.T, keys string, args ...string) string {
	t.Helper()
	code, jwt, stderr := execute(t, append([]string{"token", "--api-key-file", keys, "--identity", "alice", "--room", "myroom"}, args...)...)
	if code != exitOK || strings.Count(jwt, "\n") != 1 {
		t.Fatalf("exit %d, standard output %q: %s", code, jwt, stderr)
	}
	return strings.TrimSpace(jwt)
}
