// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

// Command plots puts the figures that make bench-scale measured into the documentation: as a table, and as plots. There is one file of
// figures for each number of RoomSecrets. The same figures give the same table and plots.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

func main() {
	figures := flag.String("figures", "docs/figures", "directory with the figures, a JSON file for each number of RoomSecrets")
	out := flag.String("out", "docs/images", "directory for the plots")
	page := flag.String("page", "docs/performance.md", "page with the table")
	flag.Parse()
	if err := run(*figures, *out, *page); err != nil {
		fmt.Fprintln(os.Stderr, "plots:", err)
		os.Exit(1)
	}
}

func run(figures, out, page string) error {
	runs, err := read(figures)
	if err != nil {
		return err
	}
	for _, chart := range charts() {
		if err := chart.draw(runs, filepath.Join(out, chart.file)); err != nil {
			return fmt.Errorf("draw %s: %w", chart.file, err)
		}
	}
	return writeTable(runs, page)
}

// figure is what was measured of one thing, as the benchmark writes it.
type figure struct {
	Name      string   `json:"name"`
	N         int      `json:"n"`
	Unit      string   `json:"unit"`
	Ours      float64  `json:"ours"`
	Reference *float64 `json:"reference"`
	Target    *float64 `json:"target"`
}

// measured has the figures of one run, in their order and by their names.
type measured struct {
	n       float64
	ordered []figure
	figures map[string]figure
}

// read reads the runs of a directory, the smallest first.
func read(dir string) ([]measured, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s has no figures: make bench-scale measures them", dir)
	}
	runs := make([]measured, 0, len(files))
	for _, file := range files {
		run, err := readRun(file)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		runs = append(runs, run)
	}
	slices.SortFunc(runs, func(a, b measured) int { return int(a.n - b.n) })
	return runs, nil
}

func readRun(file string) (measured, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return measured{}, err
	}
	var report struct {
		Figures []figure `json:"figures"`
	}
	if err := json.Unmarshal(data, &report); err != nil {
		return measured{}, err
	}
	run := measured{ordered: report.Figures, figures: map[string]figure{}}
	for _, f := range report.Figures {
		run.n = float64(f.N)
		run.figures[f.Name] = f
	}
	return run, nil
}
