// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package gitops

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/controllers"
	"github.com/roomsecrets/roomsecret-operator/roomclient/token"
)

// createUnseen creates objects that no controller will see before they are returned.
func createUnseen(ctx context.Context) ([]*unstructured.Unstructured, error) {
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "unseen"}}
	if err := shared.kube.Create(ctx, namespace); err != nil {
		return nil, err
	}
	objects, err := readObjects(`
apiVersion: roomsecrets.io/v1alpha1
kind: Room
metadata: {name: room}
spec: {endpoint: ENDPOINT, auth: {apiKeySecretRef: {name: credential, key: api-key}}}
---
apiVersion: roomsecrets.io/v1alpha1
kind: ClusterRoom
metadata: {name: unseen}
spec:
  endpoint: ENDPOINT
  auth: {apiKeySecretRef: {namespace: unseen, name: credential, key: api-key}}
  access: [{namespaces: {names: ["*"]}, ids: ["*"], operations: [Read]}]
---
apiVersion: roomsecrets.io/v1alpha1
kind: RoomSecret
metadata: {name: push}
spec: {roomRef: {name: room}, push: {secretRef: {name: source}, allKeys: {}}}
---
apiVersion: roomsecrets.io/v1alpha1
kind: RoomSecret
metadata: {name: pull}
spec: {roomRef: {name: room}, pull: {entries: [{key: A, id: a}]}}
`, namespace.Name)
	if err != nil {
		return nil, err
	}
	return objects, applyAll(ctx, objects)
}

func TestAnObjectThatNoControllerHasSeenIsNotReady(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	g.Expect(shared.unseen).To(HaveLen(4))
	for _, object := range shared.unseen {
		g.Expect(object.Object).To(HaveKeyWithValue("status", map[string]any{"observedGeneration": int64(-1)}))
		what, err := readAlike(t.Context(), shared.argocd, object)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(what).To(Equal(object.GetKind() + " InProgress Progressing"))
	}
}

// credentials are Secrets that hold API keys, most of them of little use.
const credentials = `
apiVersion: v1
kind: Secret
metadata: {name: credential}
stringData: {api-key: API-KEY, nonsense: ma-nonsense, foreign: FOREIGN}
---
apiVersion: v1
kind: Secret
metadata: {name: source}
stringData: {a: one, b: two}
`

// rooms are Rooms and a ClusterRoom, each in a state of its own.
const rooms = credentials + `
---
apiVersion: roomsecrets.io/v1alpha1
kind: Room
metadata: {name: connected}
spec: {endpoint: ENDPOINT, roomName: NAMESPACE, pollInterval: 1s, auth: {apiKeySecretRef: {name: credential, key: api-key}}}
---
apiVersion: roomsecrets.io/v1alpha1
kind: Room
metadata: {name: limited}
spec:
  endpoint: ENDPOINT
  roomName: NAMESPACE
  auth: {apiKeySecretRef: {name: credential, key: api-key}}
  access: [{ids: ["other/*"], operations: [Read]}]
---
apiVersion: roomsecrets.io/v1alpha1
kind: Room
metadata: {name: silent}
spec: {endpoint: "ws://127.0.0.1:1", auth: {apiKeySecretRef: {name: credential, key: api-key}}}
---
apiVersion: roomsecrets.io/v1alpha1
kind: Room
metadata: {name: nothing-to-show}
spec: {endpoint: ENDPOINT, auth: {apiKeySecretRef: {name: nowhere, key: api-key}}}
---
apiVersion: roomsecrets.io/v1alpha1
kind: Room
metadata: {name: nonsense}
spec: {endpoint: ENDPOINT, auth: {apiKeySecretRef: {name: credential, key: nonsense}}}
---
apiVersion: roomsecrets.io/v1alpha1
kind: Room
metadata: {name: refused}
spec: {endpoint: ENDPOINT, auth: {apiKeySecretRef: {name: credential, key: foreign}}}
---
apiVersion: roomsecrets.io/v1alpha1
kind: Room
metadata: {name: suspended}
spec: {endpoint: ENDPOINT, suspend: true, auth: {apiKeySecretRef: {name: credential, key: api-key}}}
---
apiVersion: roomsecrets.io/v1alpha1
kind: Room
metadata: {name: leaving}
spec: {endpoint: ENDPOINT, roomName: NAMESPACE-2, auth: {apiKeySecretRef: {name: credential, key: api-key}}}
---
apiVersion: roomsecrets.io/v1alpha1
kind: Room
metadata: {name: closing}
spec: {endpoint: ENDPOINT, roomName: NAMESPACE-3, auth: {apiKeySecretRef: {name: credential, key: api-key}}}
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
kind: ClusterRoom
metadata: {name: NAMESPACE-nonsense}
spec:
  endpoint: ENDPOINT
  auth: {apiKeySecretRef: {namespace: NAMESPACE, name: credential, key: nonsense}}
  access: [{namespaces: {names: ["*"]}, ids: ["*"], operations: [Read]}]
---
apiVersion: roomsecrets.io/v1alpha1
kind: ClusterRoom
metadata: {name: NAMESPACE-suspended}
spec:
  endpoint: ENDPOINT
  suspend: true
  auth: {apiKeySecretRef: {namespace: NAMESPACE, name: credential, key: api-key}}
  access: [{namespaces: {names: ["*"]}, ids: ["*"], operations: [Read]}]
`

