// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package sessions_test

import (
	"context"
	"net"
	"sync"
	"testing"

	"github.com/onsi/gomega"
	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/types"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/fingerprint"
	"github.com/roomsecrets/roomsecret-operator/internal/plan"
	"github.com/roomsecrets/roomsecret-operator/internal/roomserver"
	"github.com/roomsecrets/roomsecret-operator/internal/roomserver/store"
	"github.com/roomsecrets/roomsecret-operator/internal/sessions"
	"github.com/roomsecrets/roomsecret-operator/roomclient"
	"github.com/roomsecrets/roomsecret-operator/roomclient/token"
)

const (
	roomName = "support"
	own      = "operator"
)

// roomKey is the room of every test.
var roomKey = sessions.RoomKey{Kind: roomv1alpha1.KindRoom, Namespace: "team-a", Name: "support"}

// world is a pool and a room server, which talk over a socket.
type world struct {
	*gomega.WithT
	t       *testing.T
	pool    *sessions.Pool
	metrics *prometheus.Registry
	disk    *disk
	apiKey  token.APIKey
	address string
	// served are the metrics of the room server that runs now.
	served *prometheus.Registry

	stopServer func()
	stopPool   func()

	mu    sync.Mutex
	rooms int
	// quietly counts the events of connections that nobody noticed.
	quietly int
	owners  map[types.NamespacedName]int
}

// newWorld returns a world with everything running and nothing connected.
func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{
		WithT: gomega.NewWithT(t), t: t, metrics: prometheus.NewRegistry(),
		disk: &disk{Store: store.NewMemory(0)}, owners: map[types.NamespacedName]int{},
	}
	var err error
	w.apiKey, err = token.NewAPIKey()
	w.Expect(err).NotTo(gomega.HaveOccurred())
	metrics, err := sessions.NewMetrics(w.metrics)
	w.Expect(err).NotTo(gomega.HaveOccurred())
	digests, err := fingerprint.NewKey(fingerprint.Generate())
	w.Expect(err).NotTo(gomega.HaveOccurred())
	w.pool = sessions.NewPool(digests, metrics, sessions.Dial)
	w.pool.Subscribe(w.hear)
	w.startServer()
	w.startPool()
	t.Cleanup(func() {
		w.stopPool()
		w.stopServer()
	})
	return w
}

func (w *world) startPool() {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.pool.Start(ctx) }()
	w.stopPool = sync.OnceFunc(func() {
		cancel()
		w.Expect(<-done).To(gomega.Succeed())
	})
}

// startServer starts the room server, at the same address each time, with the rooms that it has; none means any.
func (w *world) startServer(rooms ...string) {
	w.t.Helper()
	w.served = prometheus.NewRegistry()
	server, err := roomserver.New(roomserver.Config{
		APIKeys: []token.APIKey{w.apiKey}, Rooms: rooms, Store: w.disk, Registry: w.served,
	})
	w.Expect(err).NotTo(gomega.HaveOccurred())
	address := w.address
	if address == "" {
		address = "127.0.0.1:0"
	}
	listener, err := net.Listen("tcp", address)
	w.Expect(err).NotTo(gomega.HaveOccurred())
	w.address = listener.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- server.Serve(ctx, listener) }()
	w.stopServer = sync.OnceFunc(func() {
		cancel()
		w.Expect(<-done).To(gomega.Succeed())
	})
}

func (w *world) hear(event sessions.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if event.Owner.Name != "" {
		w.owners[event.Owner]++
		return
	}
	if event.Quiet {
		w.quietly++
		return
	}
	w.rooms++
}

// woken returns a function that tells how often an owner has been woken.
func (w *world) woken(owner types.NamespacedName) func() int {
	return func() int {
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.owners[owner]
	}
}

// told returns how many events there were about the room.
func (w *world) told() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.rooms
}

// quiet returns how many events there were about the room that concern no call.
func (w *world) quiet() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.quietly
}

// room says how the room is reached with the API key.
func (w *world) room(revision string) sessions.Room {
	return sessions.Room{
		Endpoint: "ws://" + w.address, Name: roomName, Identity: own, APIKey: &w.apiKey,
		PollInterval: pollInterval, Revision: revision,
	}
}

// tokenRoom says how the room is reached with a token.
func (w *world) tokenRoom(scope token.APIScope) sessions.Room {
	w.t.Helper()
	api, err := token.APIGrant(scope)
	w.Expect(err).NotTo(gomega.HaveOccurred())
	text, err := w.apiKey.Sign(token.Claims{Name: own, Grants: []token.Grant{token.RoomGrant(roomName), api}})
	w.Expect(err).NotTo(gomega.HaveOccurred())
	room := w.room("token")
	room.APIKey, room.Token = nil, []byte(text)
	return room
}

