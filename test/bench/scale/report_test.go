// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package scale

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"testing"
	"text/tabwriter"
)

// figure is one thing that was measured, beside its reference. Target is what Ratio should not be above; without a
// reference Ratio is what was measured.
type figure struct {
	Name      string   `json:"name"`
	N         int      `json:"n"`
	Unit      string   `json:"unit,omitempty"`
	Ours      float64  `json:"ours"`
	Reference *float64 `json:"reference,omitempty"`
	Ratio     float64  `json:"ratio"`
	Target    *float64 `json:"target,omitempty"`
}

// tally is what was counted for each object.
type tally struct {
	Figure string             `json:"figure"`
	Of     string             `json:"of"`
	Each   map[string]float64 `json:"each"`
}

// report collects the figures.
type report struct {
	n       int
	Figures []figure `json:"figures"`
	Tallies []tally  `json:"tallies"`
}

func (r *report) ratio(name, unit string, ours, reference, target float64) {
	r.Figures = append(r.Figures, figure{Name: name, N: r.n, Unit: unit, Ours: ours, Reference: &reference, Ratio: ours / reference, Target: &target})
}

func (r *report) count(name string, ours, target float64) {
	r.Figures = append(r.Figures, figure{Name: name, N: r.n, Ours: ours, Ratio: ours, Target: &target})
}

// perObject reports what was counted while so many times n RoomSecrets were worked on.
func (r *report) perObject(name, of string, c counts, times int) {
	each := map[string]float64{}
	for what, count := range c {
		each[what] = count / float64(r.n*times)
	}
	r.Tallies = append(r.Tallies, tally{Figure: name, Of: of, Each: each})
}

// publish prints the figures, writes them to the file and compares them with others, as the flags say.
func (r *report) publish(t *testing.T) {
	t.Helper()
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "FIGURE\tN\tOURS\tREFERENCE\tUNIT\tRATIO\tTARGET")
	for _, f := range r.Figures {
		reference := "-"
		if f.Reference != nil {
			reference = short(*f.Reference)
		}
		target := "-"
		if f.Target != nil {
			target = short(*f.Target)
		}
		_, _ = fmt.Fprintf(w, "%s\t%d\t%s\t%s\t%s\t%s\t%s\n", f.Name, f.N, short(f.Ours), reference, f.Unit, short(f.Ratio), target)
	}
	_, _ = fmt.Fprintln(w)
	check(t, w.Flush())
	for _, tally := range r.Tallies {
		fmt.Printf("%s, for each RoomSecret, %s: %s\n", tally.Figure, tally.Of, counts(tally.Each).each(1))
	}
	if *jsonFile != "" {
		data, err := json.MarshalIndent(r, "", "  ")
		check(t, err)
		check(t, os.WriteFile(*jsonFile, append(data, '\n'), 0o600))
	}
}

// short writes a number with three digits.
func short(v float64) string { return strconv.FormatFloat(v, 'g', 3, 64) }
