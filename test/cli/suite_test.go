// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

// Package cli runs the kubectl plugin as a user does, with kubectl, against a real API server, the operator and a room.
package cli_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	. "github.com/onsi/gomega"
	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/controllers"
	"github.com/roomsecrets/roomsecret-operator/internal/laws"
	"github.com/roomsecrets/roomsecret-operator/internal/roomserver"
	"github.com/roomsecrets/roomsecret-operator/internal/roomserver/store"
	"github.com/roomsecrets/roomsecret-operator/internal/sessions"
	"github.com/roomsecrets/roomsecret-operator/internal/testkube"
	"github.com/roomsecrets/roomsecret-operator/roomclient/token"
)

// patience is how long an Eventually waits. It is a bound for a busy machine, not a measure.
const patience = 30 * time.Second

var (
	cluster *testkube.Cluster
	binDir  string // has kubectl-room and kubectl_complete-room
)

func TestMain(m *testing.M) {
	ctrl.SetLogger(logr.Discard())
	SetDefaultEventuallyTimeout(patience)
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	binDir, err = os.MkdirTemp("", "cli-")
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(binDir)) }()
	build := exec.Command("go", "build", "-o", binDir, "../../cmd/kubectl-room")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := build.CombinedOutput(); err != nil {
		return 1, fmt.Errorf("build the plugin: %w\n%s", err, output)
	}
	if err := os.Symlink("kubectl-room", filepath.Join(binDir, "kubectl_complete-room")); err != nil {
		return 1, err
	}
	cluster, err = testkube.Start(context.Background(), testkube.Options{CRDPaths: []string{"../../config/crd/bases"}})
	if err != nil {
		return 1, err
	}
	code = m.Run()
	return code, cluster.Stop()
}

// world is a namespace with a Room, "support", whose room exists.
type world struct {
	*WithT
	t       *testing.T
	kube    client.Client
	ns      string
	url     string
	key     token.APIKey
	store   store.Store
	dir     string // where commands run
	environ []string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{WithT: NewWithT(t), t: t, store: store.NewMemory(0), dir: t.TempDir()}
	var err error
	w.kube, err = client.New(cluster.Config, client.Options{Scheme: scheme(t)})
	w.Expect(err).NotTo(HaveOccurred())
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "cli-"}}
	w.create(namespace)
	w.ns = namespace.Name
	t.Cleanup(w.checkLaws)
	w.key, err = token.NewAPIKey()
	w.Expect(err).NotTo(HaveOccurred())
	handler, err := roomserver.New(roomserver.Config{APIKeys: []token.APIKey{w.key}, Store: w.store})
	w.Expect(err).NotTo(HaveOccurred())
	server := httptest.NewServer(handler)
	t.Cleanup(func() {
		_ = handler.Close()
		server.Close()
	})
	w.url = strings.Replace(server.URL, "http", "ws", 1)
	w.create(
		w.secret("meshagent", map[string]string{"api-key": w.key.Encode() + "\n"}),
		&roomv1alpha1.Room{
			ObjectMeta: metav1.ObjectMeta{Namespace: w.ns, Name: "support"},
			Spec: roomv1alpha1.RoomSpec{
				RoomConnection: roomv1alpha1.RoomConnection{Endpoint: w.url, PollInterval: &metav1.Duration{Duration: time.Hour}},
				Auth:           roomv1alpha1.RoomAuth{APIKeySecretRef: &roomv1alpha1.SecretKeyRef{Name: "meshagent", Key: "api-key"}},
			},
		})
	w.environ = []string{
		"PATH=" + strings.Join([]string{binDir, filepath.Dir(cluster.Kubectl(t.Context()).Path), os.Getenv("PATH")}, string(os.PathListSeparator)),
		"KUBECONFIG=" + w.kubeconfig(), "HOME=" + w.dir,
	}
	return w
}

// checkLaws checks the laws of status on all that the test leaves behind.
func (w *world) checkLaws() {
	w.t.Helper()
	broken, err := laws.CheckAll(context.WithoutCancel(w.t.Context()), w.kube, w.ns)
	w.Expect(err).NotTo(HaveOccurred())
	w.Expect(broken).To(BeEmpty())
}

