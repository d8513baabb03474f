// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package node_test

import (
	"testing"

	. "github.com/onsi/gomega"
)

func testLossOfTheRoomServer(t *testing.T) {
	u := newTeam(t)
	u.ready()
	u.set("dba", "db-password", "fake-db-password-1")
	must(t, "kubectl", "-n", system, "delete", "pod", "--selector=app.kubernetes.io/component=roomserver")
	must(t, "kubectl", "-n", system, "rollout", "status", "--timeout=2m", "statefulset/rooms-roomsecret-operator-roomserver")
	u.Eventually(roomServerAnswers).WithContext(t.Context()).Should(Succeed())
	u.Expect(u.held("dba", "db-password")).To(BeTrue())
	u.Expect(u.held("support-agent", "stripe-api-key")).To(BeTrue())

	// The operator comes back by itself.
	u.rotate("fake-stripe-key-2")
	u.Eventually(u.pulled).Should(Equal("fake-stripe-key-2"))
	u.ready()
}
