// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package node_test

import (
	"testing"

	. "github.com/onsi/gomega"
)

func testMountedSecrets(t *testing.T) {
	u := newTeam(t)
	u.set("dba", "db-password", "fake-db-password-1")
	u.kubectl("apply", "-f", "testdata/db-from-room.yaml")
	// The pod may come first: the kubelet waits for the Secrets.
	u.kubectl("apply", "-f", "testdata/application.yaml")
	u.kubectl("wait", "--for=condition=Ready", "--timeout="+patience.String(), "pod/application")
	u.ready()
	u.Expect(u.shown("cat", "/etc/credentials/STRIPE_API_KEY")()).To(Equal("fake-stripe-key-1"))
	u.Expect(u.shown("cat", "/etc/credentials/STRIPE_WEBHOOK_SECRET")()).To(Equal("fake-webhook-secret-1"))
	u.Expect(u.shown("env", "STRIPE_API_KEY")()).To(Equal("fake-stripe-key-1"))
	u.Expect(u.shown("env", "DB_PASSWORD")()).To(Equal("fake-db-password-1"))

	// A rotation in the room reaches the file; the environment of a process is what it was started with.
	u.set("dba", "db-password", "fake-db-password-2")
	u.Eventually(u.shown("cat", "/etc/db/password")).Should(Equal("fake-db-password-2"))
	u.Expect(u.shown("env", "DB_PASSWORD")()).To(Equal("fake-db-password-1"))

	// So does one in Kubernetes, by way of the room.
	u.rotate("fake-stripe-key-2")
	u.Eventually(u.shown("cat", "/etc/credentials/STRIPE_API_KEY")).Should(Equal("fake-stripe-key-2"))

	// A new pod has the new values everywhere.
	u.kubectl("delete", "pod", "application")
	u.kubectl("apply", "-f", "testdata/application.yaml")
	u.kubectl("wait", "--for=condition=Ready", "--timeout="+patience.String(), "pod/application")
	u.Expect(u.shown("env", "DB_PASSWORD")()).To(Equal("fake-db-password-2"))
	u.Expect(u.shown("env", "STRIPE_API_KEY")()).To(Equal("fake-stripe-key-2"))
}
