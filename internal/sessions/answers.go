// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package sessions

import (
	"context"
	"errors"

	"github.com/roomsecrets/roomsecret-operator/roomclient"
	"github.com/roomsecrets/roomsecret-operator/roomclient/redact"
)

// Handlers are told what others in a room ask the operator's own identity for. They must return at once. While a session
// changes from one connection to the next a request can come twice; it has the same ID then. A nil handler ignores requests.
type Handlers struct {
	// Secret is told of a secret that somebody asks for.
	Secret func(RoomKey, roomclient.PendingSecretRequest)
	// OAuth is told of a token that somebody asks for.
	OAuth func(RoomKey, roomclient.PendingOAuthRequest)
}

// Handle makes handlers the ones that are told. It must be called before the first Ensure.
func (p *Pool) Handle(handlers Handlers) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.handlers = handlers
}

// in returns the handlers for what is asked in one room.
func (h Handlers) in(key RoomKey) hearing {
	var a hearing
	if h.Secret != nil {
		a.secret = func(_ context.Context, request roomclient.PendingSecretRequest) { h.Secret(key, request) }
	}
	if h.OAuth != nil {
		a.oauth = func(_ context.Context, request roomclient.PendingOAuthRequest) { h.OAuth(key, request) }
	}
	return a
}

// hearing is what a connection does with what others ask for. The zero value ignores it.
type hearing struct {
	secret func(context.Context, roomclient.PendingSecretRequest)
	oauth  func(context.Context, roomclient.PendingOAuthRequest)
}

// ProvideSecret answers a request of another participant with a value. It returns roomclient.ErrNotFound when nobody waits
// for it any more, and roomclient.ErrNotConnected while the operator's own identity has no connection.
func (d Desk) ProvideSecret(ctx context.Context, requestID string, value redact.Bytes) error {
	return d.reply(ctx, "provide", func(ctx context.Context, room roomclient.Secrets) error {
		return room.ProvideSecret(ctx, requestID, append(redact.Bytes{}, value...)) // never nil: an empty value is a value
	})
}

// RejectSecret answers a request of another participant with the reason of a refusal. It fails as ProvideSecret does.
func (d Desk) RejectSecret(ctx context.Context, requestID, reason string) error {
	return d.reply(ctx, "reject", func(ctx context.Context, room roomclient.Secrets) error {
		return room.RejectSecret(ctx, requestID, reason)
	})
}

// RejectAuthorization answers a request for a token with the reason of a refusal. It fails as ProvideSecret does.
func (d Desk) RejectAuthorization(ctx context.Context, requestID, reason string) error {
	return d.reply(ctx, "reject", func(ctx context.Context, room roomclient.Secrets) error {
		return room.RejectOAuthAuthorization(ctx, requestID, reason)
	})
}

// reply makes a request as the operator's own identity. That nobody waits any more is an answer, not a failure.
func (d Desk) reply(ctx context.Context, operation string, send func(context.Context, roomclient.Secrets) error) error {
	s, err := d.session()
	if err != nil {
		return err
	}
	var late error
	_, err = ask(ctx, s, operation, func(ctx context.Context, room roomclient.Secrets) (struct{}, error) {
		err := send(ctx, room)
		if errors.Is(err, roomclient.ErrNotFound) {
			late, err = err, nil
		}
		return struct{}{}, err
	})
	return errors.Join(err, late)
}

// Attend makes the operator's own identity known to the others in a room, who can then find it to ask it. It has no effect on
// a room that is not known, and need not be called more than once for one that is.
func (d Desk) Attend() {
	d.pool.mu.Lock()
	defer d.pool.mu.Unlock()
	if c := d.pool.rooms[d.key]; c != nil {
		c.sessions[c.room.Identity].lines.attend()
	}
}

// ParticipantID returns the id by which the others in a room know the operator's own identity, once the operator has asked
// who they are or Attend was called. It is another one after each connection, and empty without one.
func (d Desk) ParticipantID() string {
	d.pool.mu.Lock()
	defer d.pool.mu.Unlock()
	if c := d.pool.rooms[d.key]; c != nil {
		return c.sessions[c.room.Identity].lines.participantID()
	}
	return ""
}
