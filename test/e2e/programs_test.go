// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package e2e_test

import (
	"bufio"
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

	. "github.com/onsi/gomega"
)

// program is a running program, whose output is kept.
type program struct {
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

// start runs a program until it is stopped or the test ends. When the test fails its output is shown.
func start(t *testing.T, name string, args ...string) *program {
	t.Helper()
	p := &program{t: t, command: exec.Command(filepath.Join(shared.dir, name), args...), done: make(chan struct{})}
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p.command.Stdout, p.command.Stderr = writer, writer
	if err := p.command.Start(); err != nil {
		t.Fatal(err)
	}
	writer.Close()
	go p.collect(reader)
	t.Cleanup(func() {
		p.end()
		if t.Failed() {
			t.Logf("output of %s:\n%s", name, p.output.String())
		}
	})
	return p
}

func (p *program) collect(output io.ReadCloser) {
	defer close(p.done)
	defer output.Close()
	scanner := bufio.NewScanner(output)
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		p.output.add(scanner.Text())
	}
	_ = p.command.Wait()
}

// stop asks the program to end, as a kubelet does, and expects that it ends well.
func (p *program) stop() {
	p.t.Helper()
	if err := p.command.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatal(err)
	}
	<-p.done
	if code := p.command.ProcessState.ExitCode(); code != 0 {
		p.t.Errorf("%s ended with code %d", p.command.Path, code)
	}
}

// end asks the program to end, and does not insist on how it does.
func (p *program) end() {
	_ = p.command.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(patience):
		p.kill()
	}
}

// kill ends the program without asking.
func (p *program) kill() {
	_ = p.command.Process.Kill()
	<-p.done
}

// freeAddress returns an address that nobody listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// roomServer is the room server of a test: its address, key and data outlive a restart.
type roomServer struct {
	*program
	g       *WithT
	address string
	keyFile string
	data    string
}

func startRoomServer(t *testing.T) *roomServer {
	t.Helper()
	dir := t.TempDir()
	s := &roomServer{g: NewWithT(t), address: freeAddress(t), keyFile: filepath.Join(dir, "api-key"), data: filepath.Join(dir, "data")}
	key, err := exec.Command(filepath.Join(shared.dir, "roomserver"), "api-key").Output()
	s.g.Expect(err).NotTo(HaveOccurred())
	s.g.Expect(os.WriteFile(s.keyFile, key, 0o600)).To(Succeed())
	s.run(t)
	return s
}

func (s *roomServer) run(t *testing.T) {
	t.Helper()
	s.program = start(t, "roomserver", "serve", "--listen", s.address, "--data", s.data, "--api-key-file", s.keyFile)
	s.g.Eventually(s.output.String).Should(ContainSubstring("listening on " + s.address))
}

// apiKey returns the key of the server.
func (s *roomServer) apiKey() string {
	key, err := os.ReadFile(s.keyFile)
	s.g.Expect(err).NotTo(HaveOccurred())
	return strings.TrimSpace(string(key))
}

// token returns a participant token for a room.
func (s *roomServer) token(identity, room string) string {
	token, err := exec.Command(filepath.Join(shared.dir, "roomserver"), "token", "--api-key-file", s.keyFile, "--identity", identity, "--room", room).Output()
	s.g.Expect(err).NotTo(HaveOccurred())
	return strings.TrimSpace(string(token))
}

// manager is a replica of the operator.
type manager struct {
	*program
	health, metrics string
}

// startManager starts a replica with the rights of its service account, and more flags.
func startManager(t *testing.T, flags ...string) *manager {
	t.Helper()
	m := &manager{health: freeAddress(t), metrics: freeAddress(t)}
	m.program = start(t, "manager", append(flags, "--kubeconfig", shared.kubeconfig, "--namespace", namespace,
		"--health-probe-bind-address", m.health, "--metrics-bind-address", m.metrics)...)
	return m
}
