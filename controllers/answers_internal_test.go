// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/plan"
	"github.com/roomsecrets/roomsecret-operator/internal/sessions"
	"github.com/roomsecrets/roomsecret-operator/roomclient"
)

func TestWhatMayBeShownOfAURL(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"secret://stripe/live":                        "secret://stripe/live",
		"https://github.com":                          "https://github.com",
		"https://user:password@github.com/a":          "https://github.com/a",
		"https://user:p@ssword@github.com":            "https://github.com",
		"https://github.com/a?token=secret#part":      "https://github.com/a",
		"https://github.com?token=secret":             "https://github.com",
		"https://github.com/#token=secret":            "https://github.com/",
		"https://github.com/@somebody":                "https://github.com/@somebody",
		"anything":                                    "anything",
		"line\nend\x00\u200b":                         "lineend",
		"cut " + strings.Repeat("x", 300):             "cut " + strings.Repeat("x", 252),
		strings.Repeat("x", 255) + "\u00e4" + "after": strings.Repeat("x", 255),
	} {
		if got := shownURL(url); got != want {
			t.Errorf("of %q is shown %q, want %q", url, got, want)
		}
	}
}

func roomNamed(name string) sessions.RoomKey {
	return sessions.RoomKey{Kind: roomv1alpha1.KindRoom, Namespace: "team", Name: name}
}

func TestAQuestionTakesNoMoreMemoryThanItMay(t *testing.T) {
	t.Parallel()
	huge := strings.Repeat("x", 1<<20)
	scopes := make([]string, 10_000)
	for i := range scopes {
		scopes[i] = huge
	}
	now := time.Now()
	q := tokenQuestion(roomNamed("a"), roomclient.PendingOAuthRequest{
		ID: "1", Challenge: huge, OAuthRequest: roomclient.OAuthRequest{
			Client: roomclient.OAuthClient{ID: huge, AuthorizationEndpoint: huge, Scopes: scopes}, RedirectURI: huge, DelegateTo: huge, Timeout: 1000 * time.Hour,
		},
	}, now)
	size := len(q.asked.URL) + len(q.asked.ClientID) + len(q.asked.RedirectURI) + len(q.asked.Challenge) + len(q.asked.DelegateTo)
	for _, scope := range q.asked.Scopes {
		size += len(scope)
	}
	if size > 150<<10 {
		t.Errorf("the question has %d bytes", size)
	}
	if q.until.Sub(now) > longestWait {
		t.Errorf("the question waits until %s", q.until)
	}
	everything := []*plan.Provider{{Spec: &roomv1alpha1.Provide{}, Access: plan.Access{Everything: true}}}
	if d := plan.ProvideToken(everything, q.asked, "page"); d.Refusal != plan.RefusalInvalid {
		t.Errorf("what was cut is refused with %q", d.Refusal)
	}
}

func TestTheQueueTakesAQuestionOnce(t *testing.T) {
	t.Parallel()
	q := newQuestionQueue()
	for _, question := range []question{{room: roomNamed("a"), id: "1"}, {room: roomNamed("a"), id: "1"}, {room: roomNamed("b"), id: "1"}, {room: roomNamed("a"), id: "2"}} {
		if !q.put(question) {
			t.Errorf("there is no place for %v", question)
		}
	}
	if q.waiting != 3 {
		t.Errorf("%d questions wait, want 3", q.waiting)
	}
}

func TestTheQueueForgetsTheOldestQuestions(t *testing.T) {
	t.Parallel()
	r := rememberedQuestions{known: map[askedOnce]bool{}}
	for i := range maxRemembered + 10 {
		r.isNew(askedOnce{id: fmt.Sprint(i)})
	}
	if len(r.known) != maxRemembered || len(r.order) != maxRemembered {
		t.Errorf("%d and %d are remembered, want %d", len(r.known), len(r.order), maxRemembered)
	}
	if r.isNew(askedOnce{id: fmt.Sprint(maxRemembered)}) || !r.isNew(askedOnce{id: "3"}) {
		t.Error("a young question was forgotten, or an old one was not")
	}
}

