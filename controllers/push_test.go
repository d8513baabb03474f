// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"testing"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
)

func TestAPushCreatesUpdatesAndRotates(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.withRoom()
	source := newSecret(w.ns, "source", map[string]string{"a": "one", "b": "two"})
	push := w.newPush("push", []string{"a", "b"})
	w.create(source, push)
	w.settled(push)
	w.Expect(w.value(w.key(own, "a"))()).To(Equal("one"))
	w.Expect(w.value(w.key(own, "b"))()).To(Equal("two"))
	w.Expect(push.Status.Summary.Ready).To(Equal("2/2"))
	w.Expect(push.Finalizers).To(BeEmpty(), "with Retain there is nothing to undo")

	edit(w, source, func(s *corev1.Secret) { s.Data["a"] = []byte("three") })
	w.Eventually(w.value(w.key(own, "a"))).Should(Equal("three"))
	w.settled(push)
}

func TestAPushCreatesAndTakesBackDelegations(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.withRoom()
	push := w.newPush("push", []string{"a"}, deletes, func(rs *roomv1alpha1.RoomSecret) {
		rs.Spec.Push.Entries[0].Delegations = []roomv1alpha1.Delegation{{To: "billing"}, {To: "audit"}}
	})
	w.create(newSecret(w.ns, "source", map[string]string{"a": "one"}), push)
	w.settled(push)
	for _, delegate := range []string{"", "billing", "audit"} {
		w.Expect(w.value(w.key(own, "a", delegate))()).To(Equal("one"))
	}

	edit(w, push, func(rs *roomv1alpha1.RoomSecret) { rs.Spec.Push.Entries[0].Delegations = rs.Spec.Push.Entries[0].Delegations[:1] })
	w.Eventually(w.value(w.key(own, "a", "audit"))).Should(Equal(absent))
	w.settled(push)
	w.Expect(w.value(w.key(own, "a", "billing"))()).To(Equal("one"))
}
