// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

// Package bench measures speed and memory as ratios: against a bare library that does the
// same on the same machine at the same time, or against the same thing with less to do.
// Times alone would say more about the machine. `make bench` prints the ratios. What the operator
// does is measured on a real API server.
package bench
