// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"regexp"
	"testing"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
)

// asked is the value that a message asks somebody to confirm with.
var asked = regexp.MustCompile(`set the annotation roomsecrets.io/confirm-prune to "([0-9a-f]+)"`)

// confirm does what the message of a RoomSecret asks for.
func (w *world) confirm(rs *roomv1alpha1.RoomSecret) {
	w.t.Helper()
	stalled := w.condition(rs, roomv1alpha1.ConditionStalled)
	w.Expect(stalled).NotTo(BeNil())
	found := asked.FindStringSubmatch(stalled.Message)
	w.Expect(found).To(HaveLen(2), stalled.Message)
	edit(w, rs, func(rs *roomv1alpha1.RoomSecret) {
		rs.Annotations = map[string]string{roomv1alpha1.AnnotationConfirmPrune: found[1]}
	})
}

func TestARoomThatIsSuddenlyEmptyEmptiesNoTarget(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.withRoom()
	for _, id := range []string{"a", "b", "c", "d"} {
		w.put(w.key(own, "app/"+id), id)
	}
	pull := w.newSourced(roomv1alpha1.Pull{Find: []roomv1alpha1.PullFind{{IDPrefix: "app/", StripPrefix: true}}})
	w.create(pull)
	w.settled(pull)
	for _, id := range []string{"a", "b", "c", "d"} {
		w.drop(w.key(own, "app/"+id))
	}
	w.Eventually(w.state(pull)).Should(Equal("False/PruneBlocked"))
	w.Eventually(w.data("app")).ShouldNot(BeEmpty())
	for _, id := range []string{"a", "b", "c", "d"} {
		w.put(w.key(own, "app/"+id), id)
	}
	w.settled(pull)
	w.Expect(w.data("app")()).To(HaveLen(4))
}

func TestASourceThatIsSuddenlyEmptyDeletesNothingUntilItIsConfirmed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.withRoom()
	source := newSecret(w.ns, "source", map[string]string{"a": "1", "b": "2", "c": "3", "d": "4"})
	push := w.newRoomSecret("push", roomv1alpha1.RoomSecretSpec{Push: &roomv1alpha1.Push{
		SecretRef: roomv1alpha1.LocalSecretRef{Name: "source"}, AllKeys: &roomv1alpha1.PushAllKeys{}, DeletionPolicy: roomv1alpha1.DeletionDelete,
	}})
	w.create(source, push)
	w.settled(push)
	edit(w, source, func(s *corev1.Secret) { s.Data = map[string][]byte{"d": []byte("5")} })
	w.Eventually(w.state(push)).Should(Equal("False/PruneBlocked"))
	w.Eventually(w.value(w.key(own, "d"))).Should(Equal("5"), "everything else goes on")
	w.Expect(w.value(w.key(own, "a"))()).To(Equal("1"))

	w.confirm(push)
	w.Eventually(w.value(w.key(own, "a"))).Should(Equal(absent))
	w.settled(push)
	w.Expect(w.value(w.key(own, "d"))()).To(Equal("5"))
}
