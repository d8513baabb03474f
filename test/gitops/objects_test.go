// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package gitops

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fluxcd/pkg/ssa/utils"
	"github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/roomserver/store"
	"github.com/roomsecrets/roomsecret-operator/roomclient/redact"
)

// tenant is what one test has of the world: a namespace, and the room of the same name.
type tenant struct {
	*gomega.WithT
	t         *testing.T
	ctx       context.Context
	namespace string
}

func newTenant(t *testing.T) *tenant {
	t.Helper()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "tenant-"}}
	w := &tenant{WithT: gomega.NewWithT(t), t: t, ctx: t.Context()}
	w.Expect(shared.kube.Create(w.ctx, namespace)).To(gomega.Succeed())
	w.namespace = namespace.Name
	return w
}

// objects reads manifests, in which NAMESPACE, ENDPOINT and API-KEY stand for those of the test.
func (w *tenant) objects(manifests string) []*unstructured.Unstructured {
	w.t.Helper()
	objects, err := readObjects(manifests, w.namespace)
	w.Expect(err).NotTo(gomega.HaveOccurred())
	return objects
}

func readObjects(manifests, namespace string) ([]*unstructured.Unstructured, error) {
	manifests = strings.NewReplacer(
		"NAMESPACE", namespace, "ENDPOINT", "ws://"+shared.room.address, "API-KEY", shared.room.apiKey.Encode(),
	).Replace(manifests)
	objects, err := utils.ReadObjects(strings.NewReader(manifests))
	if err != nil {
		return nil, err
	}
	for _, object := range objects {
		if object.GetNamespace() == "" && object.GetKind() != "ClusterRoom" && object.GetKind() != "Namespace" {
			object.SetNamespace(namespace)
		}
	}
	return objects, nil
}

// apply applies manifests and returns what the API server made of them.
func (w *tenant) apply(manifests string) []*unstructured.Unstructured {
	w.t.Helper()
	objects := w.objects(manifests)
	w.Expect(applyAll(w.ctx, objects)).To(gomega.Succeed())
	return objects
}

func applyAll(ctx context.Context, objects []*unstructured.Unstructured) error {
	for _, object := range objects {
		if err := shared.kube.Apply(ctx, client.ApplyConfigurationFromUnstructured(object), user, client.ForceOwnership); err != nil {
			return fmt.Errorf("apply %s: %w", utils.FmtUnstructured(object), err)
		}
	}
	return nil
}

// now reads an object as it is now.
func (w *tenant) now(kind, name string) *unstructured.Unstructured {
	w.t.Helper()
	object := &unstructured.Unstructured{}
	object.SetGroupVersionKind(roomv1alpha1.SchemeGroupVersion().WithKind(kind))
	object.SetName(name)
	if kind != "ClusterRoom" {
		object.SetNamespace(w.namespace)
	}
	w.Expect(shared.kube.Get(w.ctx, client.ObjectKeyFromObject(object), object)).To(gomega.Succeed())
	return object
}

// secret returns a Secret that is yet to be read.
func (w *tenant) secret(name string) *unstructured.Unstructured {
	secret := &unstructured.Unstructured{}
	secret.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Secret"))
	secret.SetNamespace(w.namespace)
	secret.SetName(name)
	return secret
}

// ready returns how the condition Ready of an object stands, as "Status/Reason" of the present generation.
func ready(object *unstructured.Unstructured) string {
	observed, _, _ := unstructured.NestedInt64(object.Object, "status", "observedGeneration")
	condition := conditionOf(object, roomv1alpha1.ConditionReady)
	if condition == nil || observed != object.GetGeneration() {
		return "not observed yet"
	}
	return fmt.Sprintf("%v/%v", condition["status"], condition["reason"])
}

func conditionOf(object *unstructured.Unstructured, kind roomv1alpha1.ConditionType) map[string]any {
	conditions, _, _ := unstructured.NestedSlice(object.Object, "status", "conditions")
	for _, item := range conditions {
		if condition, ok := item.(map[string]any); ok && condition["type"] == string(kind) {
			return condition
		}
	}
	return nil
}

// reaches waits until Ready of an object stands as it should, and returns the object.
func (w *tenant) reaches(kind, name, want string) *unstructured.Unstructured {
	w.t.Helper()
	var object *unstructured.Unstructured
	w.Eventually(func() string {
		object = w.now(kind, name)
		return ready(object)
	}).Should(gomega.Equal(want), "%s %s", kind, name)
	return object
}

// gone reports whether an object is gone.
func gone(ctx context.Context, object *unstructured.Unstructured) (bool, error) {
	err := shared.kube.Get(ctx, client.ObjectKeyFromObject(object), object.DeepCopy())
	return apierrors.IsNotFound(err), client.IgnoreNotFound(err)
}

// put writes a row of the room, behind the operator's back.
func (w *tenant) put(id, value string) {
	w.t.Helper()
	w.Expect(shared.room.store.Put(w.ctx, store.Row{Info: store.Info{Key: w.key(id), Type: "text/plain", Name: id}, Value: redact.Bytes(value)})).To(gomega.Succeed())
}

func (w *tenant) key(id string) store.Key {
	return store.Key{Room: w.namespace, Owner: roomv1alpha1.DefaultParticipantName, ID: id}
}

// rows returns the ids in the room.
func (w *tenant) rows() ([]string, error) {
	rows, err := shared.room.store.List(w.ctx, w.namespace, roomv1alpha1.DefaultParticipantName)
	ids := []string{}
	for _, row := range rows {
		ids = append(ids, row.ID)
	}
	return ids, err
}

// kubectl runs kubectl and returns what it prints.
func (w *tenant) kubectl(args ...string) string {
	w.t.Helper()
	output, err := shared.cluster.Kubectl(w.ctx, args...).CombinedOutput()
	w.Expect(err).NotTo(gomega.HaveOccurred(), "kubectl %v: %s", args, output)
	return string(output)
}

// file returns the path of a file with manifests.
func (w *tenant) file(objects []*unstructured.Unstructured) string {
	w.t.Helper()
	text, err := utils.ObjectsToYAML(objects)
	w.Expect(err).NotTo(gomega.HaveOccurred())
	path := filepath.Join(w.t.TempDir(), "manifests.yaml")
	w.Expect(os.WriteFile(path, []byte(text), 0o600)).To(gomega.Succeed())
	return path
}
