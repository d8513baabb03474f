// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomclient

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
)

func TestThePresenceIsWhatTheRoomHasTold(t *testing.T) {
	t.Parallel()
	const list = `{"participants":[{"id":"2","role":"agent","attributes":{"name":"bob"}},{"id":"1","role":"user","attributes":{"name":"alice"}}]}`
	long := strings.Repeat("x", maxParticipantText+1)
	alice, bob := Participant{ID: "1", Name: "alice", Role: "user"}, Participant{ID: "2", Name: "bob", Role: "agent"}
	for name, c := range map[string]struct {
		kind, from, message string
		want                []Participant
		nonsense            bool
	}{
		"a list replaces what was known":           {protocol.MessagingEnabled, "me", `{"participants":[{"id":"3"}]}`, []Participant{{ID: "3"}}, false},
		"we are not one of the others":             {protocol.MessagingEnabled, "me", `{"participants":[{"id":"me"},{"id":"3"}]}`, []Participant{{ID: "3"}}, false},
		"a list that is none changes nothing":      {protocol.MessagingEnabled, "me", `{"participants":{}}`, []Participant{alice, bob}, true},
		"a list of what is none changes nothing":   {protocol.MessagingEnabled, "me", `{"participants":["a"]}`, []Participant{alice, bob}, true},
		"a list that is missing changes nothing":   {protocol.MessagingEnabled, "me", `{}`, []Participant{alice, bob}, true},
		"somebody comes":                           {protocol.ParticipantEnabled, "3", `{"id":"3","role":"tool","attributes":{"name":"carol"}}`, []Participant{alice, bob, {"3", "carol", "tool"}}, false},
		"somebody comes without a name":            {protocol.ParticipantEnabled, "3", `{"id":"3","role":null}`, []Participant{alice, bob, {ID: "3"}}, false},
		"somebody comes with a name that is none":  {protocol.ParticipantEnabled, "3", `{"id":"3","attributes":{"name":7}}`, []Participant{alice, bob, {ID: "3"}}, false},
		"somebody comes again with another name":   {protocol.ParticipantEnabled, "2", `{"id":"2","attributes":{"name":"bill"}}`, []Participant{alice, {ID: "2", Name: "bill"}}, false},
		"somebody without an id is nobody":         {protocol.ParticipantEnabled, "3", `{"attributes":{"name":"carol"}}`, []Participant{alice, bob}, true},
		"a name without end is not kept":           {protocol.ParticipantEnabled, "3", `{"id":"3","attributes":{"name":"` + long + `"}}`, []Participant{alice, bob}, true},
		"an id without end is not kept":            {protocol.ParticipantEnabled, "3", `{"id":"` + long + `"}`, []Participant{alice, bob}, true},
		"a role without end is not kept":           {protocol.ParticipantEnabled, "3", `{"id":"3","role":"` + long + `"}`, []Participant{alice, bob}, true},
		"somebody comes who is no object":          {protocol.ParticipantEnabled, "3", `[]`, []Participant{alice, bob}, true},
		"somebody goes":                            {protocol.ParticipantDisabled, "2", `{"id":"2"}`, []Participant{alice}, false},
		"somebody goes who was not there":          {protocol.ParticipantDisabled, "3", `{"id":"3"}`, []Participant{alice, bob}, false},
		"somebody goes who is no object":           {protocol.ParticipantDisabled, "2", `7`, []Participant{alice, bob}, true},
		"somebody gets another name":               {protocol.ParticipantAttributes, "2", `{"attributes":{"name":"bill"}}`, []Participant{alice, {"2", "bill", "agent"}}, false},
		"somebody gets another attribute":          {protocol.ParticipantAttributes, "2", `{"attributes":{"mood":"good"}}`, []Participant{alice, bob}, false},
		"somebody gets a name without end":         {protocol.ParticipantAttributes, "2", `{"attributes":{"name":"` + long + `"}}`, []Participant{alice, bob}, true},
		"a stranger gets a name":                   {protocol.ParticipantAttributes, "3", `{"attributes":{"name":"carol"}}`, []Participant{alice, bob}, true},
		"what a participant says is nobody's news": {"chat", "2", `{"id":"2"}`, []Participant{alice, bob}, true},
		"nothing at all":                           {protocol.ParticipantDisabled, "2", "", []Participant{alice, bob}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPresence(nil)
			p.attend()
			p.take("me", protocol.MessagingSend{Type: protocol.MessagingEnabled, Message: json.RawMessage(list)})
			sense := p.take("me", protocol.MessagingSend{FromParticipantID: c.from, Type: c.kind, Message: json.RawMessage(c.message)})
			if diff := cmp.Diff(c.want, p.list()); diff != "" || sense == c.nonsense {
				t.Errorf("makes sense: %v; known (-want +got):\n%s", sense, diff)
			}
		})
	}
}

