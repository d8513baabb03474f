// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package consent

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics count what is decided on the page.
type Metrics struct {
	decisions *prometheus.CounterVec
}

// NewMetrics returns the metrics and registers them.
func NewMetrics(registerer prometheus.Registerer) (*Metrics, error) {
	m := &Metrics{decisions: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "roomsecret_consent_decisions_total",
		Help: "Decisions on the consent page, by what became of them: approved, denied, decided (somebody else was faster, or it was sent again), gone (nobody waited any more) or failed (the room or the API server could not be reached).",
	}, []string{"decision"})}
	for _, decision := range []string{outcomeApproved, outcomeDenied, outcomeDecided, outcomeGone, outcomeFailed} {
		m.decisions.WithLabelValues(decision) // so that the first of its kind is an increase
	}
	return m, registerer.Register(m.decisions)
}

// count counts a decision.
func (m *Metrics) count(d Decision, err error) {
	m.decisions.WithLabelValues(outcome(d, err)).Inc()
}

// What becomes of a decision.
const (
	outcomeApproved = "approved"
	outcomeDenied   = "denied"
	outcomeDecided  = "decided"
	outcomeGone     = "gone"
	outcomeFailed   = "failed"
)

// outcome says what became of a decision.
func outcome(d Decision, err error) string {
	switch {
	case errors.Is(err, ErrDecided):
		return outcomeDecided
	case errors.Is(err, ErrGone):
		return outcomeGone
	case err != nil:
		return outcomeFailed
	case d.Approved:
		return outcomeApproved
	}
	return outcomeDenied
}
