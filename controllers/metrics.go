// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"errors"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/api/meta"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/fault"
)

// Metrics are the measurements of syncing.
type Metrics struct {
	syncs       *prometheus.CounterVec
	durations   *prometheus.HistogramVec
	propagation *prometheus.HistogramVec
	orphaned    prometheus.Counter
	answers     *prometheus.CounterVec
	build       *prometheus.GaugeVec
}

// NewMetrics returns the metrics and registers them.
func NewMetrics(registerer prometheus.Registerer) (*Metrics, error) {
	m := &Metrics{
		syncs: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "roomsecret_sync_total",
			Help: "Reconciles of RoomSecrets, by direction (Push, Pull, Provide) and result (unchanged, changed, waiting, stalled, failed).",
		}, []string{"direction", "result"}),
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "roomsecret_sync_duration_seconds",
			Help:    "How long a reconcile of a RoomSecret took, by direction.",
			Buckets: prometheus.ExponentialBuckets(0.005, 2, 13),
		}, []string{"direction"}),
		propagation: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "roomsecret_propagation_seconds",
			Help:    "Time from a change (Push: the write of the source Secret, to the second; Pull: when the change in the room was noticed) until it was written to the other side, by direction.",
			Buckets: prometheus.ExponentialBuckets(0.05, 2, 16),
		}, []string{"direction"}),
		orphaned: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "roomsecret_orphaned_total",
			Help: "Entries that had to be left behind when they should have been deleted, because the room stayed out of reach or the credential did not allow it.",
		}),
		answers: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "roomsecret_answers_total",
			Help: "What others in the rooms have asked for, by kind (Secret, OAuthToken) and outcome (provided, rejected, expired, ignored, failed, dropped). Expired is what nobody waited for any more, ignored what nobody provides, failed what the room could not be told, and dropped what was one too many to be answered.",
		}, []string{"kind", "outcome"}),
		build: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "roomsecret_build_info",
			Help: "Always 1, for each replica; by version of the operator, revision of its source and version of Go.",
		}, []string{"version", "revision", "go_version"}),
	}
	for _, kind := range []roomv1alpha1.RequestKind{roomv1alpha1.RequestSecret, roomv1alpha1.RequestOAuthToken} {
		for _, outcome := range []string{answerProvided, answerRejected, answerExpired, answerIgnored, answerFailed, answerDropped} {
			m.answers.WithLabelValues(string(kind), outcome) // so that the first of its kind is an increase
		}
	}
	m.build.WithLabelValues(buildOf(debug.ReadBuildInfo())...).Set(1)
	return m, errors.Join(
		registerer.Register(m.syncs), registerer.Register(m.durations),
		registerer.Register(m.propagation), registerer.Register(m.orphaned), registerer.Register(m.answers), registerer.Register(m.build),
	)
}

// buildOf returns the labels of the build: empty where the compiler was not told.
func buildOf(info *debug.BuildInfo, known bool) (labels []string) {
	if !known {
		return []string{"", "", runtime.Version()}
	}
	revision := ""
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" {
			revision = setting.Value
		}
	}
	return []string{info.Main.Version, revision, info.GoVersion}
}

// observe counts one reconcile.
func (m *Metrics) observe(s *scope, cause error, took time.Duration, now time.Time) {
	direction := string(s.rs.Direction())
	m.syncs.WithLabelValues(direction, syncResult(s, cause)).Inc()
	m.durations.WithLabelValues(direction).Observe(took.Seconds())
	if s.changes > 0 && !s.changedAt.IsZero() {
		m.propagation.WithLabelValues(direction).Observe(max(now.Sub(s.changedAt), 0).Seconds())
	}
}

// What becomes of what others ask for.
const (
	answerProvided = "provided"
	answerRejected = "rejected"
	answerExpired  = "expired"
	answerIgnored  = "ignored"
	answerFailed   = "failed"
	answerDropped  = "dropped"
)

// answered counts what has become of something that somebody has asked for.
func (m *Metrics) answered(kind roomv1alpha1.RequestKind, outcome string) {
	m.answers.WithLabelValues(string(kind), outcome).Inc()
}

// outcomeLabel returns the label of an answer.
func outcomeLabel(outcome roomv1alpha1.AnswerOutcome) string {
	switch outcome {
	case roomv1alpha1.AnswerProvided:
		return answerProvided
	case roomv1alpha1.AnswerRejected:
		return answerRejected
	case roomv1alpha1.AnswerExpired:
	}
	return answerExpired
}

// syncResult sorts outcomes into the closed set of the label.
func syncResult(s *scope, cause error) string {
	conditions := s.rs.Status.Conditions
	f := fault.From(cause)
	switch {
	case s.unfinished != nil, f != nil && f.Kind == fault.Transient:
		return "failed"
	case meta.IsStatusConditionTrue(conditions, string(roomv1alpha1.ConditionStalled)):
		return "stalled"
	case !meta.IsStatusConditionTrue(conditions, string(roomv1alpha1.ConditionReady)):
		return "waiting"
	case s.changes > 0:
		return "changed"
	}
	return "unchanged"
}
