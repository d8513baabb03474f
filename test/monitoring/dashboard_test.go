// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package monitoring_test

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	prometheusv1 "github.com/prometheus/client_golang/api/prometheus/v1"
)

// dashboard is what a dashboard asks, and how it shows the answers.
type dashboard struct {
	UID        string `json:"uid"`
	Title      string `json:"title"`
	Templating struct {
		List []struct {
			Name       string `json:"name"`
			Definition string `json:"definition"`
		} `json:"list"`
	} `json:"templating"`
	Panels []panel `json:"panels"`
}

type panel struct {
	ID       int      `json:"id"`
	Type     string   `json:"type"`
	Title    string   `json:"title"`
	Targets  []target `json:"targets"`
	Position struct {
		X int `json:"x"`
		Y int `json:"y"`
		W int `json:"w"`
		H int `json:"h"`
	} `json:"gridPos"`
	Fields struct {
		Defaults struct {
			Unit       string `json:"unit"`
			Thresholds struct {
				Steps []struct {
					Color string   `json:"color"`
					Value *float64 `json:"value"`
				} `json:"steps"`
			} `json:"thresholds"`
			Mappings []struct {
				Options map[string]struct {
					Text  string `json:"text"`
					Color string `json:"color"`
				} `json:"options"`
			} `json:"mappings"`
			Custom struct {
				Stacking struct {
					Mode string `json:"mode"`
				} `json:"stacking"`
			} `json:"custom"`
		} `json:"defaults"`
	} `json:"fieldConfig"`
}

// target is a query of a panel.
type target struct {
	Expr   string `json:"expr"`
	Legend string `json:"legendFormat"`
}

// filled is the query with the variables of the dashboard filled in. Rates are of the last interval.
func (t target) filled(interval string) string {
	return strings.NewReplacer("$__rate_interval", interval, "$job", "roomsecret-operator").Replace(t.Expr)
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

// answered works until each query of the dashboard has an answer.
func (d dashboard) answered(t *testing.T, w *world, prometheus prometheusv1.API) {
	t.Helper()
	g := NewWithT(t)
	w.work(t)
	g.Eventually(func() error { return holds(t.Context(), prometheus, `rate(roomserver_rest_requests_total[1m])`) }).Should(Succeed())
	w.work(t) // what was counted for the first time before shows a rate now
	for _, panel := range d.Panels {
		for _, target := range panel.Targets {
			query := target.filled("1m")
			g.Eventually(func() error { return holds(t.Context(), prometheus, query) }).Should(Succeed(), "%s: %s", panel.Title, query)
		}
	}
}

// TestEveryQueryOfTheDashboardHasAnAnswer asks Prometheus what the dashboard would ask it.
func TestEveryQueryOfTheDashboardHasAnAnswer(t *testing.T) {
	w, prometheus, d := theRunning(t), scraping(t), readDashboard(t)
	d.answered(t, w, prometheus)
	for _, variable := range d.Templating.List {
		if series, ok := strings.CutPrefix(variable.Definition, "label_values("); ok {
			series, label, _ := strings.Cut(strings.TrimSuffix(series, ")"), ", ")
			NewWithT(t).Expect(holds(t.Context(), prometheus, fmt.Sprintf(`%s{%s!=""}`, series, label))).To(Succeed(), variable.Name)
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
