// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomserver_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/roomsecrets/roomsecret-operator/internal/roomserver"
	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
	"github.com/roomsecrets/roomsecret-operator/roomclient/token"
)

func (p *peer) messaging(tool string) protocol.Content {
	p.t.Helper()
	return p.invoke(protocol.Invoke{Toolkit: protocol.MessagingToolkit, Tool: tool, Input: fields{}.json(p.t)})
}

// switchMessaging uses a tool of messaging and does not care what is pushed before the answer.
func (p *peer) switchMessaging(tool string) {
	p.t.Helper()
	data, err := protocol.PackInvoke(protocol.Invoke{Toolkit: protocol.MessagingToolkit, Tool: tool, Input: protocol.Empty{}})
	if err != nil {
		p.t.Fatal(err)
	}
	if err := p.send(protocol.Message{ID: p.nextID, Type: protocol.TypeInvokeTool, Data: data}); err != nil {
		p.t.Fatal(err)
	}
	p.nextID++
	for {
		message := p.receive()
		if message.Type == protocol.TypeMessagingSend {
			p.told = append(p.told, message)
			continue
		}
		content, err := protocol.UnpackContent(message.Data)
		if _, empty := content.(protocol.Empty); err != nil || !empty {
			p.t.Fatalf("%s: %v, %v", tool, content, err)
		}
		return
	}
}

// news is the next push about participants, in one line.
func (p *peer) news() string {
	p.t.Helper()
	var message protocol.Message
	if len(p.told) > 0 {
		message, p.told = p.told[0], p.told[1:]
	} else {
		message = p.receive()
	}
	var push protocol.MessagingSend
	if err := protocol.UnpackHeader(message.Data, &push); err != nil || message.Type != protocol.TypeMessagingSend {
		p.t.Fatalf("got %q: %v", message.Type, err)
	}
	return push.FromParticipantID + " " + push.Type + " " + string(push.Message)
}

func (p *peer) wantNews(format string, args ...any) {
	p.t.Helper()
	if diff := cmp.Diff(fmt.Sprintf(format, args...), p.news()); diff != "" {
		p.t.Errorf("the push (-want +got):\n%s", diff)
	}
}

func (p *peer) setAttributes(t *testing.T, f fields) {
	t.Helper()
	data, err := protocol.Pack(f, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.send(protocol.Message{ID: 1 << 40, Type: protocol.TypeSetAttributes, Data: data}); err != nil {
		t.Fatal(err)
	}
}

func TestParticipantsWhoHaveEnabledMessagingKnowOfEachOther(t *testing.T) {
	t.Parallel()
	s := serve(t)
	alice, bob := s.dial(t, "alice", "myroom", messagingGrant), s.dial(t, "bob", "myroom", messagingGrant)
	silent, elsewhere := s.dial(t, "silent", "myroom", messagingGrant), s.dial(t, "elsewhere", "other", messagingGrant)
	a, b := alice.me.ParticipantID, bob.me.ParticipantID
	elsewhere.switchMessaging(protocol.ToolEnable)
	elsewhere.wantNews(`%s messaging.enabled {"participants":[]}`, elsewhere.me.ParticipantID)
	alice.switchMessaging(protocol.ToolEnable)
	alice.wantNews(`%s messaging.enabled {"participants":[]}`, a)
	bob.setAttributes(t, fields{"mood": "good", "name": "alice"}) // before it is known, and pretending to be somebody else
	bob.switchMessaging(protocol.ToolEnable)
	bob.wantNews(`%s messaging.enabled {"participants":[{"id":"%s","role":"user","attributes":{"name":"alice"}}]}`, b, a)
	alice.wantNews(`%s participant.enabled {"id":"%s","role":"user","attributes":{"mood":"good","name":"bob"}}`, b, b)
	bob.setAttributes(t, fields{"mood": "better", "n": 1})
	alice.wantNews(`%s participant.attributes {"attributes":{"mood":"better","n":1,"name":"bob"}}`, b)

	bob.switchMessaging(protocol.ToolDisable)
	alice.wantNews(`%s participant.disabled {"id":"%s"}`, b, b)
	bob.switchMessaging(protocol.ToolDisable) // nothing any more
	bob.switchMessaging(protocol.ToolEnable)
	alice.wantNews(`%s participant.enabled {"id":"%s","role":"user","attributes":{"mood":"better","n":1,"name":"bob"}}`, b, b)
	alice.switchMessaging(protocol.ToolEnable) // the list again, and nothing for bob
	alice.wantNews(`%s messaging.enabled {"participants":[{"id":"%s","role":"user","attributes":{"mood":"better","n":1,"name":"bob"}}]}`, a, b)
	if err := bob.socket.Close(); err != nil {
		t.Fatal(err)
	}
	alice.wantNews(`%s participant.disabled {"id":"%s"}`, b, b)
	for _, other := range []*peer{silent, elsewhere} { // nothing was pushed before the answer
		wantError(t, other.tool("nothing", protocol.Empty{}), protocol.CodeNotFound)
	}
}

func TestMessagingTakesItsGrant(t *testing.T) {
	t.Parallel()
	s := serve(t)
	for _, g := range []grants{plainGrant, adminGrant, noAPIGrant} {
		p := s.dial(t, "agent", "myroom", g)
		p.setAttributes(t, fields{"mood": "good"})
		for _, tool := range []string{protocol.ToolEnable, protocol.ToolDisable} {
			wantError(t, p.messaging(tool), protocol.CodePermissionDenied)
		}
	}
	alice := s.dial(t, "alice", "myroom", messagingGrant)
	for _, tool := range []string{"send", "broadcast", "list"} {
		wantError(t, alice.messaging(tool), protocol.CodeNotFound)
	}
	wantError(t, alice.invoke(protocol.Invoke{Toolkit: protocol.MessagingToolkit, Tool: protocol.ToolEnable, Input: protocol.Text{Text: "x"}}), protocol.CodeInvalidRequest)
}

func TestTheListIsForThoseWhoMayList(t *testing.T) {
	t.Parallel()
	s := serve(t)
	for name, c := range map[string]struct {
		scope string
		code  protocol.Code
	}{
		"an empty grant":   {`{"messaging":{}}`, 0},
		"list only":        {`{"messaging":{"send":false,"broadcast":false,"list":true}}`, 0},
		"no list":          {`{"messaging":{"list":false}}`, protocol.CodePermissionDenied},
		"null":             {`{"messaging":null}`, protocol.CodePermissionDenied},
		"no object":        {`{"messaging":true}`, protocol.CodePermissionDenied},
		"a list of no use": {`{"messaging":{"list":"yes"}}`, protocol.CodePermissionDenied},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			signed, err := s.key.Sign(token.Claims{Name: "agent", ExpiresAt: time.Now().Add(time.Hour), Grants: []token.Grant{
				token.RoomGrant("alone"), {Name: token.GrantAPI, Scope: json.RawMessage(c.scope)},
			}})
			if err != nil {
				t.Fatal(err)
			}
			p := s.join(t, "alone", signed)
			if c.code == 0 {
				p.switchMessaging(protocol.ToolEnable)
				return
			}
			wantError(t, p.messaging(protocol.ToolEnable), c.code)
		})
	}
}