// roomSecrets are RoomSecrets, each in a state of its own.
const roomSecrets = `
apiVersion: roomsecrets.io/v1alpha1
kind: RoomSecret
metadata: {name: pushed}
spec: {roomRef: {name: connected}, push: {secretRef: {name: source}, allKeys: {}}}
---
apiVersion: roomsecrets.io/v1alpha1
kind: RoomSecret
metadata: {name: pulled}
spec: {roomRef: {name: connected}, pull: {entries: [{key: A, id: a}]}}
---
apiVersion: roomsecrets.io/v1alpha1
kind: RoomSecret
metadata: {name: a-provided}
spec: {roomRef: {name: connected}, provide: {secrets: [{url: "secret://a", secretKeyRef: {name: source, key: a}}]}}
---
apiVersion: roomsecrets.io/v1alpha1
kind: RoomSecret
metadata: {name: b-provided-already}
spec: {roomRef: {name: connected}, provide: {secrets: [{url: "secret://a", secretKeyRef: {name: source, key: b}}]}}
---
apiVersion: roomsecrets.io/v1alpha1
kind: RoomSecret
metadata: {name: nothing-to-provide}
spec: {roomRef: {name: connected}, provide: {secrets: [{url: "secret://b", secretKeyRef: {name: nowhere, key: b}}]}}
---
apiVersion: roomsecrets.io/v1alpha1
kind: RoomSecret
metadata: {name: no-page}
spec: {roomRef: {name: connected}, provide: {oauth: [{authorizationEndpoint: "https://provider.example.com/*", clientIDs: [a]}]}}
---
apiVersion: roomsecrets.io/v1alpha1
kind: RoomSecret
metadata: {name: not-to-be-provided}
spec: {roomRef: {name: limited}, provide: {secrets: [{url: "secret://a", secretKeyRef: {name: source, key: a}}]}}
---
apiVersion: roomsecrets.io/v1alpha1
kind: RoomSecret
metadata: {name: no-room}
spec: {roomRef: {name: nowhere}, pull: {entries: [{key: A, id: a}]}}
---
apiVersion: roomsecrets.io/v1alpha1
kind: RoomSecret
metadata: {name: waiting}
spec: {roomRef: {name: silent}, pull: {entries: [{key: A, id: a}]}}
---
apiVersion: roomsecrets.io/v1alpha1
kind: RoomSecret
metadata: {name: no-source}
spec: {roomRef: {name: connected}, push: {secretRef: {name: nowhere}, allKeys: {}}}
---
apiVersion: roomsecrets.io/v1alpha1
kind: RoomSecret
metadata: {name: no-key}
spec: {roomRef: {name: connected}, push: {secretRef: {name: source}, entries: [{name: c, key: c}]}}
---
apiVersion: roomsecrets.io/v1alpha1
kind: RoomSecret
metadata: {name: not-in-the-room}
spec: {roomRef: {name: connected}, pull: {entries: [{key: A, id: nowhere}]}}
---
apiVersion: roomsecrets.io/v1alpha1
kind: RoomSecret
metadata: {name: no-target}
spec: {roomRef: {name: connected}, pull: {target: {name: nowhere, creationPolicy: Merge}, entries: [{key: A, id: a}]}}
---
apiVersion: roomsecrets.io/v1alpha1
kind: RoomSecret
metadata: {name: taken-row}
spec: {roomRef: {name: connected}, push: {secretRef: {name: source}, entries: [{name: taken, key: a}]}}
---
apiVersion: roomsecrets.io/v1alpha1
kind: RoomSecret
metadata: {name: taken-target}
spec: {roomRef: {name: connected}, pull: {target: {name: source}, entries: [{key: A, id: a}]}}
---
apiVersion: roomsecrets.io/v1alpha1
kind: RoomSecret
metadata: {name: not-to-be-adopted}
spec: {roomRef: {name: connected}, pull: {target: {name: source, adopt: true}, entries: [{key: A, id: a}]}}
---
apiVersion: roomsecrets.io/v1alpha1
kind: RoomSecret
metadata: {name: unreadable-template}
spec: {roomRef: {name: connected}, push: {secretRef: {name: source}, entries: [{name: t, template: "{{"}]}}
---
apiVersion: roomsecrets.io/v1alpha1
kind: RoomSecret
metadata: {name: undecodable}
spec: {roomRef: {name: connected}, pull: {entries: [{key: A, id: taken, decode: Base64}]}}
---
apiVersion: roomsecrets.io/v1alpha1
kind: RoomSecret
metadata: {name: denied}
spec: {roomRef: {name: limited}, push: {secretRef: {name: source}, entries: [{name: denied, key: a}]}}
---
apiVersion: roomsecrets.io/v1alpha1
kind: RoomSecret
metadata: {name: drifted}
spec: {roomRef: {name: connected}, push: {secretRef: {name: source}, driftPolicy: Report, entries: [{name: d, key: a}]}}
---
apiVersion: roomsecrets.io/v1alpha1
kind: RoomSecret
metadata: {name: suspended}
spec: {roomRef: {name: connected}, suspend: true, pull: {entries: [{key: A, id: a}]}}
---
apiVersion: roomsecrets.io/v1alpha1
kind: RoomSecret
metadata: {name: holding}
spec: {roomRef: {name: leaving}, push: {secretRef: {name: source}, deletionPolicy: Delete, allKeys: {}}}
---
apiVersion: roomsecrets.io/v1alpha1
kind: RoomSecret
metadata: {name: deleted}
spec: {roomRef: {name: closing}, push: {secretRef: {name: source}, deletionPolicy: Delete, allKeys: {}}}
`

