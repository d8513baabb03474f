// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package node_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	. "github.com/onsi/gomega"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// The label of the operator's pods, however it was installed.
const (
	managerKey   = "app.kubernetes.io/component"
	managerValue = "manager"
	managerLabel = managerKey + "=" + managerValue
)

// managers returns the pods of the operator.
func managers(t *testing.T) []corev1.Pod {
	t.Helper()
	var pods corev1.PodList
	err := shared.kube.List(t.Context(), &pods, client.InNamespace(system), client.MatchingLabels{managerKey: managerValue})
	if err != nil {
		t.Fatal(err)
	}
	return pods.Items
}

// process is the process of a manager, as the kernel sees it. The node's processes are ours too.
func process(g *WithT, pod corev1.Pod) int {
	g.THelper()
	files, err := filepath.Glob("/proc/[0-9]*/cgroup")
	g.Expect(err).NotTo(HaveOccurred())
	for _, file := range files {
		groups, err := os.ReadFile(file)
		program, linkErr := os.Readlink(filepath.Join(filepath.Dir(file), "exe"))
		if err != nil || linkErr != nil {
			continue // it has ended
		}
		if program == "/manager" && strings.Contains(string(groups), string(pod.UID)) {
			pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
			g.Expect(err).NotTo(HaveOccurred())
			return pid
		}
	}
	g.Expect(files).To(BeNil(), "no process of %s was found", pod.Name)
	return 0
}

func testRightsOnTheNode(t *testing.T) {
	g := NewWithT(t)
	pods := managers(t)
	g.Expect(pods).To(HaveLen(2))
	for _, pod := range pods {
		g.Expect(pod.Status.ContainerStatuses[0].Ready).To(BeTrue())
		dir := fmt.Sprintf("/proc/%d", process(g, pod))
		status, err := os.ReadFile(filepath.Join(dir, "status"))
		g.Expect(err).NotTo(HaveOccurred())
		for _, line := range []string{
			"Uid:\t65532\t65532\t65532\t65532", "Gid:\t65532\t65532\t65532\t65532",
			"CapPrm:\t0000000000000000", "CapEff:\t0000000000000000", "CapBnd:\t0000000000000000",
			"NoNewPrivs:\t1", "Seccomp:\t2",
		} {
			g.Expect(string(status)).To(ContainSubstring(line))
		}
		mounts, err := os.ReadFile(filepath.Join(dir, "mounts"))
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(string(mounts)).To(MatchRegexp(`(?m)^overlay / overlay ro,`), "its files are read-only")
	}
}

func testAdmission(t *testing.T) {
	g := NewWithT(t)
	_, err := kubectl(t.Context(), "-n", system, "run", "root", "--image=localhost/pod:test")
	g.Expect(err).To(MatchError(ContainSubstring(`violates PodSecurity "restricted`)))
	events, err := kubectl(t.Context(), "-n", system, "get", "events", "--field-selector=type=Warning")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(events).NotTo(ContainSubstring("PodSecurity"), "the manager's own pods are admitted without a word")
}

// holder returns who holds the leader's lease: a run of the program in a pod, which the pod's name is the first part of.
func holder(t *testing.T) (string, error) {
	t.Helper()
	var lease coordinationv1.Lease
	err := shared.kube.Get(t.Context(), client.ObjectKey{Namespace: system, Name: "roomsecret-operator"}, &lease)
	return ptr.Deref(lease.Spec.HolderIdentity, ""), err
}

func podOf(holder string) string {
	pod, _, _ := strings.Cut(holder, "_")
	return pod
}

func testLossOfTheLeader(t *testing.T) {
	u := newTeam(t)
	u.ready()
	first, err := holder(t)
	u.Expect(err).NotTo(HaveOccurred())
	u.kill(first)
	u.rotate("fake-stripe-key-while-nobody-led")
	u.Eventually(func() (string, error) { return holder(t) }).ShouldNot(Or(BeEmpty(), Equal(first)))
	u.Eventually(u.pulled).Should(Equal("fake-stripe-key-while-nobody-led"))
	u.ready()

	// A leader that is told to go hands over at once: the lease is not waited for.
	second, err := holder(t)
	u.Expect(err).NotTo(HaveOccurred())
	_, err = kubectl(t.Context(), "-n", system, "delete", "pod", podOf(second))
	u.Expect(err).NotTo(HaveOccurred())
	u.rotate("fake-stripe-key-after-the-second")
	u.Eventually(u.pulled).Should(Equal("fake-stripe-key-after-the-second"))
	_, err = kubectl(t.Context(), "-n", system, "wait", "--for=condition=Ready", "--timeout="+patience.String(), "pod", "--selector="+managerLabel)
	u.Expect(err).NotTo(HaveOccurred())

	// The third one knows what the others have written, and takes it back.
	u.kubectl("delete", "rmsec", "stripe-to-room", "stripe-from-room", "--timeout="+patience.String())
	u.Expect(u.held("support-agent", "stripe-api-key")).To(BeFalse())
	u.Expect(u.held("roomsecret-operator", "stripe-webhook-secret")).To(BeFalse())
	u.Eventually(u.pulled).Should(BeEmpty())
}

// kill ends a manager as if the machine had lost power.
func (u *team) kill(holder string) {
	u.t.Helper()
	for _, pod := range managers(u.t) {
		if pod.Name == podOf(holder) {
			u.Expect(syscall.Kill(process(u.WithT, pod), syscall.SIGKILL)).To(Succeed())
			return
		}
	}
	u.t.Fatalf("there is no pod of %s", holder)
}
