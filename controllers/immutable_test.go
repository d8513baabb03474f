// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"testing"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
)

func freeze(rs *roomv1alpha1.RoomSecret) { rs.Spec.Pull.Target.Immutable = true }

// immutable returns a function that reports whether a Secret is immutable.
func (w *world) immutable(name string) func() bool {
	return func() bool { return ptr.Deref(w.secret(name).Immutable, false) }
}

func TestAnImmutableTargetIsCreatedAnewWhenSomebodyDeletesIt(t *testing.T) {
	t.Parallel()
	for _, policy := range []roomv1alpha1.CreationPolicy{roomv1alpha1.CreationOwner, roomv1alpha1.CreationOrphan} {
		t.Run(string(policy), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.put(w.key(own, "a"), "one")
			w.withRoom()
			pull := w.newPull("app", []string{"a"}, creation(policy), freeze)
			w.create(pull)
			w.settled(pull)
			w.Expect(w.immutable("app")()).To(BeTrue())

			edit(w, pull, func(rs *roomv1alpha1.RoomSecret) { rs.Spec.Pull.Target.Labels = map[string]string{"team": "x"} })
			w.settled(pull)
			w.Expect(w.secret("app").Labels).To(HaveKeyWithValue("team", "x"))

			w.put(w.key(own, "a"), "two")
			w.Eventually(w.state(pull)).Should(Equal("False/TargetImmutable"))
			w.Consistently(w.secretValue("app", "a")).Should(Equal("one"))
			w.put(w.key(own, "a"), "one")
			w.settled(pull)
			w.put(w.key(own, "a"), "two")
			w.Eventually(w.state(pull)).Should(Equal("False/TargetImmutable"))
			w.remove(w.secret("app"))
			w.Eventually(w.secretValue("app", "a")).Should(Equal("two"))
			w.settled(pull)
			w.Expect(w.immutable("app")()).To(BeTrue())

			edit(w, pull, func(rs *roomv1alpha1.RoomSecret) { rs.Spec.Pull.Target.Immutable = false })
			w.Eventually(w.state(pull)).Should(Equal("False/TargetImmutable"))
			w.Expect(w.condition(pull, roomv1alpha1.ConditionStalled)).NotTo(BeNil())
			w.remove(w.secret("app"))
			w.settled(pull)
			w.Expect(w.immutable("app")()).To(BeFalse())
			w.put(w.key(own, "a"), "three")
			w.Eventually(w.secretValue("app", "a")).Should(Equal("three"))
			w.settled(pull)
		})
	}
}

func TestATargetBecomesImmutableOnceAllOfItIsKnown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(w.key(own, "a"), "one")
	w.put(w.key(own, "b"), "two")
	w.withRoom()
	pull := w.newPull("app", []string{"a", "b"})
	w.create(pull)
	w.settled(pull)
	w.drop(w.key(own, "b"))
	edit(w, pull, freeze)
	w.Eventually(w.state(pull)).Should(Equal("False/RoomSecretNotFound"))
	w.Consistently(w.immutable("app")).Should(BeFalse())
	w.put(w.key(own, "b"), "2")
	w.Eventually(w.immutable("app")).Should(BeTrue())
	w.settled(pull)
	w.Expect(w.secretValue("app", "b")()).To(Equal("2"))
}

func TestATargetIsTakenOverAndMadeImmutable(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(w.key(own, "a"), "one")
	w.withRoom()
	w.create(newSecret(w.ns, "app", map[string]string{"a": "theirs", "b": "theirs", "other": "kept"}))
	edit(w, w.secret("app"), allow("app"))
	pull := w.newPull("app", []string{"a", "b"}, adopt, freeze, func(rs *roomv1alpha1.RoomSecret) {
		rs.Spec.Pull.Entries[1].OnMissing = roomv1alpha1.OnMissingRemove
	})
	w.create(pull)
	w.settled(pull)
	w.Expect(w.immutable("app")()).To(BeTrue())
	w.Expect(w.secret("app").Data).To(Equal(map[string][]byte{"a": []byte("one"), "other": []byte("kept")}))
}

// That somebody else has made it immutable is nobody's concern until it would have to change.
func TestATargetThatSomebodyElseMadeImmutableIsInStep(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(w.key(own, "a"), "one")
	w.withRoom()
	pull := w.newPull("app", []string{"a"})
	w.create(pull)
	w.settled(pull)
	edit(w, w.secret("app"), func(s *corev1.Secret) { s.Immutable = new(true) })
	edit(w, pull, func(rs *roomv1alpha1.RoomSecret) { rs.Spec.Pull.Target.Labels = map[string]string{"team": "x"} })
	w.Eventually(func() map[string]string { return w.secret("app").Labels }).Should(HaveKey("team"))
	w.settled(pull)
	w.Consistently(w.state(pull)).Should(Equal(inSync))
}
