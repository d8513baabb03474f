// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package monitoring_test

import (
	"fmt"
	"math"
	"slices"

	"github.com/prometheus/common/model"
)

// area is where a panel has its lines.
type area struct{ left, top, right, bottom float64 }

// times draws the axis of the time and returns where a time is, in seconds.
func (p picture) times(b box, plot area) scale {
	x := scale{float64(p.from.UnixMilli()) / 1000, float64(p.to.UnixMilli()) / 1000, plot.left, plot.right}
	for _, at := range moments(p.from, p.to) {
		pixel := x.at(float64(at.Unix()))
		b.add("path", "", "class", "grid", "d", fmt.Sprintf("M%s %sV%s", decimal(pixel), decimal(plot.top), decimal(plot.bottom)))
		b.add("text", at.UTC().Format("15:04:05"), "class", "middle", "x", pixel, "y", plot.bottom+14)
	}
	return x
}

// lines draws a line for each series, one above the other where they are stacked, and a legend.
func (p picture) lines(b box, panel panel) {
	rows, unit := p.found[panel.ID], panel.Fields.Defaults.Unit
	if panel.Fields.Defaults.Custom.Stacking.Mode == "normal" {
		rows = stacked(rows)
	}
	high := 0.0
	for _, row := range rows {
		for _, point := range row.points {
			if v := float64(point.Value); !math.IsNaN(v) {
				high = max(high, v)
			}
		}
	}
	if high == 0 {
		high = 1
	}
	labels, left := ticks(unit, high), 0.0
	for _, tick := range labels {
		left = max(left, textWidth(inUnit(unit, tick), letter))
	}
	plot := area{left: left + 20, top: 32, right: b.width - 12, bottom: legend(b, rows) - 22}
	y := scale{0, labels[len(labels)-1], plot.bottom, plot.top}
	x := p.times(b, plot)
	for _, tick := range labels {
		b.add("path", "", "class", "grid", "d", fmt.Sprintf("M%s %sH%s", decimal(plot.left), decimal(y.at(tick)), decimal(plot.right)))
		b.add("text", inUnit(unit, tick), "class", "left", "x", plot.left-8, "y", y.at(tick)+4)
	}
	_, turn := colors()
	for i, row := range slices.Backward(rows) {
		color := turn[i%len(turn)]
		for _, line := range polylines(row.points, x, y) {
			area := fmt.Sprintf("M%s %sL%sV%sZ", decimal(line.from), decimal(plot.bottom), line.points, decimal(plot.bottom))
			b.add("path", "", "fill", color, "fill-opacity", ".1", "d", area)
			b.add("path", "", "class", "data line", "stroke", color, "d", "M"+line.points)
		}
	}
}

// stacked returns the series with each on top of those before it.
func stacked(rows []series) []series {
	sums := map[model.Time]model.SampleValue{}
	var all []series
	for _, row := range rows {
		points := slices.Clone(row.points)
		for i, point := range points {
			sums[point.Timestamp] += point.Value
			points[i].Value = sums[point.Timestamp]
		}
		all = append(all, series{row.name, row.labels, points})
	}
	return all
}

// polyline is a line without gaps.
type polyline struct {
	from   float64 // where it begins
	points string
}

// polylines returns the lines through the points: what is not a number is a gap. Points between two of the same height are left out.
func polylines(points []model.SamplePair, x, y scale) []polyline {
	var lines []polyline
	open := false
	for i, point := range points {
		if math.IsNaN(float64(point.Value)) {
			open = false
			continue
		}
		place := decimal(x.at(seconds(point))) + " " + decimal(y.at(float64(point.Value)))
		switch {
		case !open:
			lines = append(lines, polyline{x.at(seconds(point)), place})
			open = true
		case i == len(points)-1 || points[i-1].Value != point.Value || points[i+1].Value != point.Value:
			lines[len(lines)-1].points += "L" + place
		}
	}
	return lines
}

// legend draws the names of the lines at the bottom and returns where it begins.
func legend(b box, rows []series) float64 {
	const mark = 18.0
	var lines [][]int // numbers of the series in each line
	x := math.Inf(1)
	for i, row := range rows {
		width := mark + textWidth(row.name, letter) + 8
		if x+width > b.width-10 {
			lines, x = append(lines, nil), 10
		}
		lines[len(lines)-1] = append(lines[len(lines)-1], i)
		x += width
	}
	top := b.height - 6 - lineHeight*float64(len(lines))
	_, turn := colors()
	for i, line := range lines {
		x, y := 10.0, top+lineHeight*float64(i)+lineHeight-4
		for _, n := range line {
			b.add("rect", "", "style", "fill:"+turn[n%len(turn)], "x", x, "y", y-5, "width", "12", "height", "3", "rx", "1")
			b.add("text", rows[n].name, "x", x+mark-2, "y", y)
			x += mark + textWidth(rows[n].name, letter) + 8
		}
	}
	return top
}
