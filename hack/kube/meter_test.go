// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

func TestMeterTellsHowFarABuildHasCome(t *testing.T) {
	var out bytes.Buffer
	m := newMeter(&out)
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	m.began, m.now = start, func() time.Time { return start.Add(65 * time.Second) }

	write := func(text string) {
		t.Helper()
		if _, err := m.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	write("go: downloading example.com/a v1.0.0\n")
	m.show()
	m.ignore("example.com/cmd")
	m.expect(5, []string{"example.com/a", "example.com/b"})
	write("example.com/")
	write("a\n")
	m.show()
	write("# example.com/b\nb.go:1:1: broken\n")
	write("example.com/b\nexample.com/cmd\n")
	m.show()
	m.finish()

	want := `  1m5s  downloading example.com/a v1.0.0
5 of 7 packages are in the build cache, 2 are to be compiled
  1m5s  1/2 packages  example.com/a
# example.com/b
b.go:1:1: broken
  1m5s  2/2 packages  linking
built in 1m5s
`
	if got := out.String(); got != want {
		t.Errorf("output is\n%s\nwant\n%s", got, want)
	}
}

func TestMeterSaysThatOnlyLinkingIsLeftWhenTheCacheIsWarm(t *testing.T) {
	var out bytes.Buffer
	m := newMeter(&out)
	m.began = m.now()
	m.ignore("example.com/cmd")
	m.expect(7, nil)
	if _, err := m.Write([]byte("example.com/cmd\n")); err != nil {
		t.Fatal(err)
	}
	m.show()
	want := "7 of 7 packages are in the build cache, 0 are to be compiled\n  0s  linking\n"
	if got := out.String(); got != want {
		t.Errorf("output is %q, want %q", got, want)
	}
}

func TestMeterKeepsToOneLineOfATerminal(t *testing.T) {
	var out bytes.Buffer
	m := newMeter(&out)
	m.began, m.width = m.now(), 20
	m.expect(0, []string{"example.com/a/very/long/path"})
	out.Reset()
	if _, err := m.Write([]byte("example.com/a/very/long/path\n")); err != nil {
		t.Fatal(err)
	}
	m.current = strings.Repeat("x", 100)
	m.show()
	shown := strings.TrimPrefix(out.String(), clearLine)
	if len(shown) != 19 || strings.Contains(shown, "\n") {
		t.Errorf("a terminal of 20 columns is shown %q", shown)
	}
}

func TestMeterLosesNoUnfinishedLine(t *testing.T) {
	var out bytes.Buffer
	m := newMeter(&out)
	stop := m.start()
	if _, err := m.Write([]byte("signal: killed")); err != nil {
		t.Fatal(err)
	}
	stop()
	stop() // must do no harm
	if got := out.String(); got != "signal: killed\n" {
		t.Errorf("output is %q", got)
	}
}
