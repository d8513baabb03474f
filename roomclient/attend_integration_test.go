// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomclient_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/roomsecrets/roomsecret-operator/roomclient"
	"github.com/roomsecrets/roomsecret-operator/roomclient/token"
)

// attendant is a session and the signal that what it knows of others may have changed.
type attendant struct {
	*roomclient.Session

	moved chan struct{}
}

// tokens sign for an identity of the room.
func (s *service) tokens(t *testing.T, identity string, scope token.APIScope) roomclient.TokenSource {
	t.Helper()
	api, err := token.APIGrant(scope)
	if err != nil {
		t.Fatal(err)
	}
	return roomclient.SignedToken(s.key, token.Claims{
		Name: identity, Grants: []token.Grant{token.RoomGrant("myroom"), token.RoleGrant(token.RoleAgent), api},
	}, time.Hour)
}

// enter joins the room and does not attend it yet.
func (s *service) enter(ctx context.Context, t *testing.T, identity string, scope token.APIScope) attendant {
	t.Helper()
	a := attendant{moved: make(chan struct{}, 1)}
	var err error
	a.Session, err = roomclient.NewSession(ctx, roomclient.SessionConfig{
		Config: roomclient.Config{
			URL: "http://" + s.address, Room: "myroom", Token: s.tokens(t, identity, scope),
		},
		OnParticipants: func() {
			select {
			case a.moved <- struct{}{}:
			default:
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	if err := a.Wait(ctx); err != nil {
		t.Fatal(err)
	}
	return a
}

// until waits for a change after which the condition holds.
func (a attendant) until(ctx context.Context, t *testing.T, what string, holds func() bool) {
	t.Helper()
	for !holds() {
		select {
		case <-a.moved:
		case <-ctx.Done():
			t.Fatalf("%s: still not, with %v and %v", what, a.Participants(), a.AttendErr())
		}
	}
}

// sees waits until the names are those of the others, in any order.
func (a attendant) sees(ctx context.Context, t *testing.T, names ...string) {
	t.Helper()
	a.until(ctx, t, fmt.Sprint("sees ", names), func() bool {
		counts := map[string]int{}
		for _, other := range a.Participants() {
			counts[other.Name]++
		}
		for _, name := range names {
			counts[name]--
		}
		for _, n := range counts {
			if n != 0 {
				return false
			}
		}
		return true
	})
}

func attending() token.APIScope {
	return token.APIScope{Secrets: &token.SecretsGrant{}, Messaging: token.ListOnly()}
}

func TestThoseWhoAttendKnowOfEachOther(t *testing.T) {
	t.Parallel()
	ctx := patient(t)
	s := newService(t)
	alice, bob, stranger := s.enter(ctx, t, "alice", attending()), s.enter(ctx, t, "bob", attending()), s.enter(ctx, t, "stranger", attending())
	if bob.Participants() != nil || bob.AttendErr() != nil || stranger.ParticipantID() == "" {
		t.Error("a session attends without being told to")
	}
	alice.Attend()
	alice.Attend() // once is enough
	bob.Attend()
	alice.sees(ctx, t, "bob")
	bob.sees(ctx, t, "alice")
	want := []roomclient.Participant{{ID: bob.ParticipantID(), Name: "bob", Role: token.RoleAgent}}
	if diff := cmp.Diff(want, alice.Participants()); diff != "" {
		t.Errorf("alice sees (-want +got):\n%s", diff)
	}
	for _, selector := range []string{"bob", bob.ParticipantID()} {
		if got, ok := alice.FindParticipant(selector); !ok || got != want[0] {
			t.Errorf("%q finds %+v, %v", selector, got, ok)
		}
	}
	if got, ok := alice.FindParticipant("stranger"); ok {
		t.Errorf("somebody who does not attend is known: %+v", got)
	}
	carol := s.enter(ctx, t, "carol", attending())
	carol.Attend()
	carol.sees(ctx, t, "alice", "bob")
	alice.sees(ctx, t, "bob", "carol")
	_ = bob.Close()
	alice.sees(ctx, t, "carol")
	carol.sees(ctx, t, "alice")
	if bob.Participants() != nil || bob.ParticipantID() != "" {
		t.Error("a session that is over is somebody, or knows somebody")
	}
}

func TestASessionAttendsOnEveryConnection(t *testing.T) {
	t.Parallel()
	ctx := patient(t)
	s := newService(t)
	alice, bob := s.enter(ctx, t, "alice", attending()), s.enter(ctx, t, "bob", attending())
	alice.Attend()
	bob.Attend()
	alice.sees(ctx, t, "bob")
	before := bob.ParticipantID()
	s.stop()
	alice.sees(ctx, t)
	s.start(t)
	alice.until(ctx, t, "both are back", func() bool {
		other, ok := alice.FindParticipant("bob")
		return ok && other.ID != before && len(alice.Participants()) == 1
	})
	bob.Retry()
	bob.until(ctx, t, "bob knows the room on a new connection", func() bool {
		_, ok := bob.FindParticipant("alice")
		return ok
	})
}

func TestARoomThatRefusesAttendanceIsOfUseAllTheSame(t *testing.T) {
	t.Parallel()
	for name, scope := range map[string]token.APIScope{
		"without the grant":  plainScope(),
		"without its member": {Secrets: &token.SecretsGrant{}, Messaging: &token.MessagingGrant{List: new(false)}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx := patient(t)
			s := newService(t)
			alice, bob := s.enter(ctx, t, "alice", scope), s.enter(ctx, t, "bob", attending())
			bob.Attend()
			alice.Attend()
			alice.until(ctx, t, "alice is refused", func() bool { return errors.Is(alice.AttendErr(), roomclient.ErrForbidden) })
			if len(alice.Participants()) != 0 || alice.State().Phase != roomclient.PhaseConnected {
				t.Errorf("alice knows %v and is %v", alice.Participants(), alice.State().Phase)
			}
			if err := alice.Secrets().DeleteSecret(ctx, "a", ""); err != nil {
				t.Error(err)
			}
			carol := s.enter(ctx, t, "carol", attending())
			carol.Attend()
			carol.sees(ctx, t, "bob")
		})
	}
}

// TestAConnectionAttendsUntilItEnds is about one connection without a session.
func TestAConnectionAttendsUntilItEnds(t *testing.T) {
	t.Parallel()
	ctx := patient(t)
	s := newService(t)
	attend := func(identity string) *roomclient.Conn {
		conn := s.join(ctx, t, identity, func(c *roomclient.Config) { c.Token = s.tokens(t, identity, attending()) })
		if err := conn.Attend(ctx); err != nil {
			t.Fatal(err)
		}
		return conn
	}
	bob, alice := attend("bob"), attend("alice")
	if got, ok := alice.FindParticipant("bob"); !ok || len(alice.Participants()) != 1 || got.ID != bob.ParticipantID() {
		t.Errorf("alice finds %+v", got)
	}
	alice.Unattend(ctx)
	if carol := attend("carol"); len(carol.Participants()) != 1 || len(alice.Participants()) != 0 {
		t.Errorf("carol knows %v, and alice %v", carol.Participants(), alice.Participants())
	}
	_ = alice.Close()
	if _, ok := alice.FindParticipant("bob"); ok || alice.Participants() != nil {
		t.Error("a connection that has ended knows somebody")
	}
	if err := s.join(ctx, t, "alice", nil).Attend(ctx); !errors.Is(err, roomclient.ErrForbidden) || !roomclient.IsTerminal(err) {
		t.Errorf("without the grant: %v", err)
	}
}
