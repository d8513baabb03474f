// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package sessions

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"sync"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"

	"github.com/roomsecrets/roomsecret-operator/internal/fingerprint"
	"github.com/roomsecrets/roomsecret-operator/internal/plan"
	"github.com/roomsecrets/roomsecret-operator/roomclient"
)

// ErrPending says that it is not known yet whether there is a connection, because the first attempt is under way or has still to be
// made. An Event follows when it is known.
var ErrPending = errors.New("the connection to the room is being made")

// Pool keeps the sessions of all rooms. It is safe for concurrent use.
type Pool struct {
	// Clock tells when tokens expire and when to poll; nil means the time of day. It must not be changed once in use.
	Clock clock.Clock

	digests fingerprint.Key
	metrics *Metrics
	dial    Dialer

	mu sync.Mutex
	// handlers are told what others ask for.
	handlers Handlers
	rooms    map[RoomKey]*connections
	// gates bound what is asked of each room that is known, whichever sessions it has.
	gates map[RoomKey]*gate
	// withheld are the rooms that are known and cannot be connected at all.
	withheld map[RoomKey]bool
	// closed says that Start is over, or about to be: no session is started any more.
	closed  bool
	closing sync.WaitGroup

	// subscribers have a lock of their own: a session may report a change while the pool is locked to start it.
	subscribing sync.Mutex
	subscribers []func(Event)
}

// NewPool returns a Pool that makes digests with the key and starts sessions with the dialer.
func NewPool(digests fingerprint.Key, metrics *Metrics, dial Dialer) *Pool {
	return &Pool{
		digests: digests, metrics: metrics, dial: dial,
		rooms: map[RoomKey]*connections{}, gates: map[RoomKey]*gate{}, withheld: map[RoomKey]bool{},
	}
}

// Subscribe adds a function that is called with each event. It must not block.
func (p *Pool) Subscribe(subscriber func(Event)) {
	p.subscribing.Lock()
	defer p.subscribing.Unlock()
	p.subscribers = append(p.subscribers, subscriber)
}

func (p *Pool) publish(event Event) {
	p.subscribing.Lock()
	subscribers := slices.Clone(p.subscribers)
	p.subscribing.Unlock()
	for _, subscriber := range subscribers {
		subscriber(event)
	}
}

// Start implements manager.Runnable: it closes every session when ctx is done, and returns when all are closed.
func (p *Pool) Start(ctx context.Context) error {
	<-ctx.Done()
	p.mu.Lock()
	p.closed = true
	for key, c := range p.rooms {
		p.closeLater(c)
		p.metrics.forget(key)
	}
	clear(p.rooms)
	p.mu.Unlock()
	p.closing.Wait()
	return nil
}

// Ensure makes sure that a session for the operator's own identity runs as the room says. It does nothing when that is so
// already, or when the pool is closed. When the room is reached in another way than before, with another credential for
// instance, each session connects anew before it closes the connection it has. It does not wait for the connection. The
// error says that the room cannot be dialled at all; then everything is as before.
func (p *Pool) Ensure(ctx context.Context, key RoomKey, room Room) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	previous := p.rooms[key]
	switch {
	case p.closed:
		return nil
	case previous != nil && room.succeeds(previous.room):
		return previous.follow(room)
	}
	next := &connections{room: room, gate: cmp.Or(p.gates[key], newGate(room.Limits)), sessions: map[string]*session{}}
	if err := p.open(ctx, key, next, room.Identity); err != nil {
		return err
	}
	next.gate.set(room.Limits)
	p.rooms[key], p.gates[key] = next, next.gate
	delete(p.withheld, key)
	p.closeLater(previous)
	return nil
}

// clock returns what tells the time.
func (p *Pool) clock() clock.Clock {
	if p.Clock == nil {
		return clock.RealClock{}
	}
	return p.Clock
}

// drop closes a session that nobody needs any more.
func (p *Pool) drop(key RoomKey, s *session) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.rooms[key]
	if c == nil || c.sessions[s.identity] != s || !s.idle() {
		return
	}
	delete(c.sessions, s.identity)
	p.closing.Go(s.close)
}

// closeLater closes the sessions of a room without making the caller wait.
func (p *Pool) closeLater(c *connections) {
	if c == nil {
		return
	}
	for _, s := range c.sessions {
		p.closing.Go(s.close)
	}
}

