// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package scale

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/roomserver/store"
	"github.com/roomsecrets/roomsecret-operator/internal/testkube"
)

const (
	// operatorName is the operator's identity in the rooms.
	operatorName = roomv1alpha1.DefaultParticipantName
	// workers is how many objects the operator works on at the same time, which is its default, and so does the reference.
	workers = 10
	// readsInFlight is how many rows the operator reads at the same time when it reads a room, and so does the reference.
	readsInFlight = 64
	// setUpWorkers is how many objects are made at the same time before anything is measured.
	setUpWorkers = 16
)

// stage has a real API server and a real room server.
type stage struct {
	scheme  *runtime.Scheme
	cluster *testkube.Cluster
	// kube is for what is not measured.
	kube client.WithWatch
	rows *readStore
	// server has the rooms, unless a population has room servers of its own.
	server *server
	// manager is where the program is.
	manager string
}

func newStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{scheme: runtime.NewScheme(), rows: &readStore{Store: store.NewMemory(0)}}
	check(t, clientgoscheme.AddToScheme(s.scheme))
	check(t, roomv1alpha1.AddToScheme(s.scheme))
	var err error
	s.cluster, err = testkube.Start(t.Context(), testkube.Options{CRDPaths: []string{"../../../config/crd/bases"}, Controllers: []string{}})
	check(t, err)
	t.Cleanup(func() { check(t, s.cluster.Stop()) })
	s.kube, err = client.NewWithWatch(s.unlimited(nil), client.Options{Scheme: s.scheme})
	check(t, err)
	s.server = newServer(t, s.rows)
	s.buildManager(t)
	return s
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// unlimited returns how to reach the API server without a limit of the client's own: a limit would be what is measured.
func (s *stage) unlimited(c *counter) *rest.Config {
	config := rest.CopyConfig(s.cluster.Config)
	config.QPS, config.Burst = -1, -1
	if c != nil {
		config.Wrap(c.wrap)
	}
	return config
}

// gather returns the values of a counter by its first label. Values that differ in another label are added up.
func gather(t *testing.T, registry prometheus.Gatherer, name string) counts {
	t.Helper()
	families, err := registry.Gather()
	check(t, err)
	all := counts{}
	for _, family := range families {
		if family.GetName() != name {
			continue
		}
		for _, metric := range family.GetMetric() {
			labels := metric.GetLabel()
			all[labels[len(labels)-1].GetValue()] += metric.GetCounter().GetValue()
		}
	}
	return all
}

// readStore tells which rows were read, and when a row got a value.
type readStore struct {
	store.Store

	mu   sync.Mutex
	read map[store.Key]bool
	// written has what was written since record was called.
	written []written

	// arrivals tells when a row, as room/id, gets a value.
	arrivals arrivals
}

// Get implements [store.Store].
func (s *readStore) Get(ctx context.Context, key store.Key) (store.Row, error) {
	row, err := s.Store.Get(ctx, key)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.read != nil && err == nil {
		s.read[key] = true
	}
	return row, err
}

// forget makes no row one that was read.
func (s *readStore) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.read = map[store.Key]bool{}
}

// written is a value that a row got.
type written struct {
	at    time.Time
	key   store.Key
	value string
}

func (s *readStore) note(row store.Row) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.written = append(s.written, written{time.Now(), row.Key, string(row.Value)})
}

// record forgets what was written.
func (s *readStore) record() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.written = nil
}

// recorded returns what was written since, in that order.
func (s *readStore) recorded() []written {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.written)
}

// countRead returns how many rows were read since.
func (s *readStore) countRead() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.read)
}
