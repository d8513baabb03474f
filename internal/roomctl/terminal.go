// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomctl

import (
	"golang.org/x/term"
)

// isTerminal reports whether a stream is one that a person looks at, or types into.
func isTerminal(stream any) bool {
	file, ok := stream.(interface{ Fd() uintptr })
	return ok && term.IsTerminal(int(file.Fd()))
}

// warn tells something that is no failure, in yellow where colors are wanted.
func (a *app) warn(text string) {
	if !a.colored() {
		a.printErr("Warning: " + text + "\n")
		return
	}
	_, _ = a.ErrOut.Write([]byte("\x1b[33mWarning:\x1b[0m "))
	a.printErr(text + "\n")
}

// colored reports whether standard error is a terminal with colors that nobody has turned off (no-color.org).
func (a *app) colored() bool {
	return isTerminal(a.ErrOut) && a.Getenv("NO_COLOR") == "" && a.Getenv("TERM") != "dumb"
}
