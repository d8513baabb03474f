// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"fmt"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clocktesting "k8s.io/utils/clock/testing"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
)

func TestAParticipantIsAskedOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bob := w.join("bob")
	w.withRoom()
	ask := w.newAsk("app")
	w.create(ask)
	request := bob.next()
	w.Expect(request.URL).To(Equal("secret://stripe"))
	w.Expect(request.Type).To(Equal("text/plain"))
	w.Expect(request.Timeout).To(Equal(5 * time.Minute))
	w.Eventually(w.state(ask)).Should(Equal(awaitingParticipant))
	w.Eventually(w.pending(ask)).Should(Equal(roomv1alpha1.PendingWaiting))
	pending := ask.Status.Pending[0]
	w.Expect(pending.Name).To(Equal("a"))
	w.Expect(pending.Kind).To(Equal(roomv1alpha1.RequestSecret))
	w.Expect(pending.Participant).To(Equal("bob"))
	w.Expect(pending.URL).To(Equal("secret://stripe"))
	w.Eventually(func() *metav1.Time { _, _ = w.state(ask)(); return ask.Status.Pending[0].Until }).ShouldNot(BeNil())
	w.Expect(ask.Status.Summary.Pending).To(BeEquivalentTo(1))
	w.Expect(w.condition(ask, roomv1alpha1.ConditionStalled)).To(BeNil())
	w.Expect(w.secretValue("app", "a")()).To(Equal(absent))
	version, err := w.version(ask)()
	w.Expect(err).NotTo(HaveOccurred())
	w.Consistently(w.version(ask)).Should(Equal(version), "waiting writes nothing")

	w.Expect(request.Provide(w.ctx, []byte("v"))).To(Succeed())
	w.settled(ask)
	w.Expect(w.secretValue("app", "a")()).To(Equal("v"))
	w.Expect(ask.Status.Pending).To(BeEmpty())
	w.Expect(ask.Status.Entries[0].ID).To(Equal("secret://stripe"))

	w.stopManager()
	w.startManager()
	bob.isLeftAlone(1)
	w.settled(ask)
	edit(w, w.secret("app"), func(s *corev1.Secret) { delete(s.Data, "a") })
	w.Eventually(w.secretValue("app", "a")).Should(Equal("v"), "the room has kept it")
	bob.isLeftAlone(1)
}

func TestWhoIsNotInTheRoomIsAskedWhenTheyJoin(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.withRoom()
	ask := w.newAsk("app")
	w.create(ask)
	w.Eventually(w.pending(ask)).Should(Equal(roomv1alpha1.PendingAbsent))
	w.Eventually(w.state(ask)).Should(Equal(awaitingParticipant))
	w.join("eve")
	bob := w.join("bob")
	bob.gives("v")
	w.settled(ask)
	w.Expect(w.secretValue("app", "a")()).To(Equal("v"))
}

func TestAParticipantCanBeNamedByTheirID(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.withRoom()
	bob := w.join("bob")
	ask := w.newAsk("app", requesting(func(r *roomv1alpha1.PullRequest) {
		r.From = roomv1alpha1.ParticipantReference{ID: bob.ParticipantID()}
	}))
	w.create(ask)
	bob.gives("v")
	w.settled(ask)
	stranger := w.newAsk("stranger", requesting(func(r *roomv1alpha1.PullRequest) {
		r.URL, r.From = "secret://other", roomv1alpha1.ParticipantReference{ID: "nobody"}
	}))
	w.create(stranger)
	w.Eventually(w.pending(stranger)).Should(Equal(roomv1alpha1.PendingAbsent))
}

