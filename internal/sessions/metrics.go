// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package sessions

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/roomsecrets/roomsecret-operator/roomclient"
)

// Metrics are the measurements of the connections to rooms.
type Metrics struct {
	requests  *prometheus.CounterVec
	connected *prometheus.GaugeVec
}

// NewMetrics returns the metrics and registers them.
func NewMetrics(registerer prometheus.Registerer) (*Metrics, error) {
	m := &Metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "roomsecret_remote_requests_total",
			Help: "Requests made to rooms, by operation (list, get, exists, set, delete, request, forget, token, authorize, provide, reject) and result (ok, denied, lost, failed).",
		}, []string{"operation", "result"}),
		connected: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "roomsecret_connection_up",
			Help: "Whether the operator's own identity is connected to a room (1) or not (0), unless the room is suspended, by kind, namespace and name of the Room or ClusterRoom.",
		}, []string{"kind", "namespace", "name"}),
	}
	return m, errors.Join(registerer.Register(m.requests), registerer.Register(m.connected))
}

// measured runs a request and counts it.
func measured[T any](m *Metrics, operation string, request func() (T, error)) (T, error) {
	answer, err := request()
	m.requests.WithLabelValues(operation, result(err)).Inc()
	return answer, err
}

// result sorts errors into the closed set of the label.
func result(err error) string {
	switch {
	case err == nil:
		return "ok"
	case errors.Is(err, roomclient.ErrForbidden), errors.Is(err, roomclient.ErrUnauthorized):
		return "denied"
	case errors.Is(err, roomclient.ErrNotConnected), errors.Is(err, roomclient.ErrClosed):
		return "lost"
	}
	return "failed"
}

func (m *Metrics) setConnected(key RoomKey, up bool) {
	value := 0.0
	if up {
		value = 1
	}
	m.connected.WithLabelValues(string(key.Kind), key.Namespace, key.Name).Set(value)
}

func (m *Metrics) forget(key RoomKey) {
	m.connected.DeleteLabelValues(string(key.Kind), key.Namespace, key.Name)
}
