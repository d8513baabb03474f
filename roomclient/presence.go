// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomclient

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"sync"

	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
)

// maxParticipants is how many others are kept in mind on one connection.
const maxParticipants = 4096

// presence is who else is in the room, as far as a connection has been told. It is safe for
// concurrent use.
type presence struct {
	changed func() // is called after each change; must not block

	mu        sync.Mutex
	attending bool // nothing is kept before, or after a refusal
	err       error
	others    map[string]Participant
	listed    chan struct{} // closed when the room has first told who is there
	complete  bool          // it is closed
}

func newPresence(changed func()) *presence {
	if changed == nil {
		changed = func() {}
	}
	return &presence{changed: changed, others: map[string]Participant{}, listed: make(chan struct{})}
}

// attend says that from now on the room is to be believed.
func (p *presence) attend() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.attending = true
}

// leave forgets everybody.
func (p *presence) leave() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.attending = false
	clear(p.others)
}

// settle says how the attempt to attend went.
func (p *presence) settle(err error) {
	p.mu.Lock()
	moved := err != nil || p.err != nil
	p.attending, p.err = err == nil, err
	if err != nil {
		clear(p.others)
	}
	p.mu.Unlock()
	if moved {
		p.changed()
	}
}

func (p *presence) failure() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}

// list returns everybody, by id.
func (p *presence) list() []Participant {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.SortedFunc(maps.Values(p.others), func(a, b Participant) int { return cmp.Compare(a.ID, b.ID) })
}

// find returns whom a selector means: the one with that id, else the first by id with that
// name.
func (p *presence) find(selector string) (found Participant, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if found, ok = p.others[selector]; ok || selector == "" {
		return found, ok
	}
	for _, other := range p.others {
		if other.Name == selector && (!ok || other.ID < found.ID) {
			found, ok = other, true
		}
	}
	return found, ok
}

// take notes what the room tells, to a participant with the id self. It reports false when
// that makes no sense.
func (p *presence) take(self string, push protocol.MessagingSend) bool {
	p.mu.Lock()
	var known bool
	if known = p.attending; known {
		known = p.note(self, push)
	}
	p.mu.Unlock()
	if known {
		p.changed()
	}
	return known
}

func (p *presence) note(self string, push protocol.MessagingSend) bool {
	var info protocol.ParticipantInfo
	switch push.Type {
	case protocol.MessagingEnabled:
		return p.replace(self, push.Message)
	case protocol.ParticipantEnabled:
		return json.Unmarshal(push.Message, &info) == nil && p.add(self, info)
	case protocol.ParticipantDisabled:
		known := json.Unmarshal(push.Message, &info) == nil
		delete(p.others, info.ID)
		return known
	case protocol.ParticipantAttributes:
		known := json.Unmarshal(push.Message, &info) == nil
		other, there := p.others[push.FromParticipantID]
		name := info.Name()
		if !known || !there || len(name) > maxParticipantText {
			return false
		}
		other.Name = cmp.Or(name, other.Name)
		p.others[other.ID] = other
		return true
	default:
		return false
	}
}

// replace begins anew with a whole list.
func (p *presence) replace(self string, message json.RawMessage) bool {
	infos, err := protocol.UnpackParticipants(message, maxParticipants)
	if err != nil {
		return false
	}
	p.others = make(map[string]Participant, len(infos))
	for _, info := range infos {
		p.add(self, info)
	}
	if !p.complete {
		p.complete = true
		close(p.listed)
	}
	return true
}

// add keeps a participant in mind, unless that takes too much of it.
func (p *presence) add(self string, info protocol.ParticipantInfo) bool {
	other := Participant{ID: info.ID, Name: info.Name(), Role: info.Role}
	_, there := p.others[other.ID]
	switch {
	case other.ID == "", max(len(other.ID), len(other.Name), len(other.Role)) > maxParticipantText:
		return false
	case other.ID == self, !there && len(p.others) >= maxParticipants:
		return false
	}
	p.others[other.ID] = other
	return true
}
