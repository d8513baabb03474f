// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/roomserver"
)

// data returns a function that reads all of a Secret's data.
func (w *world) data(name string) func() (map[string]string, error) {
	return func() (map[string]string, error) {
		var secret corev1.Secret
		err := w.kube.Get(w.ctx, client.ObjectKey{Namespace: w.ns, Name: name}, &secret)
		data := map[string]string{}
		for key, value := range secret.Data {
			data[key] = string(value)
		}
		return data, err
	}
}

// newSourced returns a pull into the Secret app.
func (w *world) newSourced(pull roomv1alpha1.Pull) *roomv1alpha1.RoomSecret {
	pull.Target.Name = "app"
	return w.newRoomSecret("pull", roomv1alpha1.RoomSecretSpec{Pull: &pull})
}

func TestAFindFollowsWhatTheRoomHas(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.withRoom()
	w.put(w.key(own, "app/user"), "ann")
	w.put(w.key(own, "other"), "x")
	pull := w.newSourced(roomv1alpha1.Pull{Find: []roomv1alpha1.PullFind{{IDPrefix: "app/", StripPrefix: true}}})
	w.create(pull)
	w.settled(pull)
	w.Expect(w.data("app")()).To(Equal(map[string]string{"user": "ann"}))
	w.Expect(pull.Status.Entries[0].Entry).To(Equal("find[0]"))

	w.put(w.key(own, "app/password"), "hunter2")
	w.Eventually(w.data("app")).Should(Equal(map[string]string{"user": "ann", "password": "hunter2"}))
	w.put(w.key(own, "app/user"), "bob")
	w.Eventually(w.data("app")).Should(HaveKeyWithValue("user", "bob"))
	w.drop(w.key(own, "app/user"))
	w.Eventually(w.data("app")).Should(Equal(map[string]string{"password": "hunter2"}))
	w.settled(pull)
}

func TestAnObjectBecomesKeysAndABrokenOneChangesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.withRoom()
	w.put(w.key(own, "db"), `{"user":"ann","port":5432}`)
	pull := w.newSourced(roomv1alpha1.Pull{Entries: []roomv1alpha1.PullEntry{{Key: "db", ID: "db", Extract: roomv1alpha1.ExtractJSON}}})
	w.create(pull)
	w.settled(pull)
	w.Expect(w.data("app")()).To(Equal(map[string]string{"user": "ann", "port": "5432"}))

	w.put(w.key(own, "db"), `{"user":"ann","port"`)
	w.Eventually(w.state(pull)).Should(Equal("False/InvalidValue"))
	w.Expect(w.data("app")()).To(Equal(map[string]string{"user": "ann", "port": "5432"}))

	w.put(w.key(own, "db"), `{"user":"bob","host":"db"}`)
	w.Eventually(w.data("app")).Should(Equal(map[string]string{"user": "bob", "host": "db"}))
	w.settled(pull)
}

func TestAMatchFindsTheOneAndRefusesTwo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.withRoom()
	push := w.newPush("push", []string{"a", "b"}, func(rs *roomv1alpha1.RoomSecret) {
		rs.Spec.Push.Entries[0].Type, rs.Spec.Push.Entries[0].DisplayName = "git", "github"
	})
	w.create(newSecret(w.ns, "source", map[string]string{"a": "one", "b": "two"}), push)
	w.settled(push)
	pull := w.newSourced(roomv1alpha1.Pull{Entries: []roomv1alpha1.PullEntry{{Key: "TOKEN", Match: &roomv1alpha1.PullMatch{Type: "git", Name: "github"}}}})
	w.create(pull)
	w.settled(pull)
	w.Expect(w.data("app")()).To(Equal(map[string]string{"TOKEN": "one"}))

	edit(w, push, func(rs *roomv1alpha1.RoomSecret) {
		rs.Spec.Push.Entries[1].Type, rs.Spec.Push.Entries[1].DisplayName = "git", "github"
	})
	w.Eventually(w.state(pull)).Should(Equal("False/Conflict"))
	w.Expect(w.data("app")()).To(Equal(map[string]string{"TOKEN": "one"}))
}

