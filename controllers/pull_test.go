// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"errors"
	"testing"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
)

// creation sets the creation policy of a pull.
func creation(policy roomv1alpha1.CreationPolicy) func(*roomv1alpha1.RoomSecret) {
	return func(rs *roomv1alpha1.RoomSecret) { rs.Spec.Pull.Target.CreationPolicy = policy }
}

func (w *world) secret(name string) *corev1.Secret {
	w.t.Helper()
	var secret corev1.Secret
	w.Expect(w.kube.Get(w.ctx, client.ObjectKey{Namespace: w.ns, Name: name}, &secret)).To(Succeed())
	return &secret
}

func TestAPullCreatesAndUpdates(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(w.key(own, "a"), "one")
	w.withRoom()
	pull := w.newPull("app", []string{"a"}, func(rs *roomv1alpha1.RoomSecret) {
		rs.Spec.Pull.Target.Labels = map[string]string{"team": "x"}
		rs.Spec.Pull.Target.Annotations = map[string]string{"note": "y"}
	})
	w.create(pull)
	w.settled(pull)
	target := w.secret("app")
	w.Expect(target.Data).To(Equal(map[string][]byte{"a": []byte("one")}))
	w.Expect(metav1.IsControlledBy(target, pull)).To(BeTrue())
	w.Expect(target.Labels).To(HaveKeyWithValue("team", "x"))
	w.Expect(target.Annotations).To(HaveKeyWithValue("note", "y"))
	w.Expect(pull.Status.Binding.Name).To(Equal("app"))

	w.put(w.key(own, "a"), "two")
	w.Eventually(w.secretValue("app", "a")).Should(Equal("two"))
	edit(w, pull, func(rs *roomv1alpha1.RoomSecret) { rs.Spec.Pull.Target.Labels = nil })
	w.Eventually(func() map[string]string { return w.secret("app").Labels }).ShouldNot(HaveKey("team"))
	w.settled(pull)
}

func TestATargetIsNotCreatedForARoomSecretThatHasJustGone(t *testing.T) {
	t.Parallel()
	w := newStoppedWorld(t)
	w.newClient = func(config *rest.Config, options client.Options) (client.Client, error) {
		c, err := client.NewWithWatch(config, options)
		return interceptor.NewClient(c, interceptor.Funcs{
			Get: func(ctx context.Context, c client.WithWatch, key client.ObjectKey, object client.Object, opts ...client.GetOption) error {
				err := c.Get(ctx, key, object, opts...)
				if rs, ok := object.(*roomv1alpha1.RoomSecret); ok && err == nil {
					return errors.Join(w.connected(ctx, rs), client.IgnoreNotFound(w.kube.Delete(ctx, rs.DeepCopy())))
				}
				return err
			},
		}), err
	}
	w.startServer()
	w.startManager()
	w.put(w.key(own, "a"), "one")
	w.withRoom()
	pull := w.newPull("app", []string{"a"})
	w.create(pull)
	w.Eventually(w.gone(pull)).Should(BeTrue())
	w.Consistently(w.secretValue("app", "a")).Should(Equal(absent))
}

func TestAnEntryTakenOutOfAPullTakesItsKeyAway(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(w.key(own, "a"), "one")
	w.put(w.key(own, "b"), "two")
	w.withRoom()
	pull := w.newPull("app", []string{"a", "b"})
	w.create(pull)
	w.settled(pull)
	edit(w, w.secret("app"), func(s *corev1.Secret) { s.Data["theirs"] = []byte("kept") })
	edit(w, pull, func(rs *roomv1alpha1.RoomSecret) { rs.Spec.Pull.Entries = rs.Spec.Pull.Entries[:1] })
	w.Eventually(w.secretValue("app", "b")).Should(Equal(absent))
	w.settled(pull)
	w.Expect(w.secretValue("app", "a")()).To(Equal("one"))
	w.Expect(w.secretValue("app", "theirs")()).To(Equal("kept"))
}

