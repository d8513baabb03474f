// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
)

func TestLimitsOfARoomAreKept(t *testing.T) {
	t.Parallel()
	w := newStoppedWorld(t)
	server := w.startCounted()
	w.startManager()
	room := w.withRoom(rarely, func(r *roomv1alpha1.Room) {
		r.Spec.Limits = &roomv1alpha1.RoomLimits{
			RequestsPerSecond: 10, Burst: 1, MaxInFlight: 1, RequestTimeout: &metav1.Duration{Duration: 10 * time.Second},
		}
	})
	w.Eventually(w.state(room)).Should(Equal(connected))
	push := w.newPush("push", []string{"a", "b", "c", "d", "e"})
	w.create(newSecret(w.ns, "source", map[string]string{"a": "1", "b": "2", "c": "3", "d": "4", "e": "5"}), push)
	began := time.Now()
	w.settled(push)
	w.Expect(time.Since(began)).To(BeNumerically(">=", 1400*time.Millisecond), "each row is read, written and read again: 15 requests")

	edit(w, room, func(r *roomv1alpha1.Room) { r.Spec.Limits.RequestsPerSecond, r.Spec.Limits.Burst = 0, 0 })
	w.Eventually(w.state(room)).Should(Equal(connected))
	w.Expect(server.came()).To(Equal(1.0), "another rate is no reason to connect anew")
	edit(w, room, func(r *roomv1alpha1.Room) { r.Spec.Limits = nil })
	w.Eventually(server.came).Should(Equal(2.0), "another time limit is one of the connection")
	w.Eventually(server.inside).Should(Equal(1.0))
	request(w, push, "now")
	w.Eventually(w.handled(push)).Should(Equal("now"))
	w.settled(push)
}
