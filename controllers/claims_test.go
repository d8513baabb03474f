// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"testing"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
)

func TestOfTwoPushesOfOneRowTheHolderKeepsIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.withRoom()
	first, second := w.newPush("first", []string{"a"}, deletes), w.newPush("second", []string{"a"}, func(rs *roomv1alpha1.RoomSecret) {
		rs.Spec.Push.SecretRef.Name, rs.Spec.Push.ConflictPolicy = "other", roomv1alpha1.ConflictAdopt
	})
	w.create(newSecret(w.ns, "source", map[string]string{"a": "first"}), newSecret(w.ns, "other", map[string]string{"a": "second"}), first)
	w.settled(first)
	w.create(second)
	w.Eventually(w.state(second)).Should(Equal("False/Conflict"))
	w.Expect(w.condition(second, roomv1alpha1.ConditionReady).Message).To(ContainSubstring(w.ns + "/first"))
	w.Consistently(w.value(w.key(own, "a"))).Should(Equal("first"), "not even Adopt takes what another RoomSecret keeps")

	w.remove(first)
	w.Eventually(w.value(w.key(own, "a"))).Should(Equal("second"))
	w.settled(second)
}

func TestOfTwoPushesThatStartTogetherTheOlderWins(t *testing.T) {
	t.Parallel()
	w := newStoppedWorld(t)
	w.startServer()
	w.withRoom()
	older, younger := w.newPush("z-older", []string{"a"}), w.newPush("a-younger", []string{"a"}, func(rs *roomv1alpha1.RoomSecret) { rs.Spec.Push.SecretRef.Name = "other" })
	w.create(newSecret(w.ns, "source", map[string]string{"a": "older"}), newSecret(w.ns, "other", map[string]string{"a": "younger"}), older)
	w.growOlder(older)
	w.create(younger)
	w.startManager()
	w.settled(older)
	w.Eventually(w.state(younger)).Should(Equal("False/Conflict"))
	w.Expect(w.value(w.key(own, "a"))()).To(Equal("older"))
}

// Whoever the operator is in a room it knows from the connection, before the cache has the status of the Room that says so.
func TestTheOlderWinsAlsoBeforeTheRoomIsKnownToBeConnected(t *testing.T) {
	t.Parallel()
	w := newStoppedWorld(t)
	cache := &stuckCache{}
	w.newClient = cache.client
	w.startServer()
	cache.stick(w, w.withRoom())
	ids := []string{"a", "b", "c", "d", "e", "f", "g", "h"}
	values := map[string]string{}
	var older, younger []*roomv1alpha1.RoomSecret
	for _, id := range ids {
		values[id] = id
		older = append(older, w.newPush("older-"+id, []string{id}))
		younger = append(younger, w.newPush("a-younger-"+id, []string{id}))
		w.create(older[len(older)-1])
	}
	w.create(newSecret(w.ns, "source", values))
	w.growOlder(older[len(older)-1])
	for _, rs := range younger {
		w.create(rs)
	}
	w.startManager()
	for i := range ids {
		w.settled(older[i])
		w.Eventually(w.state(younger[i])).Should(Equal("False/Conflict"))
	}
}

func TestClaimsReachAcrossNamespacesAndKindsOfRoom(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "another")
	w.withRoom()
	clusterRoom := w.withClusterRoom(roomv1alpha1.OperationRead, roomv1alpha1.OperationWrite, roomv1alpha1.OperationDelete)
	first := w.newPush("first", []string{"a"}, deletes)
	w.create(newSecret(w.ns, "source", map[string]string{"a": "first"}), first)
	w.settled(first)
	second := w.newPush("second", []string{"a"}, func(rs *roomv1alpha1.RoomSecret) {
		rs.Namespace = w.namespaces[1]
		rs.Spec.RoomRef = roomv1alpha1.RoomReference{Kind: roomv1alpha1.KindClusterRoom, Name: clusterRoom.Name}
	})
	w.create(newSecret(w.namespaces[1], "source", map[string]string{"a": "second"}), second)
	w.Eventually(w.state(second)).Should(Equal("False/Conflict"))
	w.Expect(w.condition(second, roomv1alpha1.ConditionReady).Message).To(ContainSubstring(w.ns + "/first"))
	w.remove(first)
	w.Eventually(w.value(w.key(own, "a"))).Should(Equal("second"))
	w.settled(second)
}

