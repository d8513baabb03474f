// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomserver

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
)

// metrics are the server's own. Labels come from closed sets: what a client sends never becomes one.
type metrics struct {
	connections prometheus.Gauge
	handshakes  *prometheus.CounterVec
	disconnects *prometheus.CounterVec
	requests    *prometheus.CounterVec
	duration    *prometheus.HistogramVec
	sizes       *prometheus.HistogramVec
	rest        *prometheus.CounterVec
}

// Values of the direction label of sizes.
const (
	received = "received"
	sent     = "sent"
)

// endedByPanic is the reason of a connection that ended because the server panicked.
const endedByPanic = "panic"

func newMetrics(registry prometheus.Registerer) (*metrics, error) {
	const namespace = "roomserver"
	m := &metrics{
		connections: prometheus.NewGauge(prometheus.GaugeOpts{
			Namespace: namespace, Name: "connections", Help: "Participants connected now.",
		}),
		handshakes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: namespace, Name: "handshakes_total", Help: "Requests to join a room, by HTTP status; 101 is a success.",
		}, []string{"status"}),
		disconnects: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: namespace, Name: "disconnects_total", Help: "Connections ended, by reason: peer (closed by the client), lost, timeout (silent), slow (does not read), protocol, too_large, shutdown, fault, panic.",
		}, []string{"reason"}),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: namespace, Name: "requests_total",
			Help: "Requests answered, by tool and error code; code ok is a success, tool unknown is everything that is no tool.",
		}, []string{"tool", "code"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: namespace, Name: "request_duration_seconds", Help: "Time to carry out a request, by tool.",
			Buckets: prometheus.ExponentialBuckets(0.0001, 4, 9),
		}, []string{"tool"}),
		sizes: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: namespace, Name: "message_size_bytes", Help: "Data bytes of messages, by direction (received, sent).",
			Buckets: prometheus.ExponentialBuckets(64, 4, 9),
		}, []string{"direction"}),
		rest: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: namespace, Name: "rest_requests_total", Help: "Requests to the REST side and for backups, by call and HTTP status.",
		}, []string{"call", "status"}),
	}
	for _, c := range []prometheus.Collector{m.connections, m.handshakes, m.disconnects, m.requests, m.duration, m.sizes, m.rest} {
		if err := registry.Register(c); err != nil {
			return nil, err
		}
	}
	// A counter that comes into being with its first panic would show no increase.
	m.disconnects.WithLabelValues(endedByPanic)
	return m, nil
}

func (m *metrics) answered(tool string, code protocol.Code, took time.Duration) {
	label := "ok"
	if code != 0 {
		label = strconv.Itoa(int(code))
	}
	m.requests.WithLabelValues(tool, label).Inc()
	m.duration.WithLabelValues(tool).Observe(took.Seconds())
}
