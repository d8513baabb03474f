// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package e2e_test

import (
	"testing"

	"github.com/roomsecrets/roomsecret-operator/test/programs"
)

func startRoomServer(t *testing.T) *programs.RoomServer {
	t.Helper()
	return programs.StartRoomServer(t, shared.dir)
}

// manager is a replica of the operator.
type manager struct {
	*programs.Program
	health, metrics string
}

// startManager starts a replica with the rights of its service account, and more flags.
func startManager(t *testing.T, flags ...string) *manager {
	t.Helper()
	m := &manager{health: programs.FreeAddress(t), metrics: programs.FreeAddress(t)}
	m.Program = programs.StartManager(t, shared.dir, shared.kubeconfig, m.health, m.metrics, flags...)
	return m
}
