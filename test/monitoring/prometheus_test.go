// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package monitoring_test

import (
	"context"
	"encoding/json"
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

// dashboard is what a dashboard asks.
type dashboard struct {
	UID        string `json:"uid"`
	Templating struct {
		List []struct {
			Name       string `json:"name"`
			Definition string `json:"definition"`
		} `json:"list"`
	} `json:"templating"`
	Panels []panel `json:"panels"`
}

type panel struct {
	ID      int    `json:"id"`
	Type    string `json:"type"`
	Title   string `json:"title"`
	Targets []struct {
		Expr string `json:"expr"`
	} `json:"targets"`
	Position struct {
		X int `json:"x"`
		Y int `json:"y"`
		W int `json:"w"`
		H int `json:"h"`
	} `json:"gridPos"`
}

func readDashboard(t *testing.T) dashboard {
	t.Helper()
	content, err := os.ReadFile("../../config/monitoring/dashboard.json")
	if err != nil {
		t.Fatal(err)
	}
	var d dashboard
	if err := json.Unmarshal(content, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// TestEveryQueryOfTheDashboardHasAnAnswer asks Prometheus what the dashboard would ask it.
func TestEveryQueryOfTheDashboardHasAnAnswer(t *testing.T) {
	w, prometheus, g := theRunning(t), scraping(t), NewWithT(t)
	w.work(t)
	g.Eventually(func() error { return holds(t.Context(), prometheus, `rate(roomserver_rest_requests_total[1m])`) }).Should(Succeed())
	w.work(t) // what was counted for the first time before shows a rate now
	d := readDashboard(t)
	for _, variable := range d.Templating.List {
		if series, ok := strings.CutPrefix(variable.Definition, "label_values("); ok {
			series, label, _ := strings.Cut(strings.TrimSuffix(series, ")"), ", ")
			g.Expect(holds(t.Context(), prometheus, fmt.Sprintf(`%s{%s!=""}`, series, label))).To(Succeed(), variable.Name)
		}
	}
	filled := strings.NewReplacer("$__rate_interval", "1m", "$job", "roomsecret-operator")
	for _, panel := range d.Panels {
		for _, target := range panel.Targets {
			query := filled.Replace(target.Expr)
			g.Eventually(func() error { return holds(t.Context(), prometheus, query) }).Should(Succeed(), "%s: %s", panel.Title, query)
		}
	}
}

// TestTheDashboardIsWellFormed looks for what Grafana would stumble over.
func TestTheDashboardIsWellFormed(t *testing.T) {
	t.Parallel()
	d := readDashboard(t)
	ids, taken := map[int]bool{}, map[[2]int]string{}
	for _, p := range d.Panels {
		if ids[p.ID] || p.Title == "" || (p.Type != "row" && len(p.Targets) == 0) {
			t.Errorf("panel %d %q has the number of another, no title or no query", p.ID, p.Title)
		}
		ids[p.ID] = true
		for x := p.Position.X; x < p.Position.X+p.Position.W; x++ {
			for y := p.Position.Y; y < p.Position.Y+p.Position.H; y++ {
				if other := taken[[2]int{x, y}]; other != "" || x >= 24 {
					t.Fatalf("panel %q lies over %q, or beyond the edge", p.Title, other)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
	}
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
