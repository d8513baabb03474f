// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomclient

import (
	"context"
	"errors"
	"sync"
	"time"
)

// errRetry ends an attempt or a connection because of [Session.Retry].
var errRetry = errors.New("connecting anew")

// run is the life of a session: attempts, connections, and what lies between them.
func (s *Session) run(ctx context.Context) {
	var last error
	for attempt := 0; ctx.Err() == nil; {
		var stable bool
		stable, last = s.connectOnce(ctx, attempt, last)
		if stable || errors.Is(last, errRetry) {
			attempt = 0
		}
		if errors.Is(last, errRetry) {
			last = nil
			continue
		}
		if s.pause(ctx, attempt, last) {
			attempt = 0
		} else {
			attempt++
		}
	}
	s.set(State{Phase: PhaseClosed}, nil)
}

// connectOnce makes one attempt and, when it succeeds, stays until the connection ends. It
// reports whether that was a stable one, and why it is over.
func (s *Session) connectOnce(ctx context.Context, attempt int, last error) (stable bool, err error) {
	s.set(State{Phase: PhaseConnecting, Err: last, Attempt: attempt + 1}, nil)
	conn, err := s.dial(ctx)
	if err != nil {
		return false, err
	}
	defer func() { _ = conn.Close() }()
	s.set(State{Phase: PhaseConnected, Attempt: attempt + 1}, conn)
	began := time.Now()
	err = s.stay(ctx, conn)
	return time.Since(began) >= stableAfter, err
}

// stay stays connected, and attends the room once the session is to, until the connection
// ends. It returns why.
func (s *Session) stay(ctx context.Context, conn *Conn) error {
	attending, leave := context.WithCancel(ctx)
	var attendance sync.WaitGroup
	defer attendance.Wait()
	defer leave()
	for attend := s.attend; ; {
		select {
		case <-attend:
			attend = nil // once is enough
			attendance.Go(func() { s.attendOn(attending, conn) })
			defer s.moved() // nobody is there any more
		case <-conn.ending:
			return conn.Err()
		case <-s.retry:
			return errRetry
		case <-ctx.Done():
			return nil
		}
	}
}

// dial makes an attempt that Retry interrupts, because it may be using the old credentials.
func (s *Session) dial(ctx context.Context) (*Conn, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type outcome struct {
		conn *Conn
		err  error
	}
	result := make(chan outcome, 1)
	go func() {
		conn, err := s.config.dial(ctx, s.config.Config)
		result <- outcome{conn, err}
	}()
	select {
	case r := <-result:
		return r.conn, r.err
	case <-s.retry:
		cancel()
		if r := <-result; r.err == nil {
			_ = r.conn.Close()
		}
		return nil, errRetry
	}
}

// pause waits for the time of the next attempt, or after a terminal failure for Retry. It
// reports whether it was Retry that ended it.
func (s *Session) pause(ctx context.Context, attempt int, err error) (retried bool) {
	if ctx.Err() != nil {
		return false
	}
	var due <-chan time.Time // nil, which is never, after a terminal failure
	state := State{Phase: PhaseFailed, Err: err, Attempt: attempt + 1}
	if !IsTerminal(err) {
		delay := Delay(attempt, s.config.rnd()) + askedDelay(err)
		timer := time.NewTimer(delay)
		defer timer.Stop()
		due = timer.C
		state.Phase, state.RetryAt = PhaseWaiting, time.Now().Add(delay)
	}
	s.set(state, nil)
	select {
	case <-due:
		return false
	case <-s.retry:
		return true
	case <-ctx.Done():
		return false
	}
}

// askedDelay is what the server asked for. The jitter is added to it, because everybody
// else was asked the same.
func askedDelay(err error) time.Duration {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.RetryAfter
	}
	return 0
}
