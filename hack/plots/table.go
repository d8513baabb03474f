// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
)

// The table of a page stands between these lines.
const (
	tableBegins = "<!-- figures: make plots -->\n"
	tableEnds   = "<!-- end of the figures -->\n"
)

// writeTable writes the table of all figures into a page, in the place of the one that is there.
func writeTable(runs []measured, page string) error {
	text, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	before, rest, begins := bytes.Cut(text, []byte(tableBegins))
	_, after, ends := bytes.Cut(rest, []byte(tableEnds))
	if !begins || !ends {
		return fmt.Errorf("%s has no place for the table: it begins with %q and ends with %q", page, strings.TrimSpace(tableBegins), strings.TrimSpace(tableEnds))
	}
	parts := [][]byte{before, []byte(tableBegins), []byte(table(runs)), []byte(tableEnds), after}
	return os.WriteFile(page, bytes.Join(parts, nil), 0o644)
}

// table has a line for each figure and a column for each run. The run that measured most says which figures there are.
func table(runs []measured) string {
	most := slices.MaxFunc(runs, func(a, b measured) int { return len(a.ordered) - len(b.ordered) })
	var b strings.Builder
	b.WriteString("| Figure | Target |")
	for _, run := range runs {
		fmt.Fprintf(&b, " %s |", grouped(run.n))
	}
	b.WriteString("\n| --- | --- |" + strings.Repeat(" --- |", len(runs)) + "\n")
	for _, f := range most.ordered {
		fmt.Fprintf(&b, "| %s | %s |", f.Name, f.target())
		for _, run := range runs {
			fmt.Fprintf(&b, " %s |", run.figures[f.Name])
		}
		b.WriteString("\n")
	}
	return b.String()
}

func (f figure) target() string {
	if f.Target == nil {
		return ""
	}
	return "≤ " + short(*f.Target)
}

// String is what was measured, its reference and how many times that it is.
func (f figure) String() string {
	switch unit := strings.TrimSuffix(" "+f.Unit, " "); {
	case f.Name == "":
		return ""
	case f.Reference == nil:
		return short(f.Ours) + unit
	default:
		return fmt.Sprintf("%s / %s%s = **%s**", short(f.Ours), short(*f.Reference), unit, short(f.Ours / *f.Reference))
	}
}

// short writes a number with three digits, and no power of ten.
func short(v float64) string {
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 3, 64), 64)
	if err != nil {
		return err.Error() // never for what was just written
	}
	return strconv.FormatFloat(rounded, 'f', -1, 64)
}

// grouped writes a whole number below a million with a comma before the thousands.
func grouped(v float64) string {
	text := strconv.FormatFloat(v, 'f', 0, 64)
	if n := len(text); n > 3 {
		return text[:n-3] + "," + text[n-3:]
	}
	return text
}