func TestARefusalIsShownAndMakesAPauseThatOutlivesARestart(t *testing.T) {
	t.Parallel()
	w := newStoppedWorld(t)
	clock := clocktesting.NewFakeClock(time.Now())
	w.patience = clock
	w.startServer()
	w.startManager()
	bob := w.join("bob")
	w.withRoom()
	ask := w.newAsk("app")
	w.create(ask)
	bob.refuses()
	w.Eventually(w.state(ask)).Should(Equal(turnedDown))
	w.Expect(w.condition(ask, roomv1alpha1.ConditionStalled)).To(BeNil())
	w.Expect(ask.Status.Pending[0].Attempts).To(BeEquivalentTo(1))
	next := *ask.Status.Pending[0].NextAttemptTime
	bob.isLeftAlone(1)

	w.stopManager()
	w.startManager()
	bob.isLeftAlone(1)
	w.Eventually(w.state(ask)).Should(Equal(turnedDown))
	w.Expect(ask.Status.Pending[0].Attempts).To(BeEquivalentTo(1))
	w.Expect(ask.Status.Pending[0].NextAttemptTime.Time).To(BeTemporally("==", next.Time))
	w.Eventually(clock.HasWaiters).Should(BeTrue())
	clock.Step(2 * time.Minute)
	bob.refuses()
	w.Eventually(func() int32 { _, _ = w.state(ask)(); return ask.Status.Pending[0].Attempts }).Should(BeEquivalentTo(2))

	request(w, ask, "now") // at once
	bob.gives("v")
	w.settled(ask)
}

func TestWhoDoesNotAnswerInTimeIsAskedAgain(t *testing.T) {
	t.Parallel()
	w := newStoppedWorld(t)
	clock := clocktesting.NewFakeClock(time.Now())
	w.patience = clock
	w.startServer()
	w.startManager()
	bob := w.join("bob")
	w.withRoom()
	ask := w.newAsk("app", requesting(func(r *roomv1alpha1.PullRequest) { r.Timeout = &metav1.Duration{Duration: time.Second} }))
	w.create(ask)
	bob.next()
	w.Eventually(w.pending(ask)).Should(Equal(roomv1alpha1.PendingTimedOut))
	w.Expect(w.state(ask)()).To(Equal(awaitingParticipant))
	w.Eventually(clock.HasWaiters).Should(BeTrue())
	clock.Step(2 * time.Minute)
	bob.gives("v")
	w.settled(ask)
}

func TestANewAnswerIsAskedForOnRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bob := w.join("bob")
	w.withRoom()
	ask := w.newAsk("app")
	w.create(ask)
	bob.gives("old")
	w.settled(ask)
	request(w, ask, "now")
	renewal := bob.next()
	w.Eventually(w.state(ask)).Should(Equal(awaitingParticipant))
	w.Expect(w.secretValue("app", "a")()).To(Equal("old"), "what there is stays")
	w.Expect(ask.Status.LastHandledRequestedAt).To(Equal("now"))

	w.stopManager()
	w.startManager()
	again := bob.next() // what was asked for before is lost
	w.Expect(renewal.Provide(w.ctx, []byte("lost"))).NotTo(Succeed())
	w.Expect(again.Provide(w.ctx, []byte("new"))).To(Succeed())
	w.Eventually(w.secretValue("app", "a")).Should(Equal("new"))
	w.settled(ask)
	bob.isLeftAlone(3)
}

func TestAWishForANewAnswerOutlivesALostRoom(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bob := w.join("bob")
	w.withRoom()
	ask := w.newAsk("app")
	w.create(ask)
	bob.gives("old")
	w.settled(ask)
	w.stopServer()
	w.Eventually(w.state(ask)).Should(Equal("Unknown/" + string(roomv1alpha1.ReasonRoomNotReady)))
	request(w, ask, "now")
	w.Eventually(w.handled(ask)).Should(Equal("now"))
	w.startServer()
	bob.gives("new")
	w.Eventually(w.secretValue("app", "a")).Should(Equal("new"))
	w.settled(ask)
}

func TestARequestIsMadeAgainWhenTheRoomComesBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bob := w.join("bob")
	w.withRoom()
	ask := w.newAsk("app")
	w.create(ask)
	bob.next()
	w.stopServer()
	w.startServer()
	bob.gives("v")
	w.settled(ask)
	w.Expect(w.secretValue("app", "a")()).To(Equal("v"))
}

