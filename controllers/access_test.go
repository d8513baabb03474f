// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"testing"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
)

// withClusterRoom creates a ClusterRoom that allows operations on every id to the namespaces of the world, and removes it
// at the end of the test.
func (w *world) withClusterRoom(operations ...roomv1alpha1.Operation) *roomv1alpha1.ClusterRoom {
	w.t.Helper()
	credential := newSecret(w.ns, "cluster-credential", map[string]string{"api-key": w.apiKey.Encode()})
	room := &roomv1alpha1.ClusterRoom{
		ObjectMeta: metav1.ObjectMeta{Name: w.ns},
		Spec: roomv1alpha1.ClusterRoomSpec{
			RoomConnection: roomv1alpha1.RoomConnection{Endpoint: "ws://" + w.address, RoomName: w.room, PollInterval: &metav1.Duration{Duration: pollInterval}},
			Auth: roomv1alpha1.ClusterRoomAuth{APIKeySecretRef: &roomv1alpha1.NamespacedSecretKeyRef{
				Namespace: w.ns, SecretKeyRef: roomv1alpha1.SecretKeyRef{Name: "cluster-credential", Key: "api-key"},
			}},
			Access: []roomv1alpha1.ClusterAccessRule{{
				Namespaces: roomv1alpha1.NamespaceRule{Names: []roomv1alpha1.Pattern{roomv1alpha1.Pattern(w.ns + "*")}},
				AccessRule: roomv1alpha1.AccessRule{IDs: []roomv1alpha1.Pattern{"*"}, Operations: operations},
			}},
		},
	}
	w.create(credential, room)
	w.t.Cleanup(func() {
		w.obeys(room)
		w.Expect(client.IgnoreNotFound(w.kube.Delete(context.WithoutCancel(w.ctx), room))).To(Succeed())
	})
	return room
}

// throughClusterRoom makes a RoomSecret use a ClusterRoom.
func throughClusterRoom(room *roomv1alpha1.ClusterRoom) func(*roomv1alpha1.RoomSecret) {
	return func(rs *roomv1alpha1.RoomSecret) {
		rs.Spec.RoomRef = roomv1alpha1.RoomReference{Kind: roomv1alpha1.KindClusterRoom, Name: room.Name}
	}
}

func TestAClusterRoomAllowsNothingThatNoRuleDoes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(w.key(own, "b"), "two")
	room := w.withClusterRoom(roomv1alpha1.OperationRead)
	push, pull := w.newPush("push", []string{"a"}, throughClusterRoom(room)), w.newPull("pull", []string{"b"}, throughClusterRoom(room))
	w.create(newSecret(w.ns, "source", map[string]string{"a": "one"}), push, pull)
	w.settled(pull)
	w.Eventually(w.state(push)).Should(Equal("False/AccessDenied"))
	w.Consistently(w.value(w.key(own, "a"))).Should(Equal(absent))

	edit(w, room, func(r *roomv1alpha1.ClusterRoom) {
		r.Spec.Access[0].Operations = append(r.Spec.Access[0].Operations, roomv1alpha1.OperationWrite)
	})
	w.settled(push)
	w.Eventually(w.state(room)).Should(Equal(connected))
}

func TestARuleThatIsWithdrawnStopsEverythingAndDeletesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(w.key(own, "b"), "two")
	room := w.withClusterRoom(roomv1alpha1.OperationRead, roomv1alpha1.OperationWrite, roomv1alpha1.OperationDelete)
	source := newSecret(w.ns, "source", map[string]string{"a": "one"})
	push, pull := w.newPush("push", []string{"a"}, deletes, throughClusterRoom(room)), w.newPull("pull", []string{"b"}, throughClusterRoom(room))
	w.create(source, push, pull)
	w.settled(push, pull)

	edit(w, room, func(r *roomv1alpha1.ClusterRoom) { r.Spec.Access[0].IDs = []roomv1alpha1.Pattern{"something-else"} })
	w.Eventually(w.state(push)).Should(Equal("False/AccessDenied"))
	w.Eventually(w.state(pull)).Should(Equal("False/AccessDenied"))
	edit(w, source, func(s *corev1.Secret) { s.Data["a"] = []byte("changed") })
	w.put(w.key(own, "b"), "changed")
	w.Consistently(w.value(w.key(own, "a"))).Should(Equal("one"))
	w.Expect(w.secretValue("pull", "b")()).To(Equal("two"))

	edit(w, room, func(r *roomv1alpha1.ClusterRoom) { r.Spec.Access[0].IDs = []roomv1alpha1.Pattern{"*"} })
	w.Eventually(w.value(w.key(own, "a"))).Should(Equal("changed"))
	w.Eventually(w.secretValue("pull", "b")).Should(Equal("changed"))
}

