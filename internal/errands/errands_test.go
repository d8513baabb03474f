// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package errands_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/types"
	clocktesting "k8s.io/utils/clock/testing"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/errands"
	"github.com/roomsecrets/roomsecret-operator/roomclient"
	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
	"github.com/roomsecrets/roomsecret-operator/roomclient/redact"
)

// owner wants the errands of the tests.
var owner = types.NamespacedName{Namespace: "ns", Name: "rs"}

// world is what the errands of a test live in: a clock that stands still, and one participant.
type world struct {
	*WithT
	ctx     context.Context
	clock   *clocktesting.FakeClock
	errands *errands.Errands
	bob     *bob
	news    atomic.Int32
}

// bob is asked. Each request waits until the test answers it.
type bob struct {
	mu       sync.Mutex
	absent   bool
	lost     bool
	kept     redact.Bytes // by the room
	look     error        // when nothing is kept
	requests chan request
	looks    atomic.Int32
	open     atomic.Int32
}

// request is one that bob has got.
type request struct{ answers chan reply }

type reply struct {
	value redact.Bytes
	err   error
}

func (b *bob) change(change func(b *bob)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change(b)
}

func (b *bob) Look(context.Context) (redact.Bytes, error) {
	b.looks.Add(1)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.kept == nil {
		return nil, b.look
	}
	return b.kept, nil
}

func (b *bob) Find() (string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.lost:
		return "", roomclient.ErrNotConnected
	case b.absent:
		return "", nil
	}
	return "bob", nil
}

func (b *bob) Ask(ctx context.Context, _ string) (redact.Bytes, error) {
	b.open.Add(1)
	defer b.open.Add(-1)
	r := request{make(chan reply, 1)}
	select {
	case b.requests <- r:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	select {
	case answer := <-r.answers:
		return answer.value, answer.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{
		WithT: NewWithT(t), ctx: t.Context(), clock: clocktesting.NewFakeClock(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)),
		bob: &bob{requests: make(chan request), look: errands.ErrNone},
	}
	w.errands = &errands.Errands{Clock: w.clock}
	w.errands.Subscribe(func(types.NamespacedName) { w.news.Add(1) })
	ctx, stop := context.WithCancel(t.Context())
	var done sync.WaitGroup
	done.Go(func() { w.Expect(w.errands.Start(ctx)).To(Succeed()) })
	t.Cleanup(func() { stop(); done.Wait() })
	return w
}

// errand is one that asks bob.
func (w *world) errand(mods ...func(*errands.Errand)) errands.Errand {
	e := errands.Errand{
		Name: "KEY", Digest: "d", Room: "room", Asker: w.bob, Timeout: time.Minute,
		DigestOf: func(value redact.Bytes) string { return "digest of " + string(value) },
	}
	for _, mod := range mods {
		mod(&e)
	}
	return e
}

func (w *world) want(wanted ...errands.Errand) { w.errands.Want(w.ctx, owner, wanted) }

// standing returns how the errand stands.
func (w *world) standing() errands.Standing {
	s, _ := w.errands.Standing(owner, "KEY")
	return s
}

func (w *world) state() roomv1alpha1.PendingState { return w.standing().State }

// value returns what was answered, or "nothing".
func (w *world) value() string {
	_, value := w.errands.Standing(owner, "KEY")
	if value == nil {
		return "nothing"
	}
	return string(value)
}

// asked waits until bob is asked.
func (w *world) asked() request {
	var r request
	w.Eventually(w.bob.requests).Should(Receive(&r))
	return r
}

func (r request) answer(value string) { r.answers <- reply{value: redact.Bytes(value)} }

func (r request) fail(err error) { r.answers <- reply{err: err} }

// quiet checks that bob is not asked.
func (w *world) quiet() { w.Consistently(w.bob.requests).ShouldNot(Receive()) }

// pass lets time pass once somebody waits for it.
func (w *world) pass(d time.Duration) {
	w.Eventually(w.clock.HasWaiters).Should(BeTrue())
	w.clock.Step(d)
}

func refusal() error { return &roomclient.Error{Code: protocol.CodeOperationFailed} }

func silence() error { return &roomclient.Error{Code: protocol.CodeTimeout} }

func every(e *errands.Errand) { e.Every = time.Minute }

func TestAnAnswerIsKeptUntilItIsTaken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.want(w.errand())
	w.Expect(w.state()).To(Equal(roomv1alpha1.PendingWaiting))
	request := w.asked()
	w.Expect(w.standing().Until).To(Equal(w.clock.Now().Add(time.Minute)))
	news := w.news.Load()
	request.answer("v")
	w.Eventually(w.value).Should(Equal("v"))
	w.Expect(w.state()).To(BeEmpty())
	w.Eventually(w.news.Load).Should(BeNumerically(">", news))

	w.want(w.errand())
	w.Expect(w.value()).To(Equal("v"), "what is wanted still goes on undisturbed")
	w.errands.Taken(owner, "KEY")
	w.Expect(w.value()).To(Equal("nothing"))
	w.quiet()
	w.want(w.errand())
	w.asked().answer("w")
	w.Eventually(w.value).Should(Equal("w"))
}

func TestAnEmptyAnswerIsAnAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.want(w.errand())
	w.asked().answers <- reply{}
	w.Eventually(w.value).Should(Equal(""))
}

func TestWhatIsNotWantedAnyMoreEnds(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*world){
		"nothing is wanted":        func(w *world) { w.want() },
		"everything is dropped":    func(w *world) { w.errands.Drop(owner) },
		"something else is wanted": func(w *world) { w.want(w.errand(func(e *errands.Errand) { e.Name = "OTHER" })) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.want(w.errand())
			w.asked()
			w.bob.change(func(b *bob) { b.absent = true })
			end(w)
			w.Eventually(w.bob.open.Load).Should(BeZero())
			w.Expect(w.standing()).To(BeZero())
		})
	}
}

func TestAnErrandThatIsAnotherOneBeginsAnew(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*errands.Errand){
		"something else is asked for": func(e *errands.Errand) { e.Digest = "other" },
		"somebody wishes it now":      func(e *errands.Errand) { e.Wish = "now" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.want(w.errand())
			w.asked().fail(refusal())
			w.Eventually(w.state).Should(Equal(roomv1alpha1.PendingRejected))
			w.want(w.errand(change, func(e *errands.Errand) { e.Prior = w.standing() }))
			w.Expect(w.standing().Attempts).To(BeZero())
			w.asked().answer("v")
			w.Eventually(w.value).Should(Equal("v"))
		})
	}
}

func TestARefusalOrASilenceMakesAPause(t *testing.T) {
	t.Parallel()
	for state, err := range map[roomv1alpha1.PendingState]error{
		roomv1alpha1.PendingRejected: refusal(), roomv1alpha1.PendingTimedOut: silence(),
		roomv1alpha1.PendingFailed: &roomclient.Error{Kind: roomclient.ErrForbidden},
	} {
		t.Run(string(state), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.want(w.errand())
			since := w.standing().Since
			w.asked().fail(err)
			w.Eventually(w.state).Should(Equal(state))
			w.Expect(w.standing().Next.Sub(w.clock.Now())).To(BeNumerically("~", 63*time.Second, 3*time.Second))
			w.quiet()
			w.pass(67 * time.Second)
			w.asked().fail(err)
			w.Eventually(func() int32 { return w.standing().Attempts }).Should(BeEquivalentTo(2))
			w.Expect(w.standing().Since).To(Equal(since))
			w.pass(67 * time.Second)
			w.quiet()
			w.pass(67 * time.Second)
			w.asked().answer("v")
			w.Eventually(w.value).Should(Equal("v"))
		})
	}
}

