// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"slices"

	"github.com/onsi/gomega"
	"github.com/prometheus/client_golang/prometheus"
)

// sum adds up the samples of a metric whose labels have one of the values that are given for them.
func (w *world) sum(registry *prometheus.Registry, metric string, labels map[string][]string) float64 {
	w.t.Helper()
	families, err := registry.Gather()
	w.Expect(err).NotTo(gomega.HaveOccurred())
	total := 0.0
	for _, family := range families {
		for _, sample := range family.GetMetric() {
			matches := family.GetName() == metric
			for _, label := range sample.GetLabel() {
				values, asked := labels[label.GetName()]
				matches = matches && (!asked || slices.Contains(values, label.GetValue()))
			}
			if matches {
				total += sample.GetCounter().GetValue() + sample.GetGauge().GetValue()
			}
		}
	}
	return total
}
