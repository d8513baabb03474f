// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"image/color"
	"math"
	"os"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// margin is left free around a plot, and twice that where the last number would not fit.
const margin = 6

// chart shows how something grows with the number of RoomSecrets.
type chart struct {
	file, title, unit string
	lines             []line
	// each is true when what was measured is divided by the number of RoomSecrets, and shown in thousandths.
	each bool
}

// line is one of the curves of a chart: what was measured of the operator, or of its reference.
type line struct {
	name, figure string
	reference    bool
	color        color.Color
}

// charts are the charts of the documentation. The operator is blue, what it is compared with grey, and a paler colour is that of
// while it is busy otherwise.
func charts() []chart {
	blue, pale := color.RGBA{R: 0x1f, G: 0x6f, B: 0xeb, A: 0xff}, color.RGBA{R: 0x8a, G: 0xb8, B: 0xf5, A: 0xff}
	orange, sand := color.RGBA{R: 0xd9, G: 0x73, B: 0x0d, A: 0xff}, color.RGBA{R: 0xf0, G: 0xb8, B: 0x7a, A: 0xff}
	grey := color.RGBA{R: 0x8c, G: 0x95, B: 0x9f, A: 0xff}
	return []chart{
		{
			file: "performance-cold.svg", title: "Cold sync", unit: "ms for each RoomSecret", each: true,
			lines: []line{{"operator", "cold sync", false, blue}, {"bare client", "cold sync", true, grey}},
		},
		{
			file: "performance-restart.svg", title: "Restart", unit: "seconds until all are verified",
			lines: []line{{"operator", "restart", false, blue}, {"bare client", "restart", true, grey}},
		},
		{
			file: "performance-change.svg", title: "One change, p99", unit: "ms",
			lines: []line{
				{"source to room", "one change, source to room, p99", false, blue},
				{"while all are synced", "one change, source to room, p99, while all are synced", false, pale},
				{"room to Secret", "one change, room to Secret, p99", false, orange},
				{"while all are synced", "one change, room to Secret, p99, while all are synced", false, sand},
			},
		},
		{
			file: "performance-memory.svg", title: "Memory of the manager", unit: "MiB",
			lines: []line{{"resident", "memory of the manager", false, blue}, {"60 MiB and 8 KiB each", "memory of the manager", true, grey}},
		},
	}
}

// draw writes a chart to a file.
func (c chart) draw(runs []measured, file string) error {
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = c.title, "RoomSecrets", c.unit
	p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, sizes(runs)
	p.Y.Min = 0
	inSans(p)
	grid := plotter.NewGrid()
	grid.Vertical.Color, grid.Horizontal.Color = nil, color.Gray{Y: 0xe8}
	p.Add(grid)
	for _, l := range c.lines {
		if err := c.add(p, l, runs); err != nil {
			return err
		}
	}
	p.Y.Max *= 1.3 // room for the legend
	p.Legend.Top, p.Legend.Left, p.Legend.Padding = true, true, vg.Points(2)
	return save(p, file)
}

// add adds one curve.
func (c chart) add(p *plot.Plot, l line, runs []measured) error {
	points := make(plotter.XYs, 0, len(runs))
	for _, run := range runs {
		f, ok := run.figures[l.figure]
		if !ok {
			return fmt.Errorf("%q was not measured with %.0f RoomSecrets", l.figure, run.n)
		}
		y, err := l.of(f)
		if err != nil {
			return err
		}
		if c.each {
			y *= 1000 / run.n
		}
		points = append(points, plotter.XY{X: run.n, Y: y})
		p.Y.Max = math.Max(p.Y.Max, y)
	}
	curve, dots, err := plotter.NewLinePoints(points)
	if err != nil {
		return err
	}
	curve.Color, curve.Width = l.color, vg.Points(2)
	dots.Color, dots.Shape, dots.Radius = l.color, draw.CircleGlyph{}, vg.Points(3)
	p.Add(curve, dots)
	p.Legend.Add(l.name, curve, dots)
	return nil
}

// of returns what a line shows of a figure.
func (l line) of(f figure) (float64, error) {
	switch {
	case !l.reference:
		return f.Ours, nil
	case f.Reference == nil:
		return 0, fmt.Errorf("%q has no reference", f.Name)
	}
	return *f.Reference, nil
}

// sizes marks the numbers of RoomSecrets that were measured.
func sizes(runs []measured) plot.ConstantTicks {
	ticks := make(plot.ConstantTicks, 0, len(runs))
	for _, run := range runs {
		ticks = append(ticks, plot.Tick{Value: run.n, Label: strconv.FormatFloat(run.n, 'f', 0, 64)})
	}
	return ticks
}

// save writes a plot as SVG. A browser that lacks the letters takes others of the same widths.
func save(p *plot.Plot, file string) error {
	canvas := vgsvg.New(12*vg.Centimeter, 8*vg.Centimeter)
	page := draw.New(canvas)
	page.SetColor(color.White)
	page.Fill(page.Path())
	p.Draw(draw.Crop(page, margin, -2*margin, margin, -margin))
	var svg bytes.Buffer
	if _, err := canvas.WriteTo(&svg); err != nil {
		return err
	}
	const family = "font-family:Liberation Sans"
	return os.WriteFile(file, bytes.ReplaceAll(svg.Bytes(), []byte(family), []byte(family+",Arial,Helvetica,sans-serif")), 0o644)
}

// inSans sets all words of a plot in the letters of the documentation around it.
func inSans(p *plot.Plot) {
	for _, style := range []*draw.TextStyle{
		&p.Title.TextStyle, &p.X.Label.TextStyle, &p.Y.Label.TextStyle, &p.X.Tick.Label, &p.Y.Tick.Label, &p.Legend.TextStyle,
	} {
		style.Font.Variant, style.Font.Size = "Sans", font.Points(10)
	}
	p.Title.TextStyle.Font.Size, p.Title.Padding = font.Points(13), vg.Points(8)
}