func TestAPauseGoesOnAfterARestart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	prior := errands.Standing{
		State: roomv1alpha1.PendingRejected, Since: w.clock.Now().Add(-time.Hour), Attempts: 4, Next: w.clock.Now().Add(10 * time.Minute),
	}
	w.want(w.errand(func(e *errands.Errand) { e.Prior = prior }))
	w.Expect(w.standing()).To(Equal(prior))
	w.quiet()
	w.pass(11 * time.Minute)
	w.asked().fail(refusal())
	w.Eventually(func() int32 { return w.standing().Attempts }).Should(BeEquivalentTo(5))
	w.Expect(w.standing().Since).To(Equal(prior.Since))
}

func TestWhoIsNotThereIsAskedWhenTheyCome(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.bob.change(func(b *bob) { b.absent = true })
	w.want(w.errand())
	w.Eventually(w.state).Should(Equal(roomv1alpha1.PendingAbsent))
	w.errands.Stir("room") // somebody else came
	w.quiet()
	w.Expect(w.clock.HasWaiters()).To(BeFalse(), "nothing is polled")
	w.bob.change(func(b *bob) { b.absent = false })
	w.errands.Stir("other room")
	w.quiet()
	w.errands.Stir("room")
	w.asked().answer("v")
	w.Eventually(w.value).Should(Equal("v"))
}

func TestWhoTheRoomDoesNotKnowIsAskedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.want(w.errand())
	w.asked().fail(&roomclient.Error{Kind: roomclient.ErrNotFound})
	w.Eventually(w.state).Should(Equal(roomv1alpha1.PendingAbsent))
	w.Eventually(w.clock.HasWaiters).Should(BeTrue())
	w.errands.Stir("room")
	w.asked().fail(&roomclient.Error{Kind: roomclient.ErrNotFound})
	w.Eventually(w.state).Should(Equal(roomv1alpha1.PendingAbsent))
	w.quiet()
	w.pass(3 * time.Minute) // the room tells nobody who comes
	w.asked().answer("v")
	w.Eventually(w.value).Should(Equal("v"))
}

func TestALostRoomIsAskedAgainSoon(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.want(w.errand())
	request := w.asked()
	w.bob.change(func(b *bob) { b.lost = true })
	request.fail(&roomclient.Error{Kind: roomclient.ErrClosed})
	w.pass(time.Second)
	w.quiet()
	w.Expect(w.state()).To(Equal(roomv1alpha1.PendingWaiting))
	w.bob.change(func(b *bob) { b.lost = false })
	w.errands.Stir("room")
	w.asked().answer("v")
	w.Eventually(w.value).Should(Equal("v"))
	w.Expect(w.bob.looks.Load()).To(BeEquivalentTo(1), "what was begun is not begun anew")
}

func TestThereAreOnlySoManyRequestsInARoom(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var wanted []errands.Errand
	for i := range 3 * errands.MaxInRoom {
		wanted = append(wanted, w.errand(func(e *errands.Errand) { e.Name = fmt.Sprint(i) }))
	}
	w.want(wanted...)
	other := types.NamespacedName{Name: "other"}
	w.errands.Want(t.Context(), other, []errands.Errand{w.errand(func(e *errands.Errand) { e.Room = "other room" })})
	w.Eventually(w.bob.open.Load).Should(BeEquivalentTo(errands.MaxInRoom + 1))
	w.Consistently(w.bob.open.Load).Should(BeEquivalentTo(errands.MaxInRoom + 1))
	for range 3*errands.MaxInRoom + 1 {
		w.asked().answer("v")
	}
	w.Eventually(w.bob.open.Load).Should(BeZero())
}

func TestWhatTheRoomHasIsLookedForAgainAndAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.bob.change(func(b *bob) { b.kept = redact.Bytes("one") })
	w.want(w.errand(every))
	w.Eventually(w.value).Should(Equal("one"))
	w.errands.Taken(owner, "KEY")
	held := func(value string) func(*errands.Errand) {
		return func(e *errands.Errand) { e.Held = "digest of " + value }
	}
	w.want(w.errand(every, held("one")))
	news := w.news.Load()
	w.pass(2 * time.Minute)
	w.Eventually(w.bob.looks.Load).Should(BeEquivalentTo(2))
	w.Consistently(w.news.Load).Should(Equal(news), "it is the same as before")
	w.Expect(w.value()).To(Equal("nothing"))

	w.bob.change(func(b *bob) { b.kept = redact.Bytes("two") })
	w.pass(2 * time.Minute)
	w.Eventually(w.value).Should(Equal("two"))
	w.Eventually(w.news.Load).Should(BeNumerically(">", news))
	w.want(w.errand(every, held("two")))
	w.Expect(w.value()).To(Equal("nothing"))

	w.want(w.errand(every)) // the owner has lost it
	w.Eventually(w.value).Should(Equal("two"))
	w.quiet()
}

