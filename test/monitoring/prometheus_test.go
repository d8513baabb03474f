// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package monitoring_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"github.com/prometheus/client_golang/api"
	prometheusv1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"
)

// scrapeConfig is how Prometheus finds the programs. As with prometheus-operator, each target has a namespace of its own.
const scrapeConfig = `
global: {scrape_interval: 500ms, evaluation_interval: 500ms}
rule_files: [%[3]s]
scrape_configs:
- job_name: roomsecret-operator
  honor_labels: true
  static_configs: [{targets: ["%[1]s"], labels: {namespace: roomsecret-system}}]
- job_name: roomserver
  static_configs: [{targets: ["%[2]s"], labels: {namespace: roomsecret-system}}]
`

// thePrometheus scrapes the programs. It is started when a test first needs it.
var thePrometheus = sync.OnceValues(func() (prometheusv1.API, error) {
	w, err := theWorld()
	if err != nil {
		return nil, err
	}
	rules, err := filepath.Abs(rulesFile)
	if err != nil {
		return nil, err
	}
	config, address := filepath.Join(w.dir, "prometheus.yml"), freeAddress()
	if err := os.WriteFile(config, fmt.Appendf(nil, scrapeConfig, w.manager, w.roomServer, rules), 0o600); err != nil {
		return nil, err
	}
	if err := w.run(alive, prometheusProgram, "--config.file="+config, "--storage.tsdb.path="+filepath.Join(w.dir, "tsdb"),
		"--web.listen-address="+address, "--log.level=warn"); err != nil {
		return nil, err
	}
	client, err := api.NewClient(api.Config{Address: "http://" + address})
	return prometheusv1.NewAPI(client), err
})

// scraping returns Prometheus, once it has seen the programs.
func scraping(t *testing.T) prometheusv1.API {
	t.Helper()
	needPrometheus(t)
	prometheus, err := thePrometheus()
	if err != nil {
		t.Fatal(err)
	}
	for _, seen := range []string{"roomsecret_sync_total", "roomserver_connections"} {
		NewWithT(t).Eventually(func() error { return holds(t.Context(), prometheus, seen) }).Should(Succeed())
	}
	return prometheus
}

// errEmpty says that a query has found nothing, or nothing but what is not a number.
var errEmpty = errors.New("the answer is empty")

// holds returns an error unless a query finds something.
func holds(ctx context.Context, prometheus prometheusv1.API, query string) error {
	answer, warnings, _, err := prometheus.Query(ctx, query, time.Time{})
	if err != nil {
		return err
	}
	if len(warnings) > 0 {
		return errors.New(strings.Join(warnings, ", "))
	}
	vector, ok := answer.(model.Vector)
	if !ok {
		return fmt.Errorf("the answer is a %s", answer.Type())
	}
	for _, sample := range vector {
		if !math.IsNaN(float64(sample.Value)) {
			return nil
		}
	}
	return errEmpty
}

// TestPrometheusEvaluatesTheRules runs the rules on real metrics: the room that is not connected is on its way to an alert, under its
// own name, and so is the RoomSecret that is stalled. What is suspended is not.
func TestPrometheusEvaluatesTheRules(t *testing.T) {
	theRunning(t)
	prometheus, g := scraping(t), NewWithT(t)
	want := []string{
		"RoomNotConnected Room team-a/nowhere",
		"RoomSecretStalled Conflict",
	}
	g.Eventually(func() ([]string, error) { return active(t.Context(), prometheus) }).Should(ConsistOf(want))
	g.Consistently(func() ([]string, error) { return active(t.Context(), prometheus) }, 2*time.Second).Should(ConsistOf(want))
}

// active returns the alerts that are pending or firing.
func active(ctx context.Context, prometheus prometheusv1.API) ([]string, error) {
	result, err := prometheus.Rules(ctx, nil)
	if err != nil {
		return nil, err
	}
	var alerts []string
	for _, group := range result.Groups {
		for _, rule := range group.Rules {
			alerting, ok := rule.(prometheusv1.AlertingRule)
			if !ok || alerting.Health != prometheusv1.RuleHealthGood {
				return nil, fmt.Errorf("%+v is not well", rule)
			}
			for _, alert := range alerting.Alerts {
				alerts = append(alerts, describe(alert.Labels))
			}
		}
	}
	return alerts, nil
}

func describe(labels model.LabelSet) string {
	text := string(labels["alertname"])
	if labels["name"] != "" {
		return fmt.Sprintf("%s %s %s/%s", text, labels["kind"], labels["namespace"], labels["name"])
	}
	return text + " " + string(labels["reason"])
}
