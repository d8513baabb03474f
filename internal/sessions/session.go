// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package sessions

import (
	"context"
	"errors"
	"sync"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/types"

	"github.com/roomsecrets/roomsecret-operator/internal/fingerprint"
	"github.com/roomsecrets/roomsecret-operator/internal/plan"
	"github.com/roomsecrets/roomsecret-operator/roomclient"
	"github.com/roomsecrets/roomsecret-operator/roomclient/redact"
)

// readsInFlight is how many rows are read at the same time, so that 64 of them cost one round trip.
const readsInFlight = 64

// session is what one identity does in a room, over one connection after the other, with what it remembers of the rows
// that are tracked.
type session struct {
	identity string
	lines    *lines
	gate     *gate
	pace     *pace
	memory   *memory
	listings listings
	lists    *lists
	digests  fingerprint.Key
	metrics  *Metrics
	// changed is called for each owner of rows that a poll found different.
	changed func(types.NamespacedName)
	// unused is called when nobody has tracked anything for two polls in a row.
	unused func()

	stop context.CancelFunc
	done sync.WaitGroup
}

// watch polls until ctx is done. Nobody else sees when a session gives up that is not the operator's own.
func (s *session) watch(ctx context.Context, own bool) {
	idlePolls := 0
	for s.pace.wait(ctx) {
		if s.idle() {
			if idlePolls++; idlePolls > 1 {
				s.unused()
			}
			continue
		}
		idlePolls = 0
		switch phase := s.state().Phase; {
		case phase == roomclient.PhaseConnected:
			s.poll(ctx)
		case phase == roomclient.PhaseFailed && !own:
			s.lines.retry()
		}
	}
}

// track makes what is wanted what an owner is woken for.
func (s *session) track(owner types.NamespacedName, w wanted) {
	s.memory.track(owner, w.rows)
	s.listings.track(owner, w.queries)
}

// poll reads the room once and wakes the owners of rows that changed. What cannot be read is left as it was, and hinders
// nothing else: a poll only ever makes somebody look, it decides nothing.
func (s *session) poll(ctx context.Context) {
	rows := s.memory.tracked()
	infos, err := s.list(ctx)
	if err != nil && !answered(err) {
		return
	}
	var woken sync.Map
	for _, owner := range s.listings.compare(infos, err) {
		woken.Store(owner, true)
		s.changed(owner)
	}
	var listed map[plan.Row]bool
	if err == nil {
		listed = rowsIn(infos)
	}
	var group errgroup.Group
	group.SetLimit(readsInFlight)
	for row, version := range rows {
		group.Go(func() error {
			owners, err := s.memory.examine(row, version, func(again bool) (string, error) {
				if again {
					return s.look(ctx, row, nil) // the list is older than what has happened since
				}
				return s.look(ctx, row, listed)
			})
			for _, owner := range owners {
				if _, already := woken.LoadOrStore(owner, true); !already {
					s.changed(owner)
				}
			}
			return err
		})
	}
	_ = group.Wait() // the requests are counted where they are made, and the next poll tries again
}

// answered reports whether the room is there although a request failed.
func answered(err error) bool {
	for _, gone := range []error{roomclient.ErrClosed, roomclient.ErrNotConnected, context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, gone) {
			return false
		}
	}
	return true
}

// list returns the rows of the session's identity that are in the room. Who gets them must not change them.
func (s *session) list(ctx context.Context) ([]plan.Listed, error) {
	return s.lists.share(ctx, func() ([]plan.Listed, error) {
		infos, err := ask(ctx, s, "list", func(ctx context.Context, room roomclient.Secrets) ([]roomclient.SecretInfo, error) {
			return room.ListSecrets(ctx)
		})
		if err != nil {
			return nil, err
		}
		listed := make([]plan.Listed, len(infos))
		for i, info := range infos {
			row := plan.Row{Identity: s.identity, ID: info.ID, DelegatedTo: info.DelegatedTo}
			listed[i] = plan.Listed{Row: row, Type: info.Type, Name: info.Name}
		}
		return listed, nil
	})
}

func rowsIn(listed []plan.Listed) map[plan.Row]bool {
	rows := make(map[plan.Row]bool, len(listed))
	for _, l := range listed {
		rows[l.Row] = true
	}
	return rows
}

// idle reports whether nobody tracks anything.
func (s *session) idle() bool { return s.memory.idle() && s.listings.idle() }

