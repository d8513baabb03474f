// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package node_test

import (
	"context"
	"testing"

	. "github.com/onsi/gomega"
)

const (
	// policy is the NetworkPolicy of the chart, see testdata/chart/values.yaml.
	policy = "networkpolicies/rooms-roomsecret-operator"
	// monitoring is the namespace that may scrape.
	monitoring = "monitoring"
)

// testNetworkPolicy finds out who reaches the manager, and whether it reaches what it has been allowed to: all that is tested
// besides is tested under the policy.
func testNetworkPolicy(t *testing.T) {
	u := newTeam(t)
	u.ready()
	must(t, "kubectl", "create", "namespace", monitoring)
	t.Cleanup(func() {
		_, err := kubectl(context.Background(), "delete", "namespace", monitoring, "--timeout="+patience.String())
		u.Expect(err).NotTo(HaveOccurred())
	})
	manager := must(t, "kubectl", "-n", system, "get", "pods", "-l", "app.kubernetes.io/component=manager", "--output=jsonpath={.items[0].status.podIP}")
	for _, namespace := range []string{monitoring, u.namespace} {
		must(t, "kubectl", "-n", namespace, "apply", "-f", "testdata/caller.yaml")
		must(t, "kubectl", "-n", namespace, "wait", "--for=condition=Ready", "--timeout="+patience.String(), "pod/caller")
	}
	dial := func(namespace, port string) error {
		_, err := kubectl(t.Context(), "-n", namespace, "exec", "caller", "--", "/pod", "dial", manager+":"+port)
		return err
	}
	u.Eventually(func() error { return dial(monitoring, "8443") }).Should(Succeed()) // whose address may not be known yet
	u.Expect(dial(monitoring, "8081")).To(Succeed())
	u.Expect(dial(u.namespace, "8081")).To(Succeed())
	u.Expect(dial(u.namespace, "8443")).To(MatchError(ContainSubstring("i/o timeout")))

	rooms := must(t, "kubectl", "-n", system, "get", policy, "--output=jsonpath={.spec.egress[1]}")
	must(t, "kubectl", "-n", system, "patch", policy, "--type=json", `--patch=[{"op":"remove","path":"/spec/egress/1"}]`)
	u.kubectl("patch", "room", "support", "--type=merge", `--patch={"spec":{"suspend":true}}`)
	u.kubectl("wait", "--for=condition=Ready=False", "--timeout="+patience.String(), "room/support")
	u.kubectl("patch", "room", "support", "--type=merge", `--patch={"spec":{"suspend":false}}`)
	u.kubectl("wait", `--for=jsonpath={.status.conditions[?(@.type=="Ready")].reason}=Unreachable`, "--timeout="+patience.String(), "room/support")
	must(t, "kubectl", "-n", system, "patch", policy, "--type=json", `--patch=[{"op":"add","path":"/spec/egress/1","value":`+rooms+`}]`)
	u.ready()
}