func TestNamespacesAreChosenByTheirLabels(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	room := w.withClusterRoom(roomv1alpha1.OperationWrite)
	edit(w, room, func(r *roomv1alpha1.ClusterRoom) {
		r.Spec.Access[0].Namespaces = roomv1alpha1.NamespaceRule{Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"rooms": "allowed"}}}
	})
	push := w.newPush("push", []string{"a"}, throughClusterRoom(room))
	w.create(newSecret(w.ns, "source", map[string]string{"a": "one"}), push)
	w.Eventually(w.state(push)).Should(Equal("False/AccessDenied"))
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: w.ns}}
	edit(w, namespace, func(n *corev1.Namespace) { n.Labels["rooms"] = "allowed" })
	w.settled(push)
	edit(w, namespace, func(n *corev1.Namespace) { delete(n.Labels, "rooms") })
	w.Eventually(w.state(push)).Should(Equal("False/AccessDenied"))
	w.Expect(w.value(w.key(own, "a"))()).To(Equal("one"))
}

func TestARoomLimitsItsOwnNamespaceToo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.withRoom(func(r *roomv1alpha1.Room) {
		r.Spec.Access = []roomv1alpha1.AccessRule{{
			IDs: []roomv1alpha1.Pattern{"{namespace}/*"}, Identities: []roomv1alpha1.Pattern{"bot-*"},
			Operations: []roomv1alpha1.Operation{roomv1alpha1.OperationWrite},
		}}
	})
	push := w.newPush("push", []string{"a", "b", "c", "d"}, func(rs *roomv1alpha1.RoomSecret) {
		e := rs.Spec.Push.Entries
		e[0].ID = roomv1alpha1.SecretID(w.ns + "/a")
		e[1].ID = "elsewhere/b"
		e[2].ID, e[2].ForIdentity = roomv1alpha1.SecretID(w.ns+"/c"), "bot-1"
		e[3].ID, e[3].Delegations = roomv1alpha1.SecretID(w.ns+"/d"), []roomv1alpha1.Delegation{{To: "bot-2"}}
	})
	w.create(newSecret(w.ns, "source", map[string]string{"a": "1", "b": "2", "c": "3", "d": "4"}), push)
	w.Eventually(w.state(push)).Should(Equal("False/AccessDenied"))
	w.Expect(w.value(w.key(own, w.ns+"/a"))()).To(Equal("1"))
	w.Expect(w.value(w.key(own, "elsewhere/b"))()).To(Equal(absent))
	w.Expect(w.value(w.key("bot-1", w.ns+"/c"))()).To(Equal("3"))
	w.Expect(w.value(w.key(own, w.ns+"/d"))()).To(Equal("4"))
	w.Expect(w.value(w.key(own, w.ns+"/d", "bot-2"))()).To(Equal(absent), "delegating is an operation of its own")

	edit(w, push, func(rs *roomv1alpha1.RoomSecret) { rs.Spec.Push.Entries[1].ForIdentity = "stranger" })
	w.Consistently(w.serverLog.String).ShouldNot(ContainSubstring("identity=stranger"), "nobody is impersonated without a rule")
	w.Expect(w.serverLog.String()).To(ContainSubstring("identity=bot-1"))
}
