// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package sessions

import (
	"context"
	"errors"

	"github.com/roomsecrets/roomsecret-operator/roomclient"
	"github.com/roomsecrets/roomsecret-operator/roomclient/redact"
)

// Desk is where the operator asks others in a room, as its own identity. It stays the same whatever becomes of the connection.
type Desk struct {
	pool *Pool
	key  RoomKey
}

// Desk returns the desk of a room, which need not be known yet.
func (p *Pool) Desk(key RoomKey) Desk { return Desk{pool: p, key: key} }

// session returns the session of the operator's own identity, or roomclient.ErrNotConnected while it has no connection.
func (d Desk) session() (*session, error) {
	d.pool.mu.Lock()
	defer d.pool.mu.Unlock()
	c := d.pool.rooms[d.key]
	if c == nil {
		return nil, roomclient.ErrNotConnected
	}
	s := c.sessions[c.room.Identity]
	if state := s.state(); state.Phase != roomclient.PhaseConnected {
		return nil, errors.Join(roomclient.ErrNotConnected, state.Err)
	}
	return s, nil
}

// Participant returns the id of who has a name in the room; empty when nobody has who is there, as far as the room tells. The
// operator has its own. From the first call on, an Event follows whenever who is there changes.
func (d Desk) Participant(name string) (string, error) {
	s, err := d.session()
	if err != nil {
		return "", err
	}
	client := s.lines.attend()
	if name == s.identity {
		return client.ParticipantID(), nil
	}
	participant, _ := client.FindParticipant(name)
	return participant.ID, nil
}

// RequestSecret asks a participant for a secret, and waits for it.
func (d Desk) RequestSecret(ctx context.Context, r roomclient.SecretRequest) (redact.Bytes, error) {
	return asking(ctx, d, "request", func(ctx context.Context, room roomclient.Secrets) (redact.Bytes, error) {
		return room.RequestSecret(ctx, r)
	})
}

// RequestToken asks a participant to approve an OAuth token, and waits for it.
func (d Desk) RequestToken(ctx context.Context, r roomclient.OAuthRequest) (redact.Bytes, error) {
	return asking(ctx, d, "authorize", func(ctx context.Context, room roomclient.Secrets) (redact.Bytes, error) {
		return room.RequestOAuthToken(ctx, r)
	})
}

// OfflineToken returns an OAuth token that was approved before, or roomclient.ErrNotFound.
func (d Desk) OfflineToken(ctx context.Context, q roomclient.OfflineTokenQuery) (redact.Bytes, error) {
	s, err := d.session()
	if err != nil {
		return nil, err
	}
	none := false
	token, err := ask(ctx, s, "token", func(ctx context.Context, room roomclient.Secrets) (redact.Bytes, error) {
		token, err := room.GetOfflineOAuthToken(ctx, q)
		if errors.Is(err, roomclient.ErrNotFound) {
			none, err = true, nil // that there is none is an answer, not a failure
		}
		return token, err
	})
	if none && err == nil {
		return nil, roomclient.ErrNotFound
	}
	return token, err
}

// ForgetSecret makes the room forget the answer to an earlier request. That there is none is a success.
func (d Desk) ForgetSecret(ctx context.Context, r roomclient.RequestedSecret) error {
	s, err := d.session()
	if err != nil {
		return err
	}
	_, err = ask(ctx, s, "forget", func(ctx context.Context, room roomclient.Secrets) (struct{}, error) {
		return struct{}{}, room.DeleteRequestedSecret(ctx, r)
	})
	return err
}

// asking makes a request that waits for people.
func asking(ctx context.Context, d Desk, operation string, request func(context.Context, roomclient.Secrets) (redact.Bytes, error)) (redact.Bytes, error) {
	s, err := d.session()
	if err != nil {
		return nil, err
	}
	return askPeople(ctx, s, operation, request)
}
