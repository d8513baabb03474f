// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/onsi/gomega"
	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/controllers"
	"github.com/roomsecrets/roomsecret-operator/internal/consent"
	"github.com/roomsecrets/roomsecret-operator/internal/errands"
	"github.com/roomsecrets/roomsecret-operator/internal/hosts"
	"github.com/roomsecrets/roomsecret-operator/internal/roomserver"
	"github.com/roomsecrets/roomsecret-operator/internal/roomserver/store"
	"github.com/roomsecrets/roomsecret-operator/internal/sessions"
	"github.com/roomsecrets/roomsecret-operator/internal/shard"
	"github.com/roomsecrets/roomsecret-operator/internal/testkube"
	"github.com/roomsecrets/roomsecret-operator/roomclient/token"
)

const (
	// pollInterval of the rooms of the tests: drift is repaired within it.
	pollInterval = time.Second
	// patience is how long an Eventually waits. It is a bound for a busy machine, not a measure.
	patience = time.Minute
	// stillness is how long a Consistently watches: more than two polls.
	stillness = 3 * time.Second
	// grace is how long a deletion waits for a room that is out of reach.
	grace = 2 * time.Second
	// own is the operator's identity in the rooms of the tests.
	own = roomv1alpha1.DefaultParticipantName
)

// cluster is the control plane that all tests of the package share; each test has namespaces of its own.
var cluster *testkube.Cluster

func TestMain(m *testing.M) {
	ctrl.SetLogger(zap.New(zap.UseDevMode(true), zap.WriteTo(os.Stderr), zap.Level(quiet())))
	gomega.SetDefaultEventuallyTimeout(patience)
	gomega.SetDefaultEventuallyPollingInterval(50 * time.Millisecond)
	gomega.SetDefaultConsistentlyDuration(stillness)
	gomega.SetDefaultConsistentlyPollingInterval(100 * time.Millisecond)
	os.Exit(run(m))
}

func run(m *testing.M) int {
	var err error
	cluster, err = testkube.Start(context.Background(), testkube.Options{CRDPaths: []string{"../config/crd/bases"}, Audit: true})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	code := m.Run()
	if err := cluster.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

// world is what one test lives in: namespaces, a room server, and a manager that sees only those namespaces.
type world struct {
	*gomega.WithT
	t          *testing.T
	ctx        context.Context
	kube       client.Client
	ns         string
	namespaces []string
	apiKey     token.APIKey
	store      store.Store
	address    string
	room       string
	userAgent  string
	serverLog  syncBuffer
	managerLog syncBuffer
	// registry has the metrics of the manager that was started last.
	registry *prometheus.Registry
	// limited says that the manager knows that it sees some namespaces only.
	limited bool
	// selector selects what the manager works on; nil for everything.
	selector labels.Selector
	// newClient makes the client of the manager; nil for the usual one.
	newClient client.NewClientFunc
	// user is who the manager is to the API server; empty for the administrator.
	user string
	// hosts are those that rooms may be at; empty for all.
	hosts hosts.List
	// withoutRestarts is how the manager is started when nobody asks for restarts.
	withoutRestarts bool
	// patience tells how long people are waited for; nil for the time of day.
	patience clock.Clock
	// elected says that of several managers one leads.
	elected bool
	// page is the URL of the consent page; empty for none.
	page string
	// firstRetry is how long the operator waits after a failure; 0 for as long as makes tests fast.
	firstRetry time.Duration

	// rooms are the connections of the manager that was started last.
	rooms *sessions.Pool

	stopServer  func()
	stopManager func()
}

// syncBuffer is a buffer that is safe for concurrent use.
type syncBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// newWorld returns a world with its room server running and its manager started. More namespaces than the first are
// named after it: <first>-2, and so on.
func newWorld(t *testing.T, moreNamespaces ...string) *world {
	t.Helper()
	w := newStoppedWorld(t, moreNamespaces...)
	w.startServer()
	w.startManager()
	return w
}

// newStoppedWorld returns a world in which neither the room server nor the manager runs.
func newStoppedWorld(t *testing.T, moreNamespaces ...string) *world {
	t.Helper()
	w := &world{WithT: gomega.NewWithT(t), t: t, ctx: t.Context(), store: store.NewMemory(0), room: "support"}
	kube, err := client.New(cluster.Config, client.Options{Scheme: scheme(t)})
	w.Expect(err).NotTo(gomega.HaveOccurred())
	w.kube = kube
	w.apiKey, err = token.NewAPIKey()
	w.Expect(err).NotTo(gomega.HaveOccurred())
	w.address = freeAddress(t)
	first := w.createNamespace("world-")
	w.ns, w.namespaces, w.userAgent = first, []string{first}, "operator-of-"+first
	for range moreNamespaces {
		w.namespaces = append(w.namespaces, w.createNamespace(first+"-"))
	}
	t.Cleanup(w.close)
	t.Cleanup(w.checkLaws)
	return w
}

func scheme(t *testing.T) *runtime.Scheme {
	t.Helper()
	s := runtime.NewScheme()
	if err := clientgoscheme.AddToScheme(s); err != nil {
		t.Fatal(err)
	}
	if err := roomv1alpha1.AddToScheme(s); err != nil {
		t.Fatal(err)
	}
	return s
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

func (w *world) createNamespace(prefix string) string {
	w.t.Helper()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: prefix}}
	w.Expect(w.kube.Create(w.ctx, namespace)).To(gomega.Succeed())
	return namespace.Name
}