// connect connects the room and returns the client of an owner.
func (w *world) connect(room sessions.Room, owner types.NamespacedName) *sessions.Client {
	w.t.Helper()
	w.Expect(w.pool.Ensure(w.t.Context(), roomKey, room)).To(gomega.Succeed())
	return w.client(owner)
}

// client returns the client of an owner as soon as there is one.
func (w *world) client(owner types.NamespacedName) *sessions.Client {
	w.t.Helper()
	var client *sessions.Client
	w.Eventually(func() (err error) {
		client, err = w.pool.Client(roomKey, owner)
		return err
	}).Should(gomega.Succeed())
	return client
}

// track tracks rows, and waits for the sessions that this takes.
func (w *world) track(client *sessions.Client, rows ...plan.Row) {
	w.t.Helper()
	w.Eventually(func() error { return client.Track(w.t.Context(), rows) }).Should(gomega.Succeed())
}

// see tracks rows and reads them once, as a reconcile does.
func (w *world) see(client *sessions.Client, rows ...plan.Row) map[plan.Row]sessions.Seen {
	w.t.Helper()
	w.track(client, rows...)
	seen := client.Read(w.t.Context(), rows)
	for row, s := range seen {
		if s.Err != nil {
			w.t.Fatalf("read %v: %v", row, s.Err)
		}
	}
	return seen
}

// put stores a row behind the back of the pool.
func (w *world) put(row plan.Row, value sessions.Value) {
	w.t.Helper()
	w.Expect(w.disk.Store.Put(w.t.Context(), store.Row{
		Info: store.Info{Key: key(row), Type: value.Type, Name: value.Name}, Value: value.Bytes,
	})).To(gomega.Succeed())
}

// remove deletes a row behind the back of the pool.
func (w *world) remove(row plan.Row) {
	w.t.Helper()
	w.Expect(w.disk.Store.Delete(w.t.Context(), key(row))).To(gomega.Succeed())
}

// stored returns what the room server has at a row, and false when it has nothing.
func (w *world) stored(row plan.Row) (sessions.Value, bool) {
	w.t.Helper()
	kept, err := w.disk.Store.Get(w.t.Context(), key(row))
	return sessions.Value{Type: kept.Type, Name: kept.Name, Bytes: kept.Value}, err == nil
}

func key(row plan.Row) store.Key {
	return store.Key{Room: roomName, Owner: row.Identity, ID: row.ID, DelegatedTo: row.DelegatedTo}
}

// phase returns what the session of the operator's own identity is doing; empty when there is none.
func (w *world) phase() roomclient.Phase {
	state, _ := w.pool.State(roomKey)
	return state.Phase
}

// participants returns how many sessions the room server sees.
func (w *world) participants() float64 {
	return sample(w.t, w.served, "roomserver_connections")
}

// up returns a function that reads the metric of the connection: 0 or 1, and -1 when there is none.
func (w *world) up() float64 { return sample(w.t, w.metrics, "roomsecret_connection_up") }

// requests returns how many requests of an operation had a result.
func (w *world) requests(operation, result string) float64 {
	return sample(w.t, w.metrics, "roomsecret_remote_requests_total", operation, result)
}

// sample returns the value of the metric of this name that has the values as labels, and -1 when there is none.
func sample(t *testing.T, registry *prometheus.Registry, name string, labels ...string) float64 {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			matches := family.GetName() == name
			for i, label := range labels {
				matches = matches && metric.GetLabel()[i].GetValue() == label
			}
			if matches {
				return metric.GetGauge().GetValue() + metric.GetCounter().GetValue()
			}
		}
	}
	return -1
}

// owned is an owner with a name.
func owned(name string) types.NamespacedName {
	return types.NamespacedName{Namespace: "team-a", Name: name}
}

func row(id string) plan.Row { return plan.Row{Identity: own, ID: id} }

func text(value string) sessions.Value {
	return sessions.Value{Type: "text/plain", Name: "name", Bytes: []byte(value)}
}

// disk is a store that can go wrong.
type disk struct {
	store.Store

	mu sync.Mutex
	// forgetful drops what it is told to keep.
	forgetful bool
	// unreadable is the id of rows that cannot be read.
	unreadable string
}

func (d *disk) set(change func(*disk)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	change(d)
}

func (d *disk) Put(ctx context.Context, row store.Row) error {
	d.mu.Lock()
	forgetful := d.forgetful
	d.mu.Unlock()
	if forgetful {
		return nil
	}
	return d.Store.Put(ctx, row)
}

func (d *disk) Get(ctx context.Context, key store.Key) (store.Row, error) {
	d.mu.Lock()
	unreadable := d.unreadable
	d.mu.Unlock()
	if key.ID == unreadable {
		return store.Row{}, net.ErrClosed
	}
	return d.Store.Get(ctx, key)
}
