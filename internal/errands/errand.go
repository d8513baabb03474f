// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package errands

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/utils/clock"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/roomclient/redact"
)

// ErrNone says that there is nothing without asking somebody.
var ErrNone = errors.New("there is nothing without asking")

// errLookAgain says that it is time to look again whether there is something without asking somebody.
var errLookAgain = errors.New("look again")

// Asker does the work of an errand in a room. What it needs besides it reads when it needs it.
type Asker interface {
	// Look returns what there is without asking anybody, or ErrNone. It is called before somebody is asked for the first time,
	// and again after each pause.
	Look(ctx context.Context) (redact.Bytes, error)
	// Find returns the id of who is to be asked; empty when they are not in the room. An error says that it is not known who
	// is, because there is no connection.
	Find() (id string, err error)
	// Ask asks them, and waits for the answer.
	Ask(ctx context.Context, id string) (redact.Bytes, error)
}

// Errand is something to get.
type Errand struct {
	// Name is unique among the errands of an owner.
	Name string
	// Digest stands for everything that matters, and Wish for the last wish of somebody to have it done now. An errand in which
	// either is another one begins anew.
	Digest, Wish string
	// Room is where it is done. The errands of one room share its places.
	Room string
	// Asker does it.
	Asker Asker
	// Timeout is how long whoever is asked has to answer.
	Timeout time.Duration
	// Prior is how it stood before the operator was restarted. It counts for an errand that is not under way.
	Prior Standing
	// Every is how often to look for something else, once there is something; zero means never.
	Every time.Duration
	// Held is the digest of what the owner has of earlier answers, and empty when that is nothing. What is no news to it, it is
	// not told.
	Held string
	// DigestOf makes the digest of an answer.
	DigestOf func(redact.Bytes) string
}

// errand is an Errand that is under way.
type errand struct {
	Errand

	clock clock.Clock
	room  *room
	// news is called after each change of how it stands.
	news func()
	stop context.CancelFunc
	// poked ends a wait.
	poked chan struct{}

	mu       sync.Mutex
	standing Standing
	// value is what was answered and has not been taken.
	value redact.Bytes
	// known is the digest of what was answered, or is held.
	known string
	// misses counts the times in a row that there was no looking for something else.
	misses int32
}

// tolerated is how many times in a row looking for something else may fail before that is shown: what is held is still good.
const tolerated = 3

// begin sets how an errand stands when it begins.
func (e *errand) begin() {
	e.standing, e.known = e.Prior, e.Held
	if e.standing.State == "" && (e.Every == 0 || e.Held == "") {
		e.standing = Standing{}.now(roomv1alpha1.PendingWaiting, e.clock.Now())
	}
}

// run does the errand until it is done, or ctx is.
func (e *errand) run(ctx context.Context) {
	due := e.state().Next
	for e.rest(ctx, due) {
		value, err := e.Asker.Look(ctx)
		looked := !errors.Is(err, ErrNone)
		if !looked {
			value, err = e.ask(ctx)
		}
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			e.found(value)
			if e.Every == 0 {
				return
			}
			due = e.clock.Now().Add(wait.Jitter(e.Every, jitter))
		case errors.Is(err, errLookAgain):
			due = time.Time{}
		case looked:
			due = e.missed(err)
		default:
			due = e.failed(err)
		}
	}
}

// rest waits until something is due. It reports false when ctx is done.
func (e *errand) rest(ctx context.Context, due time.Time) bool {
	pause := due.Sub(e.clock.Now())
	if pause <= 0 {
		return ctx.Err() == nil
	}
	timer := e.clock.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C():
	case <-e.poked:
	}
	return true
}

// ask asks until there is an answer, or a reason to make a pause.
func (e *errand) ask(ctx context.Context) (redact.Bytes, error) {
	losses, absences := int32(0), int32(0)
	for {
		changed := e.room.changes()
		id, err := e.meet(ctx)
		if err != nil {
			return nil, err
		}
		value, err := e.askFor(ctx, id)
		if err == nil || ctx.Err() != nil {
			return value, err
		}
		switch verdictOf(err) {
		case lost:
			losses++
			e.tell(roomv1alpha1.PendingWaiting)
			e.rest(ctx, e.clock.Now().Add(returnAfter(losses)))
		case nobody: // who was there a moment ago, or whom the room does not show
			absences++
			e.tell(roomv1alpha1.PendingAbsent)
			e.await(ctx, changed, pauseAfter(absences))
		case rejected, timedOut, failed:
			return nil, err
		}
	}
}

