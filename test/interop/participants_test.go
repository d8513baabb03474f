// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package interop_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/roomsecrets/roomsecret-operator/roomclient"
	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
	"github.com/roomsecrets/roomsecret-operator/roomclient/token"
)

// talker is the scope of those who may know of each other.
var talker = token.APIScope{Secrets: &token.SecretsGrant{}, Messaging: &token.MessagingGrant{}}

// remote is the SDK's RemoteParticipant.
type remote struct {
	ID     string `json:"id"`
	Role   string `json:"role"`
	Name   string `json:"name"`
	Mood   string `json:"mood"` // an attribute
	ByName string `json:"byName"`
	Online bool   `json:"online"`
}

func remoteOf(id, name, mood string) remote {
	return remote{ID: id, Role: token.RoleUser, Name: name, Mood: mood, ByName: id, Online: true}
}

// wantOthers waits for a piece of news and compares whom the SDK knows then.
func (p *participant) wantOthers(t *testing.T, after string, want ...remote) {
	t.Helper()
	p.next(t, after)
	got := []remote{}
	if err := p.sdk.do("participants", args{"room": p.name}, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(append([]remote{}, want...), got); diff != "" {
		t.Errorf("%s, after %s, knows (-want +got):\n%s", p.me.Name, after, diff)
	}
}

func (p *participant) messaging(t *testing.T, method string) {
	t.Helper()
	if err := p.sdk.do("messaging", args{"room": p.name, "method": method}, nil); err != nil {
		t.Fatalf("%s: %v", method, err)
	}
}

// TestParticipantsKnowOfEachOther has two clients of the SDK and one of ours.
func TestParticipantsKnowOfEachOther(t *testing.T) {
	t.Parallel()
	server := serve(t)
	eachPair(t, func(t *testing.T, one, other *sdk) {
		room := newRoom()
		alice, bob := one.join(t, server, "alice", room, talker), other.join(t, server, "bob", room, talker)
		toAlice, toBob := remoteOf(bob.me.ParticipantID, "bob", ""), remoteOf(alice.me.ParticipantID, "alice", "")
		alice.messaging(t, "enable")
		alice.wantOthers(t, "messaging_enabled")
		bob.messaging(t, "enable")
		bob.wantOthers(t, "messaging_enabled", toBob)
		alice.wantOthers(t, "participant_added", toAlice)

		gopher := dial(t, server, "gopher", room, func(c *roomclient.Config) {
			c.Token = roomclient.StaticToken(server.token(t, "gopher", room, talker))
		})
		if err := gopher.Attend(t.Context()); err != nil {
			t.Fatal(err)
		}
		us := remoteOf(gopher.ParticipantID(), "gopher", "")
		alice.wantOthers(t, "participant_added", toAlice, us)
		bob.wantOthers(t, "participant_added", toBob, us)
		if got, ok := gopher.FindParticipant("bob"); !ok || got.ID != bob.me.ParticipantID || len(gopher.Participants()) != 2 {
			t.Errorf("we know %+v", gopher.Participants())
		}

		if err := bob.sdk.do("setAttribute", args{"room": bob.name, "name": "mood", "value": "good"}, nil); err != nil {
			t.Fatal(err)
		}
		toAlice.Mood = "good"
		alice.wantOthers(t, "participant_attributes_updated", toAlice, us)
		_ = gopher.Close()
		alice.wantOthers(t, "participant_removed", toAlice)
		bob.messaging(t, "disable")
		alice.wantOthers(t, "participant_removed")
	})
}

func TestMessagingWithoutItsGrantIsRefused(t *testing.T) {
	t.Parallel()
	server := serve(t)
	eachVersion(t, func(t *testing.T, sdk *sdk) {
		alice := sdk.join(t, server, "alice", newRoom(), user)
		invoke := func(p *participant, tool string) error {
			return p.sdk.do("invoke", args{"room": p.name, "toolkit": "messaging", "tool": tool, "input": args{}}, nil)
		}
		wantError(t, invoke(alice, "enable"), protocol.CodePermissionDenied)
		bob := sdk.join(t, server, "bob", newRoom(), talker)
		wantError(t, invoke(bob, "broadcast"), protocol.CodeNotFound)
	})
}