func TestAPulledSecretComesBackAfterItWasTamperedWith(t *testing.T) {
	t.Parallel()
	for _, policy := range []roomv1alpha1.CreationPolicy{roomv1alpha1.CreationOwner, roomv1alpha1.CreationOrphan} {
		t.Run(string(policy), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.put(w.key(own, "a"), "one")
			w.withRoom()
			pull := w.newPull("app", []string{"a"}, creation(policy))
			w.create(pull)
			w.settled(pull)
			edit(w, w.secret("app"), func(s *corev1.Secret) { s.Data["a"] = []byte("tampered") })
			w.Eventually(w.secretValue("app", "a")).Should(Equal("one"))
			edit(w, w.secret("app"), func(s *corev1.Secret) { delete(s.Data, "a") })
			w.Eventually(w.secretValue("app", "a")).Should(Equal("one"))
			w.remove(w.secret("app"))
			w.Eventually(w.secretValue("app", "a")).Should(Equal("one"))
			w.settled(pull)
		})
	}
}

func TestARoomSecretThatIsMissing(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		policy        roomv1alpha1.OnMissing
		state, before string
		after         string
	}{
		"holds the target back and keeps what is there with Fail": {roomv1alpha1.OnMissingFail, "False/RoomSecretNotFound", absent, "two"},
		"keeps what is there with Keep":                           {roomv1alpha1.OnMissingKeep, inSync, "one", "two"},
		"takes the key away with Remove":                          {roomv1alpha1.OnMissingRemove, inSync, "one", absent},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.put(w.key(own, "a"), "one")
			w.withRoom()
			pull := w.newPull("app", []string{"a", "b"}, func(rs *roomv1alpha1.RoomSecret) { rs.Spec.Pull.Entries[1].OnMissing = c.policy })
			w.create(pull)
			w.Eventually(w.state(pull)).Should(Equal(c.state))
			w.Expect(w.secretValue("app", "a")()).To(Equal(c.before), "a target is never created half")

			w.put(w.key(own, "b"), "two")
			w.Eventually(w.secretValue("app", "b")).Should(Equal("two"))
			w.settled(pull)

			w.drop(w.key(own, "b"))
			w.Eventually(w.state(pull)).Should(Equal(c.state))
			w.Eventually(w.secretValue("app", "b")).Should(Equal(c.after))
			w.Consistently(w.secretValue("app", "b")).Should(Equal(c.after))
		})
	}
}

func TestAPullOfAnotherIdentityAndOfADelegatedRow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(w.key("alice", "a"), "alice's")
	w.put(w.key("alice", "a", "bob"), "bob's")
	w.withRoom()
	pull := w.newPull("app", []string{"a", "b"}, func(rs *roomv1alpha1.RoomSecret) {
		rs.Spec.Pull.Entries[0].ForIdentity = "alice"
		rs.Spec.Pull.Entries[1] = roomv1alpha1.PullEntry{Key: "b", ID: "a", ForIdentity: "alice", DelegatedTo: "bob"}
	})
	w.create(pull)
	w.settled(pull)
	w.Expect(w.secretValue("app", "a")()).To(Equal("alice's"))
	w.Expect(w.secretValue("app", "b")()).To(Equal("bob's"))
	w.put(w.key("alice", "a", "bob"), "new")
	w.Eventually(w.secretValue("app", "b")).Should(Equal("new"))
}

func TestATargetThatIsNotOursIsLeftAlone(t *testing.T) {
	t.Parallel()
	for _, policy := range []roomv1alpha1.CreationPolicy{roomv1alpha1.CreationOwner, roomv1alpha1.CreationOrphan} {
		t.Run(string(policy), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.put(w.key(own, "a"), "one")
			w.withRoom()
			theirs := newSecret(w.ns, "app", map[string]string{"a": "theirs"})
			w.create(theirs)
			before := theirs.ResourceVersion
			pull := w.newPull("app", []string{"a"}, creation(policy))
			w.create(pull)
			w.Eventually(w.state(pull)).Should(Equal("False/Conflict"))
			w.Consistently(w.version(theirs)).Should(Equal(before))
			w.remove(theirs)
			w.Eventually(w.secretValue("app", "a")).Should(Equal("one"))
			w.settled(pull)
		})
	}
}

