// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package gitops

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
)

// simple is a room with a push and a pull.
const simple = credentials + `
---
apiVersion: roomsecrets.io/v1alpha1
kind: Room
metadata: {name: room}
spec: {endpoint: ENDPOINT, roomName: NAMESPACE, pollInterval: 1h, auth: {apiKeySecretRef: {name: credential, key: api-key}}}
---
apiVersion: roomsecrets.io/v1alpha1
kind: ClusterRoom
metadata: {name: NAMESPACE}
spec:
  endpoint: ENDPOINT
  auth: {apiKeySecretRef: {namespace: NAMESPACE, name: credential, key: api-key}}
  access: [{namespaces: {names: ["*"]}, ids: ["*"], operations: [Read]}]
---
apiVersion: roomsecrets.io/v1alpha1
kind: RoomSecret
metadata: {name: push}
spec: {roomRef: {name: room}, push: {secretRef: {name: source}, deletionPolicy: Delete, allKeys: {}}}
---
apiVersion: roomsecrets.io/v1alpha1
kind: RoomSecret
metadata: {name: pull}
spec: {roomRef: {name: room}, pull: {target: {}, entries: [{key: A, id: a}]}}
`

func TestTheActionsOfArgoCD(t *testing.T) {
	t.Parallel()
	w := newTenant(t)
	w.apply(simple)
	for _, object := range []struct{ kind, name, ready string }{
		{"Room", "room", "True/Connected"},
		{"ClusterRoom", w.namespace, "True/Connected"},
		{"RoomSecret", "push", "True/InSync"},
		{"RoomSecret", "pull", "True/InSync"},
	} {
		before := w.reaches(object.kind, object.name, object.ready)
		w.offers(before, "suspend", "sync")
		w.act(before, "suspend")
		suspended := w.reaches(object.kind, object.name, "False/Suspended")
		w.offers(suspended, "resume")
		w.act(suspended, "resume")
		resumed := w.reaches(object.kind, object.name, object.ready)
		w.Expect(cmp.Diff(before.Object["spec"], resumed.Object["spec"])).To(BeEmpty(), "to suspend and to resume leaves nothing behind")
	}
}

// TestArgoCDCanHaveARoomSecretSynced has a room that is read once an hour, so that nothing but the request can have done it.
func TestArgoCDCanHaveARoomSecretSynced(t *testing.T) {
	t.Parallel()
	w := newTenant(t)
	w.apply(simple)
	w.reaches("RoomSecret", "pull", "True/InSync")
	push := w.reaches("RoomSecret", "push", "True/InSync")
	w.put("a", "tampered")
	w.act(push, "sync")
	w.Eventually(func() string {
		handled, _, _ := unstructured.NestedString(w.now("RoomSecret", "push").Object, "status", "lastHandledRequestedAt")
		return handled
	}).Should(MatchRegexp(`^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$`))
	w.Eventually(w.value).WithArguments("a").Should(Equal("one"))
}

// offers checks which actions Argo CD offers for an object; those that its kind does not have do not count.
func (w *tenant) offers(object *unstructured.Unstructured, names ...string) {
	w.t.Helper()
	offered, err := shared.argocd.offered(w.ctx, object)
	w.Expect(err).NotTo(HaveOccurred())
	defined, err := shared.argocd.actionsOf(object)
	w.Expect(err).NotTo(HaveOccurred())
	w.Expect(offered).To(HaveLen(len(defined.Definitions)))
	for _, definition := range defined.Definitions {
		w.Expect(offered).To(HaveKey(definition.Name))
		w.Expect(offered[definition.Name].DisplayName).NotTo(BeEmpty())
		w.Expect(offered[definition.Name].Disabled).To(Equal(!slices.Contains(names, definition.Name)), "%s %s", object.GetKind(), definition.Name)
	}
	w.Expect(defined.Definitions).To(HaveLen(map[string]int{"RoomSecret": 3}[object.GetKind()] + map[string]int{"Room": 2, "ClusterRoom": 2}[object.GetKind()]))
}

// act does to an object what Argo CD does when somebody chooses an action: it patches what the script has changed.
func (w *tenant) act(object *unstructured.Unstructured, name string) {
	w.t.Helper()
	changed, err := shared.argocd.act(w.ctx, name, object)
	w.Expect(err).NotTo(HaveOccurred())
	for _, member := range []string{"apiVersion", "kind", "status"} {
		w.Expect(cmp.Diff(object.Object[member], changed.Object[member])).To(BeEmpty())
	}
	w.Expect(shared.kube.Patch(w.ctx, changed, client.MergeFrom(object))).To(Succeed())
}

// value returns what a row of the room holds.
func (w *tenant) value(id string) (string, error) {
	row, err := shared.room.store.Get(w.ctx, w.key(id))
	return string(row.Value), err
}

func TestArgoCDThatIsThereIsToldWithAPatch(t *testing.T) {
	t.Parallel()
	w := newTenant(t)
	cm := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "argocd-cm"}, Data: map[string]string{"url": "https://argocd.example.com"}}
	w.Expect(shared.kube.Create(w.ctx, cm)).To(Succeed())
	w.kubectl("-n", w.namespace, "patch", "configmap", "argocd-cm", "--type=merge", "--patch-file="+config+"gitops/argocd/argocd-cm.yaml")
	w.Expect(shared.kube.Get(w.ctx, client.ObjectKeyFromObject(cm), cm)).To(Succeed())
	w.Expect(cmp.Diff(map[string]string(shared.argocd), cm.Data)).To(BeEmpty(), "as with the component")
	w.Expect(cm.Data).To(HaveLen(1 + 2*len(kinds())))
	w.Expect(roomv1alpha1.Group).To(Equal("roomsecrets.io"))
}
