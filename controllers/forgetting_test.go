// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/controllers"
)

// forgetting makes a RoomSecret have the room forget the answer.
func forgetting(rs *roomv1alpha1.RoomSecret) {
	rs.Spec.Pull.Entries[0].Request.DeletionPolicy = roomv1alpha1.DeletionDelete
}

// kept returns a function that counts the answers that the room keeps for the operator.
func (w *world) kept() func() (int, error) {
	return func() (int, error) {
		infos, err := w.store.List(w.ctx, w.room, own)
		return len(infos), err
	}
}

func TestTheRoomForgetsAnAnswerAsThePolicySays(t *testing.T) {
	t.Parallel()
	other := roomv1alpha1.PullEntry{Key: "b", ID: "b"}
	for name, c := range map[string]struct {
		mods []func(*roomv1alpha1.RoomSecret)
		end  func(*world, *roomv1alpha1.RoomSecret)
		kept int
	}{
		"it is deleted":               {[]func(*roomv1alpha1.RoomSecret){forgetting}, deleted, 0},
		"it is deleted, and retains":  {nil, deleted, 1},
		"the entry is taken out":      {[]func(*roomv1alpha1.RoomSecret){forgetting}, replaced(other), 0},
		"the entry is taken out, and": {nil, replaced(other), 1},
		"it is deleted while it is suspended": {[]func(*roomv1alpha1.RoomSecret){forgetting}, func(w *world, rs *roomv1alpha1.RoomSecret) {
			edit(w, rs, func(rs *roomv1alpha1.RoomSecret) { rs.Spec.Suspend = true })
			deleted(w, rs)
		}, 0},
		"it merges, and is deleted": {[]func(*roomv1alpha1.RoomSecret){forgetting, creation(roomv1alpha1.CreationMerge), func(rs *roomv1alpha1.RoomSecret) {
			rs.Spec.Pull.Target.Name = "theirs"
		}}, deleted, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			bob := w.join("bob")
			room := w.withRoom()
			w.create(newSecret(w.ns, "theirs", nil))
			ask := w.newAsk("app", c.mods...)
			w.create(ask)
			bob.gives("v")
			w.settled(ask)
			w.Expect(w.kept()()).To(Equal(1))
			w.Expect(ask.Finalizers).To(HaveLen(1 - c.kept))
			if c.kept == 0 {
				w.Eventually(func() ([]string, error) {
					err := w.kube.Get(w.ctx, client.ObjectKeyFromObject(room), room)
					return room.Finalizers, err
				}).Should(ContainElement(controllers.Finalizer), "the room is needed")
			}
			c.end(w, ask)
			w.Eventually(w.kept()).Should(Equal(c.kept))
			w.Consistently(w.kept()).Should(Equal(c.kept))
		})
	}
}

func deleted(w *world, rs *roomv1alpha1.RoomSecret) {
	w.remove(rs)
	w.Eventually(w.gone(rs)).Should(BeTrue())
}

func replaced(by roomv1alpha1.PullEntry) func(*world, *roomv1alpha1.RoomSecret) {
	return func(w *world, rs *roomv1alpha1.RoomSecret) {
		edit(w, rs, func(rs *roomv1alpha1.RoomSecret) { rs.Spec.Pull.Entries = []roomv1alpha1.PullEntry{by} })
		w.Eventually(w.state(rs)).Should(Equal("False/" + string(roomv1alpha1.ReasonRoomSecretNotFound)))
		w.Expect(rs.Finalizers).To(BeEmpty())
	}
}

func TestTheRoomForgetsTheAnswerToWhatIsNotAskedForAnyMore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bob := w.join("bob")
	w.withRoom()
	ask := w.newAsk("app", forgetting)
	w.create(ask)
	bob.gives("old")
	w.settled(ask)
	edit(w, ask, requesting(func(r *roomv1alpha1.PullRequest) { r.URL = "secret://other" }))
	request := bob.next()
	w.Eventually(w.kept()).Should(BeZero())
	w.Expect(w.secretValue("app", "a")()).To(Equal("old"))
	w.Expect(request.Provide(w.ctx, []byte("new"))).To(Succeed())
	w.settled(ask)
	deleted(w, ask)
	w.Expect(w.kept()()).To(BeZero())
}

