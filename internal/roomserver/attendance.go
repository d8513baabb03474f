// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomserver

import (
	"encoding/json"
	"maps"
	"sync"

	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
)

// attendance knows which participants of each room have made themselves known to each other, and what each of them
// has still to be told. Whatever one of them does or fails to do, the others are told: nobody waits for anybody here,
// and what is still to be told is at most one thing about each of the others.
type attendance struct {
	maxList int // bytes of participants in one message

	mu    sync.Mutex
	rooms map[string]map[string]*attendee // of each room, by participant id
}

// attendee is a connection that may make itself known.
type attendee struct {
	attributes map[string]json.RawMessage // those that it has set; the reader's
	wake       chan struct{}              // of one: there is something to tell

	// What attendance guards.
	card  *card           // what the others are told; nil while they do not know of it
	greet bool            // it is to be told of everybody, whatever was to be told before
	news  map[string]news // what it is to be told, by participant id
}

// card is a participant as the others are told, encoded.
type card struct {
	id                string
	entry, attributes json.RawMessage
}

func newAttendance(maxList int) *attendance {
	return &attendance{maxList: maxList, rooms: map[string]map[string]*attendee{}}
}

func newAttendee() *attendee { return &attendee{wake: make(chan struct{}, 1)} }

// join makes a participant known to those who are, and those to it. Doing it again tells it of everybody again.
func (t *attendance) join(p participant) {
	t.mu.Lock()
	defer t.mu.Unlock()
	first := p.known.card == nil
	p.known.card, p.known.greet, p.known.news = p.card(), true, map[string]news{}
	p.known.ring()
	if t.rooms[p.room] == nil {
		t.rooms[p.room] = map[string]*attendee{}
	}
	t.rooms[p.room][p.id] = p.known
	if first {
		t.spread(p, joined)
	}
}

// leave makes a participant unknown, if it is known.
func (t *attendance) leave(p participant) {
	if p.known == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if p.known.card == nil {
		return
	}
	delete(t.rooms[p.room], p.id)
	if len(t.rooms[p.room]) == 0 {
		delete(t.rooms, p.room)
	}
	t.spread(p, left)
	p.known.card, p.known.greet, p.known.news = nil, false, nil
}

// maxAttributes is the most bytes that the attributes of a participant may take up, and a message that sets some.
const maxAttributes = 4 << 10

// describe takes the attributes that a participant sets. The name is the one in the token whatever it says: others go
// by it. Attributes that make no sense or are too many are ignored, because there is no answer to them.
func (t *attendance) describe(p participant, data []byte) {
	var set map[string]json.RawMessage
	if p.known == nil || len(data) > maxAttributes || protocol.UnpackHeader(data, &set) != nil {
		return
	}
	delete(set, attributeName)
	attributes := maps.Clone(p.known.attributes)
	if attributes == nil {
		attributes = map[string]json.RawMessage{}
	}
	maps.Copy(attributes, set)
	if size(attributes) > maxAttributes {
		return
	}
	p.known.attributes = attributes
	t.mu.Lock()
	defer t.mu.Unlock()
	if p.known.card != nil {
		p.known.card = p.card()
		t.spread(p, changed)
	}
}

func size(attributes map[string]json.RawMessage) (bytes int) {
	for name, value := range attributes {
		bytes += len(name) + len(value)
	}
	return bytes
}

// spread has everybody else in the room told what has become of a participant.
func (t *attendance) spread(p participant, what change) {
	for id, other := range t.rooms[p.room] {
		if id != p.id && !other.greet {
			other.note(p.known.card, what)
		}
	}
}

// next takes the next thing that a participant is to be told.
func (t *attendance) next(p participant) (message protocol.MessagingSend, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if p.known.greet {
		return t.greeting(p), true
	}
	for id, news := range p.known.news {
		delete(p.known.news, id)
		return news.message(), true
	}
	return protocol.MessagingSend{}, false
}

// greeting is who else is there. Those who are too many for one message are news.
func (t *attendance) greeting(p participant) protocol.MessagingSend {
	p.known.greet = false
	entries, room := []json.RawMessage{}, t.maxList
	for id, other := range t.rooms[p.room] {
		switch room -= len(other.card.entry); {
		case id == p.id:
		case room < 0:
			p.known.note(other.card, joined)
		default:
			entries = append(entries, other.card.entry)
		}
	}
	return protocol.MessagingSend{
		FromParticipantID: p.id, Type: protocol.MessagingEnabled,
		Message: encoded(map[string]any{"participants": entries}),
	}
}

func (a *attendee) note(about *card, what change) {
	if what = a.news[about.id].what.then(what); what == nothing {
		delete(a.news, about.id)
		return
	}
	a.news[about.id] = news{about, what}
	a.ring()
}

func (a *attendee) ring() {
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

const attributeName = "name"

// card describes a participant to the others.
func (p participant) card() *card {
	attributes := maps.Clone(p.known.attributes)
	if attributes == nil {
		attributes = map[string]json.RawMessage{}
	}
	attributes[attributeName] = encoded(p.identity)
	c := &card{id: p.id, attributes: encoded(attributes)}
	c.entry = encoded(protocol.ParticipantInfo{ID: p.id, Role: p.role, Attributes: c.attributes})
	return c
}

// encoded is the JSON of what always has one: texts, and what was read as JSON.
func encoded(value any) json.RawMessage {
	raw, err := json.Marshal(value)
	if err != nil {
		return json.RawMessage("null")
	}
	return raw
}
