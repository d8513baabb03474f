// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"testing"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
)

func adopt(rs *roomv1alpha1.RoomSecret) { rs.Spec.Pull.Target.Adopt = true }

// allow returns a change that lets a RoomSecret take a Secret over; "" takes it back.
func allow(name string) func(*corev1.Secret) {
	return func(s *corev1.Secret) {
		delete(s.Annotations, roomv1alpha1.AnnotationAllowAdoption)
		if name != "" {
			metav1.SetMetaDataAnnotation(&s.ObjectMeta, roomv1alpha1.AnnotationAllowAdoption, name)
		}
	}
}

// theirs returns a Secret of somebody else that the RoomSecret "app" would write.
func (w *world) theirs(mods ...func(*corev1.Secret)) *corev1.Secret {
	secret := newSecret(w.ns, "app", map[string]string{"a": "theirs", "other": "kept"})
	for _, mod := range mods {
		mod(secret)
	}
	return secret
}

// origins returns how the keys of a RoomSecret came to be ours.
func (w *world) origins(rs *roomv1alpha1.RoomSecret) map[string]roomv1alpha1.Origin {
	w.t.Helper()
	w.Expect(w.kube.Get(w.ctx, client.ObjectKeyFromObject(rs), rs)).To(Succeed())
	origins := map[string]roomv1alpha1.Origin{}
	for _, entry := range rs.Status.Entries {
		origins[entry.Name] = entry.Origin
	}
	return origins
}

func TestATargetIsTakenOverWhenBothSidesAgree(t *testing.T) {
	t.Parallel()
	for _, policy := range []roomv1alpha1.CreationPolicy{roomv1alpha1.CreationOwner, roomv1alpha1.CreationOrphan} {
		t.Run(string(policy), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.put(w.key(own, "a"), "one")
			w.put(w.key(own, "b"), "two")
			w.withRoom()
			theirs := w.theirs(func(s *corev1.Secret) { s.Labels = map[string]string{"team": "x"} })
			w.create(theirs)
			before := theirs.ResourceVersion
			pull := w.newPull("app", []string{"a", "b"}, creation(policy), adopt)
			w.create(pull)
			w.Eventually(w.state(pull)).Should(Equal("False/AdoptionRequired"))
			w.Expect(w.condition(pull, roomv1alpha1.ConditionReady).Message).To(ContainSubstring("roomsecrets.io/allow-adoption: app"))
			edit(w, w.theirs(), allow("another"))
			w.Consistently(w.secretValue("app", "a")).Should(Equal("theirs"), "another RoomSecret is allowed to")
			w.Expect(theirs.ResourceVersion).To(Equal(before))

			edit(w, w.theirs(), allow("app"))
			w.settled(pull)
			target := w.secret("app")
			w.Expect(target.Data).To(Equal(map[string][]byte{"a": []byte("one"), "b": []byte("two"), "other": []byte("kept")}))
			w.Expect(target.Labels).To(HaveKeyWithValue("team", "x"))
			w.Expect(metav1.IsControlledBy(target, pull)).To(Equal(policy == roomv1alpha1.CreationOwner))
			w.Expect(w.origins(pull)).To(Equal(map[string]roomv1alpha1.Origin{"a": roomv1alpha1.OriginAdopted, "b": roomv1alpha1.OriginCreated}))

			edit(w, w.secret("app"), allow(""))
			edit(w, pull, func(rs *roomv1alpha1.RoomSecret) { rs.Spec.Pull.Target.Adopt = false })
			w.settled(pull)
			w.put(w.key(own, "a"), "1")
			w.Eventually(w.secretValue("app", "a")).Should(Equal("1"), "it stays ours")
			edit(w, pull, func(rs *roomv1alpha1.RoomSecret) { rs.Spec.Pull.Entries = rs.Spec.Pull.Entries[1:] })
			w.Eventually(w.secretValue("app", "a")).Should(Equal(absent))
			w.settled(pull)
			w.Expect(w.secret("app").Data).To(Equal(map[string][]byte{"b": []byte("two"), "other": []byte("kept")}))

			w.remove(pull)
			w.Eventually(w.gone(pull)).Should(BeTrue())
			if policy == roomv1alpha1.CreationOwner {
				w.Eventually(w.gone(target)).Should(BeTrue(), "what we own goes with its owner, whoever created it")
				return
			}
			w.Consistently(w.gone(target)).Should(BeFalse())
		})
	}
}

