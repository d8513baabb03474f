// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"
)

// column is where the time that something took ends.
const column = 96

// narrator writes for a person who reads along. Colours are used on a terminal only, and not with NO_COLOR.
type narrator struct {
	out    io.Writer
	colour bool
	steps  int
}

func newNarrator(out *os.File) *narrator {
	return &narrator{out: out, colour: os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && term.IsTerminal(int(out.Fd()))}
}

// The styles are what ECMA-48 calls them.
const (
	bold  = "1"
	dim   = "2"
	red   = "31"
	green = "32"
	cyan  = "36"
)

func (n *narrator) style(code, text string) string {
	if !n.colour {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// heading begins the next step.
func (n *narrator) heading(title string) {
	n.steps++
	fmt.Fprintf(n.out, "\n%s\n\n", n.style(bold, fmt.Sprintf("%d  %s", n.steps, title)))
}

// text explains. Its lines are indented as they are.
func (n *narrator) text(lines ...string) {
	for _, line := range lines {
		n.line("   ", line)
	}
}

// line writes one line, and no spaces when it is empty.
func (n *narrator) line(indent, text string) {
	fmt.Fprintln(n.out, strings.TrimRight(indent+text, " \n"))
}

// command shows a command before it is run.
func (n *narrator) command(command string) {
	prompt := n.style(dim, "$")
	for line := range strings.Lines(command) {
		n.line("   "+prompt+" ", n.style(cyan, strings.TrimRight(line, "\n")))
		prompt = " "
	}
}

// mostLines is how many lines of output are shown before the rest is only counted.
const mostLines = 9

// output shows what a command has printed, or how it begins.
func (n *narrator) output(text string) {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	if len(lines) > mostLines {
		lines = append(lines[:3], n.style(dim, fmt.Sprintf("(and %d more lines)", len(lines)-3)))
	}
	n.all(lines)
}

func (n *narrator) all(lines []string) {
	for _, line := range lines {
		if line != "" || len(lines) > 1 {
			n.line("     ", line)
		}
	}
}

// gap separates what belongs together from what does not.
func (n *narrator) gap() { fmt.Fprintln(n.out) }

// fact says what has been seen to be true, and how long that took.
func (n *narrator) fact(took time.Duration, format string, args ...any) {
	n.mark(green, "ok", fmt.Sprintf(format, args...), took)
}

// failure says which step did not get where it should.
func (n *narrator) failure(took time.Duration, title string) {
	n.gap()
	n.mark(red, "FAILED", title, took)
}

func (n *narrator) mark(colour, mark, text string, took time.Duration) {
	spent := fmt.Sprintf("%.1f s", took.Seconds())
	if took < time.Second {
		spent = fmt.Sprintf("%d ms", took.Milliseconds())
	}
	width := column - len("   ") - len(mark) - len("  ") - len(spent)
	fmt.Fprintf(n.out, "   %s  %-*s%s\n", n.style(colour, mark), width, text, n.style(dim, spent))
}
