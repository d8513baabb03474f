// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package monitoring_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/controllers"
	"github.com/roomsecrets/roomsecret-operator/internal/consent"
	"github.com/roomsecrets/roomsecret-operator/internal/roomserver"
	"github.com/roomsecrets/roomsecret-operator/internal/roomserver/store"
	"github.com/roomsecrets/roomsecret-operator/internal/sessions"
	"github.com/roomsecrets/roomsecret-operator/roomclient/token"
)

var update = flag.Bool("update", false, "write docs/metrics.md and docs/images/dashboard.svg")

const (
	metricsPage  = "../../docs/metrics.md"
	introduction = "# Metrics\n\n" +
		"Each program serves these at `/metrics`, beside those of Go, of the process and, for the manager, of controller-runtime.\n" +
		"[observability.md](observability.md) says how to scrape them, which alerts and which dashboard there are.\n" +
		"This page is made from the declarations: `go test ./test/monitoring -update`.\n"
)

// metric is how a metric is declared.
type metric struct {
	name, kind, help string
	labels           []string
}

func TestThePageOfMetricsIsComplete(t *testing.T) {
	t.Parallel()
	want := introduction + table("The manager", ofManager(t)) + table("The room server", ofRoomServer(t))
	if *update {
		if err := os.WriteFile(metricsPage, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(metricsPage)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("docs/metrics.md is out of date, run go test ./test/monitoring -update (-want +got):\n%s", diff)
	}
}

func table(title string, metrics []metric) string {
	var page strings.Builder
	fmt.Fprintf(&page, "\n## %s\n\n| metric | type | labels | meaning |\n|---|---|---|---|\n", title)
	for _, m := range metrics {
		labels := ""
		if len(m.labels) > 0 {
			labels = "`" + strings.Join(m.labels, "`, `") + "`"
		}
		fmt.Fprintf(&page, "| `%s` | %s | %s | %s |\n", m.name, m.kind, labels, m.help)
	}
	return page.String()
}

// ofManager returns what the manager declares.
func ofManager(t *testing.T) []metric {
	t.Helper()
	list := newRecorder()
	if _, err := sessions.NewMetrics(list); err != nil {
		t.Fatal(err)
	}
	if _, err := controllers.NewMetrics(list); err != nil {
		t.Fatal(err)
	}
	if _, err := consent.NewMetrics(list); err != nil {
		t.Fatal(err)
	}
	elected := make(chan struct{})
	close(elected)
	list.MustRegister(controllers.NewInventory(t.Context(), oneRoom{}, elected, nil))
	return list.declared(t)
}

// ofRoomServer returns what the room server declares.
func ofRoomServer(t *testing.T) []metric {
	t.Helper()
	list := newRecorder()
	key, err := token.NewAPIKey()
	if err != nil {
		t.Fatal(err)
	}
	config := roomserver.Config{APIKeys: []token.APIKey{key}, Store: store.NewMemory(0), Registry: list}
	if _, err := roomserver.New(config); err != nil {
		t.Fatal(err)
	}
	return list.declared(t)
}

// oneRoom is a cluster that has a room, of whose token it is known when it expires.
type oneRoom struct{ client.Reader }

func (oneRoom) List(_ context.Context, list client.ObjectList, _ ...client.ListOption) error {
	if rooms, ok := list.(*roomv1alpha1.RoomList); ok {
		rooms.Items = make([]roomv1alpha1.Room, 1)
		rooms.Items[0].Status.TokenExpirationTime = &metav1.Time{}
	}
	return nil
}

// recorder is a registry that remembers what was registered.
type recorder struct {
	*prometheus.Registry
	collectors []prometheus.Collector
}

func newRecorder() *recorder { return &recorder{Registry: prometheus.NewPedanticRegistry()} }

func (r *recorder) Register(c prometheus.Collector) error {
	r.collectors = append(r.collectors, c)
	return r.Registry.Register(c)
}

func (r *recorder) MustRegister(collectors ...prometheus.Collector) {
	r.collectors = append(r.collectors, collectors...)
	r.Registry.MustRegister(collectors...)
}

// description is how a prometheus.Desc prints, which is the only way it has to say what it is.
var description = regexp.MustCompile(`^Desc\{fqName: ("(?:[^"\\]|\\.)*"), help: ("(?:[^"\\]|\\.)*"), .*variableLabels: \{(.*)\}\}$`)

// declared returns the metrics that were registered, sorted by name.
func (r *recorder) declared(t *testing.T) []metric {
	t.Helper()
	gathered, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]string{} // of those whose collector does not tell
	for _, family := range gathered {
		kinds[family.GetName()] = strings.ToLower(family.GetType().String())
	}
	var metrics []metric
	for _, c := range r.collectors {
		for description := range descriptions(c) {
			m := parse(t, description.String())
			if m.kind = kindOf(c); m.kind == "" {
				m.kind = kinds[m.name]
			}
			metrics = append(metrics, m)
		}
	}
	slices.SortFunc(metrics, func(a, b metric) int { return strings.Compare(a.name, b.name) })
	return metrics
}

func descriptions(c prometheus.Collector) <-chan *prometheus.Desc {
	found := make(chan *prometheus.Desc)
	go func() {
		defer close(found)
		c.Describe(found)
	}()
	return found
}

func parse(t *testing.T, printed string) metric {
	t.Helper()
	parts := description.FindStringSubmatch(printed)
	if parts == nil {
		t.Fatalf("what is %s?", printed)
	}
	var m metric
	var err error
	if m.name, err = strconv.Unquote(parts[1]); err != nil {
		t.Fatal(err)
	}
	if m.help, err = strconv.Unquote(parts[2]); err != nil {
		t.Fatal(err)
	}
	if parts[3] != "" {
		m.labels = strings.Split(parts[3], ",")
	}
	return m
}

// kindOf returns the type of what a collector collects, and nothing where the collector may collect anything.
func kindOf(c prometheus.Collector) string {
	switch c.(type) {
	case *prometheus.CounterVec:
		return "counter"
	case *prometheus.GaugeVec:
		return "gauge"
	case *prometheus.HistogramVec:
		return "histogram"
	}
	return ""
}
