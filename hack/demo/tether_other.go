// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package main

import "syscall"

// tethered gives a program a process group of its own, so that Ctrl-C reaches the demo and not its servers.
func tethered() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