// state is a state that an object comes to, and how kstatus and Argo CD read it.
type state struct {
	kind, name, ready string
	computed          status.Status
	health            string
}

func states(namespace string) []state {
	const (
		current, waiting, failed, leaving       = status.CurrentStatus, status.InProgressStatus, status.FailedStatus, status.TerminatingStatus
		healthy, progressing, degraded, suspend = "Healthy", "Progressing", "Degraded", "Suspended"
	)
	return []state{
		{"Room", "connected", "True/Connected", current, healthy},
		{"Room", "silent", "False/Unreachable", waiting, progressing},
		{"Room", "nothing-to-show", "False/CredentialNotFound", waiting, progressing},
		{"Room", "nonsense", "False/InvalidCredential", failed, degraded},
		{"Room", "refused", "False/Unauthorized", failed, degraded},
		{"Room", "suspended", "False/Suspended", waiting, suspend},
		{"Room", "leaving", "False/Deleting", leaving, progressing},
		{"ClusterRoom", namespace, "True/Connected", current, healthy},
		{"ClusterRoom", namespace + "-nonsense", "False/InvalidCredential", failed, degraded},
		{"ClusterRoom", namespace + "-suspended", "False/Suspended", waiting, suspend},
		{"RoomSecret", "pushed", "True/InSync", current, healthy},
		{"RoomSecret", "pulled", "True/InSync", current, healthy},
		{"RoomSecret", "a-provided", "True/InSync", current, healthy},
		{"RoomSecret", "b-provided-already", "True/InSync", current, healthy},
		{"RoomSecret", "nothing-to-provide", "False/SourceNotFound", waiting, progressing},
		{"RoomSecret", "no-page", "False/Unsupported", failed, degraded},
		{"RoomSecret", "not-to-be-provided", "False/AccessDenied", failed, degraded},
		{"RoomSecret", "no-room", "False/RoomNotFound", waiting, progressing},
		{"RoomSecret", "waiting", "Unknown/RoomNotReady", waiting, progressing},
		{"RoomSecret", "no-source", "False/SourceNotFound", waiting, progressing},
		{"RoomSecret", "no-key", "False/KeyNotFound", waiting, progressing},
		{"RoomSecret", "not-in-the-room", "False/RoomSecretNotFound", waiting, progressing},
		{"RoomSecret", "no-target", "False/TargetNotFound", waiting, progressing},
		{"RoomSecret", "taken-row", "False/Conflict", failed, degraded},
		{"RoomSecret", "taken-target", "False/Conflict", failed, degraded},
		{"RoomSecret", "not-to-be-adopted", "False/AdoptionRequired", failed, degraded},
		{"RoomSecret", "unreadable-template", "False/InvalidTemplate", failed, degraded},
		{"RoomSecret", "undecodable", "False/InvalidValue", failed, degraded},
		{"RoomSecret", "denied", "False/AccessDenied", failed, degraded},
		{"RoomSecret", "drifted", "False/Drifted", waiting, progressing},
		{"RoomSecret", "suspended", "False/Suspended", waiting, suspend},
	}
}

