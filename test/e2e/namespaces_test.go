// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package e2e_test

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/roomsecrets/roomsecret-operator/test/programs"
)

// TestAnOperatorOfOneNamespaceNeedsNoRightsElsewhere installs the chart for one namespace, runs the manager as the chart
// would, and reads in the audit log that nothing it asked for was denied.
func TestAnOperatorOfOneNamespaceNeedsNoRightsElsewhere(t *testing.T) {
	u := newUser(t, startRoomServer(t))
	home := u.startOwnManager()
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
	u.nothingDenied(home)
}

// TestAnOperatorThatMayRestartWorkloadsDoesSoOncePerChange gives the operator of one namespace the flag and the right as the
// chart does.
func TestAnOperatorThatMayRestartWorkloadsDoesSoOncePerChange(t *testing.T) {
	u := newUser(t, startRoomServer(t))
	u.apply(`
apiVersion: apps/v1
kind: Deployment
metadata: {name: app}
spec:
  selector: {matchLabels: {app: app}}
  template:
    metadata: {labels: {app: app}}
    spec: {containers: [{name: app, image: "app:1", envFrom: [{secretRef: {name: app}}]}]}
`)
	u.kubectl("patch", "rmsec", "pull", "--type=merge", "-p", `{"spec":{"pull":{"restart":[{"kind":"Deployment","name":"app"}]}}}`)
	home := u.startOwnManager("manager.enableRestarts=true")
	u.ready()
	u.Eventually(u.rollouts).Should(Equal(1))
	u.kubectl("patch", "secret", "source", "-p", `{"stringData":{"apiKey":"two"}}`)
	u.Eventually(u.pulled).Should(Equal("two"))
	u.Eventually(u.rollouts).Should(Equal(2))
	u.Consistently(u.rollouts, 2*time.Second).Should(Equal(2))
	u.nothingDenied(home)
}

// startOwnManager installs the chart for the user's namespace, with further values, and runs the manager as the chart
// would. It returns the namespace in which the manager is installed.
func (u *user) startOwnManager(values ...string) string {
	u.t.Helper()
	home := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "tenant-operator-"}}
	u.Expect(shared.Kube.Create(u.t.Context(), home)).To(Succeed())
	values = append(values, "watchNamespaces={"+u.namespace+"}", "metrics.secure=false", "crds.install=false")
	rendered, err := exec.CommandContext(u.t.Context(), "../../bin/tools/helm", "template", "rooms", "../../charts/roomsecret-operator",
		"--namespace", home.Name, "--set", strings.Join(values, ",")).Output()
	u.Expect(err).NotTo(HaveOccurred(), "run make tools if helm is missing")
	apply := shared.Cluster.Kubectl(u.t.Context(), "apply", "-f", "-")
	apply.Stdin = bytes.NewReader(rendered)
	output, err := apply.CombinedOutput()
	u.Expect(err).NotTo(HaveOccurred(), "%s", output)

	kubeconfig := filepath.Join(u.t.TempDir(), "kubeconfig")
	u.Expect(shared.writeKubeconfig(u.t.Context(), home.Name, "rooms-roomsecret-operator", kubeconfig)).To(Succeed())
	programs.Start(u.t, filepath.Join(shared.dir, "manager"), append(argumentsIn(u, rendered), "--kubeconfig", kubeconfig, "--namespace", home.Name,
		"--health-probe-bind-address", programs.FreeAddress(u.t), "--metrics-bind-address", programs.FreeAddress(u.t))...)
	return home.Name
}

// rollouts returns how often the pods of the Deployment "app" were to be replaced: each change of its pod template counts in
// the generation.
func (u *user) rollouts() (int, error) {
	var deployment appsv1.Deployment
	err := shared.Kube.Get(u.t.Context(), client.ObjectKey{Namespace: u.namespace, Name: "app"}, &deployment)
	return int(deployment.Generation) - 1, err
}

// nothingDenied expects that the manager in a namespace was given all that it asked for.
func (u *user) nothingDenied(home string) {
	u.t.Helper()
	u.Expect(shared.denied(home)).To(BeEmpty())
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