func TestMergingIntoASecretTouchesOnlyOurKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(w.key(own, "a"), "one")
	w.withRoom()
	pull := w.newPull("app", []string{"a"}, creation(roomv1alpha1.CreationMerge))
	w.create(pull)
	w.Eventually(w.state(pull)).Should(Equal("False/TargetNotFound"))
	w.create(newSecret(w.ns, "app", map[string]string{"theirs": "kept"}))
	w.settled(pull)
	w.Expect(w.secret("app").Data).To(Equal(map[string][]byte{"a": []byte("one"), "theirs": []byte("kept")}))
	w.Expect(pull.Finalizers).NotTo(BeEmpty())

	edit(w, w.secret("app"), func(s *corev1.Secret) { s.Data["a"] = []byte("tampered") })
	w.Eventually(w.secretValue("app", "a")).Should(Equal("one"))

	w.remove(pull)
	w.Eventually(w.gone(pull)).Should(BeTrue())
	w.Expect(w.secret("app").Data).To(Equal(map[string][]byte{"theirs": []byte("kept")}))
}

func TestMergedKeysCanBeRetained(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(w.key(own, "a"), "one")
	w.put(w.key(own, "b"), "two")
	w.withRoom()
	w.create(newSecret(w.ns, "app", map[string]string{"theirs": "kept"}))
	pull := w.newPull("app", []string{"a", "b"}, creation(roomv1alpha1.CreationMerge), func(rs *roomv1alpha1.RoomSecret) {
		rs.Spec.Pull.DeletionPolicy = roomv1alpha1.DeletionRetain
	})
	w.create(pull)
	w.settled(pull)
	w.Expect(pull.Finalizers).To(BeEmpty())
	edit(w, pull, func(rs *roomv1alpha1.RoomSecret) { rs.Spec.Pull.Entries = rs.Spec.Pull.Entries[:1] })
	w.settled(pull)
	w.Expect(w.secretValue("app", "b")()).To(Equal("two"))
	w.remove(pull)
	w.Eventually(w.gone(pull)).Should(BeTrue())
	w.Expect(w.secret("app").Data).To(HaveLen(3))
}

// All that is ever left in a Secret is left there by one field manager, whichever RoomSecret leaves it.
func TestKeysThatWereRetainedBeforeStay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, id := range []string{"a", "b", "c", "d", "e"} {
		w.put(w.key(own, id), "of "+id)
	}
	w.withRoom()
	w.create(newSecret(w.ns, "app", map[string]string{"theirs": "kept"}))
	retains := func(rs *roomv1alpha1.RoomSecret) {
		rs.Spec.Pull.Target.Name, rs.Spec.Pull.DeletionPolicy = "app", roomv1alpha1.DeletionRetain
	}
	first := w.newPull("first", []string{"a", "b", "c"}, creation(roomv1alpha1.CreationMerge), retains)
	second := w.newPull("second", []string{"d", "e"}, creation(roomv1alpha1.CreationMerge), retains)
	w.create(first, second)
	w.settled(first, second)
	drop := func(rs *roomv1alpha1.RoomSecret) {
		edit(w, rs, func(rs *roomv1alpha1.RoomSecret) { rs.Spec.Pull.Entries = rs.Spec.Pull.Entries[1:] })
		w.settled(rs)
	}
	drop(first)
	app := w.secret("app")
	app.Data["a"] = []byte("changed since")
	w.Expect(w.kube.Update(w.ctx, app)).To(Succeed())
	drop(first)
	drop(second)
	w.Expect(w.data("app")()).To(Equal(map[string]string{"theirs": "kept", "a": "changed since", "b": "of b", "c": "of c", "d": "of d", "e": "of e"}))
}

func TestAKeyThatIsNotOursIsLeftAloneWhenMerging(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(w.key(own, "a"), "one")
	w.put(w.key(own, "b"), "two")
	w.withRoom()
	w.create(newSecret(w.ns, "app", map[string]string{"a": "theirs"}))
	pull := w.newPull("app", []string{"a", "b"}, creation(roomv1alpha1.CreationMerge))
	w.create(pull)
	w.Eventually(w.state(pull)).Should(Equal("False/Conflict"))
	w.Eventually(w.secretValue("app", "b")).Should(Equal("two"))
	w.Consistently(w.secretValue("app", "a")).Should(Equal("theirs"))
	w.remove(pull)
	w.Eventually(w.gone(pull)).Should(BeTrue())
	w.Expect(w.secret("app").Data).To(Equal(map[string][]byte{"a": []byte("theirs")}))
}