func TestTheQueueHasAnEnd(t *testing.T) {
	t.Parallel()
	q := newQuestionQueue()
	for room := range 4 {
		for i := range maxQueued {
			if !q.put(question{room: roomNamed(fmt.Sprint(room)), id: fmt.Sprint(i)}) {
				t.Fatalf("there is no place for question %d of room %d", i, room)
			}
		}
		if q.put(question{room: roomNamed(fmt.Sprint(room)), id: "more"}) {
			t.Error("a room may have more than its part")
		}
	}
	if q.put(question{room: roomNamed("another"), id: "1"}) {
		t.Error("there may be more than all")
	}
	if len(q.lanes) != 4 {
		t.Errorf("there are %d lanes, want 4", len(q.lanes))
	}
}

// TestARoomThatTakesItsTimeHoldsUpNoOtherQuestions has one room in which nobody gets anywhere.
func TestARoomThatTakesItsTimeHoldsUpNoOtherQuestions(t *testing.T) {
	t.Parallel()
	q := newQuestionQueue()
	ctx, stop := context.WithCancel(t.Context())
	answered, slow := make(chan string, 100), make(chan struct{}, 100)
	var serving sync.WaitGroup
	serving.Go(func() {
		q.serve(ctx, func(ctx context.Context, question question) {
			if question.room.Name == "slow" {
				slow <- struct{}{}
				<-ctx.Done()
			}
			answered <- question.room.Name
		})
	})
	for i := range 50 {
		q.put(question{room: roomNamed("slow"), id: fmt.Sprint(i)})
	}
	for i := range 50 {
		q.put(question{room: roomNamed("quick"), id: fmt.Sprint(i)})
		if room := <-answered; room != "quick" {
			t.Fatalf("%s was answered", room)
		}
	}
	for range workersPerRoom {
		<-slow
	}
	stop()
	serving.Wait()
	if len(answered) != workersPerRoom {
		t.Errorf("%d workers were in the slow room, want %d", len(answered), workersPerRoom)
	}
}

func TestEachParticipantIsAnsweredSoOften(t *testing.T) {
	t.Parallel()
	var a askers
	now := time.Now()
	admitted := func(q question, at time.Time) (count int) {
		for range 2 * questionsAtOnce {
			if a.admit(q, at) {
				count++
			}
		}
		return count
	}
	ann, bob := question{room: roomNamed("a")}, question{room: roomNamed("a")}
	ann.asker.Name, bob.asker.Name = "ann", "bob"
	got := []int{admitted(ann, now), admitted(bob, now), admitted(ann, now), admitted(ann, now.Add(time.Second)), admitted(question{room: roomNamed("a")}, now)}
	if diff := cmp.Diff([]int{questionsAtOnce, questionsAtOnce, 0, questionsPerSecond, questionsAtOnce}, got); diff != "" {
		t.Errorf("admitted (-want +got):\n%s", diff)
	}
}

func TestTheTableOfParticipantsHasAnEnd(t *testing.T) {
	t.Parallel()
	var a askers
	now := time.Now()
	count := 0
	for i := range 3 * maxAskers {
		q := question{room: roomNamed("a")}
		q.asker.ID = fmt.Sprint(i)
		if a.admit(q, now) {
			count++
		}
	}
	if len(a.limits) > maxAskers+1 || count != maxAskers+questionsAtOnce {
		t.Errorf("%d limits are kept, and %d questions were admitted", len(a.limits), count)
	}
	q := question{room: roomNamed("a")}
	q.asker.ID = "late"
	if !a.admit(q, now.Add(time.Minute)) || len(a.limits) > 2 {
		t.Errorf("%d limits are kept of participants who have not asked for long", len(a.limits))
	}
}

// woken remembers who was woken, and after what time.
type woken map[types.NamespacedName][]time.Duration

func newBook(w woken) *answerBook {
	return &answerBook{wake: func(name types.NamespacedName, wait time.Duration) { w[name] = append(w[name], wait) }}
}

