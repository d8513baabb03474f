// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package gitops

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/fluxcd/pkg/ssa"
	"github.com/google/go-cmp/cmp"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/controller-runtime/pkg/client"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
)

// samples returns config/samples for the room server and the namespace of the test, with the credentials that they need.
func (w *tenant) samples() []*unstructured.Unstructured {
	w.t.Helper()
	objects := w.objects(w.kubectl("kustomize", config+"samples") + `
---
apiVersion: v1
kind: Secret
metadata: {name: room-credential}
stringData: {api-key: API-KEY}
`)
	for _, object := range objects {
		spec, ok := object.Object["spec"].(map[string]any)
		if !ok || spec["endpoint"] == nil {
			continue
		}
		spec["endpoint"] = "ws://" + shared.room.address
		if object.GetKind() == "Room" {
			spec["roomName"] = w.namespace
			continue
		}
		object.SetName(w.namespace)
		w.Expect(unstructured.SetNestedField(spec, w.namespace, "auth", "apiKeySecretRef", "namespace")).To(Succeed())
	}
	return objects
}

// current reads objects as they are now.
func (w *tenant) current(objects []*unstructured.Unstructured) []*unstructured.Unstructured {
	w.t.Helper()
	now := copies(objects)
	for _, object := range now {
		w.Expect(shared.kube.Get(w.ctx, client.ObjectKeyFromObject(object), object)).To(Succeed())
	}
	return now
}

// settled waits until everything is as its spec says.
func (w *tenant) settled(objects []*unstructured.Unstructured) {
	w.t.Helper()
	for _, object := range objects {
		if slices.Contains(kinds(), object.GetKind()) {
			w.reaches(object.GetKind(), object.GetName(), map[bool]string{true: "True/InSync", false: "True/Connected"}[object.GetKind() == "RoomSecret"])
		}
	}
}

func TestNothingDiffersOnceTheSamplesAreApplied(t *testing.T) {
	t.Parallel()
	w := newTenant(t)
	f, objects := w.kustomization("samples"), w.samples()
	changes := f.applies(objects)
	f.did(ssa.CreatedAction, changes, len(objects))
	w.Expect(f.waits(changes, patience)).To(Succeed())
	w.settled(objects)
	f.did(ssa.UnchangedAction, f.applies(objects), len(objects))

	for i, live := range w.current(objects) {
		applied := objects[i]
		// Whoever applies the same again forces nothing upon anybody, and what comes of it is what is there.
		again := applied.DeepCopy()
		w.Expect(shared.kube.Apply(w.ctx, client.ApplyConfigurationFromUnstructured(again), client.FieldOwner(fluxOwner), client.DryRunAll)).To(Succeed())
		w.Expect(cmp.Diff(withoutBookkeeping(live), withoutBookkeeping(again))).To(BeEmpty(), live.GetName())

		change, _, _, err := f.Diff(w.ctx, applied.DeepCopy(), ssa.DefaultDiffOptions())
		w.Expect(err).NotTo(HaveOccurred())
		w.Expect(change.Action).To(Equal(ssa.UnchangedAction), change.Subject)
		w.Expect(live.GetGeneration()).To(BeNumerically("<=", 1), "%s: nobody has written its spec since", live.GetName())
		w.ownsWhatItApplied(live)
	}
}

// ownsWhatItApplied checks that nobody but who applied an object owns a part of it, except for the status and finalizers.
func (w *tenant) ownsWhatItApplied(live *unstructured.Unstructured) {
	w.t.Helper()
	for _, entry := range live.GetManagedFields() {
		if entry.Manager == fluxOwner {
			continue
		}
		w.Expect(entry.Manager).To(Equal("roomsecret-operator"))
		var fields map[string]any
		w.Expect(json.Unmarshal(entry.FieldsV1.GetRawBytes(), &fields)).To(Succeed())
		for name, owned := range fields {
			if name == "f:metadata" {
				members, _ := owned.(map[string]any)
				w.Expect(slices.Collect(maps.Keys(members))).To(Equal([]string{"f:finalizers"}))
				continue
			}
			w.Expect(name).To(Equal("f:status"), "%s %s", live.GetKind(), live.GetName())
		}
	}
}

func withoutBookkeeping(object *unstructured.Unstructured) map[string]any {
	object = object.DeepCopy()
	object.SetManagedFields(nil)
	return object.Object
}

// TestKubectlSeesNoDifference applies the samples as kubectl does, and Argo CD with it, in both of the ways it knows.
func TestKubectlSeesNoDifference(t *testing.T) {
	t.Parallel()
	for name, way := range map[string][]string{"by the client": nil, "by the server": {"--server-side"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newTenant(t)
			objects := w.samples()
			file := w.file(objects)
			apply := append([]string{"apply", "-f", file}, way...)
			w.kubectl(apply...)
			w.settled(objects)
			w.kubectl(append([]string{"diff", "-f", file}, way...)...) // ends well when there is no difference
			before := w.current(objects)
			for line := range strings.Lines(w.kubectl(apply...)) {
				if strings.Contains(line, roomv1alpha1.Group) && way == nil { // of a stringData kubectl cannot know
					w.Expect(line).To(HaveSuffix(" unchanged\n"))
				}
			}
			w.Expect(cmp.Diff(before, w.current(objects))).To(BeEmpty())
			w.kubectl("delete", "-f", file, "--timeout="+patience.String())
			w.Expect(w.rows()).To(BeEmpty())
		})
	}
}
