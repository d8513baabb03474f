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

// part reports a part of a figure, which has no target of its own.
func (r *report) part(name, unit string, ours, reference float64) {
	r.Figures = append(r.Figures, figure{Name: name, N: r.n, Unit: unit, Ours: ours, Reference: &reference, Ratio: ours / reference})
}

func (r *report) count(name string, ours, target float64) {
	r.Figures = append(r.Figures, figure{Name: name, N: r.n, Ours: ours, Ratio: ours, Target: &target})
}

// perObject reports what was counted while n RoomSecrets were worked on.
func (r *report) perObject(name, of string, c counts, n int) {
	each := map[string]float64{}
	for what, count := range c {
		each[what] = count / float64(n)
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
	if *ratios != "" {
		r.compare(t, *ratios)
	}
}

// committed are ratios of figures that were measured before, with the margin within which they are the same: a machine
// that is busy with something else moves them.
type committed struct {
	N      int                `json:"n"`
	Margin float64            `json:"margin"`
	Ratios map[string]float64 `json:"ratios"`
}

// compare fails for each figure whose ratio is above that of before by more than the margin.
func (r *report) compare(t *testing.T, file string) {
	t.Helper()
	data, err := os.ReadFile(file)
	check(t, err)
	var before committed
	check(t, json.Unmarshal(data, &before))
	if before.N != r.n {
		t.Fatalf("the ratios are for %d RoomSecrets, not for %d", before.N, r.n)
	}
	for _, f := range r.Figures {
		was, known := before.Ratios[f.Name]
		if most := was * (1 + before.Margin); known && f.Ratio > most {
			t.Errorf("%s: the ratio is %s, and was %s: more than %s is more than the margin", f.Name, short(f.Ratio), short(was), short(most))
		}
		delete(before.Ratios, f.Name)
	}
	for name := range before.Ratios {
		t.Errorf("%s was not measured", name)
	}
}

// short writes a number with three digits.
func short(v float64) string { return strconv.FormatFloat(v, 'g', 3, 64) }
