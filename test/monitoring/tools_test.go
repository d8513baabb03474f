// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

// Package monitoring_test shows that what the project says of metrics, alerts, the dashboard and logs is true of running programs. It
// asks Prometheus itself.
package monitoring_test

import (
	"io"
	"os"
	"os/exec"
	"testing"
)

// Programs of Prometheus, which "make prometheus" gets.
const (
	prometheusProgram = "../../bin/prometheus/prometheus"
	promtoolProgram   = "../../bin/prometheus/promtool"
)

// needPrometheus makes sure that Prometheus can run. Where it is missing the test is skipped, but never in CI: there nobody
// would see it.
func needPrometheus(t *testing.T) {
	t.Helper()
	for _, program := range []string{prometheusProgram, promtoolProgram} {
		if _, err := os.Stat(program); err != nil {
			report := t.Skipf
			if os.Getenv("CI") == "true" {
				report = t.Fatalf
			}
			report("alerts and dashboard were not tried: %v (run make prometheus)", err)
		}
	}
}

// promtool runs promtool and returns what it prints.
func promtool(t *testing.T, input io.Reader, args ...string) string {
	t.Helper()
	needPrometheus(t)
	command := exec.CommandContext(t.Context(), promtoolProgram, args...)
	command.Stdin = input
	output, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("promtool %v: %v\n%s", args, err, output)
	}
	return string(output)
}