func TestARequestIsMadeAgainWhenTheOperatorComesBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bob := w.join("bob")
	w.withRoom()
	ask := w.newAsk("app")
	w.create(ask)
	bob.next()
	w.Eventually(w.pending(ask)).Should(Equal(roomv1alpha1.PendingWaiting))
	since := ask.Status.Pending[0].Since
	w.stopManager()
	w.startManager()
	again := bob.next()
	w.Expect(w.pending(ask)()).To(Equal(roomv1alpha1.PendingWaiting))
	w.Expect(ask.Status.Pending[0].Since.Time).To(BeTemporally("==", since.Time))
	w.Expect(again.Provide(w.ctx, []byte("v"))).To(Succeed())
	w.settled(ask)
}

func TestATargetIsCreatedOnceEverythingIsAnswered(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bob := w.join("bob")
	w.put(w.key(own, "host"), "db")
	w.withRoom()
	ask := w.newAsk("app", func(rs *roomv1alpha1.RoomSecret) {
		taken := rs.Spec.Pull.Entries[0]
		taken.Key, taken.Extract, taken.Request = "parts", roomv1alpha1.ExtractJSON, taken.Request.DeepCopy()
		taken.Request.URL = "secret://parts"
		rs.Spec.Pull.Entries = append(rs.Spec.Pull.Entries, taken, roomv1alpha1.PullEntry{Key: "host", ID: "host"})
		rs.Spec.Pull.Template = &roomv1alpha1.PullTemplate{Data: map[string]roomv1alpha1.Template{"url": "{{ .user }}:{{ .a }}@{{ .host }}"}}
	})
	w.create(ask)
	for range 2 {
		request := bob.next()
		if request.URL == "secret://parts" {
			w.Expect(w.secretValue("app", "host")()).To(Equal(absent))
			w.Expect(request.Provide(w.ctx, []byte(`{"user":"u","port":"1"}`))).To(Succeed())
			continue
		}
		w.Expect(w.secretValue("app", "host")()).To(Equal(absent))
		w.Expect(request.Provide(w.ctx, []byte("v"))).To(Succeed())
	}
	w.settled(ask)
	w.Expect(w.secret("app").Data).To(Equal(map[string][]byte{
		"a": []byte("v"), "user": []byte("u"), "port": []byte("1"), "host": []byte("db"), "url": []byte("u:v@db"),
	}))
	w.put(w.key(own, "host"), "other")
	w.Eventually(w.secretValue("app", "url")).Should(Equal("u:v@other"))
	w.stopManager()
	w.startManager()
	w.put(w.key(own, "host"), "third")
	w.Eventually(w.secretValue("app", "url")).Should(Equal("u:v@third"))
	w.settled(ask)
	bob.isLeftAlone(2)
}

func TestNobodyIsAskedForATargetThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bob := w.join("bob")
	w.withRoom()
	w.create(newSecret(w.ns, "app", map[string]string{"x": "theirs"}))
	ask := w.newAsk("app")
	w.create(ask)
	w.Eventually(w.state(ask)).Should(Equal("False/" + string(roomv1alpha1.ReasonConflict)))
	bob.isLeftAlone(0)
	w.remove(w.secret("app"))
	bob.gives("v")
	w.settled(ask)
}

func TestNobodyIsAskedForWhatNoRuleAllows(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bob := w.join("bob")
	room := w.withRoom(func(r *roomv1alpha1.Room) {
		r.Spec.Access = []roomv1alpha1.AccessRule{{IDs: []roomv1alpha1.Pattern{"secret://*"}, Operations: []roomv1alpha1.Operation{roomv1alpha1.OperationRead}}}
	})
	ask := w.newAsk("app")
	w.create(ask)
	w.Eventually(w.state(ask)).Should(Equal("False/" + string(roomv1alpha1.ReasonAccessDenied)))
	bob.isLeftAlone(0)
	edit(w, room, func(r *roomv1alpha1.Room) {
		r.Spec.Access[0].Operations = append(r.Spec.Access[0].Operations, roomv1alpha1.OperationRequest)
	})
	bob.gives("v")
	w.settled(ask)
}

