// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"cmp"
	"slices"
	"testing"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	auditv1 "k8s.io/apiserver/pkg/apis/audit/v1"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/testkube"
)

func TestAnOutageDeletesNothingAndEverythingComesBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(w.key(own, "b"), "two")
	room := w.withRoom()
	source := newSecret(w.ns, "source", map[string]string{"a": "one"})
	push, pull := w.newPush("push", []string{"a"}, deletes), w.newPull("pull", []string{"b"})
	w.create(source, push, pull)
	w.settled(push, pull)

	w.stopServer()
	w.Eventually(w.state(room)).Should(Equal("False/Unreachable"))
	for _, rs := range []*roomv1alpha1.RoomSecret{push, pull} {
		w.Eventually(w.state(rs)).Should(Equal("Unknown/RoomNotReady"))
		w.Expect(rs.Status.Entries).To(HaveLen(1), "the ledger stays")
	}
	edit(w, source, func(s *corev1.Secret) { s.Data["a"] = []byte("changed") })
	w.put(w.key(own, "b"), "changed")
	w.Consistently(w.secretValue("pull", "b")).Should(Equal("two"))
	w.Expect(w.value(w.key(own, "a"))()).To(Equal("one"))

	w.startServer()
	w.Eventually(w.value(w.key(own, "a"))).Should(Equal("changed"))
	w.Eventually(w.secretValue("pull", "b")).Should(Equal("changed"))
	w.settled(push, pull)
	w.Expect(w.state(room)()).To(Equal(connected))
}

func TestADisconnectedRoomCostsOneWriteAnObjectAndThenNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.withRoom()
	push := w.newPush("push", []string{"a"})
	w.create(newSecret(w.ns, "source", map[string]string{"a": "one"}), push)
	w.settled(push)
	before := push.ResourceVersion
	w.stopServer()
	w.Eventually(w.state(push)).Should(Equal("Unknown/RoomNotReady"))
	w.Expect(push.ResourceVersion).NotTo(Equal(before))
	log := cluster.AuditLog()
	w.drain(log)
	w.Consistently(func() []string { return w.requests(log, "roomsecrets", "secrets") }).Should(BeEmpty())
}

func TestARestartWritesNothingWhenNothingChanged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(w.key(own, "b"), "two")
	room := w.withRoom()
	push := w.newPush("push", []string{"a"}, deletes, func(rs *roomv1alpha1.RoomSecret) {
		rs.Spec.Push.Entries[0].Delegations = []roomv1alpha1.Delegation{{To: "billing"}}
	})
	pull, merged := w.newPull("pull", []string{"b"}), w.newPull("merged", []string{"b"}, creation(roomv1alpha1.CreationMerge))
	orphan := w.newPull("orphan", []string{"b"}, creation(roomv1alpha1.CreationOrphan))
	w.create(newSecret(w.ns, "source", map[string]string{"a": "one"}), newSecret(w.ns, "merged", map[string]string{"x": "y"}), push, pull, merged, orphan)
	w.settled(push, pull, merged, orphan)
	w.Eventually(w.state(room)).Should(Equal(connected))
	w.Eventually(func() []string { _, _ = w.state(room)(); return room.Finalizers }).ShouldNot(BeEmpty())

	w.stopManager()
	log := cluster.AuditLog()
	w.drain(log)
	w.startManager()
	w.Eventually(w.syncs).Should(BeNumerically(">=", 4), "everything is looked at")
	var heard []string
	w.Consistently(func() []string {
		heard = append(heard, w.heard(log, func(e auditv1.Event) bool { return e.Verb != "list" && e.ObjectRef != nil })...)
		return slices.DeleteFunc(slices.Clone(heard), func(request string) bool { return request == "get secrets/credential" })
	}).Should(BeEmpty(), "nothing is written, and no Secret read but what it takes to join the room")
}

// drain reads the audit log to its end.
func (w *world) drain(log interface {
	Read() ([]auditv1.Event, error)
},
) {
	w.t.Helper()
	_, err := log.Read()
	w.Expect(err).NotTo(HaveOccurred())
}

// requests returns the requests about resources that the operator of this world has made since the last call, but for
// watches and the lists before them, as "verb resource/name".
func (w *world) requests(log *testkube.AuditLog, resources ...string) []string {
	w.t.Helper()
	return w.heard(log, func(e auditv1.Event) bool {
		return e.Verb != "list" && e.ObjectRef != nil && slices.Contains(resources, e.ObjectRef.Resource)
	})
}

// allRequests returns what the operator of this world has asked the API server for since the last call, but for watches.
func (w *world) allRequests(log *testkube.AuditLog) []string {
	w.t.Helper()
	return w.heard(log, func(auditv1.Event) bool { return true })
}

// heard returns the requests of the operator of this world that count, but for watches, since the last call. Every
// operator sees the ClusterRooms of the other tests; what it does about them is not what is counted.
func (w *world) heard(log *testkube.AuditLog, counts func(auditv1.Event) bool) []string {
	w.t.Helper()
	events, err := log.Read()
	w.Expect(err).NotTo(HaveOccurred())
	var requests []string
	for _, event := range events {
		switch {
		case event.UserAgent != w.userAgent, event.Verb == "watch", !counts(event):
		case event.ObjectRef == nil:
			requests = append(requests, event.Verb+" "+event.RequestURI)
		case !slices.Contains(w.namespaces, cmp.Or(event.ObjectRef.Namespace, w.ns)), event.ObjectRef.Resource == "clusterrooms":
		default:
			requests = append(requests, event.Verb+" "+event.ObjectRef.Resource+"/"+event.ObjectRef.Name)
		}
	}
	return requests
}
