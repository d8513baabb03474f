// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/hosts"
	"github.com/roomsecrets/roomsecret-operator/internal/roomserver"
	"github.com/roomsecrets/roomsecret-operator/roomclient/token"
)

func TestARoomThatCannotBeConnectedSaysWhyAndRecovers(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		room   func(*world, *roomv1alpha1.Room, *corev1.Secret)
		server func(*world)
		state  string
		stall  bool
		mend   func(*world, *corev1.Secret)
	}{
		"the credential is missing": {
			room:  func(_ *world, _ *roomv1alpha1.Room, credential *corev1.Secret) { credential.Name = "elsewhere" },
			state: "False/CredentialNotFound",
			mend: func(w *world, _ *corev1.Secret) {
				w.create(newSecret(w.ns, "credential", map[string]string{"api-key": w.apiKey.Encode()}))
			},
		},
		"the key of the credential is missing": {
			room:  func(_ *world, _ *roomv1alpha1.Room, credential *corev1.Secret) { credential.Data = nil },
			state: "False/CredentialNotFound",
			mend:  mendCredential,
		},
		"the credential is not an API key": {
			room: func(_ *world, _ *roomv1alpha1.Room, credential *corev1.Secret) {
				credential.Data["api-key"] = []byte("ma-nonsense")
			},
			state: "False/InvalidCredential", stall: true,
			mend: mendCredential,
		},
		"the credential is refused": {
			room: func(w *world, _ *roomv1alpha1.Room, credential *corev1.Secret) {
				other, err := token.NewAPIKey()
				w.Expect(err).NotTo(HaveOccurred())
				credential.Data["api-key"] = []byte(other.Encode())
			},
			state: "False/Unauthorized", stall: true,
			mend: mendCredential,
		},
		"the room does not exist": {
			server: func(w *world) { w.startServerWith(roomserver.Config{Rooms: []string{"another"}}) },
			state:  "False/RoomUnknown", stall: true,
			mend: func(w *world, _ *corev1.Secret) { w.stopServer(); w.startServer() },
		},
		"the endpoint does not answer": {
			server: func(*world) {},
			state:  "False/Unreachable",
			mend:   func(w *world, _ *corev1.Secret) { w.startServer() },
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newStoppedWorld(t)
			if c.server == nil {
				c.server = (*world).startServer
			}
			c.server(w)
			w.startManager()
			room, credential := w.newRoom()
			if c.room != nil {
				c.room(w, room, credential)
			}
			push := w.newPush("push", []string{"a"})
			w.create(credential, room, newSecret(w.ns, "source", map[string]string{"a": "one"}), push)
			w.Eventually(w.state(room)).Should(Equal(c.state))
			w.Expect(w.condition(room, roomv1alpha1.ConditionStalled) != nil).To(Equal(c.stall))
			w.Eventually(w.state(push)).Should(Equal("Unknown/RoomNotReady"))
			message := w.condition(room, roomv1alpha1.ConditionReady).Message
			w.Expect(message).NotTo(ContainSubstring(strings.TrimPrefix(w.apiKey.Encode(), "ma-")))
			version := room.ResourceVersion
			w.Consistently(w.version(room)).Should(Equal(version), "trying again says nothing new")
			c.mend(w, credential)
			w.Eventually(w.state(room)).Should(Equal(connected))
			w.settled(push)
		})
	}
}

func mendCredential(w *world, credential *corev1.Secret) {
	edit(w, credential, func(s *corev1.Secret) { s.Data = map[string][]byte{"api-key": []byte(w.apiKey.Encode())} })
}

// sign makes a participant token for the room of the world.
func (w *world) sign(identity, room string, admin bool) string {
	w.t.Helper()
	scope := token.APIScope{Secrets: &token.SecretsGrant{}}
	if admin {
		scope.Admin = &token.AdminGrant{}
	}
	api, err := token.APIGrant(scope)
	w.Expect(err).NotTo(HaveOccurred())
	jwt, err := w.apiKey.Sign(token.Claims{Name: identity, Grants: []token.Grant{token.RoomGrant(room), api}, ExpiresAt: time.Now().Add(time.Hour)})
	w.Expect(err).NotTo(HaveOccurred())
	return jwt
}

