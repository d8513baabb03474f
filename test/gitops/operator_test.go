// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package gitops

import (
	"context"
	"net"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/roomsecrets/roomsecret-operator/controllers"
	"github.com/roomsecrets/roomsecret-operator/internal/roomserver"
	"github.com/roomsecrets/roomsecret-operator/internal/roomserver/store"
	"github.com/roomsecrets/roomsecret-operator/internal/sessions"
	"github.com/roomsecrets/roomsecret-operator/roomclient/token"
)

// grace is how long a deletion waits for a room that is out of reach.
const grace = 5 * time.Second

// running is something that runs until it is stopped.
type running struct {
	cancel context.CancelFunc
	done   chan error
}

func start(ctx context.Context, run func(context.Context) error) running {
	ctx, cancel := context.WithCancel(ctx)
	r := running{cancel: cancel, done: make(chan error, 1)}
	go func() { r.done <- run(ctx) }()
	return r
}

func (r running) stop() error {
	r.cancel()
	return <-r.done
}

// roomServer is a room server with a room of any name.
type roomServer struct {
	running
	apiKey  token.APIKey
	store   store.Store
	address string
}

func newRoomServer(ctx context.Context) (*roomServer, error) {
	apiKey, err := token.NewAPIKey()
	if err != nil {
		return nil, err
	}
	s := &roomServer{apiKey: apiKey, store: store.NewMemory(0)}
	server, err := roomserver.New(roomserver.Config{APIKeys: []token.APIKey{apiKey}, Store: s.store})
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s.address = listener.Addr().String()
	s.running = start(ctx, func(ctx context.Context) error { return server.Serve(ctx, listener) })
	return s, nil
}

// operator is the operator, with the rights of its service account.
type operator struct{ running }

func startOperator(ctx context.Context) (*operator, error) {
	restConfig := rest.CopyConfig(shared.cluster.Config)
	restConfig.UserAgent = "roomsecret-operator" // which is its name as an owner of fields, too
	restConfig.Impersonate.UserName = "system:serviceaccount:" + system + ":roomsecret-manager"
	mgr, err := ctrl.NewManager(restConfig, ctrl.Options{
		Scheme: scheme(), Cache: controllers.CacheOptions(), Metrics: metricsserver.Options{BindAddress: "0"},
	})
	if err != nil {
		return nil, err
	}
	direct, err := client.New(restConfig, client.Options{Scheme: scheme()})
	if err != nil {
		return nil, err
	}
	digests, err := controllers.EnsureKey(ctx, direct, system)
	if err != nil {
		return nil, err
	}
	registry := prometheus.NewRegistry()
	roomMetrics, err := sessions.NewMetrics(registry)
	if err != nil {
		return nil, err
	}
	syncMetrics, err := controllers.NewMetrics(registry)
	if err != nil {
		return nil, err
	}
	if err := controllers.Setup(ctx, mgr, controllers.Options{
		Rooms:   sessions.NewPool(digests, roomMetrics, sessions.Dial),
		Digests: digests, Metrics: syncMetrics, Grace: grace,
	}); err != nil {
		return nil, err
	}
	return &operator{start(ctx, mgr.Start)}, nil
}
