// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomclient

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
)

// SessionConfig says how to stay connected to a room.
type SessionConfig struct {
	Config
	// OnChange is told the state after every change, from one goroutine and in order. It
	// never holds the session up: while it is busy, states in between are left out, but
	// never the last one.
	OnChange func(State)
	// OnParticipants is called when what Participants, ParticipantID or AttendErr return may
	// have changed, once the session attends. It never holds the session up: while it is busy,
	// further changes become one more call.
	OnParticipants func()

	// Tests replace these two; nil means Dial and a random number in [0, 1).
	dial func(context.Context, Config) (*Conn, error)
	rnd  func() float64
}

// Session keeps a connection to a room alive: it connects, and after a loss or a temporary
// failure connects again with a fresh token and growing delays, until a failure is
// terminal. It is safe for concurrent use.
type Session struct {
	config SessionConfig
	retry  chan struct{} // of one: a wish to connect anew is pending
	moves  chan struct{} // of one: OnParticipants is to be called
	cancel context.CancelFunc
	done   chan struct{}
	memory buffers

	attend     chan struct{} // closed when the session is to attend
	attendOnce sync.Once

	mu      sync.Mutex
	state   State
	conn    *Conn         // not nil exactly when Connected
	changed chan struct{} // closed and replaced at every change
}

// NewSession starts a session, which lives until the context ends or it is closed. It
// returns at once; only an invalid config is an error.
func NewSession(ctx context.Context, config SessionConfig) (*Session, error) {
	if _, _, err := config.resolve(); err != nil {
		return nil, err
	}
	if config.dial == nil {
		config.dial = Dial
	}
	if config.rnd == nil {
		config.rnd = rand.Float64
	}
	ctx, cancel := context.WithCancel(ctx)
	s := &Session{
		config: config, cancel: cancel,
		retry:   make(chan struct{}, 1),
		moves:   make(chan struct{}, 1),
		attend:  make(chan struct{}),
		done:    make(chan struct{}),
		state:   State{Phase: PhaseConnecting, Since: time.Now(), Attempt: 1},
		changed: make(chan struct{}),
	}
	s.config.moved = s.moved
	var notifying sync.WaitGroup
	if config.OnParticipants != nil {
		notifying.Go(func() { s.notifyParticipants(ctx) })
	}
	if config.OnChange != nil {
		first := s.changed
		notifying.Go(func() { s.notify(first) })
	}
	go func() {
		defer close(s.done)
		s.run(ctx)
		notifying.Wait()
	}()
	return s, nil
}

// State returns the present state.
func (s *Session) State() State {
	state, _ := s.watch()
	return state
}

// Retry connects anew, now and with a fresh token: after a terminal failure, instead of
// waiting, or because the credentials have changed. A connection that is up is closed first,
// and the calls in flight on it fail with [ErrClosed].
func (s *Session) Retry() {
	select {
	case s.retry <- struct{}{}:
	default: // one is pending already
	}
}

// Wait returns nil as soon as the session is connected, and an error when it has failed for
// good, is closed, or the context ends.
func (s *Session) Wait(ctx context.Context) error {
	for {
		state, changed := s.watch()
		switch state.Phase {
		case PhaseConnected:
			return nil
		case PhaseFailed, PhaseClosed:
			return notConnected("wait", state)
		case PhaseConnecting, PhaseWaiting:
		}
		select {
		case <-changed:
		case <-ctx.Done():
			if state.Err == nil {
				return &Error{Op: "wait", Kind: ErrNotConnected, Err: ctx.Err()}
			}
			return &Error{Op: "wait", Kind: ErrNotConnected, Err: fmt.Errorf("%w, the last failure was: %w", ctx.Err(), state.Err)}
		}
	}
}

// Invoke calls a tool as [Conn.Invoke] does. While the session is not connected it fails
// at once with [ErrNotConnected], which wraps the last failure, and sends nothing.
func (s *Session) Invoke(ctx context.Context, call protocol.Invoke) (protocol.Content, error) {
	return invoke(ctx, s, call)
}

func (s *Session) call(ctx context.Context, r request) (protocol.Answer, error) {
	conn, state := s.present()
	if conn == nil {
		r.data.release()
		return protocol.Answer{}, notConnected(r.op(), state)
	}
	return conn.call(ctx, r)
}

// Close ends the session and its connection and returns when everything has stopped. It
// must not be called from OnChange. It may be called any number of times and always
// returns nil.
func (s *Session) Close() error {
	s.cancel()
	<-s.done
	return nil
}

// Done is closed when the session is over.
func (s *Session) Done() <-chan struct{} { return s.done }

// present returns the connection, which is nil unless the session is connected, and the state.
func (s *Session) present() (*Conn, State) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conn, s.state
}

// connected returns the connection; nil without one.
func (s *Session) connected() *Conn {
	conn, _ := s.present()
	return conn
}

func (s *Session) watch() (State, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state, s.changed
}

// set makes a change known; conn is not nil exactly when Connected.
func (s *Session) set(state State, conn *Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	state.Since = time.Now()
	s.state, s.conn = state, conn
	close(s.changed)
	s.changed = make(chan struct{})
}

// notify tells OnChange until it has told that the session is over.
func (s *Session) notify(changed <-chan struct{}) {
	var state State
	for state.Phase != PhaseClosed {
		<-changed
		state, changed = s.watch()
		s.config.OnChange(state)
	}
}

func notConnected(op string, state State) *Error {
	return &Error{Op: op, Kind: ErrNotConnected, Err: state.Err, terminal: IsTerminal(state.Err)}
}
