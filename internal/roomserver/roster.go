// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomserver

import "sync"

// person is somebody in a room, however many connections they have.
type person struct{ room, identity string }

func (p participant) person() person { return person{p.room, p.identity} }

// roster knows who can be asked: the participants that are about to be told their id, or have been, and may use
// secrets.
type roster struct {
	mu     sync.RWMutex
	ids    map[string]*conn
	people map[person]map[*conn]struct{}
}

func newRoster() *roster {
	return &roster{ids: map[string]*conn{}, people: map[person]map[*conn]struct{}{}}
}

func (r *roster) join(c *conn) {
	if c.who.secrets == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ids[c.who.id] = c
	who := c.who.person()
	if r.people[who] == nil {
		r.people[who] = map[*conn]struct{}{}
	}
	r.people[who][c] = struct{}{}
}

func (r *roster) leave(c *conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.ids, c.who.id)
	who := c.who.person()
	delete(r.people[who], c)
	if len(r.people[who]) == 0 {
		delete(r.people, who)
	}
}

// identify says who a participant id of a room belongs to.
func (r *roster) identify(room, id string) (person, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	c, ok := r.ids[id]
	if !ok || c.who.room != room {
		return person{}, false
	}
	return c.who.person(), true
}

// connections returns all connections of somebody.
func (r *roster) connections(who person) []*conn {
	r.mu.RLock()
	defer r.mu.RUnlock()
	conns := make([]*conn, 0, len(r.people[who]))
	for c := range r.people[who] {
		conns = append(conns, c)
	}
	return conns
}