func TestWhatIsHeldIsNoNewsAfterARestart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.bob.change(func(b *bob) { b.kept = redact.Bytes("one") })
	w.want(w.errand(every, func(e *errands.Errand) { e.Held = "digest of one" }))
	w.Expect(w.standing()).To(BeZero())
	w.Eventually(w.clock.HasWaiters).Should(BeTrue())
	w.Expect(w.news.Load()).To(BeZero())
	w.Expect(w.value()).To(Equal("nothing"))
}

func TestSomebodyIsAskedWhenTheRoomHasNothingAnyMore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.want(w.errand(every, func(e *errands.Errand) { e.Held = "digest of one" }))
	request := w.asked()
	w.Expect(w.state()).To(Equal(roomv1alpha1.PendingWaiting))
	request.answer("two")
	w.Eventually(w.value).Should(Equal("two"))
}

func TestWhatSomebodyElseHasApprovedIsFoundWhileNobodyIsThere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.bob.change(func(b *bob) { b.absent = true })
	w.want(w.errand(every))
	w.Eventually(w.state).Should(Equal(roomv1alpha1.PendingAbsent))
	w.pass(2 * time.Minute)
	w.Eventually(w.bob.looks.Load).Should(BeEquivalentTo(2))
	w.Expect(w.state()).To(Equal(roomv1alpha1.PendingAbsent))
	w.bob.change(func(b *bob) { b.kept = redact.Bytes("one") })
	w.pass(2 * time.Minute)
	w.Eventually(w.value).Should(Equal("one"))
}

func TestALookThatFailsIsShownWhenItLasts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.bob.change(func(b *bob) { b.look = refusal() })
	w.want(w.errand(every, func(e *errands.Errand) { e.Held = "digest of one" }))
	for looks := range int32(2) {
		w.Eventually(w.bob.looks.Load).Should(Equal(looks + 1))
		w.Eventually(w.clock.HasWaiters).Should(BeTrue())
		w.Expect(w.standing()).To(BeZero())
		w.pass(2 * time.Minute)
	}
	w.Eventually(w.state).Should(Equal(roomv1alpha1.PendingRejected))
	w.bob.change(func(b *bob) { b.kept = redact.Bytes("one") })
	w.pass(2 * time.Minute)
	w.Eventually(w.state).Should(BeEmpty())
	w.Expect(w.value()).To(Equal("nothing"), "what is held is right")
}

func TestALookIntoALostRoomIsMadeAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.bob.change(func(b *bob) { b.look = roomclient.ErrNotConnected })
	w.want(w.errand(every))
	w.Eventually(w.bob.looks.Load).Should(BeEquivalentTo(1))
	w.Expect(w.state()).To(Equal(roomv1alpha1.PendingWaiting))
	w.bob.change(func(b *bob) { b.kept = redact.Bytes("one") })
	w.pass(time.Second)
	w.Eventually(w.value).Should(Equal("one"))
}

func TestNothingBeginsOnceItIsOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	all := &errands.Errands{}
	ctx, stop := context.WithCancel(t.Context())
	all.Want(t.Context(), owner, []errands.Errand{w.errand()})
	w.asked()
	stop()
	w.Expect(all.Start(ctx)).To(Succeed())
	w.Expect(w.bob.open.Load()).To(BeZero())
	all.Want(t.Context(), owner, []errands.Errand{w.errand()})
	w.quiet()
}