func TestAParticipantIsFoundByIDBeforeByName(t *testing.T) {
	t.Parallel()
	p := newPresence(nil)
	p.attend()
	p.take("me", protocol.MessagingSend{Type: protocol.MessagingEnabled, Message: json.RawMessage(
		`{"participants":[{"id":"3","attributes":{"name":"bob"}},{"id":"2","attributes":{"name":"bob"}},{"id":"1"},{"id":"bob","attributes":{"name":"1"}}]}`)})
	for selector, want := range map[string]string{"3": "3", "2": "2", "1": "1", "bob": "bob", "": "", "carol": ""} {
		if got, ok := p.find(selector); got.ID != want || ok != (want != "") {
			t.Errorf("%q finds %+v, %v", selector, got, ok)
		}
	}
	p.take("me", protocol.MessagingSend{Type: protocol.ParticipantDisabled, Message: json.RawMessage(`{"id":"bob"}`)})
	if got, _ := p.find("bob"); got.ID != "2" {
		t.Errorf("of two with the name, %+v is found", got)
	}
}

func TestThePresenceIsBounded(t *testing.T) {
	t.Parallel()
	p := newPresence(nil)
	p.attend()
	var many strings.Builder
	for i := range maxParticipants + 10 {
		fmt.Fprintf(&many, `,{"id":"%05d"}`, i)
	}
	p.take("me", protocol.MessagingSend{Type: protocol.MessagingEnabled, Message: json.RawMessage(`{"participants":[` + many.String()[1:] + `]}`)})
	if got := len(p.list()); got != maxParticipants {
		t.Errorf("a list: %d are known", got)
	}
	if p.take("me", protocol.MessagingSend{Type: protocol.ParticipantEnabled, Message: json.RawMessage(`{"id":"one more"}`)}) || len(p.list()) != maxParticipants {
		t.Error("one more is known")
	}
	again := json.RawMessage(`{"id":"00000","attributes":{"name":"known"}}`)
	if !p.take("me", protocol.MessagingSend{Type: protocol.ParticipantEnabled, Message: again}) {
		t.Error("somebody who is known already cannot change")
	}
}

func TestNothingIsKeptUnlessWeAttend(t *testing.T) {
	t.Parallel()
	changes := 0
	p := newPresence(func() { changes++ })
	push := protocol.MessagingSend{Type: protocol.ParticipantEnabled, Message: json.RawMessage(`{"id":"1"}`)}
	if p.take("me", push) || len(p.list()) != 0 || changes != 0 {
		t.Error("somebody is known before we attend")
	}
	p.attend()
	p.take("me", push)
	p.settle(ErrForbidden)
	if p.take("me", push) || len(p.list()) != 0 || p.failure() == nil || changes != 2 {
		t.Errorf("somebody is known after the refusal, or %d changes were told", changes)
	}
	p.attend()
	p.take("me", push)
	p.settle(nil)
	if len(p.list()) != 1 || p.failure() != nil || changes != 4 {
		t.Errorf("another attempt: %v, %v, %d changes", p.list(), p.failure(), changes)
	}
}

func FuzzParticipants(f *testing.F) {
	f.Add(protocol.MessagingEnabled, "1", []byte(`{"participants":[{"id":"1","attributes":{"name":"a"}}]}`))
	f.Add(protocol.ParticipantEnabled, "1", []byte(`{"id":"1","role":"user","attributes":{"name":"a"}}`))
	f.Add(protocol.ParticipantAttributes, "1", []byte(`{"attributes":{"name":"b"}}`))
	f.Add(protocol.ParticipantDisabled, "1", []byte(`{"id":"1"}`))
	f.Add(protocol.MessagingEnabled, "", []byte(`{"participants":[`))
	f.Fuzz(func(t *testing.T, kind, from string, message []byte) {
		p := newPresence(nil)
		p.attend()
		p.take("me", protocol.MessagingSend{Type: protocol.ParticipantEnabled, Message: json.RawMessage(`{"id":"1"}`)})
		p.take("me", protocol.MessagingSend{FromParticipantID: from, Type: kind, Message: message})
		for _, other := range p.list() {
			if other.ID == "" || max(len(other.ID), len(other.Name), len(other.Role)) > maxParticipantText {
				t.Errorf("knows %+v", other)
			}
		}
	})
}
