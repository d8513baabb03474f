// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

// Package scale measures the operator with many RoomSecrets, on a real API server and a real room server. Each figure
// stands beside a reference that is measured in the same run: a bare client that makes the same requests and decides
// nothing. Times alone would say more about the machine.
//
// The tests run everything with few objects and look at what is counted, never at what takes how long.
// `make bench-scale` runs the same with many, and prints the figures.
package scale