// To claim a row is more than to use its id, and to have it is more than to ask for it: whoever waits is told of each that ends.
func TestWhoWaitsForARowGetsItOnceTheHolderLetsGo(t *testing.T) {
	t.Parallel()
	billing := []roomv1alpha1.Delegation{{To: "billing"}}
	ask := func(change func(*roomv1alpha1.PushEntry)) func(*roomv1alpha1.RoomSecret) {
		return func(rs *roomv1alpha1.RoomSecret) {
			rs.Spec.Push.Entries[0].ID = "a"
			change(&rs.Spec.Push.Entries[0])
		}
	}
	plain, both := ask(func(*roomv1alpha1.PushEntry) {}), ask(func(e *roomv1alpha1.PushEntry) { e.Delegations = billing })
	delegated := ask(func(e *roomv1alpha1.PushEntry) { e.Delegations, e.DelegatedOnly = billing, true })
	others := ask(func(e *roomv1alpha1.PushEntry) { e.ForIdentity = "alice" })
	for name, c := range map[string]struct {
		holds, wants func(*roomv1alpha1.RoomSecret)
		letGo        func(w *world, holder *roomv1alpha1.RoomSecret)
	}{
		"for the row of another identity": {plain, plain, func(w *world, holder *roomv1alpha1.RoomSecret) { edit(w, holder, others) }},
		"for none": {both, delegated, func(w *world, holder *roomv1alpha1.RoomSecret) {
			edit(w, holder, ask(func(e *roomv1alpha1.PushEntry) { e.Delegations = nil }))
		}},
		"and keeps the delegated one": {both, plain, func(w *world, holder *roomv1alpha1.RoomSecret) { edit(w, holder, delegated) }},
		"and asks for it still": {plain, plain, func(w *world, _ *roomv1alpha1.RoomSecret) {
			w.remove(newSecret(w.ns, "source", nil))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.withRoom()
			older := w.newPush("older", []string{"mine"}, func(rs *roomv1alpha1.RoomSecret) { rs.Spec.Push.SecretRef.Name = "other" })
			holder := w.newPush("holder", []string{"a"}, deletes, c.holds, func(rs *roomv1alpha1.RoomSecret) {
				rs.Spec.Push.OnSourceDeleted = roomv1alpha1.SourceDeletedDelete
			})
			w.create(newSecret(w.ns, "source", map[string]string{"a": "holder"}), newSecret(w.ns, "other", map[string]string{"mine": "older"}), older)
			w.growOlder(older)
			w.create(holder)
			w.settled(older, holder)
			edit(w, older, c.wants)
			w.Eventually(w.state(older)).Should(Equal("False/Conflict"))
			c.letGo(w, holder)
			w.settled(older)
		})
	}
}

// A RoomSecret whose room is gone can do nothing in it, whatever it has.
func TestWhoWaitsForARowGetsItOnceTheRoomOfTheHolderIsGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "another")
	room := w.withRoom()
	clusterRoom := w.withClusterRoom(roomv1alpha1.OperationRead, roomv1alpha1.OperationWrite)
	holder, waits := w.newPush("holder", []string{"a"}), w.newPush("waits", []string{"a"}, func(rs *roomv1alpha1.RoomSecret) {
		rs.Namespace = w.namespaces[1]
		rs.Spec.RoomRef = roomv1alpha1.RoomReference{Kind: roomv1alpha1.KindClusterRoom, Name: clusterRoom.Name}
		rs.Spec.Push.ConflictPolicy = roomv1alpha1.ConflictAdopt
	})
	w.create(newSecret(w.ns, "source", map[string]string{"a": "holder"}), newSecret(w.namespaces[1], "source", map[string]string{"a": "waits"}), holder)
	w.settled(holder)
	w.create(waits)
	w.Eventually(w.state(waits)).Should(Equal("False/Conflict"))
	w.remove(room)
	w.Eventually(w.value(w.key(own, "a"))).Should(Equal("waits"))
	w.settled(waits)
}

