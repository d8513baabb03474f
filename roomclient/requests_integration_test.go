// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomclient_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/roomsecrets/roomsecret-operator/internal/roomserver"
	"github.com/roomsecrets/roomsecret-operator/roomclient"
	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
)

// join connects the identity to the service's room.
func (s *service) join(ctx context.Context, t *testing.T, identity string, change func(*roomclient.Config)) *roomclient.Conn {
	t.Helper()
	config := configFor("http://"+s.address, s.key, identity)
	if change != nil {
		change(&config)
	}
	conn, err := roomclient.Dial(ctx, config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// wantCode checks that the room refused with the code.
func wantCode(t *testing.T, err error, code protocol.Code) {
	t.Helper()
	if e, ok := errors.AsType[*roomclient.Error](err); !ok || e.Code != code {
		t.Errorf("got error %v, want code %d", err, code)
	}
}

func TestARequestFindsTheOneWhoIsAsked(t *testing.T) {
	t.Parallel()
	ctx := patient(t)
	s := newService(t)
	requests, again := make(chan roomclient.PendingSecretRequest, 1), make(chan error, 1)
	bob := s.join(ctx, t, "bob", func(c *roomclient.Config) {
		c.OnSecretRequest = func(ctx context.Context, r roomclient.PendingSecretRequest) {
			requests <- r
			if err := r.Provide(ctx, []byte("s3cr3t")); err != nil {
				t.Errorf("provide: %v", err)
			}
			again <- r.Provide(ctx, []byte("again"))
		}
	})
	asked := roomclient.SecretRequest{URL: "https://github.com", Type: "git", ParticipantID: bob.ParticipantID(), DelegateTo: "carol", Timeout: 30 * time.Second}
	alice := s.join(ctx, t, "alice", nil)
	value, err := alice.Secrets().RequestSecret(ctx, asked)
	if string(value) != "s3cr3t" || err != nil {
		t.Errorf("got %d bytes and error %v", len(value), err)
	}
	request := <-requests
	if diff := cmp.Diff(asked, request.SecretRequest); diff != "" {
		t.Errorf("asked for (-want +got):\n%s", diff)
	}
	if want := (roomclient.Participant{ID: alice.ParticipantID(), Name: "alice"}); request.Asker != want {
		t.Errorf("asked by %+v, want %+v", request.Asker, want)
	}
	if err := <-again; !errors.Is(err, roomclient.ErrNotFound) {
		t.Errorf("the second answer: got error %v, want ErrNotFound", err)
	}
}

func TestAnyConnectionOfTheIdentityMayAnswer(t *testing.T) {
	t.Parallel()
	ctx := patient(t)
	s := newService(t)
	ids := make(chan string, 1)
	bob := s.join(ctx, t, "bob", func(c *roomclient.Config) {
		c.OnSecretRequest = func(_ context.Context, r roomclient.PendingSecretRequest) { ids <- r.ID }
	})
	other, mallory := s.join(ctx, t, "bob", nil), s.join(ctx, t, "mallory", nil)
	var answering sync.WaitGroup
	answering.Go(func() {
		id := <-ids
		if err := mallory.Secrets().ProvideSecret(ctx, id, []byte("forged")); err == nil {
			t.Error("somebody else may answer")
		}
		if err := other.Secrets().ProvideSecret(ctx, id, []byte("s3cr3t")); err != nil {
			t.Errorf("the other connection: %v", err)
		}
	})
	value, err := s.join(ctx, t, "alice", nil).Secrets().RequestSecret(ctx, roomclient.SecretRequest{URL: "u", Type: "t", ParticipantID: bob.ParticipantID()})
	if string(value) != "s3cr3t" || err != nil {
		t.Errorf("got %d bytes and error %v", len(value), err)
	}
	answering.Wait()
}

func TestRequestsFailAsTheRoomSays(t *testing.T) {
	t.Parallel()
	ctx := patient(t)
	s := newService(t)
	alice, silent := s.join(ctx, t, "alice", nil).Secrets(), s.join(ctx, t, "bob", nil).ParticipantID()
	_, err := alice.RequestSecret(ctx, roomclient.SecretRequest{URL: "u", Type: "t", ParticipantID: silent, Timeout: time.Second})
	wantCode(t, err, protocol.CodeTimeout)
	_, err = alice.RequestSecret(ctx, roomclient.SecretRequest{URL: "u", Type: "t", ParticipantID: "nobody"})
	if !errors.Is(err, roomclient.ErrNotFound) {
		t.Errorf("nobody: got error %v, want ErrNotFound", err)
	}
	if err := alice.RejectOAuthAuthorization(ctx, "no-such-request", "no"); !errors.Is(err, roomclient.ErrNotFound) {
		t.Errorf("a request that is not: got error %v, want ErrNotFound", err)
	}
	if err := alice.DeleteRequestedSecret(ctx, roomclient.RequestedSecret{URL: "u", Type: "t"}); err != nil {
		t.Errorf("forgetting what is not known: %v", err)
	}
}

func TestBothBackEndsSeeTheSameRows(t *testing.T) {
	ctx := patient(t)
	s := newService(t)
	rest, err := roomclient.NewREST(roomclient.RESTConfig{
		URL: "http://" + s.address, ProjectID: s.key.ProjectID.String(), Token: roomclient.StaticToken(s.key.Encode()),
	})
	if err != nil {
		t.Fatal(err)
	}
	over := map[string]roomclient.Store{
		"REST": rest.Secrets("myroom", "alice"), "the room": s.session(ctx, t, "alice", plainScope()).Secrets(),
	}
	for writer, from := range over {
		for reader, to := range over {
			t.Run("written over "+writer+", read over "+reader, func(t *testing.T) {
				row := roomclient.SetSecretRequest{ID: "a/b c?", Type: "text/plain", Name: "N", DelegatedTo: "bob", Value: []byte(writer)}
				for range 2 { // created, then updated
					if err := from.SetSecret(ctx, row); err != nil {
						t.Fatal(err)
					}
				}
				wantRow(ctx, t, to, row)
				for range 2 { // the second time there is nothing to delete
					if err := to.DeleteSecret(ctx, row.ID, row.DelegatedTo); err != nil {
						t.Error(err)
					}
				}
				if _, err := from.GetSecret(ctx, roomclient.SecretQuery{ID: row.ID, DelegatedTo: row.DelegatedTo}); !errors.Is(err, roomclient.ErrNotFound) {
					t.Errorf("after deletion: got error %v, want ErrNotFound", err)
				}
			})
		}
	}
	if _, err := rest.Secrets("no_room", "").ListSecrets(ctx); !errors.Is(err, roomclient.ErrInvalid) {
		t.Errorf("a room that cannot be: got error %v", err)
	}
	ticket, err := rest.Connect(ctx, "myroom")
	if err != nil || ticket.Room != "myroom" || ticket.ProjectID != s.key.ProjectID.String() {
		t.Errorf("got ticket %v and error %v", ticket, err)
	}
}

// wantRow checks that the store has exactly this row.
func wantRow(ctx context.Context, t *testing.T, secrets roomclient.Store, row roomclient.SetSecretRequest) {
	t.Helper()
	got, err := secrets.GetSecret(ctx, roomclient.SecretQuery{ID: row.ID, DelegatedTo: row.DelegatedTo})
	want := roomclient.Secret{ID: row.ID, Type: row.Type, Name: row.Name, DelegatedTo: row.DelegatedTo, Value: row.Value}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("error %v, row (-want +got):\n%s", err, diff)
	}
	if found, err := secrets.Exists(ctx, roomclient.ExistsQuery{ID: row.ID, DelegatedTo: row.DelegatedTo}); !found || err != nil {
		t.Errorf("exists: %v, error %v", found, err)
	}
	if rows, err := secrets.ListSecrets(ctx); len(rows) != 1 || err != nil {
		t.Errorf("listed %v, error %v", rows, err)
	}
}

// TestABurstOfRequestsIsTakenUpAndAnsweredLater has ten thousand requests wait at once. The handler only notes them;
// they are answered by their ids once all have come.
func TestABurstOfRequestsIsTakenUpAndAnsweredLater(t *testing.T) {
	t.Parallel()
	const burst = 10_000
	ctx := patient(t)
	s := newServiceWith(t, roomserver.Limits{MaxWaiting: burst, MaxPending: burst, MaxPendingEach: burst})
	noted := make(chan roomclient.PendingSecretRequest, burst)
	bob := s.join(ctx, t, "bob", func(c *roomclient.Config) {
		c.OnSecretRequest = func(_ context.Context, r roomclient.PendingSecretRequest) { noted <- r }
	})
	alice := s.join(ctx, t, "alice", func(c *roomclient.Config) { c.MaxInFlight = burst })
	var asking, answering sync.WaitGroup
	for i := range burst {
		asking.Go(func() {
			url := fmt.Sprint("secret://", i)
			value, err := alice.Secrets().RequestSecret(ctx, roomclient.SecretRequest{URL: url, Type: "t", ParticipantID: bob.ParticipantID()})
			if string(value) != url || err != nil {
				t.Errorf("%s: got %q and error %v", url, value, err)
			}
		})
	}
	began := time.Now()
	all := make([]roomclient.PendingSecretRequest, burst)
	for i := range all {
		select {
		case all[i] = <-noted:
		case <-ctx.Done():
			t.Fatalf("only %d requests came", i)
		}
	}
	t.Logf("%d requests came in %v", burst, time.Since(began))
	began = time.Now()
	for worker := range 64 {
		answering.Go(func() {
			for i := worker; i < burst; i += 64 {
				if err := bob.Secrets().ProvideSecret(ctx, all[i].ID, []byte(all[i].URL)); err != nil {
					t.Errorf("provide: %v", err)
				}
			}
		})
	}
	answering.Wait()
	asking.Wait()
	t.Logf("they were answered in %v", time.Since(began))
}
