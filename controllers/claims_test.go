// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"testing"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

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
	w.Eventually(func() bool { return metav1.Now().Unix() > older.CreationTimestamp.Unix() }).Should(BeTrue(), "ages differ by a second at least")
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
	w.Eventually(func() bool { return metav1.Now().Unix() > older[len(older)-1].CreationTimestamp.Unix() }).Should(BeTrue(), "ages differ by a second at least")
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
