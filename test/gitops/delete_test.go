// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package gitops

import (
	"math/rand/v2"
	"slices"
	"testing"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// TestADirectoryIsDeletedAtOnceInAnyOrder deletes a namespace, a room, its credential, a push with something to undo, its
// source and a pull, one straight after the other. All of them go, whichever is first; and when the credential does not go
// before what says that everything is to go, what was pushed goes too.
func TestADirectoryIsDeletedAtOnceInAnyOrder(t *testing.T) {
	t.Parallel()
	shuffled := func(seed uint64) func([]*unstructured.Unstructured) {
		random := rand.New(rand.NewPCG(seed, seed))
		return func(objects []*unstructured.Unstructured) {
			random.Shuffle(len(objects), func(i, j int) { objects[i], objects[j] = objects[j], objects[i] })
		}
	}
	cases := map[string]struct {
		arrange func([]*unstructured.Unstructured)
		undone  bool
	}{
		"the namespace first":  {func(objects []*unstructured.Unstructured) { first(objects, objects[0].GetName()) }, true},
		"the namespace last":   {slices.Reverse[[]*unstructured.Unstructured], true},
		"the room first":       {func(objects []*unstructured.Unstructured) { first(objects, "room") }, true},
		"the credential first": {func(objects []*unstructured.Unstructured) { first(objects, "credential") }, false},
		"shuffled":             {shuffled(1), false},
		"shuffled otherwise":   {shuffled(2), false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newTenant(t)
			objects := w.objects("{apiVersion: v1, kind: Namespace, metadata: {name: NAMESPACE}}\n---" + simple)
			w.Expect(applyAll(w.ctx, objects)).To(Succeed())
			w.settled(objects)
			w.Expect(w.rows()).To(HaveLen(2))
			c.arrange(objects)
			for _, object := range objects {
				err := shared.kube.Delete(w.ctx, object, client.PropagationPolicy(metav1.DeletePropagationBackground))
				w.Expect(client.IgnoreNotFound(err)).To(Succeed())
			}
			for _, object := range objects {
				w.Eventually(gone).WithArguments(w.ctx, object).Should(BeTrue(), "%s %s", object.GetKind(), object.GetName())
			}
			if c.undone {
				w.Expect(w.rows()).To(BeEmpty())
			}
		})
	}
}

// first moves the object of a name to the front.
func first(objects []*unstructured.Unstructured, name string) {
	i := slices.IndexFunc(objects, func(o *unstructured.Unstructured) bool { return o.GetName() == name })
	objects[0], objects[i] = objects[i], objects[0]
}