func TestAttributesAreBounded(t *testing.T) {
	t.Parallel()
	s := serve(t)
	alice, bob := s.dial(t, "alice", "myroom", messagingGrant), s.dial(t, "bob", "myroom", messagingGrant)
	alice.switchMessaging(protocol.ToolEnable)
	alice.news()
	bob.switchMessaging(protocol.ToolEnable)
	bob.news()
	alice.news()
	bob.setAttributes(t, fields{"big": strings.Repeat("x", 3000)})
	alice.news()
	bob.setAttributes(t, fields{"more": strings.Repeat("x", 3000)}) // together too much
	bob.setAttributes(t, fields{"huge": strings.Repeat("x", 5000)}) // alone
	if err := bob.send(protocol.Message{Type: protocol.TypeSetAttributes, Data: []byte("garbage")}); err != nil {
		t.Fatal(err)
	}
	bob.setAttributes(t, fields{"big": "small"})
	alice.wantNews(`%s participant.attributes {"attributes":{"big":"small","name":"bob"}}`, bob.me.ParticipantID)
}

// TestAListThatIsTooLongForAMessageComesInParts has a room of a hundred and messages of 64 KiB.
func TestAListThatIsTooLongForAMessageComesInParts(t *testing.T) {
	t.Parallel()
	const others = 50
	s := serve(t, func(c *roomserver.Config) { c.Limits.MaxMessage = 64 << 10 })
	want := map[string]bool{}
	for i := range others {
		p := s.dial(t, fmt.Sprint("peer-", i), "myroom", messagingGrant)
		p.setAttributes(t, fields{"big": strings.Repeat("x", 3000)})
		p.switchMessaging(protocol.ToolEnable)
		want[p.me.ParticipantID] = true
	}
	alice := s.dial(t, "alice", "myroom", messagingGrant)
	alice.switchMessaging(protocol.ToolEnable)
	for first := true; len(want) > 0; first = false {
		kind, message := cutNews(alice.news())
		var list struct {
			Participants []protocol.ParticipantInfo `json:"participants"`
		}
		if first != (kind == protocol.MessagingEnabled) {
			t.Fatalf("got %s", kind)
		}
		if first {
			if err := json.Unmarshal([]byte(message), &list); err != nil || len(list.Participants) < 5 || len(message) > 32<<10+100 {
				t.Fatalf("a list of %d in %d bytes: %v", len(list.Participants), len(message), err)
			}
		} else {
			var one protocol.ParticipantInfo
			if err := json.Unmarshal([]byte(message), &one); err != nil {
				t.Fatal(err)
			}
			list.Participants = append(list.Participants, one)
		}
		for _, one := range list.Participants {
			if !want[one.ID] {
				t.Fatalf("%s was told twice, or is not there", one.ID)
			}
			delete(want, one.ID)
		}
	}
}

func cutNews(news string) (kind, message string) {
	_, rest, _ := strings.Cut(news, " ")
	kind, message, _ = strings.Cut(rest, " ")
	return kind, message
}

// TestSomebodyWhoDoesNotReadHoldsNobodyUp: one participant reads nothing while others come, change and go. The others
// are told, and once it reads it is told what has become of it all.
func TestSomebodyWhoDoesNotReadHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	const rounds = 3000
	s := serve(t)
	deaf, alice, bob := s.dial(t, "deaf", "myroom", messagingGrant), s.dial(t, "alice", "myroom", messagingGrant), s.dial(t, "bob", "myroom", messagingGrant)
	for _, p := range []*peer{deaf, alice} {
		p.switchMessaging(protocol.ToolEnable)
	}
	bob.switchMessaging(protocol.ToolEnable)
	for i := range rounds {
		bob.setAttributes(t, fields{"n": i, "big": strings.Repeat("x", 3500)})
	}
	last := fmt.Sprintf(`"n":%d,`, rounds-1)
	for _, p := range []*peer{alice, deaf} { // deaf reads only now
		told := 0
		for !strings.Contains(p.news(), last) {
			told++
		}
		t.Logf("told %d of %d changes before the last", told, rounds)
	}
}
