// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package node_test

import (
	"strconv"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// testRestarts has a program that reads its Secret only when it starts.
func testRestarts(t *testing.T) {
	u := newTeam(t)
	u.ready()
	u.kubectl("apply", "-f", "testdata/web.yaml")
	u.kubectl("patch", "rmsec", "stripe-from-room", "--type=merge", "--patch",
		`{"spec":{"pull":{"restart":[{"kind":"Deployment","name":"web"}]}}}`)
	u.Eventually(func() string {
		return u.kubectl("get", "rmsec", "stripe-from-room", "--output=jsonpath={.status.restarts[*].name}")
	}).Should(Equal("web"))
	u.rolledOut()
	revision := u.revision()

	u.rotate("fake-stripe-key-2")
	u.Eventually(u.revision).Should(Equal(revision + 1))
	u.rolledOut()
	u.Eventually(u.started).Should(And(HaveLen(2), HaveEach("fake-stripe-key-2")))

	// Neither reading the room anew nor an operator that has just started is a change.
	u.kubectl("annotate", "rmsec", "stripe-from-room", "roomsecrets.io/requestedAt=now")
	u.Eventually(func() string {
		return u.kubectl("get", "rmsec", "stripe-from-room", "--output=jsonpath={.status.lastHandledRequestedAt}")
	}).Should(Equal("now"))
	first, err := holder(t)
	u.Expect(err).NotTo(HaveOccurred())
	_, err = kubectl(t.Context(), "-n", system, "delete", "pod", podOf(first))
	u.Expect(err).NotTo(HaveOccurred())
	u.kubectl("annotate", "--overwrite", "rmsec", "stripe-from-room", "roomsecrets.io/requestedAt=later")
	u.Eventually(func() string {
		return u.kubectl("get", "rmsec", "stripe-from-room", "--output=jsonpath={.status.lastHandledRequestedAt}")
	}).Should(Equal("later"))
	u.Consistently(u.revision).WithTimeout(6 * time.Second).Should(Equal(revision + 1)) // the room is read within

	u.rotate("fake-stripe-key-3")
	u.Eventually(u.revision).Should(Equal(revision + 2))
	u.rolledOut()
	u.Eventually(u.started).Should(And(HaveLen(2), HaveEach("fake-stripe-key-3")))
	u.Consistently(u.revision).WithTimeout(6 * time.Second).Should(Equal(revision + 2))
}

// rolledOut waits until all pods of the workload are new ones.
func (u *team) rolledOut() {
	u.t.Helper()
	u.kubectl("rollout", "status", "--timeout="+patience.String(), "deployment/web")
}

// revision counts the pod templates that the workload has had.
func (u *team) revision() int {
	u.t.Helper()
	var web appsv1.Deployment
	u.Expect(shared.kube.Get(u.t.Context(), client.ObjectKey{Namespace: u.namespace, Name: "web"}, &web)).To(Succeed())
	revision, err := strconv.Atoi(web.Annotations["deployment.kubernetes.io/revision"])
	u.Expect(err).NotTo(HaveOccurred())
	return revision
}

// started returns the value that each pod of the workload was started with.
func (u *team) started() ([]string, error) {
	var pods corev1.PodList
	err := shared.kube.List(u.t.Context(), &pods, client.InNamespace(u.namespace), client.MatchingLabels{"app": "web"})
	if err != nil {
		return nil, err
	}
	var values []string
	for _, pod := range pods.Items {
		if pod.DeletionTimestamp != nil {
			continue
		}
		value, err := kubectl(u.t.Context(), "-n", u.namespace, "exec", pod.Name, "--", "/pod", "env", "STRIPE_API_KEY")
		if err != nil {
			return nil, err
		}
		values = append(values, value)
	}
	return values, nil
}
