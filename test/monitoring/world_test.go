// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package monitoring_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/go-logr/logr"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/roomsecrets/roomsecret-operator/internal/testkube"
	"github.com/roomsecrets/roomsecret-operator/roomclient"
	"github.com/roomsecrets/roomsecret-operator/roomclient/token"
)

const (
	// patience is how long to wait for something that must happen. It is a bound for a busy machine.
	patience = time.Minute
	// canary is in every value, so that a value that is told can be found.
	canary = "canary-in-the-mine"
	home   = "roomsecret-system"
	team   = "team-a"
)

// manifests are what a team has: a room that is connected, one that is not, one with a token that expires and one that is suspended;
// and RoomSecrets in sync, stalled and suspended.
const manifests = `
apiVersion: v1
kind: Secret
metadata: {name: credentials}
stringData: {api-key: "%[2]s", token: "%[3]s"}
---
apiVersion: v1
kind: Secret
metadata: {name: source}
stringData: {a: ` + canary + `-0}
---
apiVersion: roomsecrets.io/v1alpha1
kind: Room
metadata: {name: support}
spec:
  endpoint: ws://%[1]s
  pollInterval: 1s
  auth: {apiKeySecretRef: {name: credentials, key: api-key}}
---
apiVersion: roomsecrets.io/v1alpha1
kind: Room
metadata: {name: by-token}
spec:
  endpoint: ws://%[1]s
  auth: {tokenSecretRef: {name: credentials, key: token}}
---
apiVersion: roomsecrets.io/v1alpha1
kind: Room
metadata: {name: nowhere}
spec:
  endpoint: ws://127.0.0.1:1
  auth: {apiKeySecretRef: {name: credentials, key: api-key}}
---
apiVersion: roomsecrets.io/v1alpha1
kind: Room
metadata: {name: asleep}
spec:
  suspend: true
  endpoint: ws://127.0.0.1:1
  auth: {apiKeySecretRef: {name: credentials, key: api-key}}
---
apiVersion: roomsecrets.io/v1alpha1
kind: RoomSecret
metadata: {name: push}
spec:
  roomRef: {name: support}
  push: {secretRef: {name: source}, entries: [{name: a, key: a}]}
---
apiVersion: roomsecrets.io/v1alpha1
kind: RoomSecret
metadata: {name: pull}
spec:
  roomRef: {name: support}
  pull: {entries: [{key: A, id: a}]}
---
apiVersion: roomsecrets.io/v1alpha1
kind: RoomSecret
metadata: {name: stalled}
spec:
  roomRef: {name: support}
  pull: {target: {name: source}, entries: [{key: A, id: a}]}
---
apiVersion: roomsecrets.io/v1alpha1
kind: RoomSecret
metadata: {name: asleep}
spec:
  suspend: true
  roomRef: {name: support}
  pull: {entries: [{key: A, id: a}]}
`

// world is a control plane, a room server and the operator, with something to do.
type world struct {
	cluster             *testkube.Cluster
	dir                 string
	key                 token.APIKey
	roomServer, manager string // addresses, the latter of the metrics
	traces              *collector
	changes             int
}

// running are the programs that were started; end ends them.
var (
	running    sync.WaitGroup
	alive, end = context.WithCancel(context.Background())
	stopped    []func() error
)