// look returns the digest of a row, given the rows that are listed. The list only saves requests for what is not there:
// nil stands for one that the room cannot give, because it has too many rows or makes no sense.
func (s *session) look(ctx context.Context, row plan.Row, listed map[plan.Row]bool) (string, error) {
	if row.Identity != s.identity {
		exists, err := s.exists(ctx, row)
		return presence(exists), err
	}
	if listed != nil && !listed[row] {
		return absent, nil
	}
	value, exists, err := s.get(ctx, row)
	if err != nil || !exists {
		return absent, err
	}
	return value.Digest(s.digests, row), nil
}

// presence is what is remembered of a row that can be seen but not read.
func presence(exists bool) string {
	if exists {
		return "present"
	}
	return absent
}

// get reads a row of the session's own identity.
func (s *session) get(ctx context.Context, row plan.Row) (Value, bool, error) {
	exists := true
	secret, err := ask(ctx, s, "get", func(ctx context.Context, room roomclient.Secrets) (roomclient.Secret, error) {
		secret, err := room.GetSecret(ctx, roomclient.SecretQuery{ID: row.ID, DelegatedTo: row.DelegatedTo})
		if errors.Is(err, roomclient.ErrNotFound) {
			exists, err = false, nil // that the room has no such secret is an answer, not a failure
		}
		return secret, err
	})
	return Value{Type: secret.Type, Name: secret.Name, Bytes: secret.Value}, exists && err == nil, err
}

// exists asks whether a row is there, for any identity.
func (s *session) exists(ctx context.Context, row plan.Row) (bool, error) {
	return ask(ctx, s, "exists", func(ctx context.Context, room roomclient.Secrets) (bool, error) {
		return room.Exists(ctx, roomclient.ExistsQuery{ID: row.ID, DelegatedTo: row.DelegatedTo, ForIdentity: s.other(row)})
	})
}

// set writes a row.
func (s *session) set(ctx context.Context, row plan.Row, value Value) error {
	_, err := ask(ctx, s, "set", func(ctx context.Context, room roomclient.Secrets) (struct{}, error) {
		return struct{}{}, room.SetSecret(ctx, roomclient.SetSecretRequest{
			ID: row.ID, Type: value.Type, Name: value.Name, DelegatedTo: row.DelegatedTo,
			ForIdentity: s.other(row), Value: append(redact.Bytes{}, value.Bytes...), // never nil: an empty value is a value
		})
	})
	return err
}

// remove deletes a row of the session's own identity.
func (s *session) remove(ctx context.Context, row plan.Row) error {
	_, err := ask(ctx, s, "delete", func(ctx context.Context, room roomclient.Secrets) (struct{}, error) {
		return struct{}{}, room.DeleteSecret(ctx, row.ID, row.DelegatedTo)
	})
	return err
}

// other returns the owner of a row when it is not the session's own identity.
func (s *session) other(row plan.Row) string {
	if row.Identity == s.identity {
		return ""
	}
	return row.Identity
}

// noted remembers what an owner has seen or written, and wakes those who have not seen it.
func (s *session) noted(owner types.NamespacedName, row plan.Row, digest string) {
	for _, other := range s.memory.note(owner, row, digest) {
		s.changed(other)
	}
}

// ask makes a request as soon as the limits of the room allow it, and counts it.
func ask[T any](ctx context.Context, s *session, operation string, request func(context.Context, roomclient.Secrets) (T, error)) (answer T, err error) {
	ctx, ended := spanOf(ctx, s.identity, operation)
	defer func() { ended(err) }()
	leave, err := s.gate.enter(ctx)
	if err != nil {
		return answer, err
	}
	defer leave()
	return through(ctx, s, operation, request)
}

// askPeople makes a request that waits for somebody to answer, and counts it. A change to another line does not disturb it: it
// ends where it began.
func askPeople[T any](ctx context.Context, s *session, operation string, request func(context.Context, roomclient.Secrets) (T, error)) (answer T, err error) {
	if err := s.gate.pass(ctx); err != nil {
		return answer, err
	}
	return through(ctx, s, operation, request)
}

// through makes a request on the line in use, and counts it.
func through[T any](ctx context.Context, s *session, operation string, request func(context.Context, roomclient.Secrets) (T, error)) (T, error) {
	line := s.lines.take()
	defer line.calls.Done()
	return measured(s.metrics, operation, func() (T, error) { return request(ctx, line.client.Secrets()) })
}

// state returns the state of the connection.
func (s *session) state() roomclient.State { return s.lines.state() }

// pending reports whether the first attempt to connect is still under way.
func (s *session) pending() bool {
	state := s.state()
	return state.Phase == roomclient.PhaseConnecting && state.Err == nil
}

// close ends the connection and waits until nothing of the session runs any more.
func (s *session) close() {
	s.stop()
	s.done.Wait()
	s.lines.close()
}
