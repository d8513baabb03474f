// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package monitoring_test

import (
	"fmt"
	"math"
	"strconv"
	"testing"
	"time"
)

// scale maps values to pixels.
type scale struct{ low, high, from, to float64 }

func (s scale) at(v float64) float64 { return s.from + (v-s.low)/(s.high-s.low)*(s.to-s.from) }

// inUnit says a value in one of Grafana's units.
func inUnit(unit string, v float64) string {
	switch unit {
	case "s":
		if v == 0 {
			return "0 s"
		}
		return scaled(v, 1000, []string{"µs", "ms", "s"}, 1e-6)
	case "bytes":
		return scaled(v, 1024, []string{"B", "KiB", "MiB", "GiB"}, 1)
	case "ops":
		return digits(v) + " ops/s"
	case "reqps":
		return digits(v) + " req/s"
	}
	return digits(v)
}

// scaled says a value in the largest unit in which it is at least one. The smallest unit is worth unit.
func scaled(v, base float64, names []string, unit float64) string {
	i := 0
	for v != 0 && i < len(names)-1 && v >= unit*base*(1-1e-9) {
		unit *= base
		i++
	}
	return digits(v/unit) + " " + names[i]
}

// digits is a number with as many digits as people want to read.
func digits(v float64) string {
	rounded, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 3, 64), 64)
	return strconv.FormatFloat(rounded, 'f', -1, 64)
}

// ticks are values for the labels of an axis from zero to at least high, which is the last of them.
func ticks(unit string, high float64) []float64 {
	const parts = 4
	base := 1.0
	for unit == "bytes" && high/base >= 1000 {
		base *= 1024
	}
	step := roundStep(high/base/parts) * base
	var values []float64
	for i := 0.0; ; i++ {
		values = append(values, i*step)
		if i*step >= high*(1-1e-9) {
			return values
		}
	}
}

// roundStep is the smallest of 1, 2, 5, 10, 20, … and 0.5, 0.2, … that is not below v.
func roundStep(v float64) float64 {
	magnitude := math.Pow(10, math.Floor(math.Log10(v)))
	for _, factor := range []float64{1, 2, 5} {
		if v <= factor*magnitude*(1+1e-9) {
			return factor * magnitude
		}
	}
	return 10 * magnitude
}

// moments are times for the labels of an axis.
func moments(from, to time.Time) []time.Time {
	step := 5 * time.Second
	for _, longer := range []time.Duration{10 * time.Second, 15 * time.Second, 30 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute} {
		if to.Sub(from)/step <= 5 {
			break
		}
		step = longer
	}
	var all []time.Time
	for at := from.Truncate(step).Add(step); at.Before(to); at = at.Add(step) {
		all = append(all, at)
	}
	return all
}

// fromNow says when something is.
func fromNow(d time.Duration) string {
	if d < 0 {
		return fromNow(-d) + " ago"
	}
	if d < 48*time.Hour {
		return fmt.Sprintf("in %.0f hours", d.Hours())
	}
	return fmt.Sprintf("in %.0f days", d.Hours()/24)
}

func TestValuesAreSaidInTheirUnits(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		unit  string
		value float64
		want  string
	}{
		{"short", 3, "3"},
		{"short", 0.1 + 0.2, "0.3"},
		{"s", 0, "0 s"},
		{"s", 0.00025, "250 µs"},
		{"s", 0.0123456, "12.3 ms"},
		{"s", 1, "1 s"},
		{"bytes", 1024, "1 KiB"},
		{"bytes", 93 * 1024 * 1024, "93 MiB"},
		{"ops", 0.05, "0.05 ops/s"},
		{"reqps", 12345.6, "12300 req/s"},
	} {
		if got := inUnit(c.unit, c.value); got != c.want {
			t.Errorf("%v in %s is %q, want %q", c.value, c.unit, got, c.want)
		}
	}
}
