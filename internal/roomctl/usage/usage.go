// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

// Package usage tells mistakes in how a command was called from everything else that can go wrong: the caller can mend
// them by looking at nothing but the command line and the environment.
package usage

import "fmt"

// Error is such a mistake.
type Error struct {
	// Text says what is wrong and what to do, for people.
	Text string
}

// Error implements error.
func (e *Error) Error() string { return e.Text }

// Errorf makes an Error as [fmt.Sprintf] does.
func Errorf(format string, args ...any) error {
	return &Error{fmt.Sprintf(format, args...)}
}

// Missing is the error of a flag or argument that must be given.
func Missing(name string) error {
	return Errorf("Required parameter is missing: %s", name)
}