func TestATargetThatSomebodyMadeImmutable(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(w.key(own, "a"), "one")
	w.withRoom()
	pull := w.newPull("app", []string{"a"})
	w.create(pull)
	w.settled(pull)
	edit(w, w.secret("app"), func(s *corev1.Secret) { s.Immutable = new(true) })
	w.put(w.key(own, "a"), "two")
	w.Eventually(w.state(pull)).Should(Equal("False/TargetImmutable"))
	w.remove(w.secret("app"))
	w.Eventually(w.secretValue("app", "a")).Should(Equal("two"))
	w.settled(pull)
}

func TestATargetThatIsRenamed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(w.key(own, "a"), "one")
	w.withRoom()
	pull := w.newPull("app", []string{"a"})
	w.create(pull)
	w.settled(pull)
	edit(w, pull, func(rs *roomv1alpha1.RoomSecret) { rs.Spec.Pull.Target.Name = "new-name" })
	w.Eventually(w.secretValue("new-name", "a")).Should(Equal("one"))
	w.Eventually(w.secretValue("app", "a")).Should(Equal(absent))
	w.settled(pull)
}

func TestAPushAndAPullOfTheSameRowChain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.withRoom()
	source := newSecret(w.ns, "source", map[string]string{"a": "one"})
	push, pull := w.newPush("push", []string{"a"}), w.newPull("app", []string{"a"})
	w.create(source, push, pull)
	w.settled(push, pull)
	edit(w, source, func(s *corev1.Secret) { s.Data["a"] = []byte("two") })
	w.Eventually(w.secretValue("app", "a")).Should(Equal("two"))
}

func TestATargetThatTheAPIServerDoesNotAccept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(w.key(own, "a"), "one")
	w.withRoom()
	pull := w.newPull("app", []string{"a"}, func(rs *roomv1alpha1.RoomSecret) { rs.Spec.Pull.Target.Labels = map[string]string{"not a label": "x"} })
	w.create(pull)
	w.Eventually(w.state(pull)).Should(Equal("False/Rejected"))
	edit(w, pull, func(rs *roomv1alpha1.RoomSecret) { rs.Spec.Pull.Target.Labels = nil })
	w.Eventually(w.secretValue("app", "a")).Should(Equal("one"))
	w.settled(pull)
}

func TestAPulledValueIsDecoded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(w.key(own, "a"), "b25l")
	w.withRoom()
	pull := w.newPull("app", []string{"a"}, func(rs *roomv1alpha1.RoomSecret) { rs.Spec.Pull.Entries[0].Decode = roomv1alpha1.DecodeBase64 })
	w.create(pull)
	w.settled(pull)
	w.Expect(w.secretValue("app", "a")()).To(Equal("one"))
	w.put(w.key(own, "a"), "not base64!")
	w.Eventually(w.state(pull)).Should(Equal("False/InvalidValue"))
	w.Consistently(w.secretValue("app", "a")).Should(Equal("one"), "what cannot be decoded replaces nothing")
	w.put(w.key(own, "a"), "dHdv")
	w.Eventually(w.secretValue("app", "a")).Should(Equal("two"))
	w.settled(pull)
}

func TestATargetHasTheTypeThatIsAskedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(w.key(own, "username"), "alice")
	w.withRoom()
	pull := w.newPull("app", []string{"username"}, func(rs *roomv1alpha1.RoomSecret) { rs.Spec.Pull.Target.Type = "kubernetes.io/basic-auth" })
	w.create(pull)
	w.settled(pull)
	w.Expect(w.secret("app").Type).To(Equal(corev1.SecretTypeBasicAuth))
	w.put(w.key(own, "username"), "bob")
	w.Eventually(w.secretValue("app", "username")).Should(Equal("bob"))

	edit(w, pull, func(rs *roomv1alpha1.RoomSecret) { rs.Spec.Pull.Target.Type = "" })
	w.Eventually(w.state(pull)).Should(Equal("False/TypeMismatch"))
	w.Expect(w.secret("app").Type).To(Equal(corev1.SecretTypeBasicAuth))
	w.remove(w.secret("app"))
	w.settled(pull)
	w.Expect(w.secret("app").Type).To(Equal(corev1.SecretTypeOpaque))
}