// withTokenRoom creates the Room of the world with a token as its credential.
func (w *world) withTokenRoom(jwt string) *roomv1alpha1.Room {
	w.t.Helper()
	room, _ := w.newRoom(func(r *roomv1alpha1.Room) {
		r.Spec.Auth = roomv1alpha1.RoomAuth{TokenSecretRef: &roomv1alpha1.SecretKeyRef{Name: "credential", Key: "token"}}
	})
	w.create(newSecret(w.ns, "credential", map[string]string{"token": jwt + "\n"}), room)
	return room
}

func TestATokenActsAsItsIdentity(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	room := w.withTokenRoom(w.sign("carol", w.room, false))
	push := w.newPush("push", []string{"a"})
	w.create(newSecret(w.ns, "source", map[string]string{"a": "one"}), push)
	w.settled(push)
	w.Expect(w.value(w.key("carol", "a"))()).To(Equal("one"))
	w.Eventually(w.state(room)).Should(Equal(connected))
	w.Expect(room.Status.Identity).To(Equal("carol"))
	w.Expect(room.Status.TokenExpirationTime).NotTo(BeNil())
}

func TestATokenForAnotherRoomIsForbidden(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	room := w.withTokenRoom(w.sign("carol", "another-room", false))
	w.Eventually(w.state(room)).Should(Equal("False/Forbidden"))
}

func TestAnAdminTokenWritesForOthersAndCannotDeleteForThem(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.withTokenRoom(w.sign("carol", w.room, true))
	source := newSecret(w.ns, "source", map[string]string{"a": "one"})
	push := w.newPush("push", []string{"a"}, deletes, func(rs *roomv1alpha1.RoomSecret) { rs.Spec.Push.Entries[0].ForIdentity = "alice" })
	w.create(source, push)
	w.settled(push)
	w.Expect(w.value(w.key("alice", "a"))()).To(Equal("one"))
	edit(w, source, func(s *corev1.Secret) { s.Data["a"] = []byte("two") })
	w.Eventually(w.value(w.key("alice", "a"))).Should(Equal("two"))
	w.settled(push)
	w.drop(w.key("alice", "a"))
	w.Eventually(w.value(w.key("alice", "a"))).Should(Equal("two"), "that a row is gone can be seen with any token")
	w.remove(push)
	w.Eventually(w.gone(push)).Should(BeTrue())
	w.Eventually(w.eventReasons("push")).Should(ContainElement("Orphaned"))
	w.Expect(w.value(w.key("alice", "a"))()).To(Equal("two"))
}

func TestATokenWithoutTheAdminGrantCannotWriteForOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.withTokenRoom(w.sign("carol", w.room, false))
	push := w.newPush("push", []string{"a", "b"}, func(rs *roomv1alpha1.RoomSecret) { rs.Spec.Push.Entries[0].ForIdentity = "alice" })
	w.create(newSecret(w.ns, "source", map[string]string{"a": "one", "b": "two"}), push)
	w.Eventually(w.state(push)).Should(Equal("False/Forbidden"))
	w.Expect(w.value(w.key("carol", "b"))()).To(Equal("two"))
}

func TestATokenCannotReadForOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(w.key("alice", "a"), "one")
	w.withTokenRoom(w.sign("carol", w.room, true))
	pull := w.newPull("pull", []string{"a"}, func(rs *roomv1alpha1.RoomSecret) { rs.Spec.Pull.Entries[0].ForIdentity = "alice" })
	w.create(pull)
	w.Eventually(w.state(pull)).Should(Equal("False/Unsupported"))
	w.Expect(w.secretValue("pull", "a")()).To(Equal(absent))
}