func TestAnAnswerIsLeftBehindInARoomThatStaysOutOfReach(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bob := w.join("bob")
	w.withRoom()
	ask := w.newAsk("app", forgetting)
	w.create(ask)
	bob.gives("v")
	w.settled(ask)
	w.stopServer()
	w.remove(ask)
	w.Eventually(w.gone(ask)).Should(BeTrue())
	w.Expect(w.kept()()).To(Equal(1))
	w.Expect(w.sum(w.registry, "roomsecret_orphaned_total", nil)).To(Equal(1.0))
}

// TestACrashBetweenAnswerAndWriteLosesNothing has a Secret that cannot be written until the operator is another one.
func TestACrashBetweenAnswerAndWriteLosesNothing(t *testing.T) {
	t.Parallel()
	w := newStoppedWorld(t)
	var tried atomic.Int32
	var mended atomic.Bool
	w.newClient = func(config *rest.Config, options client.Options) (client.Client, error) {
		c, err := client.NewWithWatch(config, options)
		return interceptor.NewClient(c, interceptor.Funcs{
			Create: func(ctx context.Context, c client.WithWatch, object client.Object, opts ...client.CreateOption) error {
				if _, is := object.(*corev1.Secret); is && !mended.Load() {
					tried.Add(1)
					return errors.New("the API server does not answer")
				}
				return c.Create(ctx, object, opts...)
			},
		}), err
	}
	w.startServer()
	w.startManager()
	bob := w.join("bob")
	w.withRoom()
	ask := w.newAsk("app")
	w.create(ask)
	bob.gives("v")
	w.Eventually(tried.Load).ShouldNot(BeZero())
	w.stopManager()
	mended.Store(true)
	w.startManager()
	w.settled(ask)
	w.Expect(w.secretValue("app", "a")()).To(Equal("v"))
	bob.isLeftAlone(1)
}

func TestTheOperatorCanAskItself(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.withRoom()
	w.create(newSecret(w.ns, "source", map[string]string{"a": "one"}), w.newProvide("provide", []string{"a"}))
	ask := w.newAsk("app", requesting(func(r *roomv1alpha1.PullRequest) {
		r.URL, r.From = "secret://a", roomv1alpha1.ParticipantReference{Name: own}
	}))
	w.create(ask)
	w.settled(ask)
	w.Expect(w.secretValue("app", "a")()).To(Equal("one"))
}

// TestARecordThatSomebodyHasEditedLetsNothingBeForgotten has an answer of another RoomSecret put into a ledger.
func TestARecordThatSomebodyHasEditedLetsNothingBeForgotten(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bob := w.join("bob")
	w.withRoom()
	theirs := w.newAsk("theirs", requesting(func(r *roomv1alpha1.PullRequest) { r.URL = "secret://theirs" }))
	ours := w.newAsk("ours", forgetting)
	w.create(theirs)
	bob.gives("v")
	w.create(ours)
	bob.gives("v")
	w.settled(theirs, ours)
	w.stopManager()
	w.Expect(w.kube.Get(w.ctx, client.ObjectKeyFromObject(ours), ours)).To(Succeed())
	ours.Status.Entries[0].ID = "secret://theirs"
	w.Expect(w.kube.Status().Update(w.ctx, ours)).To(Succeed())
	w.startManager()
	deleted(w, ours)
	w.Expect(w.kept()()).To(BeNumerically(">=", 1))
	edit(w, w.secret("theirs"), func(s *corev1.Secret) { delete(s.Data, "a") })
	w.Eventually(w.secretValue("theirs", "a")).Should(Equal("v"), "the room has it still")
	bob.isLeftAlone(2)
}
