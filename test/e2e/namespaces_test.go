// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package e2e_test

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

// TestAnOperatorOfOneNamespaceNeedsNoRightsElsewhere installs the chart for one namespace, runs the manager as the chart
// would, and reads in the audit log that nothing it asked for was denied.
func TestAnOperatorOfOneNamespaceNeedsNoRightsElsewhere(t *testing.T) {
	server := startRoomServer(t)
	u := newUser(t, server)
	home := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "tenant-operator-"}}
	u.Expect(shared.kube.Create(t.Context(), home)).To(Succeed())
	rendered, err := exec.CommandContext(t.Context(), "../../bin/tools/helm", "template", "rooms", "../../charts/roomsecret-operator",
		"--namespace", home.Name, "--set", "watchNamespaces={"+u.namespace+"},metrics.secure=false,crds.install=false").Output()
	u.Expect(err).NotTo(HaveOccurred(), "run make tools if helm is missing")
	apply := shared.cluster.Kubectl(t.Context(), "apply", "-f", "-")
	apply.Stdin = bytes.NewReader(rendered)
	output, err := apply.CombinedOutput()
	u.Expect(err).NotTo(HaveOccurred(), "%s", output)

	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	u.Expect(shared.writeKubeconfig(t.Context(), home.Name, "rooms-roomsecret-operator", kubeconfig)).To(Succeed())
	start(t, "manager", append(argumentsIn(u, rendered), "--kubeconfig", kubeconfig, "--namespace", home.Name,
		"--health-probe-bind-address", freeAddress(t), "--metrics-bind-address", freeAddress(t))...)
	u.ready()
	u.Eventually(u.pulled).Should(Equal("one"))

	u.apply(`
apiVersion: roomsecrets.io/v1alpha1
kind: RoomSecret
metadata: {name: elsewhere}
spec:
  roomRef: {kind: ClusterRoom, name: everybodys}
  pull: {entries: [{key: A, id: a}]}
`)
	u.kubectl("wait", "--for=condition=Stalled", "--timeout="+patience.String(), "rmsec/elsewhere")
	u.Expect(u.kubectl("get", "rmsec", "elsewhere", "-o", "wide")).To(ContainSubstring("This operator does not serve ClusterRooms"))

	events, err := shared.cluster.AuditLog().Read()
	u.Expect(err).NotTo(HaveOccurred())
	for _, event := range events {
		if strings.HasPrefix(event.User.Username, "system:serviceaccount:"+home.Name+":") && event.ResponseStatus != nil {
			u.Expect(event.ResponseStatus.Code).NotTo(BeEquivalentTo(403), "%s %s was denied", event.Verb, event.RequestURI)
		}
	}
}

// argumentsIn returns the arguments of the manager in rendered manifests.
func argumentsIn(u *user, rendered []byte) []string {
	u.t.Helper()
	for document := range bytes.SplitSeq(rendered, []byte("\n---\n")) {
		var deployment appsv1.Deployment
		if yaml.Unmarshal(document, &deployment) == nil && deployment.Kind == "Deployment" {
			return deployment.Spec.Template.Spec.Containers[0].Args
		}
	}
	u.t.Fatal("there is no Deployment")
	return nil
}
