// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package main

import "syscall"

// tethered gives a program a process group of its own, so that Ctrl-C reaches the demo and not its servers, and makes
// the kernel kill it when the demo ends, however that happens.
func tethered() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
