// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
)

// pushed returns a world with a room and a push of "a" that is in sync.
func pushed(t *testing.T, mods ...func(*roomv1alpha1.RoomSecret)) (*world, *roomv1alpha1.Room, *roomv1alpha1.RoomSecret) {
	t.Helper()
	w := newWorld(t)
	room, push := w.withRoom(), w.newPush("push", []string{"a"}, mods...)
	w.create(newSecret(w.ns, "source", map[string]string{"a": "one"}), push)
	w.settled(push)
	return w, room, push
}

// eventReasons returns a function that reads the reasons of the events about an object.
func (w *world) eventReasons(name string) func() ([]string, error) {
	return func() ([]string, error) {
		var list eventsv1.EventList
		err := w.kube.List(w.ctx, &list, client.InNamespace(w.ns))
		var reasons []string
		for _, event := range list.Items {
			if event.Regarding.Name == name {
				reasons = append(reasons, event.Reason)
			}
		}
		return reasons, err
	}
}

func TestDeletingAPushWithRetainLeavesTheRow(t *testing.T) {
	t.Parallel()
	w, _, push := pushed(t)
	w.remove(push)
	w.Eventually(w.gone(push)).Should(BeTrue())
	w.Consistently(w.value(w.key(own, "a"))).Should(Equal("one"))
}

func TestDeletingAPushWithDeleteDeletesTheRow(t *testing.T) {
	t.Parallel()
	w, _, push := pushed(t, deletes)
	w.Expect(push.Finalizers).NotTo(BeEmpty())
	w.remove(push)
	w.Eventually(w.gone(push)).Should(BeTrue())
	w.Expect(w.value(w.key(own, "a"))()).To(Equal(absent))
}

func TestTheFinalizerFollowsThePolicy(t *testing.T) {
	t.Parallel()
	w, room, push := pushed(t, deletes)
	w.Eventually(func() []string { _, _ = w.state(room)(); return room.Finalizers }).ShouldNot(BeEmpty(), "a room is held while it is needed to delete something")
	edit(w, push, func(rs *roomv1alpha1.RoomSecret) { rs.Spec.Push.DeletionPolicy = roomv1alpha1.DeletionRetain })
	w.Eventually(func() []string { _, _ = w.state(push)(); return push.Finalizers }).Should(BeEmpty())
	w.Eventually(func() []string { _, _ = w.state(room)(); return room.Finalizers }).Should(BeEmpty())
}

func TestARoomWaitsForThoseThatNeedIt(t *testing.T) {
	t.Parallel()
	w, room, push := pushed(t, deletes)
	w.Eventually(func() []string { _, _ = w.state(room)(); return room.Finalizers }).ShouldNot(BeEmpty())
	w.remove(room)
	w.Eventually(w.state(room)).Should(Equal("False/Deleting"))
	w.Expect(w.condition(room, roomv1alpha1.ConditionReady).Message).To(ContainSubstring(w.ns + "/push"))
	w.remove(push)
	w.Eventually(w.gone(push)).Should(BeTrue())
	w.Eventually(w.gone(room)).Should(BeTrue())
	w.Expect(w.value(w.key(own, "a"))()).To(Equal(absent))
}

func TestDeletingWithTheCredentialGoneReleasesAfterAGraceTime(t *testing.T) {
	t.Parallel()
	w, room, push := pushed(t, deletes)
	w.remove(newSecret(w.ns, "credential", nil))
	w.Eventually(w.state(room)).Should(Equal("False/CredentialNotFound"))
	w.remove(push)
	w.Eventually(w.gone(push)).Should(BeTrue())
	w.Eventually(w.eventReasons("push")).Should(ContainElement("Orphaned"))
	w.Expect(w.value(w.key(own, "a"))()).To(Equal("one"))
}

