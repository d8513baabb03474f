// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"testing"

	. "github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/client"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
)

// syncs counts the reconciles of RoomSecrets by the manager that was started last, but for those that waited for a room.
func (w *world) syncs() float64 { return w.sum(w.registry, "roomsecret_sync_total", nil) }

// edit edits the status of a RoomSecret, as somebody who may.
func (w *world) edit(rs *roomv1alpha1.RoomSecret, edit func(*roomv1alpha1.RoomSecretStatus)) {
	w.t.Helper()
	w.Expect(w.kube.Get(w.ctx, client.ObjectKeyFromObject(rs), rs)).To(Succeed())
	edit(&rs.Status)
	w.Expect(w.kube.Status().Update(w.ctx, rs)).To(Succeed())
}

func TestAfterARestartAStatusThatWasEditedIsNotTakenOnTrust(t *testing.T) {
	t.Parallel()
	for name, edit := range map[string]func(*roomv1alpha1.RoomSecretStatus){
		"an entry is missing": func(s *roomv1alpha1.RoomSecretStatus) { s.Entries = s.Entries[:1] },
		"the entries are those of before": func(s *roomv1alpha1.RoomSecretStatus) {
			s.Entries[1].Digest, s.Entries[1].Seal = s.Entries[0].Digest, s.Entries[0].Seal
		},
		"the seal is another": func(s *roomv1alpha1.RoomSecretStatus) { s.Basis = s.Entries[0].Digest },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.withRoom()
			push := w.newPush("push", []string{"a", "b"})
			w.create(newSecret(w.ns, "source", map[string]string{"a": "one", "b": "two"}), push)
			w.settled(push)
			w.Expect(push.Status.Basis).NotTo(BeEmpty())

			w.stopManager()
			w.edit(push, edit)
			w.drop(w.key(own, "b"))
			w.startManager()
			w.Eventually(w.value(w.key(own, "b"))).Should(Equal("two"))
			w.settled(push)
			w.Expect(push.Status.Entries).To(HaveLen(2))
		})
	}
}

func TestAfterARestartWhatChangedMeanwhileIsNoticed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(w.key(own, "a"), "one")
	w.put(w.key(own, "b"), "one")
	w.withRoom()
	source := newSecret(w.ns, "source", map[string]string{"p": "one", "q": "one"})
	push := w.newPush("push", []string{"p", "q"})
	drifted, tampered := w.newPull("drifted", []string{"a"}), w.newPull("tampered", []string{"b"})
	w.create(source, push, drifted, tampered)
	w.settled(push, drifted, tampered)

	w.stopManager()
	w.put(w.key(own, "q"), "drifted")
	w.put(w.key(own, "a"), "two")
	target := newSecret(w.ns, "tampered", map[string]string{"b": "tampered"})
	w.Expect(w.kube.Update(w.ctx, target)).To(Succeed())
	source.StringData = map[string]string{"p": "two"}
	w.Expect(w.kube.Update(w.ctx, source)).To(Succeed())
	w.startManager()
	w.Eventually(w.value(w.key(own, "p"))).Should(Equal("two"))
	w.Eventually(w.value(w.key(own, "q"))).Should(Equal("one"))
	w.Eventually(w.secretValue("drifted", "a")).Should(Equal("two"))
	w.Eventually(w.secretValue("tampered", "b")).Should(Equal("one"))
}

// What onMissing keeps is in sync whatever it is, until the room has a value for it again.
func TestWhatIsKeptForWantOfAValueIsNotTakenForIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(w.key(own, "a"), "one")
	w.withRoom()
	pull := w.newPull("pull", []string{"a"}, func(rs *roomv1alpha1.RoomSecret) {
		rs.Spec.Pull.Entries[0].OnMissing = roomv1alpha1.OnMissingKeep
	})
	w.create(pull)
	w.settled(pull)

	w.stopManager()
	w.drop(w.key(own, "a"))
	w.Expect(w.kube.Update(w.ctx, newSecret(w.ns, "pull", map[string]string{"a": "tampered"}))).To(Succeed())
	w.startManager()
	w.Eventually(func() roomv1alpha1.Reason { w.settled(pull); return pull.Status.Entries[0].Reason }).Should(Equal(roomv1alpha1.ReasonRoomSecretNotFound))
	w.put(w.key(own, "a"), "one")
	w.Eventually(w.secretValue("pull", "a")).Should(Equal("one"))
}
