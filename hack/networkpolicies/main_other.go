// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package main

import "log"

func main() { log.Fatal("networkpolicies: this takes Linux") }