// meet waits until whoever is to be asked is in the room. What is looked for again and again may come from somebody else before.
func (e *errand) meet(ctx context.Context) (string, error) {
	var over <-chan time.Time // nil, which is never
	if e.Every > 0 {
		timer := e.clock.NewTimer(wait.Jitter(e.Every, jitter))
		defer timer.Stop()
		over = timer.C()
	}
	for ctx.Err() == nil {
		changed := e.room.changes()
		id, err := e.Asker.Find()
		switch {
		case err != nil:
			e.tell(roomv1alpha1.PendingWaiting)
		case id == "":
			e.tell(roomv1alpha1.PendingAbsent)
		default:
			return id, nil
		}
		select {
		case <-changed:
		case <-over:
			return "", errLookAgain
		case <-ctx.Done():
		}
	}
	return "", ctx.Err()
}

// askFor asks somebody as soon as there is a place for that.
func (e *errand) askFor(ctx context.Context, id string) (redact.Bytes, error) {
	e.tell(roomv1alpha1.PendingWaiting)
	if err := e.room.places.Acquire(ctx, 1); err != nil {
		return nil, fmt.Errorf("wait for others who ask in the room: %w", err)
	}
	defer e.room.places.Release(1)
	now := e.clock.Now()
	e.update(func(s Standing) Standing {
		s = s.now(roomv1alpha1.PendingWaiting, now)
		s.Until = now.Add(e.Timeout)
		return s
	})
	return e.Asker.Ask(ctx, id)
}

// await waits for a change, but not for ever: not every room tells all of them.
func (e *errand) await(ctx context.Context, changed <-chan struct{}, longest time.Duration) {
	timer := e.clock.NewTimer(wait.Jitter(longest, jitter))
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-changed:
	case <-timer.C():
	}
}

// found notes an answer.
func (e *errand) found(value redact.Bytes) {
	value = append(redact.Bytes{}, value...) // never nil: an empty answer is an answer
	digest := e.DigestOf(value)
	e.mu.Lock()
	news := digest != e.known || e.standing != Standing{}
	if digest != e.known || (e.value == nil && e.Every == 0) {
		e.value = value
	}
	e.standing, e.known, e.misses = Standing{}, digest, 0
	e.mu.Unlock()
	if news {
		e.news()
	}
}

// missed notes that it could not be found out what there is, and returns when to look again.
func (e *errand) missed(err error) time.Time {
	e.mu.Lock()
	e.misses++
	misses, content := e.misses, e.known != "" && e.standing == Standing{}
	e.mu.Unlock()
	switch v := verdictOf(err); {
	case v == lost && content:
		return e.clock.Now().Add(wait.Jitter(e.Every, jitter))
	case v == lost:
		return e.clock.Now().Add(returnAfter(misses))
	case content && misses < tolerated:
		return e.clock.Now().Add(wait.Jitter(min(e.Every, firstPause), jitter))
	}
	return e.failed(err)
}

// failed notes an attempt in vain, and returns when to make the next.
func (e *errand) failed(err error) time.Time {
	state := verdictOf(err).state()
	now := e.clock.Now()
	e.update(func(s Standing) Standing { return s.inVain(state, now) })
	return e.state().Next
}

// tell notes a state.
func (e *errand) tell(state roomv1alpha1.PendingState) {
	now := e.clock.Now()
	e.update(func(s Standing) Standing { return s.now(state, now) })
}

// update changes how the errand stands.
func (e *errand) update(change func(Standing) Standing) {
	e.mu.Lock()
	before := e.standing
	e.standing = change(before)
	news := e.standing != before
	e.mu.Unlock()
	if news {
		e.news()
	}
}

func (e *errand) state() Standing {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.standing
}

// hold notes what the owner has now. When that is not what was answered, and the answer is not there any more, it is looked
// for at once.
func (e *errand) hold(held string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case held == e.known:
		e.value = nil
	case e.value == nil && e.known != "":
		e.known = held
		if e.standing == (Standing{}) {
			e.standing = e.standing.now(roomv1alpha1.PendingWaiting, e.clock.Now())
		}
		select {
		case e.poked <- struct{}{}:
		default: // it has been already
		}
	}
}

// taken forgets what was answered, but for its digest.
func (e *errand) taken() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.value = nil
}

// answer returns how the errand stands, and what was answered.
func (e *errand) answer() (Standing, redact.Bytes) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.standing, e.value
}
