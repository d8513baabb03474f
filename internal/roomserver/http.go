// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomserver

import (
	"errors"
	"io"
	"net/http"
	"strconv"

	"github.com/gorilla/websocket"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

func (s *Server) routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /rooms/{room}", s.join)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusOK, "ok") })
	mux.HandleFunc("GET /readyz", s.ready)
	mux.HandleFunc("GET "+BackupPath, s.backup)
	s.restRoutes(mux)
	mux.Handle("GET /metrics", promhttp.HandlerFor(s.config.Registry, promhttp.HandlerOpts{}))
	return mux
}

// ready tells whether a client that joins now could read its secrets.
func (s *Server) ready(w http.ResponseWriter, r *http.Request) {
	if s.hub.isLeaving() {
		plain(w, http.StatusServiceUnavailable, "shutting down")
		return
	}
	if _, err := s.config.Store.List(r.Context(), "readyz", ""); err != nil {
		s.log.Error("store is not readable", "error", err)
		plain(w, http.StatusServiceUnavailable, "store is not readable")
		return
	}
	plain(w, http.StatusOK, "ok")
}

// newUpgrader makes the upgrader of all handshakes.
//
// Any origin may connect: what an origin check prevents is a foreign page acting with credentials the browser
// adds by itself, and here there are none: whoever connects must show a token, and a page that has one may use it.
//
// Compression stays off: values compressed together with text an attacker chose would leak their content by
// their length, and a few bytes could unfold into many.
func (s *Server) newUpgrader() websocket.Upgrader {
	return websocket.Upgrader{
		HandshakeTimeout: headerTimeout,
		CheckOrigin:      func(*http.Request) bool { return true },
		Error: func(w http.ResponseWriter, r *http.Request, status int, reason error) {
			s.refuse(w, r, &refusal{status, reason.Error()})
		},
	}
}

// join is the handshake: it lets a participant in and stays until the connection has ended.
func (s *Server) join(w http.ResponseWriter, r *http.Request) {
	if err := s.faults.refusing(); err != nil {
		s.refuse(w, r, err)
		return
	}
	who, err := s.door.admit(r, r.PathValue("room"))
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	if err := s.hub.enter(); err != nil {
		w.Header().Set("Retry-After", retryAfter)
		s.refuse(w, r, err)
		return
	}
	s.metrics.connections.Inc()
	defer s.metrics.connections.Dec()
	defer s.hub.leave()
	header := http.Header{}
	if echoed := roomSubprotocol(r); echoed != "" {
		header.Set("Sec-WebSocket-Protocol", echoed)
	}
	corking := &corker{ResponseWriter: w}
	socket, err := s.upgrade.Upgrade(corking, r, header)
	if err != nil {
		return // answered and counted by the upgrader's Error
	}
	s.metrics.handshakes.WithLabelValues(strconv.Itoa(http.StatusSwitchingProtocols)).Inc()
	s.connection(socket, corking.conn, who, r).serve(r.Context())
}

// retryAfter is when a client refused for lack of room should try again, in seconds.
const retryAfter = "5"

func (s *Server) refuse(w http.ResponseWriter, r *http.Request, err error) {
	var why *refusal
	if !errors.As(err, &why) {
		s.log.Error("handshake failed", "error", err)
		why = &refusal{http.StatusInternalServerError, "internal error"}
	}
	s.metrics.handshakes.WithLabelValues(strconv.Itoa(why.status)).Inc()
	s.log.Info("refused a client", "status", why.status, "reason", why.text, "remote", r.RemoteAddr)
	if why.status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", bearerScheme)
	}
	plain(w, why.status, why.text)
}

func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text+"\n")
}