func TestDeletingWhileTheRoomIsOutOfReachReleasesAfterAGraceTime(t *testing.T) {
	t.Parallel()
	w, _, push := pushed(t, deletes)
	w.stopServer()
	w.Eventually(w.state(push)).Should(Equal("Unknown/RoomNotReady"))
	before := time.Now()
	w.remove(push)
	w.Eventually(w.gone(push)).Should(BeTrue())
	w.Expect(time.Since(before)).To(BeNumerically(">", grace-time.Second), "deletion timestamps count whole seconds")
	w.Eventually(w.eventReasons("push")).Should(ContainElement("Orphaned"))
}

func TestDeletingWithTheRoomForciblyGone(t *testing.T) {
	t.Parallel()
	w, room, push := pushed(t, deletes)
	w.Eventually(func() []string { _, _ = w.state(room)(); return room.Finalizers }).ShouldNot(BeEmpty())
	w.stopManager()
	w.remove(room)
	edit(w, room, func(r *roomv1alpha1.Room) { r.Finalizers = nil })
	w.remove(push)
	w.startManager()
	w.Eventually(w.gone(push)).Should(BeTrue())
	w.Eventually(w.eventReasons("push")).Should(ContainElement("Orphaned"))
}

func TestObjectsDeletedWhileTheManagerIsDown(t *testing.T) {
	t.Parallel()
	w, _, push := pushed(t, deletes)
	w.stopManager()
	w.remove(push)
	w.startManager()
	w.Eventually(w.gone(push)).Should(BeTrue())
	w.Expect(w.value(w.key(own, "a"))()).To(Equal(absent))
}

// TestAManagerThatWasDownForLongStillDeletes: the grace time is for a room that is out of reach, and nobody has tried.
func TestAManagerThatWasDownForLongStillDeletes(t *testing.T) {
	t.Parallel()
	w, _, push := pushed(t, deletes)
	w.stopManager()
	w.remove(push)
	w.Eventually(func() time.Duration {
		w.Expect(w.kube.Get(w.ctx, client.ObjectKeyFromObject(push), push)).To(Succeed())
		return time.Since(push.DeletionTimestamp.Time)
	}).Should(BeNumerically(">", grace))
	w.startManager()
	w.Eventually(w.gone(push)).Should(BeTrue())
	w.Expect(w.value(w.key(own, "a"))()).To(Equal(absent))
}

func TestANamespaceNeverHangsBecauseOfUs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(w.key(own, "b"), "two")
	w.withRoom()
	push, pull := w.newPush("push", []string{"a"}, deletes), w.newPull("pull", []string{"b"}, creation(roomv1alpha1.CreationMerge))
	w.create(newSecret(w.ns, "source", map[string]string{"a": "one"}), newSecret(w.ns, "pull", map[string]string{"theirs": "x"}), push, pull)
	w.settled(push, pull)
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: w.ns}}
	w.remove(namespace)
	w.Eventually(w.gone(namespace), 2*patience).Should(BeTrue())
	w.Expect(w.value(w.key(own, "a"))()).To(Equal(absent), "the credential was deleted with everything else, and the connection was still there")
	w.Expect(w.value(w.key(own, "b"))()).To(Equal("two"))
}

func TestAManagerThatSeesSomeNamespacesDoesNotFreeWhatOthersHold(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "another")
	room := w.withClusterRoom(roomv1alpha1.OperationWrite, roomv1alpha1.OperationDelete)
	push := w.newPush("push", []string{"a"}, deletes, throughClusterRoom(room), func(rs *roomv1alpha1.RoomSecret) { rs.Namespace = w.namespaces[1] })
	w.create(newSecret(w.namespaces[1], "source", map[string]string{"a": "one"}), push)
	w.settled(push)
	held := func() []string { _, _ = w.state(room)(); return room.Finalizers }
	w.Eventually(held).ShouldNot(BeEmpty())

	w.stopManager()
	w.namespaces = w.namespaces[:1]
	w.startManager()
	w.Consistently(held).ShouldNot(BeEmpty())

	w.stopManager()
	w.namespaces = []string{w.ns, push.Namespace}
	w.startManager()
	w.remove(push)
	w.Eventually(w.gone(push)).Should(BeTrue())
	w.Eventually(held).Should(BeEmpty())
}
