// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
)

// verified returns how it is known of each entry of a RoomSecret that it stands as it does.
func verified(rs *roomv1alpha1.RoomSecret) map[string]roomv1alpha1.Verified {
	known := map[string]roomv1alpha1.Verified{}
	for _, entry := range rs.Status.Entries {
		known[entry.Name] = entry.Verified
	}
	return known
}

// valueAt returns a function that reads the row with an owner, an id and a delegate, which are separated by slashes.
func (w *world) valueAt(place string) func() (string, error) {
	parts := strings.Split(place, "/")
	return w.value(w.key(parts[0], parts[1], parts[2]))
}

// forOthers makes a push of "a", "b" and "c" one for ourselves, one for alice, and one for alice that she delegates.
func forOthers(rs *roomv1alpha1.RoomSecret) {
	e := rs.Spec.Push.Entries
	e[0].Delegations = []roomv1alpha1.Delegation{{To: "bob"}}
	e[1].ForIdentity = "alice"
	e[2].ForIdentity, e[2].DelegatedOnly, e[2].Delegations = "alice", true, []roomv1alpha1.Delegation{{To: "bob"}, {To: "carol"}}
}

func TestTheStatusSaysWhatATokenCanOnlySee(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.withTokenRoom(w.sign("carol", w.room, true))
	push := w.newPush("push", []string{"a", "b", "c"}, deletes, forOthers)
	source := newSecret(w.ns, "source", map[string]string{"a": "1", "b": "2", "c": "3"})
	w.create(source, push)
	w.settled(push)
	const value, existence = roomv1alpha1.VerifiedValue, roomv1alpha1.VerifiedExistence
	w.Expect(verified(push)).To(Equal(map[string]roomv1alpha1.Verified{
		"a": value, "a>bob": value, "b@alice": existence, "c@alice>bob": existence, "c@alice>carol": existence,
	}))
	w.Expect(w.value(w.key(own, "a"))()).To(Equal(absent), "the identity is that of the token")
	for key, want := range map[string]string{"carol/a/": "1", "carol/a/bob": "1", "alice/b/": "2", "alice/c/": absent, "alice/c/bob": "3", "alice/c/carol": "3"} {
		w.Expect(w.valueAt(key)()).To(Equal(want), key)
	}

	// A change of the source is written, a deletion is seen, and another value is not.
	edit(w, source, func(s *corev1.Secret) { s.Data["b"], s.Data["c"] = []byte("20"), []byte("30") })
	for key, want := range map[string]string{"alice/b/": "20", "alice/c/bob": "30", "alice/c/carol": "30"} {
		w.Eventually(w.valueAt(key)).Should(Equal(want), key)
	}
	w.drop(w.key("alice", "c", "bob"))
	w.Eventually(w.valueAt("alice/c/bob")).Should(Equal("30"))
	w.put(w.key("alice", "b"), "tampered")
	w.Consistently(w.valueAt("alice/b/")).Should(Equal("tampered"), "nobody can see what it is")
	w.settled(push)

	// What cannot be deleted is left behind, and that is said.
	edit(w, push, func(rs *roomv1alpha1.RoomSecret) { rs.Spec.Push.Entries = rs.Spec.Push.Entries[:2] })
	w.Eventually(func() map[string]roomv1alpha1.Verified { _, _ = w.state(push)(); return verified(push) }).Should(Equal(
		map[string]roomv1alpha1.Verified{"a": value, "a>bob": value, "b@alice": existence}))
	w.Eventually(w.eventReasons("push")).Should(ContainElement("Orphaned"))
	w.Expect(w.valueAt("alice/c/carol")()).To(Equal("30"))
	w.settled(push)
	w.remove(push)
	w.Eventually(w.gone(push)).Should(BeTrue())
	w.Expect(w.valueAt("carol/a/bob")()).To(Equal(absent), "our own are deleted")
	w.Expect(w.valueAt("alice/b/")()).To(Equal("tampered"))
}

func TestWithAnAPIKeyEveryRowIsReadBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.withRoom()
	push := w.newPush("push", []string{"a", "b", "c"}, deletes, forOthers)
	w.create(newSecret(w.ns, "source", map[string]string{"a": "1", "b": "2", "c": "3"}), push)
	w.settled(push)
	for name, known := range verified(push) {
		w.Expect(known).To(Equal(roomv1alpha1.VerifiedValue), name)
	}
	w.put(w.key("alice", "b"), "tampered")
	w.Eventually(w.valueAt("alice/b/")).Should(Equal("2"))
	w.remove(push)
	w.Eventually(w.gone(push)).Should(BeTrue())
	for _, key := range []string{own + "/a/", own + "/a/bob", "alice/b/", "alice/c/bob", "alice/c/carol"} {
		w.Expect(w.valueAt(key)()).To(Equal(absent), key)
	}
}

func TestOfAnEntryThatFailedNothingIsKnown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(w.key(own, "a"), "theirs")
	w.withRoom()
	push := w.newPush("push", []string{"a", "b"})
	w.create(newSecret(w.ns, "source", map[string]string{"a": "1", "b": "2"}), push)
	w.Eventually(w.state(push)).Should(Equal("False/Conflict"))
	w.Expect(verified(push)).To(Equal(map[string]roomv1alpha1.Verified{"a": "", "b": roomv1alpha1.VerifiedValue}))
}