func TestOfTwoPullsIntoOneTargetTheHolderKeepsIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(w.key(own, "a"), "one")
	w.put(w.key(own, "b"), "two")
	w.withRoom()
	first := w.newPull("first", []string{"a"}, func(rs *roomv1alpha1.RoomSecret) { rs.Spec.Pull.Target.Name = "app" })
	second := w.newPull("second", []string{"b"}, func(rs *roomv1alpha1.RoomSecret) { rs.Spec.Pull.Target.Name = "app" })
	w.create(first)
	w.settled(first)
	w.create(second)
	w.Eventually(w.state(second)).Should(Equal("False/Conflict"))
	w.Expect(w.condition(second, roomv1alpha1.ConditionReady).Message).To(ContainSubstring(w.ns + "/first"))
	w.remove(first)
	w.Eventually(w.secretValue("app", "b")).Should(Equal("two"), "the target goes with its owner, and the other one creates it anew")
	w.settled(second)
}

// What stands between them then is a Secret that nobody has a record of.
func TestWhoWaitsForATargetIsToldOnceTheHolderHasNothingInIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(w.key(own, "a"), "older")
	w.put(w.key(own, "b"), "holder")
	w.withRoom()
	into := func(rs *roomv1alpha1.RoomSecret) { rs.Spec.Pull.Target.Name = "app" }
	older := w.newPull("older", []string{"a"}, creation(roomv1alpha1.CreationOrphan))
	holder := w.newPull("holder", []string{"b"}, creation(roomv1alpha1.CreationOrphan), into)
	w.create(older)
	w.growOlder(older)
	w.create(holder)
	w.settled(older, holder)
	edit(w, older, into)
	w.Eventually(w.state(older)).Should(Equal("False/Conflict"))
	edit(w, holder, func(rs *roomv1alpha1.RoomSecret) {
		rs.Spec.Pull.Entries = []roomv1alpha1.PullEntry{{Key: "c", ID: "not-there", OnMissing: roomv1alpha1.OnMissingKeep}}
	})
	w.Eventually(func() string { return w.condition(older, roomv1alpha1.ConditionReady).Message }).Should(ContainSubstring("is not ours"))
}

func TestTwoPullsMergeIntoOneTarget(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(w.key(own, "a"), "one")
	w.put(w.key(own, "b"), "two")
	w.withRoom()
	w.create(newSecret(w.ns, "app", map[string]string{"theirs": "kept"}))
	into := func(rs *roomv1alpha1.RoomSecret) { rs.Spec.Pull.Target.Name = "app" }
	first := w.newPull("first", []string{"a"}, creation(roomv1alpha1.CreationMerge), into)
	second := w.newPull("second", []string{"a", "b"}, creation(roomv1alpha1.CreationMerge), into)
	w.create(first)
	w.settled(first)
	w.create(second)
	w.Eventually(w.state(second)).Should(Equal("False/Conflict"), "a key has one writer")
	w.Eventually(w.secretValue("app", "b")).Should(Equal("two"))
	w.remove(first)
	w.Eventually(w.gone(first)).Should(BeTrue())
	w.settled(second)
	w.Expect(w.secret("app").Data).To(HaveLen(3))
}

func TestASecretCreatedAnewByAStrangerIsNotOurs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(w.key(own, "a"), "one")
	w.withRoom()
	w.create(newSecret(w.ns, "app", map[string]string{"theirs": "kept"}))
	pull := w.newPull("pull", []string{"a"}, creation(roomv1alpha1.CreationMerge), func(rs *roomv1alpha1.RoomSecret) { rs.Spec.Pull.Target.Name = "app" })
	w.create(pull)
	w.settled(pull)
	w.stopManager()
	w.remove(w.secret("app"))
	w.create(newSecret(w.ns, "app", map[string]string{"a": "the stranger's"}))
	w.startManager()
	w.Eventually(w.state(pull)).Should(Equal("False/Conflict"))
	w.Consistently(w.secretValue("app", "a")).Should(Equal("the stranger's"))
	edit(w, w.secret("app"), func(s *corev1.Secret) { delete(s.Data, "a") })
	w.Eventually(w.secretValue("app", "a")).Should(Equal("one"))
	w.settled(pull)
}
