// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package sessions

import (
	"context"
	"errors"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/roomsecrets/roomsecret-operator/roomclient"
)

// connections are the sessions of one room, by identity.
type connections struct {
	room Room
	// gate bounds what all of them ask for.
	gate     *gate
	sessions map[string]*session
	// participantID is the one that was last told of.
	participantID string
}

// follow makes the sessions go on as the room now says. The caller holds the lock of the pool.
func (c *connections) follow(room Room) error {
	room.Identity = c.room.Identity // which only the service can have told, with Connect
	for _, s := range c.sessions {
		if room.Revision == c.room.Revision {
			break
		}
		if err := s.lines.follow(room); err != nil {
			return err // and that of the first: what cannot be dialled as one identity cannot as any
		}
	}
	c.room = room
	c.gate.set(room.Limits)
	for _, s := range c.sessions {
		s.pace.set(room.PollInterval)
	}
	return nil
}

// open starts the session of an identity. The caller holds the lock.
func (p *Pool) open(ctx context.Context, key RoomKey, c *connections, identity string) error {
	// The session outlives the reconcile that asked for it; closing it is what ends it.
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	s := &session{
		identity: identity, gate: c.gate, pace: newPace(p.clock(), c.room.PollInterval),
		memory: newMemory(), listings: listings{digests: p.digests}, lists: newLists(), digests: p.digests, metrics: p.metrics, stop: stop,
		changed: func(owner types.NamespacedName) { p.publish(Event{Owner: owner}) },
		unused:  func() {},
	}
	own := identity == c.room.Identity
	var asked hearing
	if own {
		asked = p.handlers.in(key)
	} else {
		s.unused = func() { p.drop(key, s) }
	}
	s.lines = &lines{clock: p.clock(), stirred: make(chan struct{}, 1)}
	s.lines.changed = func(state roomclient.State, news bool) { p.report(key, c, s, state, news) }
	s.lines.dial = func(room Room) (*line, error) { return p.line(ctx, key, c, s, room, asked) }
	if err := s.lines.open(c.room); err != nil {
		stop()
		return fmt.Errorf("connect to the room as %q: %w", identity, err)
	}
	s.done.Go(func() { s.lines.tend(ctx) })
	s.done.Go(func() { s.watch(ctx, own) })
	c.sessions[identity] = s
	return nil
}

// line starts a connection of a session.
func (p *Pool) line(ctx context.Context, key RoomKey, c *connections, s *session, room Room, asked hearing) (*line, error) {
	ctx, stop := context.WithCancel(ctx)
	l := &line{stop: stop}
	var err error
	l.client, err = p.dial(ctx, Call{
		Room: room, Identity: s.identity, Clock: p.clock(), Changed: s.lines.stir, asked: asked,
		Moved: func() { p.publish(Event{Attendance: key}) },
		Issued: func(ctx context.Context, identity string, expires time.Time) error {
			if !expires.IsZero() {
				l.note(p.clock().Now(), expires)
			}
			return p.recognize(ctx, key, c, s, identity)
		},
	})
	if err != nil {
		stop()
		return nil, err
	}
	return l, nil
}

// errRecognized ends an attempt to connect as somebody else than before.
var errRecognized = errors.New("the service gives another identity than before: everything begins anew")

// recognize notes who the operator is to the service that has given it a token. If that is somebody else than before, other
// rows are its own, and nothing of what is remembered holds.
func (p *Pool) recognize(ctx context.Context, key RoomKey, c *connections, s *session, identity string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case identity == s.identity, p.rooms[key] != c:
		return nil
	case s.identity == "":
		delete(c.sessions, s.identity)
		s.identity, c.room.Identity, c.sessions[identity] = identity, identity, s
		return nil
	}
	room := c.room
	room.Identity = ""
	next := &connections{room: room, gate: c.gate, sessions: map[string]*session{}}
	if err := p.open(ctx, key, next, room.Identity); err != nil {
		return err
	}
	p.rooms[key] = next
	p.closeLater(c)
	return errRecognized
}

// report keeps account of the state of a session, and publishes news. Nobody is concerned when the pool has replaced the
// session or is closing it: the state of its successor may be known already.
func (p *Pool) report(key RoomKey, c *connections, s *session, state roomclient.State, news bool) {
	moved := false
	p.mu.Lock()
	concerned := p.rooms[key] == c && state.Phase != roomclient.PhaseClosed
	if concerned && s.identity == c.room.Identity {
		p.metrics.setConnected(key, state.Phase == roomclient.PhaseConnected)
		moved = c.moves(s.lines.participantID())
	}
	p.mu.Unlock()
	if concerned && (news || moved) {
		p.publish(Event{Room: key, Quiet: !news})
	}
}

// moves notes the id by which others know the operator. It reports whether that is another one than before.
func (c *connections) moves(participantID string) bool {
	moved := participantID != c.participantID
	c.participantID = participantID
	return moved
}
