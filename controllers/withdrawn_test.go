// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"testing"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
)

// everything are the operations that rules can allow.
func everything() []roomv1alpha1.Operation {
	return []roomv1alpha1.Operation{
		roomv1alpha1.OperationRead, roomv1alpha1.OperationWrite, roomv1alpha1.OperationDelete, roomv1alpha1.OperationDelegate,
	}
}

// asked returns how many requests the room has had from the operator.
func (w *world) asked() float64 { return w.sum(w.registry, "roomsecret_remote_requests_total", nil) }

// However a rule is withdrawn: the room is not even asked any more in the name of those it was for, nothing is deleted,
// and everything goes on where it stopped once the rule is back.
func TestARuleThatIsWithdrawnEndsAllRequests(t *testing.T) {
	t.Parallel()
	for name, withdraw := range map[string]func(*roomv1alpha1.ClusterAccessRule){
		"the namespace":  func(r *roomv1alpha1.ClusterAccessRule) { r.Namespaces.Names = []roomv1alpha1.Pattern{"elsewhere"} },
		"the ids":        func(r *roomv1alpha1.ClusterAccessRule) { r.IDs = []roomv1alpha1.Pattern{"{namespace}/*"} },
		"the identities": func(r *roomv1alpha1.ClusterAccessRule) { r.Identities = []roomv1alpha1.Pattern{"bob"} },
		"the operations": func(r *roomv1alpha1.ClusterAccessRule) {
			r.Operations = []roomv1alpha1.Operation{roomv1alpha1.OperationDelegate}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.put(w.key("alice", "b"), "two")
			room := w.withClusterRoom(everything()...)
			edit(w, room, func(r *roomv1alpha1.ClusterRoom) { r.Spec.Access[0].Identities = []roomv1alpha1.Pattern{"ali*"} })
			source := newSecret(w.ns, "source", map[string]string{"a": "one"})
			push := w.newPush("push", []string{"a"}, deletes, throughClusterRoom(room), func(rs *roomv1alpha1.RoomSecret) { rs.Spec.Push.Entries[0].ForIdentity = "alice" })
			pull := w.newPull("pull", []string{"b"}, throughClusterRoom(room), func(rs *roomv1alpha1.RoomSecret) { rs.Spec.Pull.Entries[0].ForIdentity = "alice" })
			w.create(source, push, pull)
			w.settled(push, pull)
			rule := *room.Spec.Access[0].DeepCopy()

			edit(w, room, func(r *roomv1alpha1.ClusterRoom) { withdraw(&r.Spec.Access[0]) })
			for _, rs := range []*roomv1alpha1.RoomSecret{push, pull} {
				w.Eventually(w.state(rs)).Should(Equal("False/AccessDenied"))
				w.Expect(w.condition(rs, roomv1alpha1.ConditionStalled)).NotTo(BeNil())
				w.Expect(rs.Status.Entries[0].Message).To(ContainSubstring("access rule"))
			}
			edit(w, source, func(s *corev1.Secret) { s.Data["a"] = []byte("changed") })
			w.put(w.key("alice", "b"), "changed")
			w.Eventually(w.state(push)).Should(Equal("False/AccessDenied"))
			asked := w.asked()
			w.Consistently(w.asked).Should(Equal(asked), "nobody tracks anything, so the room is not polled either")
			w.Expect(w.value(w.key("alice", "a"))()).To(Equal("one"))
			w.Expect(w.secretValue("pull", "b")()).To(Equal("two"))

			edit(w, room, func(r *roomv1alpha1.ClusterRoom) { r.Spec.Access[0] = rule })
			w.Eventually(w.value(w.key("alice", "a"))).Should(Equal("changed"))
			w.Eventually(w.secretValue("pull", "b")).Should(Equal("changed"))
			w.settled(push, pull)
		})
	}
}

