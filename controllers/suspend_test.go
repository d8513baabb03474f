// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"testing"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
)

func TestASuspendedRoomSecretReadsAndWritesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.withRoom()
	source, push := newSecret(w.ns, "source", map[string]string{"a": "one"}), w.newPush("push", []string{"a"}, deletes)
	w.create(source, push)
	w.settled(push)
	edit(w, push, func(rs *roomv1alpha1.RoomSecret) { rs.Spec.Suspend = true })
	w.Eventually(w.state(push)).Should(Equal("False/Suspended"))
	w.put(w.key(own, "a"), "tampered")
	edit(w, source, func(s *corev1.Secret) { s.Data["a"] = []byte("two") })
	w.Consistently(w.value(w.key(own, "a"))).Should(Equal("tampered"))
	w.Expect(push.Status.Entries).To(HaveLen(1), "the ledger stays")
	edit(w, push, func(rs *roomv1alpha1.RoomSecret) { rs.Spec.Suspend = false })
	w.Eventually(w.value(w.key(own, "a"))).Should(Equal("two"))
	w.settled(push)
	edit(w, push, func(rs *roomv1alpha1.RoomSecret) { rs.Spec.Suspend = true })
	w.Eventually(w.state(push)).Should(Equal("False/Suspended"))
	w.remove(push)
	w.Eventually(w.gone(push)).Should(BeTrue())
	w.Expect(w.value(w.key(own, "a"))()).To(Equal(absent), "deleting undoes what the policy says, suspended or not")
}

func TestASuspendedRoomIsNotConnected(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	room, push := w.withRoom(), w.newPush("push", []string{"a"})
	w.create(newSecret(w.ns, "source", map[string]string{"a": "one"}), push)
	w.settled(push)
	edit(w, room, func(r *roomv1alpha1.Room) { r.Spec.Suspend = true })
	w.Eventually(w.state(room)).Should(Equal("False/Suspended"))
	w.Eventually(w.state(push)).Should(Equal("Unknown/RoomNotReady"))
	w.Eventually(w.serverLog.String).Should(ContainSubstring("participant left"))
	edit(w, room, func(r *roomv1alpha1.Room) { r.Spec.Suspend = false })
	w.Eventually(w.state(room)).Should(Equal(connected))
	w.settled(push)
}
