// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package monitoring_test

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"
)

// Sizes in pixels. A dashboard is 24 columns wide.
const (
	columnWidth = 50.0
	rowHeight   = 26.0
	gap         = 4.0 // around each panel
	letter      = 11.0
	lineHeight  = 15.0
)

// style is that of Grafana in the light, on a ground of its own, so that the picture can be read on a dark page too.
const style = `text { font: 11px Inter, Helvetica, Arial, DejaVu Sans, sans-serif; fill: #52545c } ` +
	`.ground { fill: #f4f5f5 } .panel { fill: #fff; stroke: #e0e2e4 } .grid { stroke: #eceded } ` +
	`.heading { font-size: 13px; font-weight: 600; fill: #24292e } .title { font-size: 12px; font-weight: 600; fill: #24292e } ` +
	`.number { font-size: 40px; font-weight: 600; text-anchor: middle } .left { text-anchor: end } .middle { text-anchor: middle } ` +
	`.head { font-weight: 600; fill: #1f62e0 } .line { fill: none; stroke-width: 1.5; stroke-linejoin: round }`

// colors returns those that a dashboard has names for, and those of lines in their turn.
func colors() (named map[string]string, turn []string) {
	return map[string]string{"green": "#3b8a30", "orange": "#e06c00", "red": "#d1293d"},
		[]string{"#56a64b", "#e0a800", "#3274d9", "#ff780a", "#e02f44", "#8f3bb8", "#12a5a5", "#7c8694", "#a05b2c", "#d05fa2"}
}

// series is what a line of a panel shows.
type series struct {
	name   string
	labels model.Metric
	points []model.SamplePair
}

// last is the last value.
func (s series) last() float64 { return float64(s.points[len(s.points)-1].Value) }

// legendLabel is how a legend has the value of a label.
var legendLabel = regexp.MustCompile(`\{\{(\w+)\}\}`)

// legend names a series as a query says it.
func (t target) legend(labels model.Metric) string {
	return legendLabel.ReplaceAllStringFunc(t.Legend, func(name string) string {
		return string(labels[model.LabelName(strings.Trim(name, "{}"))])
	})
}

// picture draws a dashboard with what its queries found between two times.
type picture struct {
	from, to time.Time
	found    map[int][]series // by the id of the panel
}

func (p picture) draw(d dashboard) *node {
	bottom := 0
	for _, panel := range d.Panels {
		bottom = max(bottom, panel.Position.Y+panel.Position.H)
	}
	width, height := 24*columnWidth+2*gap, float64(bottom)*rowHeight+2*gap
	root := new(node).add("svg", "", "xmlns", "http://www.w3.org/2000/svg", "viewBox", fmt.Sprintf("0 0 %s %s", decimal(width), decimal(height)),
		"width", width, "height", height, "role", "img")
	root.add("title", d.Title)
	root.add("style", style)
	root.add("rect", "", "class", "ground", "width", width, "height", height)
	for _, panel := range d.Panels {
		p.panel(root, panel)
	}
	return root
}

// panel draws a panel where it is on the dashboard. What it shows has the class data.
func (p picture) panel(root *node, panel panel) {
	at := panel.Position
	b := box{
		node: root.add("g", "", "id", "panel-"+strconv.Itoa(panel.ID),
			"transform", fmt.Sprintf("translate(%s %s)", decimal(float64(at.X)*columnWidth+2*gap), decimal(float64(at.Y)*rowHeight+2*gap))),
		width: float64(at.W)*columnWidth - 2*gap, height: float64(at.H)*rowHeight - 2*gap,
	}
	b.add("title", panel.Title)
	if panel.Type == "row" {
		b.add("text", "▾ "+panel.Title, "class", "heading", "x", gap, "y", b.height-gap)
		return
	}
	b.add("rect", "", "class", "panel", "width", b.width, "height", b.height, "rx", "3")
	b.add("text", panel.Title, "class", "title", "x", "10", "y", "19")
	switch panel.Type {
	case "stat":
		p.stat(b, panel)
	case "table":
		p.table(b, panel)
	case "state-timeline":
		p.timeline(b, panel)
	case "timeseries":
		p.lines(b, panel)
	}
}

// box is a panel and its size.
type box struct {
	*node
	width, height float64
}

// stat draws a number, in the color of the highest threshold that it has reached.
func (p picture) stat(b box, panel panel) {
	value, color := p.found[panel.ID][0].last(), ""
	for _, step := range panel.Fields.Defaults.Thresholds.Steps {
		if step.Value == nil || value >= *step.Value {
			color = step.Color
		}
	}
	named, _ := colors()
	b.add("text", inUnit(panel.Fields.Defaults.Unit, value), "class", "data number", "style", "fill:"+named[color], "x", b.width/2, "y", b.height/2+24)
}

// table draws a row for each series: its labels, and its value, which is a time.
func (p picture) table(b box, panel panel) {
	rows := p.found[panel.ID]
	names := slices.Sorted(maps.Keys(rows[0].labels))
	column := (b.width - 20) / float64(len(names)+1)
	at := func(i int) float64 { return 10 + float64(i)*column }
	for i, name := range names {
		b.add("text", string(name), "class", "head", "x", at(i), "y", "44")
	}
	b.add("text", "expires", "class", "head", "x", at(len(names)), "y", "44")
	for i, row := range rows {
		y := 66 + 20*float64(i)
		b.add("path", "", "class", "grid", "d", fmt.Sprintf("M10 %sH%s", decimal(y-14), decimal(b.width-10)))
		for i, name := range names {
			b.add("text", string(row.labels[name]), "x", at(i), "y", y)
		}
		b.add("text", fromNow(time.UnixMilli(int64(row.last())).Sub(p.to)), "class", "data", "x", at(len(names)), "y", y)
	}
}

// timeline draws a bar for each series, in the colors of its values.
func (p picture) timeline(b box, panel panel) {
	named, _ := colors()
	mapping := panel.Fields.Defaults.Mappings[0].Options
	rows := slices.Clone(p.found[panel.ID])
	slices.SortFunc(rows, func(a, b series) int { return cmp.Compare(a.name, b.name) })
	left := 0.0
	for _, row := range rows {
		left = max(left, textWidth(row.name, letter))
	}
	plot := area{left: left + 20, top: 32, right: b.width - 12, bottom: b.height - 28}
	x := p.times(b, plot)
	pitch := (plot.bottom - plot.top) / float64(len(rows))
	for i, row := range rows {
		top := plot.top + float64(i)*pitch
		b.add("text", row.name, "class", "left", "x", plot.left-8, "y", top+pitch/2+4)
		for start, end := range runs(row.points) {
			color := named[mapping[row.points[start].Value.String()].Color]
			from, to := x.at(seconds(row.points[start])), x.at(seconds(row.points[end]))
			b.add("rect", "", "class", "data", "style", "fill:"+color, "fill-opacity", ".7", "x", from, "y", top+pitch*.1, "width", to-from, "height", pitch*.8)
		}
	}
}

// runs returns where each run of equal values begins, and where the next begins or the last value is.
func runs(points []model.SamplePair) func(yield func(int, int) bool) {
	return func(yield func(int, int) bool) {
		start := 0
		for i, point := range points {
			if end := i == len(points)-1; end || point.Value != points[start].Value {
				if !yield(start, i) {
					return
				}
				start = i
			}
		}
	}
}

// seconds is the time of a point.
func seconds(p model.SamplePair) float64 { return float64(p.Timestamp) / 1000 }
