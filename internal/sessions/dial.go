// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package sessions

import (
	"context"
	"time"

	"k8s.io/utils/clock"

	"github.com/roomsecrets/roomsecret-operator/internal/errands"
	"github.com/roomsecrets/roomsecret-operator/roomclient"
	"github.com/roomsecrets/roomsecret-operator/roomclient/token"
)

// TokenLifetime is how long a token that we sign is valid. Each attempt to connect signs a new one, and a connection is
// replaced by another before its token expires: not every service lets a connection outlive it.
const TokenLifetime = 30 * time.Minute

// Call is one connection to make, and to keep.
type Call struct {
	// Room says how.
	Room Room
	// Identity is who to be in the room. It is empty when that is for the service to say.
	Identity string
	// Clock tells the time.
	Clock clock.PassiveClock
	// Changed is called after each change of the state. It must not block.
	Changed func()
	// Moved is called when who is in the room may have changed, for who attends. It must not block.
	Moved func()
	// Issued is called with each token that can be followed by another: whose it is, and when it expires; zero for never.
	// The error means that the token is not to be used.
	Issued func(ctx context.Context, identity string, expires time.Time) error

	// asked is what is done with what others ask for.
	asked hearing
}

// Dialer starts a session, which lives until ctx is done or it is closed.
type Dialer func(ctx context.Context, call Call) (*roomclient.Session, error)

// Dial is the Dialer for real rooms.
func Dial(ctx context.Context, call Call) (*roomclient.Session, error) {
	config := roomclient.Config{
		Room: call.Room.Name, TLS: call.Room.TLS, RequestTimeout: call.Room.RequestTimeout,
		// Whoever reads at the same time shares this, so that what a room can make us hold is bounded. Who waits for people
		// keeps none of them waiting.
		MaxInFlight:     readsInFlight + errands.MaxInRoom,
		OnSecretRequest: call.asked.secret, OnOAuthRequest: call.asked.oauth,
	}
	var err error
	switch {
	case call.Room.Connect:
		config.Ticket, err = ticketSource(call)
	case call.Room.APIKey != nil:
		config.URL = call.Room.Endpoint
		config.Token, err = signedTokens(call)
	default:
		config.URL, config.Token = call.Room.Endpoint, roomclient.StaticToken(string(call.Room.Token))
	}
	if err != nil {
		return nil, err
	}
	return roomclient.NewSession(ctx, roomclient.SessionConfig{
		Config:   config,
		OnChange: func(roomclient.State) { call.Changed() }, OnParticipants: call.Moved,
	})
}

// signedTokens signs tokens that allow exactly what the operator does: being in the room, knowing who else is, and its
// room secrets.
func signedTokens(call Call) (roomclient.TokenSource, error) {
	api, err := token.APIGrant(token.APIScope{Secrets: &token.SecretsGrant{}, Messaging: token.ListOnly()})
	if err != nil {
		return nil, err
	}
	claims := token.Claims{
		Name:   call.Identity,
		Grants: []token.Grant{token.RoomGrant(call.Room.Name), token.RoleGrant(token.RoleAgent), api},
	}
	return func(ctx context.Context) (string, error) {
		fresh := claims
		fresh.ExpiresAt = call.Clock.Now().Add(TokenLifetime)
		signed, err := call.Room.APIKey.Sign(fresh)
		if err != nil {
			return "", err
		}
		return signed, call.Issued(ctx, fresh.Name, fresh.ExpiresAt)
	}, nil
}
