// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
)

// TestASyncHappensOnRequest has a room that is read once an hour, so that nothing but the request can have done it.
func TestASyncHappensOnRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.withRoom(func(r *roomv1alpha1.Room) { r.Spec.PollInterval = &metav1.Duration{Duration: time.Hour} })
	push := w.newPush("push", []string{"a"})
	w.create(newSecret(w.ns, "source", map[string]string{"a": "one"}), push)
	w.settled(push)
	w.Expect(push.Status.LastHandledRequestedAt).To(BeEmpty())

	w.put(w.key(own, "a"), "tampered")
	w.Consistently(w.value(w.key(own, "a"))).Should(Equal("tampered"))
	request(w, push, "now")
	w.Eventually(w.handled(push)).Should(Equal("now"))
	w.Expect(w.value(w.key(own, "a"))()).To(Equal("one"))
	w.settled(push)

	w.put(w.key(own, "a"), "tampered again")
	request(w, push, "once more")
	w.Eventually(w.handled(push)).Should(Equal("once more"))
	w.Expect(w.value(w.key(own, "a"))()).To(Equal("one"))
}

func TestARequestIsHeededAlsoWhenTheSyncFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.withRoom()
	push := w.newPush("push", []string{"a"}) // and no source
	w.create(push)
	w.Eventually(w.state(push)).Should(Equal("False/" + string(roomv1alpha1.ReasonSourceNotFound)))
	request(w, push, "now")
	w.Eventually(w.handled(push)).Should(Equal("now"))
}

func TestAnEndlessRequestIsEchoedInPart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.withRoom()
	push := w.newPush("push", []string{"a"})
	w.create(newSecret(w.ns, "source", map[string]string{"a": "one"}), push)
	w.settled(push)
	request(w, push, strings.Repeat("é", 200))
	w.Eventually(w.handled(push)).Should(Equal(strings.Repeat("é", 128)))
	request(w, push, "x"+strings.Repeat("é", 200))
	w.Eventually(w.handled(push)).Should(Equal("x" + strings.Repeat("é", 127)))
}

// request asks for a sync, as "kubectl room sync" does.
func request(w *world, rs *roomv1alpha1.RoomSecret, value string) {
	w.t.Helper()
	edit(w, rs, func(rs *roomv1alpha1.RoomSecret) {
		metav1.SetMetaDataAnnotation(&rs.ObjectMeta, roomv1alpha1.AnnotationRequestedAt, value)
	})
}

// handled returns a function that reads which request was heeded last.
func (w *world) handled(rs *roomv1alpha1.RoomSecret) func() (string, error) {
	return func() (string, error) {
		err := w.kube.Get(w.ctx, client.ObjectKeyFromObject(rs), rs)
		return rs.Status.LastHandledRequestedAt, err
	}
}
