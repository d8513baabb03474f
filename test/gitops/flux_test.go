// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package gitops

import (
	"testing"
	"time"

	"github.com/fluxcd/cli-utils/pkg/kstatus/polling"
	"github.com/fluxcd/pkg/ssa"
	"github.com/fluxcd/pkg/ssa/normalize"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// flux is a Kustomization of Flux: what kustomize-controller does with a set of manifests.
type flux struct {
	*tenant
	*ssa.ResourceManager
	name string
}

// fluxGroup is the API group of kustomize-controller, and fluxOwner the name under which it owns fields.
const (
	fluxGroup = "kustomize.toolkit.fluxcd.io"
	fluxOwner = "kustomize-controller"
)

func (w *tenant) kustomization(name string) *flux {
	poller := polling.NewStatusPoller(shared.kube, shared.kube.RESTMapper(), polling.Options{})
	return &flux{tenant: w, name: name, ResourceManager: ssa.NewResourceManager(shared.kube, poller, ssa.Owner{Field: fluxOwner, Group: fluxGroup})}
}

// applies is the first step: it applies objects, and returns what was done to them.
func (f *flux) applies(objects []*unstructured.Unstructured) *ssa.ChangeSet {
	f.t.Helper()
	f.Expect(normalize.UnstructuredList(objects)).To(Succeed())
	f.SetOwnerLabels(objects, f.name, f.namespace)
	options := ssa.DefaultApplyOptions()
	options.Cleanup = ssa.ApplyCleanupOptions{
		Annotations: []string{corev1.LastAppliedConfigAnnotation},
		FieldManagers: []ssa.FieldManager{
			{Name: "kubectl", OperationType: metav1.ManagedFieldsOperationApply},
			{Name: "kubectl", OperationType: metav1.ManagedFieldsOperationUpdate},
			{Name: "before-first-apply", OperationType: metav1.ManagedFieldsOperationUpdate},
			{Name: fluxOwner, OperationType: metav1.ManagedFieldsOperationUpdate},
		},
	}
	changes, err := f.ApplyAllStaged(f.ctx, copies(objects), options)
	f.Expect(err).NotTo(HaveOccurred())
	return changes
}

// waits is spec.wait: it returns once all objects are healthy, one has failed, or the time is over.
func (f *flux) waits(changes *ssa.ChangeSet, timeout time.Duration) error {
	return f.WaitForSetWithContext(f.ctx, changes.ToObjMetadataSet(), ssa.WaitOptions{Interval: 200 * time.Millisecond, Timeout: timeout, FailFast: true})
}

// prunes deletes objects that are no longer among the manifests, and waits until they are gone.
func (f *flux) prunes(objects []*unstructured.Unstructured) {
	f.t.Helper()
	changes, err := f.DeleteAll(f.ctx, copies(objects), ssa.DeleteOptions{
		PropagationPolicy: metav1.DeletePropagationBackground,
		Inclusions:        f.GetOwnerLabels(f.name, f.namespace),
		Exclusions:        map[string]string{fluxGroup + "/prune": "disabled"},
	})
	f.Expect(err).NotTo(HaveOccurred())
	for _, change := range changes.Entries {
		f.Expect(change.Action).To(Equal(ssa.DeletedAction), change.Subject)
	}
	f.Expect(f.WaitForTermination(objects, ssa.WaitOptions{Interval: 200 * time.Millisecond, Timeout: patience})).To(Succeed())
}

// did checks that the same was done to all objects.
func (f *flux) did(action ssa.Action, changes *ssa.ChangeSet, count int) {
	f.t.Helper()
	f.Expect(changes.Entries).To(HaveLen(count))
	for _, change := range changes.Entries {
		f.Expect(change.Action).To(Equal(action), change.Subject)
	}
}

func copies(objects []*unstructured.Unstructured) []*unstructured.Unstructured {
	copied := make([]*unstructured.Unstructured, 0, len(objects))
	for _, object := range objects {
		copied = append(copied, object.DeepCopy())
	}
	return copied
}

func TestFluxAppliesWaitsAndPrunes(t *testing.T) {
	t.Parallel()
	w := newTenant(t)
	f, objects := w.kustomization("all"), w.objects(simple)
	changes := f.applies(objects)
	f.did(ssa.CreatedAction, changes, len(objects))
	f.Expect(f.waits(changes, patience)).To(Succeed())
	f.Expect(ready(w.now("RoomSecret", "pull"))).To(Equal("True/InSync"), "which is what was waited for")
	f.did(ssa.UnchangedAction, f.applies(objects), len(objects))

	// One manifest is removed, and then all of them at once.
	isPush := func(o *unstructured.Unstructured) bool { return o.GetName() == "push" }
	push, others := split(objects, isPush)
	f.Expect(w.rows()).To(ConsistOf("a", "b"))
	f.prunes(push)
	f.Expect(w.rows()).To(BeEmpty(), "its deletionPolicy is Delete")
	f.applies(objects)
	f.Expect(f.waits(changes, patience)).To(Succeed())
	f.Expect(w.rows()).To(ConsistOf("a", "b"))
	f.prunes(append(push, others...))
	f.Expect(w.rows()).To(BeEmpty(), "although the room and its credential went too")
	f.Eventually(gone).WithArguments(w.ctx, w.secret("pull")).Should(BeTrue(), "the target goes with its owner")
}

// split returns the objects of which something is true, and the others.
func split(objects []*unstructured.Unstructured, is func(*unstructured.Unstructured) bool) (with, without []*unstructured.Unstructured) {
	for _, object := range objects {
		if is(object) {
			with = append(with, object)
		} else {
			without = append(without, object)
		}
	}
	return with, without
}

// TestKustomizationsOfFluxThatDependOnEachOther has two, of which one has the rooms and the other what uses them.
func TestKustomizationsOfFluxThatDependOnEachOther(t *testing.T) {
	t.Parallel()
	w := newTenant(t)
	uses, provides := split(w.objects(simple), func(o *unstructured.Unstructured) bool { return o.GetKind() == "RoomSecret" })
	rooms, secrets := w.kustomization("rooms"), w.kustomization("secrets")
	changes := rooms.applies(provides)
	w.Expect(rooms.waits(changes, patience)).To(Succeed())
	w.Expect(ready(w.now("Room", "room"))).To(Equal("True/Connected"))
	w.Expect(secrets.waits(secrets.applies(uses), patience)).To(Succeed())
	w.Expect(ready(w.now("RoomSecret", "push"))).To(Equal("True/InSync"))

	// What depends on something goes first.
	secrets.prunes(uses)
	w.Expect(w.rows()).To(BeEmpty())
	rooms.prunes(provides)
}

// TestTheWrongOrderIsNoFailure: what is not there yet is waited for, so that without dependsOn, and with several pipelines,
// everything comes right.
func TestTheWrongOrderIsNoFailure(t *testing.T) {
	t.Parallel()
	w := newTenant(t)
	early, late := split(w.objects(simple), func(o *unstructured.Unstructured) bool { return o.GetKind() == "RoomSecret" })
	credentials, rooms := split(late, func(o *unstructured.Unstructured) bool { return o.GetKind() == "Secret" })
	f := w.kustomization("all")
	changes := f.applies(early)
	waits := func() error { return f.waits(changes, 2*time.Second) } // a request under way when the time is over fails differently
	w.Eventually(waits).Should(MatchError(And(ContainSubstring("timeout waiting for"), ContainSubstring("InProgress"))))
	changes.Append(f.applies(rooms).Entries)
	w.Eventually(waits).Should(MatchError(ContainSubstring("timeout waiting for")))
	changes.Append(f.applies(credentials).Entries)
	w.Expect(f.waits(changes, patience)).To(Succeed())
}

func TestFluxDoesNotWaitForWhatOnlyAPersonCanMend(t *testing.T) {
	t.Parallel()
	w := newTenant(t)
	f := w.kustomization("all")
	objects := w.objects(simple + `
---
apiVersion: roomsecrets.io/v1alpha1
kind: Room
metadata: {name: misguided}
spec: {endpoint: ENDPOINT, auth: {apiKeySecretRef: {name: source, key: a}}}
`)
	began := time.Now()
	w.Expect(f.waits(f.applies(objects), time.Hour)).To(MatchError(And(ContainSubstring("stalled"), ContainSubstring("misguided"))))
	w.Expect(time.Since(began)).To(BeNumerically("<", patience))
}

// TestFluxUndoesOnlyWhatIsItsOwn has somebody change the spec of an object and ask for a sync.
func TestFluxUndoesOnlyWhatIsItsOwn(t *testing.T) {
	t.Parallel()
	w := newTenant(t)
	f, objects := w.kustomization("all"), w.objects(simple)
	changes := f.applies(objects)
	w.Expect(f.waits(changes, patience)).To(Succeed())
	push := w.now("RoomSecret", "push")
	w.Expect(shared.kube.Patch(w.ctx, push, client.RawPatch("application/merge-patch+json", []byte(`{
		"metadata": {"annotations": {"roomsecrets.io/requestedAt": "now"}}, "spec": {"push": {"deletionPolicy": "Retain"}}
	}`)))).To(Succeed())
	for _, change := range f.applies(objects).Entries {
		want := ssa.UnchangedAction
		if change.ObjMetadata.Name == "push" {
			want = ssa.ConfiguredAction
		}
		w.Expect(change.Action).To(Equal(want), change.Subject)
	}
	push = w.reaches("RoomSecret", "push", "True/InSync")
	policy, _, _ := unstructured.NestedString(push.Object, "spec", "push", "deletionPolicy")
	w.Expect(policy).To(Equal("Delete"))
	w.Expect(push.GetAnnotations()).To(HaveKeyWithValue("roomsecrets.io/requestedAt", "now"))
	f.did(ssa.UnchangedAction, f.applies(objects), len(objects))
}

// TestASecretOfFluxAndOfAPull has keys that the pipeline applies, and others that a pull merges into it.
func TestASecretOfFluxAndOfAPull(t *testing.T) {
	t.Parallel()
	w := newTenant(t)
	w.put("a", "from the room")
	f := w.kustomization("all")
	objects := w.objects(simple + `
---
apiVersion: v1
kind: Secret
metadata: {name: both, annotations: {of: pipeline}}
stringData: {OURS: from Git}
---
apiVersion: roomsecrets.io/v1alpha1
kind: RoomSecret
metadata: {name: merge}
spec: {roomRef: {name: room}, pull: {target: {name: both, creationPolicy: Merge}, entries: [{key: A, id: a}]}}
`)
	objects, _ = split(objects, func(o *unstructured.Unstructured) bool { return o.GetName() != "push" })
	changes := f.applies(objects)
	w.Expect(f.waits(changes, patience)).To(Succeed())
	f.did(ssa.UnchangedAction, f.applies(objects), len(objects))
	both := w.secret("both")
	w.Expect(shared.kube.Get(w.ctx, client.ObjectKeyFromObject(both), both)).To(Succeed())
	w.Expect(both.Object["data"]).To(And(HaveKey("OURS"), HaveKey("A")))

	// Without the pull its key goes, and what the pipeline applied stays.
	merge, others := split(objects, func(o *unstructured.Unstructured) bool { return o.GetName() == "merge" })
	f.prunes(merge)
	w.Expect(shared.kube.Get(w.ctx, client.ObjectKeyFromObject(both), both)).To(Succeed())
	w.Expect(both.Object["data"]).To(And(HaveKey("OURS"), Not(HaveKey("A"))))
	f.did(ssa.UnchangedAction, f.applies(others), len(others))
}
