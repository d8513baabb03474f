// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package sessions

import (
	"context"
	"errors"
	"sync"
	"time"

	"k8s.io/utils/clock"

	"github.com/roomsecrets/roomsecret-operator/roomclient"
)

// handoverTimeout is how long a session stays on its line when the credential or the TLS settings have changed and the
// new line can neither be connected nor is refused. After that what is configured counts, whether it works or not.
const handoverTimeout = time.Minute

// lines are the one or two connections of a session: the one that is used and, while it takes the place of that, the
// next. A new one is connected before the old one is closed, so that no call fails in between.
type lines struct {
	clock clock.Clock
	// dial starts a line.
	dial func(Room) (*line, error)
	// changed is called from one goroutine when what is worth telling of the state has changed, and with false when it is
	// as before.
	changed func(state roomclient.State, news bool)
	// stirred wakes that goroutine.
	stirred chan struct{}

	mu      sync.Mutex
	room    Room
	current *line
	// next is nil unless a handover is under way, which is given up at until.
	next  *line
	until time.Time
	// attending says that each line is to know who else is in the room, and they of it.
	attending bool

	// told is what was last told. Only the goroutine uses it.
	told standing
	// retired are the lines that wait for their last calls.
	retired sync.WaitGroup
}

// open starts the first line.
func (l *lines) open(room Room) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	first, err := l.dial(room)
	if err != nil {
		return err
	}
	l.room, l.current = room, first
	return nil
}

// follow starts a line as the room now says, which takes the place of the one in use.
func (l *lines) follow(room Room) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.begin(room, l.clock.Now().Add(handoverTimeout))
}

// begin begins a handover. The caller holds the lock.
func (l *lines) begin(room Room, until time.Time) error {
	next, err := l.dial(room)
	if err != nil {
		return err
	}
	if l.attending {
		next.client.Attend()
	}
	if l.next != nil {
		l.retired.Go(l.next.close) // it was never used
	}
	l.room, l.next, l.until = room, next, until
	l.stir()
	return nil
}

// stir has the lines attended to.
func (l *lines) stir() {
	select {
	case l.stirred <- struct{}{}:
	default: // somebody has stirred already
	}
}

// tend attends to the lines until ctx is done.
func (l *lines) tend(ctx context.Context) {
	for l.rest(ctx, l.look()) {
	}
}

// rest waits until somebody stirs or something is due. It reports false when ctx is done.
func (l *lines) rest(ctx context.Context, due time.Time) bool {
	var over <-chan time.Time // nil, which is never, when nothing will be due
	if !due.IsZero() {
		wait := due.Sub(l.clock.Now())
		if wait <= 0 {
			return ctx.Err() == nil
		}
		timer := l.clock.NewTimer(wait)
		defer timer.Stop()
		over = timer.C()
	}
	select {
	case <-ctx.Done():
		return false
	case <-l.stirred:
	case <-over:
	}
	return true
}

// look does what is due, tells what is new, and returns when something is due next; zero for never.
func (l *lines) look() time.Time {
	due, replaced := l.proceed(l.clock.Now())
	state := l.state()
	now := standingOf(state)
	if replaced != nil && now.connected && replaced.connected && replaced.since.Equal(l.told.since) {
		l.told.since = now.since // nobody has noticed
	}
	l.changed(state, now != l.told)
	l.told = now
	return due
}

// proceed makes the next step of a handover, or begins the renewal of a token. It returns when there is another step, and
// how the line stood that it has replaced, if it did.
func (l *lines) proceed(now time.Time) (due time.Time, replaced *standing) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.next != nil && l.handsOver(now) {
		old := standingOf(l.current.client.State())
		l.retired.Go(l.current.retire)
		l.current, l.next, replaced = l.next, nil, &old
	}
	if l.next != nil {
		return l.until, replaced
	}
	pass := l.current.validity()
	switch {
	case pass.renewal.IsZero(), !l.current.connected():
		return time.Time{}, replaced // nothing is due until something changes: whoever connects gets a fresh token
	case now.Before(pass.renewal):
		return pass.renewal, replaced
	}
	if err := l.begin(l.room, later(pass.expires, now.Add(handoverTimeout))); err != nil {
		l.current.postpone(now.Add(minRenewal)) // cannot be: it was dialled like this before
		return now.Add(minRenewal), replaced
	}
	return l.until, replaced
}

// handsOver reports whether the next line takes over: it is connected, or it is refused and so would the other be, or the
// other is of no use any more. The caller holds the lock.
func (l *lines) handsOver(now time.Time) bool {
	phase := l.next.client.State().Phase
	return phase == roomclient.PhaseConnected || phase == roomclient.PhaseFailed || !l.current.connected() || !now.Before(l.until)
}

// participantID returns the id by which the others know the line in use; empty when they do not, or it is not connected.
func (l *lines) participantID() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.attending {
		return ""
	}
	return l.current.client.ParticipantID()
}

// state returns the state of the line in use.
func (l *lines) state() roomclient.State {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.current.client.State()
}

// take returns the line in use for one call. The caller must say when it is over: calls.Done.
func (l *lines) take() *line {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.current.calls.Add(1)
	return l.current
}

// attend makes the lines know who else is in the room, and those who do know of them, if that is not so already. It returns the
// client of the one in use.
func (l *lines) attend() *roomclient.Session {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.attending {
		l.attending = true
		l.current.client.Attend()
		if l.next != nil {
			l.next.client.Attend()
		}
		l.stir() // the id is worth telling from now on
	}
	return l.current.client
}

// retry has lines that have failed or wait for their next attempt make it now.
func (l *lines) retry() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, line := range []*line{l.current, l.next} {
		if line == nil {
			continue
		}
		if phase := line.client.State().Phase; phase == roomclient.PhaseFailed || phase == roomclient.PhaseWaiting {
			line.client.Retry()
		}
	}
}

// close ends all lines, once nobody tends them any more, and waits until they have ended.
func (l *lines) close() {
	l.mu.Lock()
	current, next := l.current, l.next
	l.next = nil
	l.mu.Unlock()
	if next != nil {
		next.close()
	}
	current.close()
	l.retired.Wait()
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// standing is what is worth telling of the state of a line. Attempts follow each other without anything new to tell.
type standing struct {
	connected, refused, failing, paused bool
	// since tells one connection from the next: calls on the first have failed.
	since time.Time
}

func standingOf(state roomclient.State) standing {
	var e *roomclient.Error
	s := standing{
		connected: state.Phase == roomclient.PhaseConnected,
		refused:   state.Phase == roomclient.PhaseClosed || roomclient.IsTerminal(state.Err),
		failing:   state.Err != nil,
		paused:    errors.As(state.Err, &e) && e.RetryAfter > 0,
	}
	if s.connected {
		s.since = state.Since
	}
	return s
}