func TestTheBookIsWrittenNowAndThen(t *testing.T) {
	t.Parallel()
	name, now, wakes := types.NamespacedName{Namespace: "team", Name: "a"}, time.Now(), woken{}
	b := newBook(wakes)
	answer := func(at time.Time, outcome roomv1alpha1.AnswerOutcome) {
		a := roomv1alpha1.Answer{Outcome: outcome}
		a.Time.Time = at
		b.note(name, "uid", a)
	}
	answer(now, roomv1alpha1.AnswerProvided)
	answer(now, roomv1alpha1.AnswerRejected)
	taken, wait := b.take(name, "uid", now)
	if taken.provided != 1 || taken.rejected != 1 || len(taken.recent) != 2 || wait != 0 {
		t.Errorf("took %+v, and wait %s", taken, wait)
	}
	b.done(name, taken, false, now)
	taken, _ = b.take(name, "uid", now)
	if taken.provided != 1 || taken.rejected != 1 || len(taken.recent) != 2 {
		t.Errorf("took %+v after it could not be written", taken)
	}
	b.done(name, taken, true, now)
	for range 20 {
		answer(now.Add(time.Second), roomv1alpha1.AnswerProvided)
	}
	if early, wait := b.take(name, "uid", now.Add(time.Second)); early.provided != 0 || wait != bookInterval-time.Second {
		t.Errorf("took %+v, and wait %s", early, wait)
	}
	taken, _ = b.take(name, "uid", now.Add(bookInterval))
	if taken.provided != 20 || len(taken.recent) != maxRecent {
		t.Errorf("took %+v", taken)
	}
	if diff := cmp.Diff(woken{name: {0, bookInterval - time.Second}}, wakes); diff != "" {
		t.Errorf("woken (-want +got):\n%s", diff)
	}
	b.done(name, taken, false, now)
	if other, _ := b.take(name, "another uid", now.Add(time.Hour)); other.provided != 0 {
		t.Errorf("another RoomSecret of the name took %+v", other)
	}
}

// TestAnAnswerIsSentUntilTheRoomHasIt loses connections.
func TestAnAnswerIsSentUntilTheRoomHasIt(t *testing.T) {
	t.Parallel()
	boom := errors.New("boom")
	for name, tc := range map[string]struct {
		results []error
		want    error
	}{
		"at once":                                {[]error{nil}, nil},
		"after there was no connection":          {[]error{roomclient.ErrNotConnected, roomclient.ErrNotConnected, nil}, nil},
		"after the connection was lost":          {[]error{roomclient.ErrClosed, roomclient.ErrNotConnected, nil}, nil},
		"to nobody who waits":                    {[]error{roomclient.ErrNotFound}, roomclient.ErrNotFound},
		"to nobody who waits any more":           {[]error{roomclient.ErrNotConnected, roomclient.ErrNotFound}, roomclient.ErrNotFound},
		"perhaps before the connection was lost": {[]error{roomclient.ErrClosed, roomclient.ErrNotFound}, errPerhaps},
		"perhaps before the room was too slow":   {[]error{context.DeadlineExceeded}, errPerhaps},
		"to a room that refuses":                 {[]error{boom}, boom},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := &Answers{clock: clock.RealClock{}}
			err := a.send(t.Context(), func() error {
				next := tc.results[0]
				tc.results = tc.results[1:]
				return next
			})
			if !errors.Is(err, tc.want) || len(tc.results) > 0 {
				t.Errorf("got %v with %d results left, want %v", err, len(tc.results), tc.want)
			}
		})
	}
}

// TestAsManyRequestsAsMayWaitFitIntoTheStatus has characters that take six times as much room there.
func TestAsManyRequestsAsMayWaitFitIntoTheStatus(t *testing.T) {
	t.Parallel()
	by := &plan.Provider{Namespace: "team", Name: "a"}
	q := question{id: "1", kind: roomv1alpha1.RequestOAuthToken, asked: plan.AskedToken{Asked: plan.Asked{URL: "https://provider.example/?" + strings.Repeat("&", 1900)}}}
	if d := (&Answers{}).hold(t.Context(), q, plan.Decision{Verdict: plan.Answer, By: by}); d.Verdict != plan.Reject || d.Refusal != plan.RefusalInvalid {
		t.Errorf("got %+v", d)
	}
	const stored, link = 1 << 20, 2 << 10
	if most := maxAwaiting * (maxPendingSize + link); most > stored {
		t.Errorf("the requests that may wait take %d bytes", most)
	}
}
