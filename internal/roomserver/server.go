// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomserver

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/gorilla/websocket"
	"github.com/prometheus/client_golang/prometheus"
)

// Server is a room server. It is safe for concurrent use and cannot be used again after Close.
type Server struct {
	config     Config
	log        *slog.Logger
	door       *doorkeeper
	desk       *desk
	hub        *hub
	roster     *roster
	attendance *attendance
	faults     faults
	audit      *audit
	backups    sync.Mutex // one at a time
	metrics    *metrics
	mux        *http.ServeMux
	upgrade    websocket.Upgrader
	session    uuid.UUID // one for the life of the process; each room's session id is derived from it
}

// New returns a server that is ready to serve. It starts nothing.
func New(config Config) (*Server, error) {
	config.Limits = config.Limits.withDefaults()
	if err := config.validate(); err != nil {
		return nil, err
	}
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	if config.Audit == nil {
		config.Audit = slog.New(slog.DiscardHandler)
	}
	if config.Registry == nil {
		config.Registry = prometheus.NewRegistry()
	}
	door, err := newDoorkeeper(config.APIKeys, config.Rooms)
	if err != nil {
		return nil, err
	}
	session, err := uuid.NewRandom()
	if err != nil {
		return nil, err
	}
	metrics, err := newMetrics(config.Registry)
	if err != nil {
		return nil, err
	}
	endpoints, err := newEndpoints(config.OAuthOrigins)
	if err != nil {
		return nil, err
	}
	s := &Server{
		config: config, log: config.Logger, door: door, metrics: metrics, session: session,
		hub: newHub(config.Limits.MaxConnections), roster: newRoster(), attendance: newAttendance(config.Limits.MaxMessage / 2), faults: newFaults(config.Faults),
		audit: &audit{config.Audit},
	}
	s.desk = newDesk(s, endpoints)
	if len(config.Faults) > 0 {
		s.log.Warn("THIS SERVER MISBEHAVES ON PURPOSE: faults are injected for tests", "faults", config.Faults)
	}
	s.upgrade = s.newUpgrader()
	s.mux = s.routes()
	return s, nil
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// Bounds of the HTTP side. A request is a handshake or a probe: small, and answered at once.
const (
	headerTimeout   = 10 * time.Second
	requestTimeout  = 30 * time.Second
	idleTimeout     = time.Minute
	maxHeaderBytes  = 64 << 10
	shutdownTimeout = 5 * time.Second
)

// Serve accepts connections until ctx is done, then shuts down gracefully: no new connections, calls being
// carried out are answered, clients are told to come back, and it returns nil when all have gone. It returns
// the listener's error when that ends the serving. The listener is closed in either case.
func (s *Server) Serve(ctx context.Context, listener net.Listener) error {
	server := &http.Server{
		Handler:           s,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       requestTimeout,
		WriteTimeout:      requestTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	select {
	case err := <-served:
		return errors.Join(err, s.Close())
	case <-ctx.Done():
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
	defer cancel()
	err := server.Shutdown(stop)
	if errors.Is(err, context.DeadlineExceeded) {
		err = server.Close() // a request that dawdles is no reason to fail
	}
	if end := <-served; !errors.Is(end, http.ErrServerClosed) {
		err = errors.Join(err, end)
	}
	return errors.Join(err, s.Close())
}

// Close disconnects everybody, gracefully for as long as the write timeout and then by force, and waits until
// all connections have ended. From then on requests to join are refused with 503. It does not close the store.
func (s *Server) Close() error {
	s.hub.close(s.config.Limits.WriteTimeout)
	return nil
}
