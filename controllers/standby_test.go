// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"testing"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"

	"github.com/roomsecrets/roomsecret-operator/internal/testkube"
)

// watches returns what the operator of this world has begun to watch since the last call.
func (w *world) watches(log *testkube.AuditLog) (resources []string) {
	w.t.Helper()
	events, err := log.Read()
	w.Expect(err).NotTo(HaveOccurred())
	for _, event := range events {
		if event.UserAgent == w.userAgent && event.Verb == "watch" && event.ObjectRef != nil {
			resources = append(resources, event.ObjectRef.Resource)
		}
	}
	return resources
}

func TestAReplicaThatStandsByHasItsCachesFilled(t *testing.T) {
	t.Parallel()
	w := newStoppedWorld(t)
	w.elected = true
	w.startServer()
	w.startManager()
	w.withRoom()
	push := w.newPush("push", []string{"a"})
	source := newSecret(w.ns, "source", map[string]string{"a": "one"})
	w.create(source, push)
	w.settled(push)

	standby := w.beside("standby", w.namespaces...)
	standby.elected = true
	log, watched := cluster.AuditLog(), []string(nil)
	standby.startManager()
	w.Eventually(func() []string {
		watched = append(watched, standby.watches(log)...)
		return watched
	}).Should(ContainElements("rooms", "clusterrooms", "roomsecrets", "secrets", "configmaps", "namespaces"))
	w.stopManager()
	edit(w, source, func(s *corev1.Secret) { s.Data["a"] = []byte("two") })
	w.Eventually(w.value(w.key(own, "a"))).Should(Equal("two"))
	w.Expect(standby.watches(log)).To(BeEmpty(), "who takes over has nothing left to list")
}
