// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomctl_test

import (
	"bytes"
	"context"
	"flag"
	"io"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/onsi/gomega"
	"go.uber.org/goleak"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/roomsecrets/roomsecret-operator/internal/roomctl"
	"github.com/roomsecrets/roomsecret-operator/internal/roomserver"
	"github.com/roomsecrets/roomsecret-operator/internal/roomserver/store"
	"github.com/roomsecrets/roomsecret-operator/roomclient/redact"
	"github.com/roomsecrets/roomsecret-operator/roomclient/token"
)

// patience is how long an Eventually waits. It is a bound for a busy machine, not a measure.
const patience = 30 * time.Second

var update = flag.Bool("update", false, "write the golden files anew")

// TestMain fails the run when a goroutine outlives the tests.
func TestMain(m *testing.M) {
	gomega.SetDefaultEventuallyTimeout(patience)
	gomega.SetDefaultEventuallyPollingInterval(5 * time.Millisecond)
	// The user's own kubeconfig is not for tests.
	if err := os.Setenv("KUBECONFIG", filepath.Join(os.TempDir(), "no-such-kubeconfig")); err != nil {
		panic(err)
	}
	goleak.VerifyTestMain(m)
}

// room is a room server with the room "myroom", and an environment that leads to it.
type room struct {
	url   string
	key   token.APIKey
	store store.Store
	env   map[string]string
}

func newRoom(t *testing.T) *room {
	t.Helper()
	return newRoomWith(t, roomserver.Config{})
}

func newRoomWith(t *testing.T, config roomserver.Config) *room {
	t.Helper()
	key, err := token.NewAPIKey()
	if err != nil {
		t.Fatal(err)
	}
	r := &room{key: key, store: store.NewMemory(0)}
	config.APIKeys, config.Store = []token.APIKey{key}, r.store
	handler, err := roomserver.New(config)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(func() {
		_ = handler.Close()
		server.Close()
	})
	r.url = strings.Replace(server.URL, "http", "ws", 1)
	r.env = map[string]string{
		"MESHAGENT_ROOM_URL": r.url, "MESHAGENT_ROOM": "myroom", "MESHAGENT_API_KEY": key.Encode(),
	}
	return r
}

// put stores a secret of alice's, behind the room's back.
func (r *room) put(t *testing.T, id, value string) {
	t.Helper()
	key := store.Key{Room: "myroom", Owner: "alice", ID: id}
	if err := r.store.Put(t.Context(), store.Row{Info: store.Info{Key: key, Type: "text/plain", Name: id}, Value: redact.Bytes(value)}); err != nil {
		t.Fatal(err)
	}
}

// result is what a command line has left.
type result struct {
	Code           int
	Stdout, Stderr string
}

// run runs a command line, split at spaces, as alice.
func (r *room) run(t *testing.T, line string) result {
	t.Helper()
	return r.runWith(t, strings.NewReader(""), strings.Fields(line)...)
}

func (r *room) runWith(t *testing.T, stdin io.Reader, args ...string) result {
	t.Helper()
	return execute(t.Context(), r.env, stdin, asAlice(args)...)
}

// asAlice makes a command line one of alice's, if it has to do with a room.
func asAlice(args []string) []string {
	if len(args) == 0 || !strings.HasPrefix(args[0], "secret") && args[0] != "participants" || strings.Contains(strings.Join(args, " "), "--as-identity") {
		return args
	}
	return append(append([]string{}, args...), "--as-identity", "alice")
}

func execute(ctx context.Context, env map[string]string, stdin io.Reader, args ...string) result {
	var stdout, stderr bytes.Buffer
	code := roomctl.Run(ctx, args, roomctl.Env{
		IOStreams: genericiooptions.IOStreams{In: stdin, Out: &stdout, ErrOut: &stderr},
		Getenv:    func(name string) string { return env[name] },
	})
	return result{code, stdout.String(), stderr.String()}
}

// running is a command line that goes on until it is stopped.
type running struct {
	stdout, stderr lockedBuffer
	stop           func() int // interrupts it and returns the exit code
	done           chan int
}

// start runs a command line in the background.
func (r *room) start(t *testing.T, line string) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	run := &running{done: make(chan int, 1)}
	go func() {
		run.done <- roomctl.Run(ctx, strings.Fields(line), roomctl.Env{
			IOStreams: genericiooptions.IOStreams{In: strings.NewReader(""), Out: &run.stdout, ErrOut: &run.stderr},
			Getenv:    func(name string) string { return r.env[name] },
		})
	}()
	run.stop = sync.OnceValue(func() int {
		cancel()
		return <-run.done
	})
	t.Cleanup(func() { run.stop() })
	return run
}

// participant waits for the id that the command prints.
func (run *running) participant(t *testing.T) string {
	t.Helper()
	var id string
	gomega.NewWithT(t).Eventually(func() bool {
		line, _, complete := strings.Cut(run.stdout.String(), "\n")
		id, _ = strings.CutPrefix(line, "participant id: ")
		return complete
	}).Should(gomega.BeTrue(), run.stderr.String)
	return id
}

// lockedBuffer may be read while it is written to.
type lockedBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

// Write implements io.Writer.
func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(p)
}

// String returns what has been written so far.
func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.String()
}

// golden compares a text with a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v: run the test with -update", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (-want +got); -update writes it anew:\n%s", path, diff)
	}
}