// Forget closes all sessions of a room that does not exist any more.
func (p *Pool) Forget(key RoomKey) {
	p.mu.Lock()
	known := p.rooms[key] != nil || p.withheld[key]
	p.closeLater(p.rooms[key])
	delete(p.rooms, key)
	delete(p.gates, key)
	delete(p.withheld, key)
	p.metrics.forget(key)
	p.mu.Unlock()
	if known {
		p.publish(Event{Room: key})
	}
}

// Withhold closes all sessions of a room that cannot be connected as it is, for want of a credential for instance.
func (p *Pool) Withhold(key RoomKey) {
	p.withhold(key, func() { p.metrics.setConnected(key, false) })
}

// Suspend closes all sessions of a room that is not to be connected. That it is not is nothing to measure.
func (p *Pool) Suspend(key RoomKey) {
	p.withhold(key, func() { p.metrics.forget(key) })
}

func (p *Pool) withhold(key RoomKey, measure func()) {
	p.mu.Lock()
	known := p.withheld[key]
	p.closeLater(p.rooms[key])
	delete(p.rooms, key)
	p.withheld[key] = true
	measure()
	p.mu.Unlock()
	if !known {
		p.publish(Event{Room: key})
	}
}

// State returns the state of the session of the operator's own identity, and false when the room is not known.
func (p *Pool) State(key RoomKey) (roomclient.State, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.rooms[key]
	if c == nil {
		return roomclient.State{}, false
	}
	return c.sessions[c.room.Identity].state(), true
}

// Identity returns the operator's own identity in a room; empty when it is not known yet.
func (p *Pool) Identity(key RoomKey) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c := p.rooms[key]; c != nil {
		return c.room.Identity
	}
	return ""
}

// Retry makes the sessions of a room that are not connected, because they gave up or wait, try once more at once.
func (p *Pool) Retry(key RoomKey) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c := p.rooms[key]; c != nil {
		for _, s := range c.sessions {
			s.lines.retry()
		}
	}
}

// Poll has a room read at once instead of when the interval is over.
func (p *Pool) Poll(key RoomKey) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c := p.rooms[key]; c != nil {
		for _, s := range c.sessions {
			s.pace.hurry()
		}
	}
}

// Release forgets everything that an owner tracks, in every room.
func (p *Pool) Release(owner types.NamespacedName) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.rooms {
		for _, s := range c.sessions {
			s.track(owner, wanted{})
		}
	}
}

// Client returns the client of a room for an owner. The error is ErrPending, or roomclient.ErrNotConnected; an Event
// follows when that changes.
func (p *Pool) Client(key RoomKey, owner types.NamespacedName) (*Client, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.rooms[key]
	switch {
	case p.withheld[key]:
		return nil, roomclient.ErrNotConnected
	case c == nil, c.sessions[c.room.Identity].pending():
		return nil, ErrPending
	case c.sessions[c.room.Identity].state().Phase != roomclient.PhaseConnected:
		return nil, roomclient.ErrNotConnected
	}
	return &Client{pool: p, key: key, connections: c, owner: owner, own: c.room.Identity, signs: c.room.signs()}, nil
}

// session returns the session of an identity, or roomclient.ErrNotConnected while it has no connection.
func (p *Pool) session(key RoomKey, c *connections, identity string) (*session, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.rooms[key] != c {
		return nil, roomclient.ErrNotConnected // the room has been replaced or forgotten since
	}
	s := c.sessions[identity]
	if s == nil {
		return nil, roomclient.ErrNotConnected // nobody tracks a row of this identity
	}
	if state := s.state(); state.Phase != roomclient.PhaseConnected {
		return nil, errors.Join(roomclient.ErrNotConnected, state.Err)
	}
	return s, nil
}

// all returns the sessions of a room.
func (p *Pool) all(c *connections) []*session {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Collect(maps.Values(c.sessions))
}

// wanted is what an owner tracks in one session.
type wanted struct {
	rows    []plan.Row
	queries []plan.Query
}

// trackAll makes what is wanted, which is grouped by the identity of the session that can see it, what an owner tracks.
func (p *Pool) trackAll(ctx context.Context, key RoomKey, c *connections, owner types.NamespacedName, all map[string]wanted) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	pending := false
	for identity := range all {
		if c.sessions[identity] == nil && p.rooms[key] == c {
			if err := p.open(ctx, key, c, identity); err != nil {
				return err
			}
		}
	}
	for identity, s := range c.sessions {
		_, needed := all[identity]
		s.track(owner, all[identity])
		pending = pending || (needed && s.pending())
	}
	if pending {
		return ErrPending
	}
	return nil
}