func TestARotatedCredentialTakesEffectWithoutARestart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	room := w.withRoom()
	push := w.newPush("push", []string{"a"})
	source := newSecret(w.ns, "source", map[string]string{"a": "one"})
	w.create(source, push)
	w.settled(push)
	old := w.apiKey
	fresh, err := token.NewAPIKey()
	w.Expect(err).NotTo(HaveOccurred())
	w.apiKey = fresh
	w.stopServer()
	w.startServerWith(roomserver.Config{APIKeys: []token.APIKey{old}})
	edit(w, newSecret(w.ns, "credential", nil), func(s *corev1.Secret) { s.Data["api-key"] = []byte(fresh.Encode()) })
	w.stopServer()
	w.startServer()
	w.Eventually(w.state(room)).Should(Equal(connected))
	edit(w, source, func(s *corev1.Secret) { s.Data["a"] = []byte("two") })
	w.Eventually(w.value(w.key(own, "a"))).Should(Equal("two"))
}

func TestNothingConnectsToAHostThatIsNotAllowed(t *testing.T) {
	t.Parallel()
	w := newStoppedWorld(t)
	server := w.startCounted()
	allow := func(list string) {
		var err error
		w.hosts, err = hosts.Parse(list)
		w.Expect(err).NotTo(HaveOccurred())
	}
	allow("rooms.example.com," + w.address)
	w.startManager()
	room := w.withRoom()
	push := w.newPush("push", []string{"a"}, deletes)
	w.create(newSecret(w.ns, "source", map[string]string{"a": "one"}), push)
	w.settled(push)
	elsewhere, _ := w.newRoom(func(r *roomv1alpha1.Room) { r.Name, r.Spec.Endpoint = "elsewhere", "ws://127.0.0.1:1" })
	w.create(elsewhere)
	w.Eventually(w.state(elsewhere)).Should(Equal("False/HostNotAllowed"))

	w.stopManager()
	allow("rooms.example.com")
	w.startManager()
	w.Eventually(w.state(room)).Should(Equal("False/HostNotAllowed"))
	w.Eventually(w.state(push)).Should(Equal("Unknown/RoomNotReady"))
	w.Eventually(server.inside).Should(BeZero())
	w.Expect(server.came()).To(Equal(1.0))
	w.Expect(w.value(w.key(own, "a"))()).To(Equal("one"), "nothing is deleted")
}

func TestTheFinalizerOfARoomChangesNothingElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	room, credential := w.newRoom()
	w.create(credential, newSecret(w.ns, "source", map[string]string{"a": "one"}))
	applied := client.ApplyConfigurationFromUnstructured(&unstructured.Unstructured{Object: map[string]any{
		"apiVersion": roomv1alpha1.SchemeGroupVersion().String(), "kind": "Room",
		"metadata": map[string]any{"namespace": room.Namespace, "name": room.Name},
		"spec": map[string]any{
			"endpoint": room.Spec.Endpoint, "suspend": false, "pollInterval": "1m",
			"auth": map[string]any{"apiKeySecretRef": map[string]any{"name": "credential", "key": "api-key"}},
		},
	}})
	w.Expect(w.kube.Apply(w.ctx, applied, client.FieldOwner("pipeline"))).To(Succeed())
	push := w.newPush("push", []string{"a"}, deletes)
	w.create(push)
	w.settled(push)
	w.Eventually(func() ([]string, error) {
		err := w.kube.Get(w.ctx, client.ObjectKeyFromObject(room), room)
		return room.Finalizers, err
	}).ShouldNot(BeEmpty())
	w.Expect(room.Generation).To(BeEquivalentTo(1))
	for _, entry := range room.ManagedFields {
		if entry.Manager != "pipeline" {
			w.Expect(entry.FieldsV1.GetRawString()).NotTo(ContainSubstring("f:spec"), entry.Manager)
		}
	}
}