// close stops what runs.
func (w *world) close() {
	w.ctx = context.WithoutCancel(w.ctx) // the context of a test is done when its clean-up begins
	if w.stopManager != nil {
		w.stopManager()
	}
	if w.stopServer != nil {
		w.stopServer()
	}
}

// startServer starts the room server, at the same address each time. What it holds survives a restart.
func (w *world) startServer() {
	w.t.Helper()
	w.startServerWith(roomserver.Config{})
}

func (w *world) startServerWith(config roomserver.Config) {
	w.t.Helper()
	config.APIKeys, config.Store = append(config.APIKeys, w.apiKey), w.store
	config.Logger = slog.New(slog.NewTextHandler(&w.serverLog, nil))
	server, err := roomserver.New(config)
	w.Expect(err).NotTo(gomega.HaveOccurred())
	listener, err := net.Listen("tcp", w.address)
	w.Expect(err).NotTo(gomega.HaveOccurred())
	w.serve(server, listener)
}

// serve runs a room server until stopServer is called.
func (w *world) serve(server *roomserver.Server, listener net.Listener) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(w.ctx))
	done := make(chan error, 1)
	go func() { done <- server.Serve(ctx, listener) }()
	w.stopServer = func() {
		w.stopServer = nil
		cancel()
		w.Expect(<-done).To(gomega.Succeed())
	}
}

// startManager starts the operator.
func (w *world) startManager() {
	w.t.Helper()
	restConfig := rest.CopyConfig(cluster.Config)
	restConfig.UserAgent, restConfig.Impersonate.UserName = w.userAgent, w.user
	mgr, err := ctrl.NewManager(restConfig, ctrl.Options{
		Scheme:     scheme(w.t),
		Cache:      controllers.ShardCacheOptions(shard.Shard{Namespaces: w.namespaces, Selector: w.selector}),
		Metrics:    metricsserver.Options{BindAddress: "0"},
		Controller: config.Controller{SkipNameValidation: new(true)},
		NewClient:  w.newClient,
		Logger:     zap.New(zap.WriteTo(&w.managerLog), zap.UseDevMode(false)),

		LeaderElection: w.elected, LeaderElectionID: "operator", LeaderElectionNamespace: w.ns, LeaderElectionReleaseOnCancel: true,
	})
	w.Expect(err).NotTo(gomega.HaveOccurred())
	ctx, cancel := context.WithCancel(context.WithoutCancel(w.ctx))
	w.Expect(controllers.Setup(ctx, mgr, w.options())).To(gomega.Succeed())
	done := make(chan error, 1)
	go func() { done <- mgr.Start(ctx) }()
	w.stopManager = func() {
		w.stopManager = nil
		cancel()
		w.Expect(<-done).To(gomega.Succeed())
	}
}

func (w *world) options() controllers.Options {
	w.t.Helper()
	digests, err := controllers.EnsureKey(w.ctx, w.kube, w.ns)
	w.Expect(err).NotTo(gomega.HaveOccurred())
	w.registry = prometheus.NewRegistry()
	roomMetrics, err := sessions.NewMetrics(w.registry)
	w.Expect(err).NotTo(gomega.HaveOccurred())
	syncMetrics, err := controllers.NewMetrics(w.registry)
	w.Expect(err).NotTo(gomega.HaveOccurred())
	var namespaces []string
	if w.limited {
		namespaces = w.namespaces
	}
	w.rooms = sessions.NewPool(digests, roomMetrics, sessions.Dial)
	return controllers.Options{
		Namespaces: namespaces,
		Selector:   w.selector,
		Rooms:      w.rooms,
		Digests:    digests, Metrics: syncMetrics,
		Hosts:    w.hosts,
		Errands:  &errands.Errands{Clock: w.patience},
		Restarts: !w.withoutRestarts,
		Consent:  consent.Links{URL: w.page, Key: digests},
		Grace:    grace, FirstRetry: cmp.Or(w.firstRetry, 50*time.Millisecond),
	}
}
