// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package scale

import (
	"context"
	"log/slog"
	"net"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/roomsecrets/roomsecret-operator/internal/roomserver"
	"github.com/roomsecrets/roomsecret-operator/internal/roomserver/store"
	"github.com/roomsecrets/roomsecret-operator/roomclient/token"
)

// server is a room server, which serves until it is stopped.
type server struct {
	rows store.Store
	// key is the API key that it accepts from the next start on.
	key token.APIKey
	// address is the same for each start but the first.
	address string
	// audit gets a record of each call; nil for nobody.
	audit *slog.Logger
	// registry has the metrics since the last start.
	registry *prometheus.Registry
	stop     func()
}

// newServer starts a room server with a key of its own.
func newServer(t *testing.T, rows store.Store) *server {
	t.Helper()
	s := &server{rows: rows, address: "127.0.0.1:0"}
	s.replaceKey(t)
	s.start(t)
	t.Cleanup(func() { s.stop() })
	return s
}

// replaceKey makes a key the only one that is accepted from the next start on.
func (s *server) replaceKey(t *testing.T) {
	t.Helper()
	var err error
	s.key, err = token.NewAPIKey()
	check(t, err)
}

// start starts the server, where it was before.
func (s *server) start(t *testing.T) {
	t.Helper()
	s.registry = prometheus.NewRegistry()
	rooms, err := roomserver.New(roomserver.Config{APIKeys: []token.APIKey{s.key}, Store: s.rows, Registry: s.registry, Audit: s.audit})
	check(t, err)
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", s.address)
	check(t, err)
	s.address = listener.Addr().String()
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	served := make(chan error, 1)
	go func() { served <- rooms.Serve(ctx, listener) }()
	s.stop = sync.OnceFunc(func() {
		stop()
		check(t, <-served)
	})
}

// calls returns how many calls the server has answered, by tool.
func (s *server) calls(t *testing.T) counts {
	t.Helper()
	return gather(t, s.registry, "roomserver_requests_total")
}

// attempts returns how many attempts to join a room the server has seen since it was started, by the status of the answer.
func (s *server) attempts(t *testing.T) counts {
	t.Helper()
	return gather(t, s.registry, "roomserver_handshakes_total")
}