func TestATargetThatIsNotTakenOver(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		theirs func(*corev1.Secret)
		pull   func(*roomv1alpha1.RoomSecret)
		state  string
		// mend makes it possible.
		mend func(*corev1.Secret)
	}{
		"for want of asking": {
			theirs: allow("app"), pull: func(rs *roomv1alpha1.RoomSecret) { rs.Spec.Pull.Target.Adopt = false }, state: "False/Conflict",
		},
		"because it has a controller": {
			theirs: func(s *corev1.Secret) {
				allow("app")(s)
				s.OwnerReferences = []metav1.OwnerReference{{APIVersion: "v1", Kind: "ConfigMap", Name: "stranger", Controller: new(true)}}
			},
			state: "False/Conflict", mend: func(s *corev1.Secret) { s.OwnerReferences = nil },
		},
		"because it has another type": {
			theirs: func(s *corev1.Secret) {
				allow("app")(s)
				s.Type = "example.com/theirs"
			},
			state: "False/TypeMismatch",
		},
		"because it cannot be changed": {
			theirs: func(s *corev1.Secret) {
				allow("app")(s)
				s.Immutable = new(true)
			},
			state: "False/TargetImmutable",
		},
		"because it is being deleted": {
			theirs: func(s *corev1.Secret) {
				allow("app")(s)
				s.Finalizers = []string{"example.com/slow"}
			},
			state: "Unknown/Progressing", mend: func(s *corev1.Secret) { s.Finalizers = nil },
		},
		"before all of it is known": {
			theirs: allow("app"), pull: func(rs *roomv1alpha1.RoomSecret) {
				rs.Spec.Pull.Entries = append(rs.Spec.Pull.Entries, roomv1alpha1.PullEntry{Key: "b", ID: "b"})
			}, state: "False/RoomSecretNotFound",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newStoppedWorld(t)
			w.startServer()
			w.put(w.key(own, "a"), "one")
			w.withRoom()
			theirs := w.theirs(c.theirs)
			for i := range theirs.OwnerReferences {
				owner := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: w.ns, Name: theirs.OwnerReferences[i].Name}}
				w.create(owner)
				theirs.OwnerReferences[i].UID = owner.UID
			}
			w.create(theirs)
			if len(theirs.Finalizers) > 0 {
				w.remove(theirs)
			}
			before, err := w.version(theirs)()
			w.Expect(err).NotTo(HaveOccurred())
			pull := w.newPull("app", []string{"a"}, adopt)
			if c.pull != nil {
				c.pull(pull)
			}
			w.create(pull)
			w.startManager()
			w.Eventually(w.state(pull)).Should(Equal(c.state))
			w.Consistently(w.version(theirs)).Should(Equal(before))
			if c.mend != nil {
				edit(w, theirs, c.mend)
				w.Eventually(w.secretValue("app", "a")).Should(Equal("one"))
				w.settled(pull)
			}
		})
	}
}

func TestATargetThatAnotherRoomSecretWritesIsNotTakenOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(w.key(own, "a"), "one")
	w.put(w.key(own, "b"), "two")
	w.withRoom()
	first := w.newPull("app", []string{"a"}, creation(roomv1alpha1.CreationOrphan))
	w.create(first)
	w.settled(first)
	edit(w, w.secret("app"), allow("second"))
	second := w.newPull("second", []string{"b"}, adopt, func(rs *roomv1alpha1.RoomSecret) { rs.Spec.Pull.Target.Name = "app" })
	w.create(second)
	w.Eventually(w.state(second)).Should(Equal("False/Conflict"))
	w.Expect(w.condition(second, roomv1alpha1.ConditionReady).Message).To(ContainSubstring(w.ns + "/app"))
	w.settled(first)

	w.remove(first) // it leaves its target behind, for the second one to take over
	w.settled(second)
	w.Expect(w.secret("app").Data).To(Equal(map[string][]byte{"a": []byte("one"), "b": []byte("two")}))
	w.Expect(metav1.IsControlledBy(w.secret("app"), second)).To(BeTrue())
}

func TestATargetThatWasTakenOverIsLeftForAnother(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(w.key(own, "a"), "one")
	w.withRoom()
	w.create(w.theirs(allow("app")))
	pull := w.newPull("app", []string{"a"}, creation(roomv1alpha1.CreationOrphan), adopt)
	w.create(pull)
	w.settled(pull)
	edit(w, pull, func(rs *roomv1alpha1.RoomSecret) { rs.Spec.Pull.Target.Name = "new-name" })
	w.Eventually(w.secretValue("new-name", "a")).Should(Equal("one"))
	w.settled(pull)
	w.Expect(w.secret("app").Data).To(HaveLen(2), "an orphan stays")
	w.Expect(w.origins(pull)).To(HaveKeyWithValue("a", roomv1alpha1.OriginCreated))
}
