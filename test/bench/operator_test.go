// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"context"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
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
	"github.com/roomsecrets/roomsecret-operator/internal/roomserver"
	"github.com/roomsecrets/roomsecret-operator/internal/roomserver/store"
	"github.com/roomsecrets/roomsecret-operator/internal/sessions"
	"github.com/roomsecrets/roomsecret-operator/internal/testkube"
	"github.com/roomsecrets/roomsecret-operator/roomclient/token"
)

const (
	namespace = "default"
	roomName  = "myroom"
	// operatorName is the operator's identity in the room.
	operatorName = roomv1alpha1.DefaultParticipantName
)

// stage has a real API server, a room server, and the operator between the two.
type stage struct {
	kube    client.WithWatch
	cluster *testkube.Cluster
	rows    *watchedStore
	key     token.APIKey
	server  *httptest.Server
	// endpoint is the server as the operator sees it.
	endpoint string
	requests *prometheus.Registry
}

// newStage starts everything, with a Room that is read once in an interval, over a network that takes a while each way.
func newStage(b *testing.B, interval, oneWay time.Duration) *stage {
	b.Helper()
	ctrl.SetLogger(logr.Discard())
	s := &stage{rows: &watchedStore{Store: store.NewMemory(0)}, requests: prometheus.NewRegistry()}
	var err error
	s.cluster, err = testkube.Start(b.Context(), testkube.Options{CRDPaths: []string{"../../config/crd/bases"}, Controllers: []string{}})
	check(b, err)
	b.Cleanup(func() { check(b, s.cluster.Stop()) })
	scheme := runtime.NewScheme()
	check(b, clientgoscheme.AddToScheme(scheme))
	check(b, roomv1alpha1.AddToScheme(scheme))
	s.kube, err = client.NewWithWatch(s.cluster.Config, client.Options{Scheme: scheme})
	check(b, err)
	s.serveRoom(b, oneWay)
	s.startOperator(b, scheme)
	s.create(b, &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "credential"}, Data: map[string][]byte{"api-key": []byte(s.key.Encode())},
	}, &roomv1alpha1.Room{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: roomName},
		Spec: roomv1alpha1.RoomSpec{
			RoomConnection: roomv1alpha1.RoomConnection{Endpoint: s.endpoint, PollInterval: &metav1.Duration{Duration: interval}},
			Auth:           roomv1alpha1.RoomAuth{APIKeySecretRef: &roomv1alpha1.SecretKeyRef{Name: "credential", Key: "api-key"}},
		},
	})
	return s
}

func check(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func (s *stage) serveRoom(b *testing.B, oneWay time.Duration) {
	b.Helper()
	var err error
	s.key, err = token.NewAPIKey()
	check(b, err)
	handler, err := roomserver.New(roomserver.Config{APIKeys: []token.APIKey{s.key}, Store: s.rows})
	check(b, err)
	s.server = httptest.NewServer(handler)
	b.Cleanup(func() {
		_ = handler.Close()
		s.server.Close()
	})
	s.endpoint = distant(b, s.server, oneWay)
}

func (s *stage) startOperator(b *testing.B, scheme *runtime.Scheme) {
	b.Helper()
	digests, err := controllers.EnsureKey(b.Context(), s.kube, namespace)
	check(b, err)
	roomMetrics, err := sessions.NewMetrics(s.requests)
	check(b, err)
	syncMetrics, err := controllers.NewMetrics(s.requests)
	check(b, err)
	mgr, err := ctrl.NewManager(s.cluster.Config, ctrl.Options{
		Scheme: scheme, Cache: controllers.CacheOptions(), Metrics: metricsserver.Options{BindAddress: "0"},
		Controller: config.Controller{SkipNameValidation: new(true)},
	})
	check(b, err)
	ctx, cancel := context.WithCancel(context.WithoutCancel(b.Context()))
	check(b, controllers.Setup(ctx, mgr, controllers.Options{
		Rooms: sessions.NewPool(digests, roomMetrics, sessions.Dial), Digests: digests, Metrics: syncMetrics,
	}))
	done := make(chan error, 1)
	go func() { done <- mgr.Start(ctx) }()
	b.Cleanup(func() {
		cancel()
		check(b, <-done)
	})
}

func (s *stage) create(b *testing.B, objects ...client.Object) {
	b.Helper()
	for _, object := range objects {
		check(b, s.kube.Create(b.Context(), object))
	}
}

// rewritten waits until an object has another version than the one in hand, and reads it.
func (s *stage) rewritten(b *testing.B, object client.Object) {
	b.Helper()
	list := client.ObjectList(&corev1.SecretList{})
	if _, ok := object.(*roomv1alpha1.RoomSecret); ok {
		list = &roomv1alpha1.RoomSecretList{}
	}
	watch, err := s.kube.Watch(b.Context(), list, client.InNamespace(namespace), client.MatchingFields{"metadata.name": object.GetName()},
		&client.ListOptions{Raw: &metav1.ListOptions{ResourceVersion: object.GetResourceVersion()}})
	check(b, err)
	defer watch.Stop()
	<-watch.ResultChan()
	check(b, s.kube.Get(b.Context(), client.ObjectKeyFromObject(object), object))
}

// watchedStore tells when a row gets a value.
type watchedStore struct {
	store.Store

	mu       sync.Mutex
	expected map[string]chan time.Time
}

// expect returns where the time is told at which a row gets a value that no row has had.
func (s *watchedStore) expect(id, value string) <-chan time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.expected == nil {
		s.expected = map[string]chan time.Time{}
	}
	told := make(chan time.Time, 1)
	s.expected[id+"="+value] = told
	return told
}

// Put implements [store.Store].
func (s *watchedStore) Put(ctx context.Context, row store.Row) error {
	err := s.Store.Put(ctx, row)
	s.mu.Lock()
	defer s.mu.Unlock()
	what := row.ID + "=" + string(row.Value)
	if told, ok := s.expected[what]; ok {
		told <- time.Now()
		delete(s.expected, what)
	}
	return err
}

// quantile returns the value that a part of all is not above.
func quantile(all []time.Duration, part float64) time.Duration {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[min(int(part*float64(len(sorted))), len(sorted)-1)]
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
