// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package monitoring_test

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	. "github.com/onsi/gomega"
	prometheusv1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	"github.com/roomsecrets/roomsecret-operator/roomclient"
)

const pictureFile = "../../docs/images/dashboard.svg"

// TestThePictureOfTheDashboardShowsItsPanels draws the dashboard from what its queries find, and compares the picture in docs with it: both
// have each panel, with something in it. With -update it draws that picture anew if it has other panels, after some minutes in which
// something happens; to have it drawn anew in any case, remove it first.
func TestThePictureOfTheDashboardShowsItsPanels(t *testing.T) {
	w, prometheus, d := theRunning(t), scraping(t), readDashboard(t)
	d.answered(t, w, prometheus)
	want := d.titles()
	if diff := gocmp.Diff(want, shown(t, draw(t, prometheus, d, 20*time.Second, "1m"))); diff != "" {
		t.Fatalf("panels (-dashboard +drawn):\n%s", diff)
	}
	committed, err := os.ReadFile(pictureFile)
	if *update && (err != nil || !gocmp.Equal(want, shown(t, committed))) {
		const window = 3 * time.Minute
		committed = w.live(t, window, func() []byte { return draw(t, prometheus, d, window, "15s") })
		err = errors.Join(os.MkdirAll("../../docs/images", 0o750), os.WriteFile(pictureFile, committed, 0o600))
	}
	if err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(want, shown(t, committed)); diff != "" {
		t.Errorf("docs/images/dashboard.svg is out of date, run go test ./test/monitoring -update (-dashboard +picture):\n%s", diff)
	}
}

// titles returns the titles of the panels, by their ids in a picture.
func (d dashboard) titles() map[string]string {
	titles := map[string]string{}
	for _, panel := range d.Panels {
		titles[fmt.Sprintf("panel-%d", panel.ID)] = panel.Title
	}
	return titles
}

// shown returns the titles of the panels of a picture, as titles does, of those that show something.
func shown(t *testing.T, content []byte) map[string]string {
	t.Helper()
	var root node
	if err := xml.Unmarshal(content, &root); err != nil {
		t.Fatal(err)
	}
	titles := map[string]string{}
	for _, panel := range root.find(func(n *node) bool { return strings.HasPrefix(n.attr("id"), "panel-") }) {
		data := panel.find(func(n *node) bool { return strings.HasPrefix(n.attr("class"), "data") || n.attr("class") == "heading" })
		if len(data) > 0 {
			titles[panel.attr("id")] = panel.Children[0].Text
		}
	}
	return titles
}

// draw draws the dashboard as it is now, with what was in the window of time before. Rates are of an interval.
func draw(t *testing.T, prometheus prometheusv1.API, d dashboard, window time.Duration, interval string) []byte {
	t.Helper()
	now := time.Now()
	p := picture{now.Add(-window), now, map[int][]series{}}
	for _, panel := range d.Panels {
		for _, target := range panel.Targets {
			found, err := p.ask(t.Context(), prometheus, panel, target, interval)
			if err != nil {
				t.Fatalf("%s: %v", panel.Title, err)
			}
			p.found[panel.ID] = append(p.found[panel.ID], found...)
		}
	}
	content, err := xml.MarshalIndent(p.draw(d), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return append(content, '\n')
}

// ask asks Prometheus what a panel wants to know: how it is, or how it was all the time.
func (p picture) ask(ctx context.Context, prometheus prometheusv1.API, panel panel, target target, interval string) ([]series, error) {
	const points = 90
	var found []series
	if panel.Type == "timeseries" || panel.Type == "state-timeline" {
		window := prometheusv1.Range{Start: p.from, End: p.to, Step: p.to.Sub(p.from) / points}
		answer, _, _, err := prometheus.QueryRange(ctx, target.filled(interval), window)
		if err != nil {
			return nil, err
		}
		for _, stream := range answer.(model.Matrix) {
			found = append(found, series{target.legend(stream.Metric), stream.Metric, stream.Values})
		}
		return found, nil
	}
	answer, _, _, err := prometheus.Query(ctx, target.filled(interval), p.to)
	if err != nil {
		return nil, err
	}
	for _, sample := range answer.(model.Vector) {
		found = append(found, series{target.legend(sample.Metric), sample.Metric, []model.SamplePair{{Timestamp: sample.Timestamp, Value: sample.Value}}})
	}
	return found, nil
}

// busy is one more RoomSecret for the picture.
const busy = `
apiVersion: roomsecrets.io/v1alpha1
kind: RoomSecret
metadata: {name: busy-%d, labels: {picture: "true"}}
spec:
  roomRef: {name: support}
  pull: {entries: [{key: A, id: %s, forIdentity: agent}]}
`

// live makes the operator busy for a while, now more and now less: an agent changes its secrets too. RoomSecrets come, some of them for what
// is not there yet, and are gone in the end, when
// it has been drawn.
func (w *world) live(t *testing.T, window time.Duration, draw func() []byte) []byte {
	t.Helper()
	g := NewWithT(t)
	ctx, cancel := context.WithTimeout(t.Context(), window)
	defer cancel()
	conn, err := w.join(ctx)
	g.Expect(err).NotTo(HaveOccurred())
	second := time.NewTicker(time.Second)
	defer second.Stop()
	for n := 0; ctx.Err() == nil; n++ {
		if n%40 < 20 {
			w.work(t)
		}
		if n%15 == 0 {
			id := fmt.Sprintf("secret-%d", n/15%4)
			g.Expect(w.kubectl(t.Context(), fmt.Sprintf(busy, n/15, id), "apply", "-n", team, "-f", "-")).To(Succeed())
		}
		if n%3 == 0 {
			theirs := roomclient.SetSecretRequest{ID: fmt.Sprintf("secret-%d", n%(n/30+1)%4), Value: roomclient.Bytes(fmt.Sprint(canary, n))}
			g.Expect(conn.Secrets().SetSecret(t.Context(), theirs)).To(Succeed())
		}
		select {
		case <-second.C:
		case <-ctx.Done():
		}
	}
	drawn := draw()
	g.Expect(conn.Close()).To(Succeed())
	g.Expect(w.kubectl(t.Context(), "", "delete", "roomsecrets", "-n", team, "-l", "picture=true")).To(Succeed())
	return drawn
}