func TestMain(m *testing.M) {
	log.SetLogger(logr.Discard())
	SetDefaultEventuallyTimeout(patience)
	SetDefaultEventuallyPollingInterval(100 * time.Millisecond)
	code := m.Run()
	end()
	running.Wait()
	for _, stop := range stopped {
		if err := stop(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// theWorld is started when a test first needs it.
var theWorld = sync.OnceValues(func() (*world, error) {
	dir, err := os.MkdirTemp("", "monitoring-")
	if err != nil {
		return nil, err
	}
	stopped = append(stopped, func() error { return os.RemoveAll(dir) })
	w := &world{dir: dir}
	if err := w.start(alive); err != nil {
		return nil, errors.Join(err, errors.New(w.log("manager")+w.log("roomserver")))
	}
	return w, nil
})

func theRunning(t *testing.T) *world {
	t.Helper()
	w, err := theWorld()
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) start(ctx context.Context) error {
	build := exec.CommandContext(ctx, "go", "build", "-o", w.dir+"/", "../../cmd/manager", "../../cmd/roomserver")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build the programs: %w\n%s", err, output)
	}
	var err error
	if w.cluster, err = testkube.Start(ctx, testkube.Options{CRDPaths: []string{"../../config/crd/bases"}}); err != nil {
		return err
	}
	stopped = append(stopped, w.cluster.Stop)
	if err := w.startPrograms(ctx); err != nil {
		return err
	}
	return w.settle(ctx)
}

func (w *world) startPrograms(ctx context.Context) error {
	key, err := token.NewAPIKey()
	if err != nil {
		return err
	}
	keyFile := filepath.Join(w.dir, "api-key")
	w.key, w.roomServer, w.manager = key, freeAddress(), freeAddress()
	if err := os.WriteFile(keyFile, []byte(key.Encode()+"\n"), 0o600); err != nil {
		return err
	}
	if err := w.kubectl(ctx, "", "create", "namespace", home); err != nil {
		return err
	}
	traces, collector, err := collect()
	if err != nil {
		return err
	}
	w.traces = traces
	return errors.Join(
		w.run(ctx, filepath.Join(w.dir, "roomserver"), "serve", "--listen", w.roomServer, "--in-memory", "--api-key-file", keyFile),
		w.run(ctx, filepath.Join(w.dir, "manager"), "--kubeconfig", w.cluster.Kubeconfig, "--namespace", home, "--metrics-secure=false",
			"--metrics-bind-address", w.manager, "--health-probe-bind-address", freeAddress(), "--zap-log-level=debug", "--consent-address", freeAddress(), "--consent-url=https://consent.example", "--otlp-endpoint=http://"+collector),
	)
}

// settle gives the operator its work and waits until it is done.
func (w *world) settle(ctx context.Context) error {
	participant, err := w.participant("by-token")
	if err != nil {
		return err
	}
	wait := "--timeout=" + patience.String()
	return errors.Join(
		w.kubectl(ctx, "", "create", "namespace", team),
		w.kubectl(ctx, fmt.Sprintf(manifests, w.roomServer, w.key.Encode(), participant), "apply", "-n", team, "-f", "-"),
		w.kubectl(ctx, "", "wait", "-n", team, "--for=condition=Ready", wait, "room/support", "room/by-token", "roomsecret/push"),
		w.kubectl(ctx, "", "wait", "-n", team, "--for=condition=Ready=False", wait, "roomsecret/asleep", "room/asleep"),
		w.kubectl(ctx, "", "wait", "-n", team, "--for=condition=Stalled", wait, "roomsecret/stalled"),
		w.kubectl(ctx, "", "wait", "-n", team, "--for=jsonpath={.status.conditions[0].reason}=Unreachable", wait, "room/nowhere"),
		w.kubectl(ctx, "", "wait", "-n", team, "--for=condition=Ready", wait, "roomsecret/pull"),
	)
}

// participant returns the token of somebody in a room.
func (w *world) participant(room string) (string, error) {
	api, err := token.APIGrant(token.APIScope{Secrets: &token.SecretsGrant{}})
	if err != nil {
		return "", err
	}
	return w.key.Sign(token.Claims{
		Name: "agent", ExpiresAt: time.Now().Add(30 * 24 * time.Hour),
		Grants: []token.Grant{token.RoomGrant(room), token.RoleGrant(token.RoleAgent), api},
	})
}

// join lets an agent into the room.
func (w *world) join(ctx context.Context) (*roomclient.Conn, error) {
	participant, err := w.participant("support")
	if err != nil {
		return nil, err
	}
	return roomclient.Dial(ctx, roomclient.Config{URL: "ws://" + w.roomServer, Room: "support", Token: roomclient.StaticToken(participant)})
}

// work makes everybody do something: a value is changed and travels, somebody joins and leaves, somebody is turned away, and the REST side
// is asked.
func (w *world) work(t *testing.T) {
	t.Helper()
	g := NewWithT(t)
	w.changes++
	value := fmt.Sprintf("%s-%d", canary, w.changes)
	g.Expect(w.kubectl(t.Context(), "", "patch", "-n", team, "secret", "source", "-p", `{"stringData":{"a":"`+value+`"}}`)).To(Succeed())
	g.Eventually(func() (string, error) {
		output, err := w.cluster.Kubectl(t.Context(), "get", "-n", team, "secret", "pull", "--template={{.data.A | base64decode}}").Output()
		return string(output), err
	}).Should(Equal(value))

	conn, err := w.join(t.Context())
	g.Expect(err).NotTo(HaveOccurred())
	err = conn.Secrets().SetSecret(t.Context(), roomclient.SetSecretRequest{ID: "a", ForIdentity: "somebody-else", Value: roomclient.Bytes(value)})
	g.Expect(err).To(MatchError(roomclient.ErrForbidden))
	g.Expect(conn.Close()).To(Succeed())

	g.Expect(get(t, "http://"+w.roomServer+"/rooms/support", "")).To(Equal(http.StatusUnauthorized))
	g.Expect(get(t, fmt.Sprintf("http://%s/accounts/projects/%s/rooms/support/secrets", w.roomServer, w.key.ProjectID), w.key.Encode())).To(Equal(http.StatusOK))
}

func get(t *testing.T, url, bearer string) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+bearer)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	return response.StatusCode
}

func (w *world) kubectl(ctx context.Context, input string, args ...string) error {
	command := w.cluster.Kubectl(ctx, args...)
	command.Stdin = strings.NewReader(input)
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("kubectl %v: %w\n%s", args, err, output)
	}
	return nil
}

// run runs a program until the tests are over. What it prints is in a file of its name.
func (w *world) run(ctx context.Context, program string, args ...string) error {
	output, err := os.Create(filepath.Join(w.dir, filepath.Base(program)+".log"))
	if err != nil {
		return err
	}
	command := exec.CommandContext(ctx, program, args...)
	command.Env = append(os.Environ(), "OTEL_BSP_SCHEDULE_DELAY=200") // milliseconds until traces are sent
	command.Stdout, command.Stderr = output, output
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
	command.WaitDelay = patience
	if err := command.Start(); err != nil {
		return errors.Join(err, output.Close())
	}
	running.Go(func() {
		_ = command.Wait()
		_ = output.Close()
	})
	return nil
}

// log returns what a program has printed.
func (w *world) log(program string) string {
	content, err := os.ReadFile(filepath.Join(w.dir, program+".log"))
	if err != nil {
		return err.Error()
	}
	return string(content)
}

// freeAddress returns an address that nobody listens on.
func freeAddress() string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err.Error()
	}
	defer listener.Close()
	return listener.Addr().String()
}