func TestATemplateOfAPullIsFilledInWithItsValues(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.withRoom()
	w.put(w.key(own, "user"), "ann")
	w.put(w.key(own, "password"), "one")
	pull := w.newSourced(roomv1alpha1.Pull{
		Entries:  []roomv1alpha1.PullEntry{{Key: "user", ID: "user"}, {Key: "password", ID: "password"}},
		Template: &roomv1alpha1.PullTemplate{Data: map[string]roomv1alpha1.Template{"URL": "{{ .user }}:{{ .password }}"}, MergePolicy: roomv1alpha1.MergePolicyReplace},
	})
	w.create(pull)
	w.settled(pull)
	w.Expect(w.data("app")()).To(Equal(map[string]string{"URL": "ann:one"}))

	w.put(w.key(own, "password"), "two")
	w.Eventually(w.data("app")).Should(Equal(map[string]string{"URL": "ann:two"}))
	w.drop(w.key(own, "password"))
	w.Eventually(w.state(pull)).Should(Equal("False/RoomSecretNotFound"))
	w.Expect(w.data("app")()).To(Equal(map[string]string{"URL": "ann:two"}))

	edit(w, pull, func(rs *roomv1alpha1.RoomSecret) {
		rs.Spec.Pull.Template, rs.Spec.Pull.Entries = nil, rs.Spec.Pull.Entries[:1]
	})
	w.Eventually(w.data("app")).Should(Equal(map[string]string{"user": "ann"}))
	w.settled(pull)
}

// A rule that is withdrawn stops everything and deletes nothing, also of what was found.
func TestAFindStopsWhenItsRuleIsWithdrawn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	room := w.withRoom(func(room *roomv1alpha1.Room) {
		room.Spec.Access = []roomv1alpha1.AccessRule{{IDs: []roomv1alpha1.Pattern{"app/*"}, Operations: []roomv1alpha1.Operation{roomv1alpha1.OperationRead}}}
	})
	w.put(w.key(own, "app/user"), "ann")
	pull := w.newSourced(roomv1alpha1.Pull{Find: []roomv1alpha1.PullFind{{IDPrefix: "app/", StripPrefix: true}}})
	w.create(pull)
	w.settled(pull)
	edit(w, room, func(room *roomv1alpha1.Room) { room.Spec.Access[0].IDs[0] = "nothing" })
	w.Eventually(w.state(pull)).Should(Equal("False/AccessDenied"))
	w.Expect(w.data("app")()).To(Equal(map[string]string{"user": "ann"}))
}

func TestTheLastKeyOfAFindGoesWhenItIsConfirmed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.withRoom()
	w.put(w.key(own, "app-user"), "ann")
	w.put(w.key(own, "other"), "x")
	pull := w.newSourced(roomv1alpha1.Pull{
		Find:    []roomv1alpha1.PullFind{{IDPrefix: "app-", StripPrefix: true}},
		Entries: []roomv1alpha1.PullEntry{{Key: "other", ID: "other"}},
	})
	w.create(pull)
	w.settled(pull)
	w.drop(w.key(own, "app-user"))
	w.Eventually(w.state(pull)).Should(Equal("False/PruneBlocked"))
	w.put(w.key(own, "other"), "y")
	w.Eventually(w.data("app")).Should(Equal(map[string]string{"user": "ann", "other": "y"}))
	w.confirm(pull)
	w.Eventually(w.data("app")).Should(Equal(map[string]string{"other": "y"}))
	w.settled(pull)
}

func TestAFindSaysNothingOfWhatMayNotBeRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.withRoom(func(room *roomv1alpha1.Room) {
		room.Spec.Access = []roomv1alpha1.AccessRule{{IDs: []roomv1alpha1.Pattern{"app-*"}, Operations: []roomv1alpha1.Operation{roomv1alpha1.OperationRead}}}
	})
	w.put(w.key(own, "app-user"), "ann")
	w.put(w.key(own, "theirs"), "x")
	pull := w.newSourced(roomv1alpha1.Pull{Find: []roomv1alpha1.PullFind{{Type: "text/plain"}}})
	w.create(pull)
	w.settled(pull)
	w.Expect(w.data("app")()).To(Equal(map[string]string{"app-user": "ann"}))
	w.Expect(pull.Status.Entries).To(HaveLen(1))
}

func TestAnOddIDHoldsUpNothingElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.withRoom()
	w.put(w.key(own, "app-user"), "ann")
	w.put(w.key(own, "app/user"), "bob")
	pull := w.newSourced(roomv1alpha1.Pull{Find: []roomv1alpha1.PullFind{{IDPrefix: "app"}}})
	w.create(pull)
	w.Eventually(w.data("app")).Should(Equal(map[string]string{"app-user": "ann"}))
	w.Eventually(w.state(pull)).Should(Equal("False/InvalidKey"))
	w.put(w.key(own, "app-user"), "eve")
	w.Eventually(w.data("app")).Should(Equal(map[string]string{"app-user": "eve"}))
	w.drop(w.key(own, "app/user"))
	w.settled(pull)
}

func TestAFoundTypeLacksWhatItNeeds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.withRoom()
	w.put(w.key(own, "tls.crt"), "certificate")
	pull := w.newSourced(roomv1alpha1.Pull{Target: roomv1alpha1.PullTarget{Type: "kubernetes.io/tls"}, Find: []roomv1alpha1.PullFind{{IDPrefix: "tls."}}})
	w.create(pull)
	w.Eventually(w.state(pull)).Should(Equal("False/KeyNotFound"))
	w.put(w.key(own, "tls.key"), "key")
	w.settled(pull)
	w.drop(w.key(own, "tls.key"))
	w.Eventually(w.state(pull)).Should(Equal("False/KeyNotFound"))
	w.Expect(w.data("app")()).To(Equal(map[string]string{"tls.crt": "certificate", "tls.key": "key"}))
}

// Sixty-four entries cost one list, sixty-four gets and one write.
func TestManyEntriesCostOneListAndOneWrite(t *testing.T) {
	t.Parallel()
	w := newStoppedWorld(t)
	var audit syncBuffer
	w.startServerWith(roomserver.Config{Audit: slog.New(slog.NewTextHandler(&audit, nil))})
	w.startManager()
	w.withRoom(func(room *roomv1alpha1.Room) { room.Spec.PollInterval.Duration *= 1000 })
	entries := make([]roomv1alpha1.PullEntry, 64)
	for i := range entries {
		id := fmt.Sprintf("id-%d", i)
		w.put(w.key(own, id), id)
		entries[i] = roomv1alpha1.PullEntry{Key: id, Match: &roomv1alpha1.PullMatch{Type: "text/plain", Name: id}}
	}
	pull := w.newSourced(roomv1alpha1.Pull{Entries: entries})
	w.create(pull)
	w.settled(pull)
	w.Expect(w.data("app")()).To(HaveLen(64))
	calls := func(tool string) int { return strings.Count(audit.String(), tool) }
	w.Expect(calls("list_secrets")).To(BeNumerically("<=", 3), "one for the pull, one for what its status wakes, one poll")
	w.Expect(calls("get_secret")).To(BeNumerically("<=", 2*64))
	w.Expect(w.writesTo("app")).To(Equal(1), "created whole")
}

// writesTo counts the creates, updates and patches of the data of a Secret that the operator has made.
func (w *world) writesTo(name string) int {
	events, err := cluster.AuditLog().Read()
	w.Expect(err).NotTo(HaveOccurred())
	count := 0
	for _, event := range events {
		if event.UserAgent == w.userAgent && event.Verb == "create" && event.ObjectRef != nil && event.ObjectRef.Resource == "secrets" &&
			event.ObjectRef.Namespace == w.ns && (event.ObjectRef.Name == name || event.ObjectRef.Name == "") {
			count++
		}
	}
	return count
}
