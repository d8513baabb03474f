// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package scale

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	clientcache "k8s.io/client-go/tools/cache"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/controllers"
	"github.com/roomsecrets/roomsecret-operator/internal/sessions"
)

// operator is the operator in this process, for the objects of one namespace.
type operator struct {
	requests *counter
	registry *prometheus.Registry
	pool     *sessions.Pool
	cache    cache.Cache
	standing *standing
	started  time.Time
	stop     func()
}

func (s *stage) startOperator(t *testing.T, namespace string) *operator {
	t.Helper()
	o := &operator{requests: newCounter(), registry: prometheus.NewRegistry(), standing: newStanding(isReady)}
	digests, err := controllers.EnsureKey(t.Context(), s.kube, "default")
	check(t, err)
	roomMetrics, err := sessions.NewMetrics(o.registry)
	check(t, err)
	syncMetrics, err := controllers.NewMetrics(o.registry)
	check(t, err)
	mgr, err := ctrl.NewManager(s.unlimited(o.requests), ctrl.Options{
		Scheme: s.scheme, MapperProvider: controllers.NewMapper, Cache: controllers.CacheOptions(namespace), Metrics: metricsserver.Options{BindAddress: "0"},
		Controller: config.Controller{SkipNameValidation: new(true)},
	})
	check(t, err)
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	o.pool = sessions.NewPool(digests, roomMetrics, sessions.Dial)
	check(t, controllers.Setup(ctx, mgr, controllers.Options{
		Rooms: o.pool, Digests: digests, Metrics: syncMetrics, MaxConcurrentReconciles: workers, Namespaces: []string{namespace},
	}))
	o.cache = mgr.GetCache()
	o.standing.watch(ctx, t, o.cache)
	done := make(chan error, 1)
	o.stop = sync.OnceFunc(func() {
		cancel()
		check(t, <-done)
	})
	t.Cleanup(o.stop)
	o.started = time.Now()
	go func() { done <- mgr.Start(ctx) }()
	return o
}

// syncs returns how many RoomSecrets the operator has found or brought in sync, each as often as it was.
func (o *operator) syncs(t *testing.T) int {
	t.Helper()
	return int(gather(t, o.registry, "roomsecret_sync_total").sum("changed", "unchanged"))
}

// standing knows which RoomSecrets are as they should be, as a cache tells it.
type standing struct {
	// is says whether one is.
	is func(*roomv1alpha1.RoomSecret) bool

	mu   sync.Mutex
	are  map[types.NamespacedName]bool
	news chan struct{}
}

func newStanding(is func(*roomv1alpha1.RoomSecret) bool) *standing {
	return &standing{is: is, are: map[types.NamespacedName]bool{}, news: make(chan struct{}, 1)}
}

// isReady reports whether a RoomSecret says that it is in sync.
func isReady(rs *roomv1alpha1.RoomSecret) bool {
	return meta.IsStatusConditionTrue(rs.Status.Conditions, string(roomv1alpha1.ConditionReady))
}

// watch learns from a cache, which may not have been started yet.
func (s *standing) watch(ctx context.Context, t *testing.T, c cache.Cache) {
	t.Helper()
	informer, err := c.GetInformer(ctx, &roomv1alpha1.RoomSecret{}, cache.BlockUntilSynced(false))
	check(t, err)
	_, err = informer.AddEventHandler(clientcache.ResourceEventHandlerFuncs{
		AddFunc: s.note, UpdateFunc: func(_, object any) { s.note(object) },
	})
	check(t, err)
}

func (s *standing) note(object any) {
	rs, ok := object.(*roomv1alpha1.RoomSecret)
	if !ok {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.is(rs) {
		s.are[client.ObjectKeyFromObject(rs)] = true
	} else {
		delete(s.are, client.ObjectKeyFromObject(rs))
	}
	select {
	case s.news <- struct{}{}:
	default: // somebody is about to look
	}
}

func (s *standing) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.are)
}

// patience bounds every wait: it is no measure.
const patience = 30 * time.Minute

// await waits until so many RoomSecrets are as they should be.
func (s *standing) await(t *testing.T, n int) {
	t.Helper()
	late := time.After(patience)
	for s.count() != n {
		select {
		case <-s.news:
		case <-late:
			t.Fatalf("%d of %d RoomSecrets are as they should be", s.count(), n)
		}
	}
}

// eventually waits until something is so.
func eventually(t *testing.T, so func() bool) {
	t.Helper()
	for late := time.After(patience); !so(); {
		select {
		case <-time.After(2 * time.Millisecond):
		case <-late:
			t.Fatal("it never happened")
		}
	}
}

// quiet waits until nothing has been counted for a while.
func (c *counter) quiet(t *testing.T) {
	t.Helper()
	var before counts
	eventually(t, func() bool {
		now := c.now()
		still := before != nil && len(now.since(before)) == 0
		before = now
		<-time.After(500 * time.Millisecond)
		return still
	})
}
