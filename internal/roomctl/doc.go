// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

// Package roomctl is the command line of rooms, a plugin of kubectl: "kubectl room". Its commands read and write room
// secrets, ask other participants for some and answer when asked, and look at RoomSecrets.
//
// What a command yields goes to standard output and everything else to standard error, so that output can be piped. Values
// are never shown on a terminal without a warning, and never in an error. The exit code is 0 for success, 2 for a mistake in
// the command line, which is told before anything is connected to, and 1 for every other failure.
package roomctl