func TestAnAnswerToWhatIsNotWantedAnyMoreIsNotWritten(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*world, *roomv1alpha1.RoomSecret){
		"deleted": func(w *world, rs *roomv1alpha1.RoomSecret) {
			w.remove(rs)
			w.Eventually(w.gone(rs)).Should(BeTrue())
		},
		"suspended": func(w *world, rs *roomv1alpha1.RoomSecret) {
			edit(w, rs, func(rs *roomv1alpha1.RoomSecret) { rs.Spec.Suspend = true })
			w.Eventually(w.state(rs)).Should(Equal("False/" + string(roomv1alpha1.ReasonSuspended)))
		},
		"changed": func(w *world, rs *roomv1alpha1.RoomSecret) {
			edit(w, rs, func(rs *roomv1alpha1.RoomSecret) {
				rs.Spec.Pull.Entries[0].Request, rs.Spec.Pull.Entries[0].ID = nil, "a"
			})
			w.Eventually(w.state(rs)).Should(Equal("False/" + string(roomv1alpha1.ReasonRoomSecretNotFound)))
			w.Expect(rs.Status.Pending).To(BeEmpty())
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			bob := w.join("bob")
			w.withRoom()
			ask := w.newAsk("app")
			w.create(ask)
			request := bob.next()
			end(w, ask)
			w.Expect(request.Provide(w.ctx, []byte("v"))).To(Succeed())
			w.Consistently(w.secretValue("app", "a")).Should(Equal(absent))
		})
	}
}

func TestSomethingElseIsAskedForWhileTheOldAnswerStays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bob := w.join("bob")
	w.withRoom()
	ask := w.newAsk("app")
	w.create(ask)
	bob.gives("old")
	w.settled(ask)
	edit(w, ask, requesting(func(r *roomv1alpha1.PullRequest) { r.URL = "secret://other" }))
	request := bob.next()
	w.Eventually(w.state(ask)).Should(Equal(awaitingParticipant))
	w.Expect(w.secretValue("app", "a")()).To(Equal("old"))
	w.Expect(ask.Status.Pending[0].URL).To(Equal("secret://other"))
	w.Expect(request.Provide(w.ctx, []byte("new"))).To(Succeed())
	w.settled(ask)
	w.Expect(w.secretValue("app", "a")()).To(Equal("new"))
}

// TestWaitingHoldsNothingUp has far more that waits than there are workers.
func TestWaitingHoldsNothingUp(t *testing.T) {
	t.Parallel()
	const waiting = 1000
	w := newWorld(t)
	bob := w.join("bob")
	w.withRoom()
	for i := range waiting {
		w.create(w.newAsk(fmt.Sprintf("app-%d", i), requesting(func(r *roomv1alpha1.PullRequest) { r.URL = fmt.Sprintf("secret://%d", i) })))
	}
	w.Eventually(bob.asked.Load, 2*patience).Should(BeEquivalentTo(32))
	w.put(w.key(own, "a"), "one")
	pull := w.newPull("pull", []string{"a"})
	w.create(pull)
	w.Eventually(w.secretValue("pull", "a"), 5*time.Second).Should(Equal("one"))
	bob.isLeftAlone(32)
	bob.gives("v")
	w.Eventually(bob.asked.Load).Should(BeEquivalentTo(33))
}

func TestAValueThatOnlyATemplateUsesIsKeptByTheRoom(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bob := w.join("bob")
	w.withRoom()
	ask := w.newAsk("app", func(rs *roomv1alpha1.RoomSecret) {
		rs.Spec.Pull.Template = &roomv1alpha1.PullTemplate{
			MergePolicy: roomv1alpha1.MergePolicyReplace, Data: map[string]roomv1alpha1.Template{"url": "x:{{ .a }}"},
		}
	})
	w.create(ask)
	bob.gives("v")
	w.settled(ask)
	w.Expect(w.secret("app").Data).To(Equal(map[string][]byte{"url": []byte("x:v")}))
	version, err := w.version(w.secret("app"))()
	w.Expect(err).NotTo(HaveOccurred())
	w.stopManager()
	w.startManager()
	edit(w, ask, func(rs *roomv1alpha1.RoomSecret) { rs.Spec.Pull.Target.Labels = map[string]string{"a": "b"} })
	w.Eventually(w.version(w.secret("app"))).ShouldNot(Equal(version))
	w.settled(ask)
	bob.isLeftAlone(1)
	request(w, ask, "now")
	bob.gives("w")
	w.Eventually(w.secretValue("app", "url")).Should(Equal("x:w"))
	w.settled(ask)
}