// kubeconfig is the administrator's, with the namespace as the current one.
func (w *world) kubeconfig() string {
	w.t.Helper()
	content, err := os.ReadFile(cluster.Kubeconfig)
	w.Expect(err).NotTo(HaveOccurred())
	path := filepath.Join(w.t.TempDir(), "kubeconfig")
	w.Expect(os.WriteFile(path, content, 0o600)).To(Succeed())
	output, err := cluster.Kubectl(w.t.Context(), "--kubeconfig", path, "config", "set-context", "--current", "--namespace", w.ns).CombinedOutput()
	w.Expect(err).NotTo(HaveOccurred(), string(output))
	return path
}

func scheme(t *testing.T) *runtime.Scheme {
	t.Helper()
	s := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(s), roomv1alpha1.AddToScheme(s)); err != nil {
		t.Fatal(err)
	}
	return s
}

func (w *world) create(objects ...client.Object) {
	w.t.Helper()
	for _, object := range objects {
		w.Expect(w.kube.Create(w.t.Context(), object)).To(Succeed())
	}
}

func (w *world) secret(name string, data map[string]string) *corev1.Secret {
	return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: w.ns, Name: name}, StringData: data}
}

// withRoomSecrets creates a push, "stripe", and a pull, "app", of the same room secret.
func (w *world) withRoomSecrets() {
	w.t.Helper()
	room := roomv1alpha1.RoomReference{Name: "support"}
	w.create(
		w.secret("stripe-keys", map[string]string{"key": "sk_live"}),
		&roomv1alpha1.RoomSecret{
			ObjectMeta: metav1.ObjectMeta{Namespace: w.ns, Name: "stripe"},
			Spec: roomv1alpha1.RoomSecretSpec{RoomRef: room, Push: &roomv1alpha1.Push{
				SecretRef: roomv1alpha1.LocalSecretRef{Name: "stripe-keys"},
				Entries:   []roomv1alpha1.PushEntry{{Name: "stripe", Key: "key", Type: "text/plain"}},
			}},
		},
		&roomv1alpha1.RoomSecret{
			ObjectMeta: metav1.ObjectMeta{Namespace: w.ns, Name: "app"},
			Spec: roomv1alpha1.RoomSecretSpec{RoomRef: room, Pull: &roomv1alpha1.Pull{
				Entries: []roomv1alpha1.PullEntry{{Key: "stripe", ID: "stripe"}},
			}},
		})
}

// withOperator runs the operator for the namespace.
func (w *world) withOperator() {
	w.t.Helper()
	mgr, err := ctrl.NewManager(cluster.Config, ctrl.Options{
		Scheme: scheme(w.t), Cache: controllers.CacheOptions(w.ns),
		Metrics:    metricsserver.Options{BindAddress: "0"},
		Controller: config.Controller{SkipNameValidation: new(true)},
	})
	w.Expect(err).NotTo(HaveOccurred())
	digests, err := controllers.EnsureKey(w.t.Context(), w.kube, w.ns)
	w.Expect(err).NotTo(HaveOccurred())
	registry := prometheus.NewRegistry()
	roomMetrics, err := sessions.NewMetrics(registry)
	w.Expect(err).NotTo(HaveOccurred())
	syncMetrics, err := controllers.NewMetrics(registry)
	w.Expect(err).NotTo(HaveOccurred())
	ctx, cancel := context.WithCancel(context.WithoutCancel(w.t.Context()))
	w.Expect(controllers.Setup(ctx, mgr, controllers.Options{
		Rooms: sessions.NewPool(digests, roomMetrics, sessions.Dial), Digests: digests, Metrics: syncMetrics,
	})).To(Succeed())
	done := make(chan error, 1)
	go func() { done <- mgr.Start(ctx) }()
	w.t.Cleanup(func() {
		cancel()
		w.Expect(<-done).To(Succeed())
	})
}

// result is what a command has left.
type result struct {
	Code           int
	Stdout, Stderr string
}

// kubectl runs kubectl room.
func (w *world) kubectl(args ...string) result {
	w.t.Helper()
	return w.run("kubectl", append([]string{"room"}, args...)...)
}

func (w *world) run(program string, args ...string) result {
	w.t.Helper()
	command := w.command(program, args...)
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	err := command.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok {
		w.t.Fatalf("%s: %v", program, exit)
	}
	return result{command.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

func (w *world) command(program string, args ...string) *exec.Cmd {
	// So that the program is found in the PATH of the command.
	command := exec.CommandContext(w.t.Context(), "/usr/bin/env", append([]string{program}, args...)...)
	command.Env, command.Dir = w.environ, w.dir
	return command
}
