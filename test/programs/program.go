// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

// Package programs runs the operator and the room server as they are shipped: as programs, installed in a real API server
// with exactly the rights that config/default grants. It is for tests.
package programs

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience bounds how long a program may take to start or to end. It is a bound for a busy machine, not a measure.
const patience = time.Minute

// Build builds the manager and the room server with the race detector into a directory. The working directory is that of a
// package in test.
func Build(ctx context.Context, dir string) error {
	command := exec.CommandContext(ctx, "go", "build", "-race", "-o", dir+"/", "../../cmd/manager", "../../cmd/roomserver")
	command.Env = append(os.Environ(), "CGO_ENABLED=1")
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("build the programs: %w\n%s", err, output)
	}
	return nil
}

// Program is a running program, whose output is kept.
type Program struct {
	t       *testing.T
	command *exec.Cmd
	output  lines
	done    chan struct{}
}

// lines collects output; it is safe for concurrent use.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) add(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text.WriteString(text + "\n")
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// Start runs a program until it is stopped or the test ends. When the test fails the end of its output is shown.
func Start(t *testing.T, path string, args ...string) *Program {
	t.Helper()
	p := &Program{t: t, command: exec.CommandContext(context.WithoutCancel(t.Context()), path, args...), done: make(chan struct{})}
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p.command.Stdout, p.command.Stderr = writer, writer
	if err := p.command.Start(); err != nil {
		t.Fatal(err)
	}
	_ = writer.Close() // the program has its own
	go p.collect(reader)
	t.Cleanup(func() {
		p.End()
		if t.Failed() {
			t.Logf("output of %s:\n%s", path, p.tail())
		}
	})
	return p
}

func (p *Program) collect(output io.ReadCloser) {
	defer close(p.done)
	defer output.Close()
	scanner := bufio.NewScanner(output)
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		p.output.add(scanner.Text())
	}
	_ = p.command.Wait()
}

// Output returns what the program has printed.
func (p *Program) Output() string { return p.output.String() }

// tail returns what it has printed last.
func (p *Program) tail() string {
	const most = 256 << 10
	output := p.Output()
	return output[max(0, len(output)-most):]
}

// Await waits until the program has printed a text.
func (p *Program) Await(text string) {
	p.t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for late := time.After(patience); !strings.Contains(p.Output(), text); {
		select {
		case <-tick.C:
		case <-late:
			p.t.Fatalf("%s did not print %q", p.command.Path, text)
		}
	}
}

// Ended reports whether the program has ended.
func (p *Program) Ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// Stop asks the program to end, as a kubelet does, and expects that it ends well. One that has printed nothing yet may not have begun to
// listen for signals: it ends by the signal.
func (p *Program) Stop() {
	p.t.Helper()
	if err := p.command.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		p.t.Fatal(err)
	}
	<-p.done
	if code := p.command.ProcessState.ExitCode(); code != 0 && (p.Output() != "" || !p.endedBy(syscall.SIGTERM)) {
		p.t.Errorf("%s ended with code %d", p.command.Path, code)
	}
}

// endedBy reports whether the program ended by a signal that it did not catch.
func (p *Program) endedBy(signal syscall.Signal) bool {
	status, ok := p.command.ProcessState.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == signal
}

// End asks the program to end, and does not insist on how it does.
func (p *Program) End() {
	_ = p.command.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(patience):
		p.Kill()
	}
}

// Kill ends the program without asking.
func (p *Program) Kill() {
	_ = p.command.Process.Kill()
	<-p.done
}

// FreeAddress returns an address that nobody listens on.
func FreeAddress(t *testing.T) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// RoomServer is a room server: its address, key and data outlive a restart.
type RoomServer struct {
	*Program
	// Address is where it listens.
	Address string

	t                     *testing.T
	binary, keyFile, data string
	flags                 []string
}

// StartRoomServer runs the room server of a directory of programs, with more flags.
func StartRoomServer(t *testing.T, dir string, flags ...string) *RoomServer {
	t.Helper()
	home := t.TempDir()
	s := &RoomServer{
		Address: FreeAddress(t), t: t, binary: filepath.Join(dir, "roomserver"), flags: flags,
		keyFile: filepath.Join(home, "api-key"), data: filepath.Join(home, "data"),
	}
	if err := os.WriteFile(s.keyFile, []byte(s.NewAPIKey()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.Run()
	return s
}

// Run runs the server again.
func (s *RoomServer) Run() {
	s.t.Helper()
	s.Program = Start(s.t, s.binary, append([]string{"serve", "--listen", s.Address, "--data", s.data, "--api-key-file", s.keyFile}, s.flags...)...)
	s.Await("listening on " + s.Address)
}

// APIKey returns the key of the server.
func (s *RoomServer) APIKey() string {
	s.t.Helper()
	key, err := os.ReadFile(s.keyFile)
	if err != nil {
		s.t.Fatal(err)
	}
	return strings.TrimSpace(string(key))
}

// NewAPIKey returns another key, which the server does not know.
func (s *RoomServer) NewAPIKey() string {
	s.t.Helper()
	return s.ask("api-key")
}

// Token returns a participant token for a room.
func (s *RoomServer) Token(identity, room string) string {
	s.t.Helper()
	return s.ask("token", "--api-key-file", s.keyFile, "--identity", identity, "--room", room)
}

// ask runs a command of the room server that prints a line.
func (s *RoomServer) ask(args ...string) string {
	s.t.Helper()
	output, err := exec.CommandContext(s.t.Context(), s.binary, args...).Output()
	if err != nil {
		s.t.Fatal(err)
	}
	return strings.TrimSpace(string(output))
}