func TestEveryStateIsReadAsItIsMeant(t *testing.T) {
	t.Parallel()
	w := newTenant(t)
	w.put("taken", "!")
	foreign, err := token.NewAPIKey()
	w.Expect(err).NotTo(HaveOccurred())
	w.apply(strings.ReplaceAll(rooms, "FOREIGN", foreign.Encode()))
	w.apply(roomSecrets)
	for _, name := range []string{"drifted", "holding", "deleted"} {
		w.reaches("RoomSecret", name, "True/InSync")
	}
	w.put("d", "tampered")
	room := w.now("Room", "leaving")
	w.Expect(shared.kube.Delete(w.ctx, room)).To(Succeed())

	for _, s := range states(w.namespace) {
		object := w.reaches(s.kind, s.name, s.ready)
		w.reads(object, s)
		offered, err := shared.argocd.offered(w.ctx, object)
		w.Expect(err).NotTo(HaveOccurred())
		w.Expect(offered["resume"].Disabled).To(Equal(s.ready != "False/Suspended"), s.name)
		w.Expect(offered["suspend"].Disabled).NotTo(Equal(offered["resume"].Disabled), s.name)
	}

	// A RoomSecret that is being deleted and has something to undo in a room that is not connected.
	w.suspend("Room", "closing")
	w.reaches("Room", "closing", "False/Suspended")
	w.Expect(shared.kube.Delete(w.ctx, w.now("RoomSecret", "deleted"))).To(Succeed())
	deleted := w.now("RoomSecret", "deleted")
	w.Expect(deleted.GetFinalizers()).To(ContainElement(controllers.Finalizer))
	w.reads(deleted, state{computed: status.TerminatingStatus, health: "Progressing"})
	deleted = w.reaches("RoomSecret", "deleted", "False/RoomNotReady")
	w.reads(deleted, state{computed: status.TerminatingStatus, health: "Progressing"})
	w.Eventually(gone).WithArguments(w.ctx, deleted).Should(BeTrue())

	// A change of the spec that no controller has seen yet is on the way for a moment only; the history has it.
	for _, kind := range kinds() {
		w.Eventually(shared.history.times).WithArguments(kind + " InProgress Progressing").ShouldNot(BeZero())
	}
}

// reads checks how an object is read.
func (w *tenant) reads(object *unstructured.Unstructured, s state) {
	w.t.Helper()
	computed, err := status.Compute(object)
	w.Expect(err).NotTo(HaveOccurred())
	w.Expect(computed.Status).To(Equal(s.computed), "%s %s, %s", object.GetKind(), object.GetName(), computed.Message)
	shown, err := shared.argocd.healthOf(w.ctx, object)
	w.Expect(err).NotTo(HaveOccurred())
	w.Expect(shown.Status).To(Equal(s.health), "%s %s, %s", object.GetKind(), object.GetName(), shown.Message)
	if condition := conditionOf(object, roomv1alpha1.ConditionReady); condition != nil && slices.Contains([]string{"Degraded", "Healthy"}, shown.Status) {
		w.Expect(shown.Message).To(ContainSubstring(condition["message"].(string)))
	}
}

// suspend suspends an object.
func (w *tenant) suspend(kind, name string) {
	w.t.Helper()
	patch := client.RawPatch("application/merge-patch+json", []byte(`{"spec":{"suspend":true}}`))
	w.Expect(shared.kube.Patch(w.ctx, w.now(kind, name), patch)).To(Succeed())
}
