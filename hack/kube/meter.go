// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"
)

// meter turns the diagnostics of go commands into progress for a person: how many packages of how
// many, which one, since when. On a terminal it is one line that is written over and over, elsewhere a
// line every ten seconds. Lines it does not know (compiler errors) are passed on whole.
//
// The go command names a package when it starts to compile it, so the count includes what is in work.
// A meter is safe for concurrent use.
type meter struct {
	out      io.Writer
	width    int // of the terminal in columns, 0 when out is none
	interval time.Duration
	now      func() time.Time

	mu      sync.Mutex
	began   time.Time
	pending map[string]bool // packages to compile that have not been named yet
	ignored map[string]bool // packages that do not count
	total   int             // packages to compile, at the start
	current string
	partial []byte // an unfinished line
}

func newMeter(out io.Writer) *meter {
	m := &meter{
		out:      out,
		interval: 10 * time.Second,
		now:      time.Now,
		ignored:  map[string]bool{},
		current:  "looking for what is already built",
	}
	if file, ok := out.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		m.interval = 200 * time.Millisecond
		m.width = 80
		if width, _, err := term.GetSize(int(file.Fd())); err == nil && width > 0 {
			m.width = width
		}
	}
	return m
}

// start shows progress until stop is called.
func (m *meter) start() (stop func()) {
	m.began = m.now()
	ticker := time.NewTicker(m.interval)
	quit := make(chan struct{})
	var running sync.WaitGroup
	running.Go(func() {
		for {
			select {
			case <-ticker.C:
				m.show()
			case <-quit:
				return
			}
		}
	})
	return sync.OnceFunc(func() {
		ticker.Stop()
		close(quit)
		running.Wait()
		m.flush()
	})
}

// ignore tells the meter not to count a package.
func (m *meter) ignore(name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ignored[name] = true
}

// expect tells the meter which packages will be compiled and how many need not be.
func (m *meter) expect(cached int, stale []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.pending = make(map[string]bool, len(stale))
	for _, name := range stale {
		m.pending[name] = true
	}
	m.total = len(stale)
	m.current = "starting"
	if m.total == 0 {
		m.current = "linking"
	}
	m.println(fmt.Sprintf("%d of %d packages are in the build cache, %d are to be compiled",
		cached, cached+len(stale), len(stale)))
}

// finish says how long it all took.
func (m *meter) finish() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.println("built in " + m.elapsed())
}

// Write takes the diagnostics of a go command, in pieces of any size.
func (m *meter) Write(p []byte) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.partial = append(m.partial, p...)
	for {
		line, rest, whole := bytes.Cut(m.partial, []byte("\n"))
		if !whole {
			return len(p), nil
		}
		m.line(string(line))
		m.partial = rest
	}
}

func (m *meter) line(line string) {
	switch {
	case m.pending[line]:
		delete(m.pending, line)
		m.current = line
		if len(m.pending) == 0 {
			m.current = "linking"
		}
	case m.ignored[line]:
	case strings.HasPrefix(line, "go: downloading "):
		m.current = strings.TrimPrefix(line, "go: ")
	default:
		m.println(line)
	}
}

func (m *meter) show() {
	m.mu.Lock()
	defer m.mu.Unlock()
	status := m.elapsed()
	if m.total > 0 {
		status += fmt.Sprintf("  %d/%d packages", m.total-len(m.pending), m.total)
	}
	status += "  " + m.current
	if m.width == 0 {
		fmt.Fprintln(m.out, "  "+status)
		return
	}
	fmt.Fprint(m.out, clearLine+status[:min(len(status), m.width-1)])
}

// clearLine returns to the first column and erases what is there.
const clearLine = "\r\x1b[K"

// println writes a line that stays.
func (m *meter) println(line string) {
	if m.width > 0 {
		line = clearLine + line
	}
	fmt.Fprintln(m.out, line)
}

// flush ends what is left unfinished on the screen.
func (m *meter) flush() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.partial) > 0 {
		m.println(string(m.partial))
		m.partial = nil
	}
	if m.width > 0 {
		fmt.Fprint(m.out, clearLine)
	}
}

func (m *meter) elapsed() string { return m.now().Sub(m.began).Round(time.Second).String() }