func TestWithoutTheOperationDeleteNothingIsDeleted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	room := w.withClusterRoom(roomv1alpha1.OperationWrite)
	push := w.newPush("push", []string{"a", "b"}, deletes, throughClusterRoom(room))
	w.create(newSecret(w.ns, "source", map[string]string{"a": "one", "b": "two"}), push)
	w.settled(push)

	edit(w, push, func(rs *roomv1alpha1.RoomSecret) { rs.Spec.Push.Entries = rs.Spec.Push.Entries[:1] })
	w.Eventually(w.state(push)).Should(Equal("False/AccessDenied"))
	w.Consistently(w.value(w.key(own, "b"))).Should(Equal("two"))
	allow := func(operations ...roomv1alpha1.Operation) {
		edit(w, room, func(r *roomv1alpha1.ClusterRoom) { r.Spec.Access[0].Operations = operations })
	}
	allow(roomv1alpha1.OperationWrite, roomv1alpha1.OperationDelete)
	w.Eventually(w.value(w.key(own, "b"))).Should(Equal(absent))
	w.settled(push)

	allow(roomv1alpha1.OperationWrite)
	w.Eventually(w.state(room)).Should(Equal(connected))
	w.remove(push)
	w.Eventually(w.state(push)).Should(Equal("False/AccessDenied"), "it waits for the right to delete")
	w.Eventually(w.gone(push)).Should(BeTrue(), "but not for ever")
	w.Eventually(w.eventReasons("push")).Should(ContainElement("Orphaned"))
	w.Expect(w.value(w.key(own, "a"))()).To(Equal("one"))
}

// A pattern with {namespace} gives each namespace ids of its own.
func TestNamespacesAreKeptApartByTheirIDs(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "another")
	other := w.namespaces[1]
	room := w.withClusterRoom(everything()...)
	edit(w, room, func(r *roomv1alpha1.ClusterRoom) {
		r.Spec.Access[0].IDs, r.Spec.Access[0].Identities = []roomv1alpha1.Pattern{"{namespace}/*"}, []roomv1alpha1.Pattern{"agent-of-{namespace}"}
	})
	entry := func(namespace, identity string) func(*roomv1alpha1.RoomSecret) {
		return func(rs *roomv1alpha1.RoomSecret) {
			e := &rs.Spec.Push.Entries[0]
			e.ID, e.ForIdentity = roomv1alpha1.SecretID(namespace+"/a"), roomv1alpha1.Identity(identity)
		}
	}
	in := func(namespace string) func(*roomv1alpha1.RoomSecret) {
		return func(rs *roomv1alpha1.RoomSecret) { rs.Namespace = namespace }
	}
	through := throughClusterRoom(room)
	ours := w.newPush("ours", []string{"a"}, through, entry(w.ns, ""))
	ofOurAgent := w.newPush("of-our-agent", []string{"a"}, through, entry(w.ns, "agent-of-"+w.ns))
	theirs := w.newPush("theirs", []string{"a"}, through, entry(other, ""))
	ofTheirAgent := w.newPush("of-their-agent", []string{"a"}, through, entry(w.ns, "agent-of-"+other))
	theirOwn := w.newPush("their-own", []string{"a"}, through, entry(other, "agent-of-"+other), in(other))
	w.create(newSecret(w.ns, "source", map[string]string{"a": "one"}), newSecret(other, "source", map[string]string{"a": "two"}))
	w.create(ours, ofOurAgent, theirs, ofTheirAgent, theirOwn)
	w.settled(ours, ofOurAgent, theirOwn)
	w.Eventually(w.state(theirs)).Should(Equal("False/AccessDenied"))
	w.Eventually(w.state(ofTheirAgent)).Should(Equal("False/AccessDenied"))
	w.Expect(w.value(w.key(own, other+"/a"))()).To(Equal(absent))
	w.Expect(w.value(w.key("agent-of-"+other, w.ns+"/a"))()).To(Equal(absent))
	w.Expect(w.value(w.key("agent-of-"+other, other+"/a"))()).To(Equal("two"))
}

func TestReadingWhatIsDelegatedTakesTwoOperations(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(w.key("alice", "b", own), "two")
	room := w.withClusterRoom(roomv1alpha1.OperationRead)
	edit(w, room, func(r *roomv1alpha1.ClusterRoom) { r.Spec.Access[0].Identities = []roomv1alpha1.Pattern{"alice"} })
	pull := w.newPull("pull", []string{"b"}, throughClusterRoom(room), func(rs *roomv1alpha1.RoomSecret) {
		rs.Spec.Pull.Entries[0].ForIdentity, rs.Spec.Pull.Entries[0].DelegatedTo = "alice", own
	})
	w.create(pull)
	w.Eventually(w.state(pull)).Should(Equal("False/AccessDenied"))
	w.Expect(w.secretValue("pull", "b")()).To(Equal(absent))
	edit(w, room, func(r *roomv1alpha1.ClusterRoom) {
		r.Spec.Access[0].Operations = append(r.Spec.Access[0].Operations, roomv1alpha1.OperationDelegate)
	})
	w.settled(pull)
	w.Expect(w.secretValue("pull", "b")()).To(Equal("two"))
}
