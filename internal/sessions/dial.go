// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package sessions

import (
	"context"
	"time"

	"github.com/roomsecrets/roomsecret-operator/roomclient"
	"github.com/roomsecrets/roomsecret-operator/roomclient/token"
)

// tokenLifetime is how long a token that we sign is valid. Each connection attempt signs a new one, so it only has to
// outlive the attempt, and the clocks of the two sides being apart.
const tokenLifetime = 10 * time.Minute

// Dial is the Dialer for real rooms.
func Dial(ctx context.Context, room Room, identity string, changed func(roomclient.State)) (*roomclient.Session, error) {
	source, err := tokenSource(room, identity)
	if err != nil {
		return nil, err
	}
	return roomclient.NewSession(ctx, roomclient.SessionConfig{
		Config: roomclient.Config{
			URL:   room.Endpoint,
			Room:  room.Name,
			Token: source,
			TLS:   room.TLS,
			// Whoever reads at the same time shares this, so that what a room can make us hold is bounded.
			MaxInFlight: readsInFlight,
		},
		OnChange: changed,
	})
}

// tokenSource signs tokens that allow exactly what the operator does: being in the room, and its room secrets.
func tokenSource(room Room, identity string) (roomclient.TokenSource, error) {
	if room.APIKey == nil {
		return roomclient.StaticToken(string(room.Token)), nil
	}
	api, err := token.APIGrant(token.APIScope{Secrets: &token.SecretsGrant{}})
	if err != nil {
		return nil, err
	}
	claims := token.Claims{
		Name:   identity,
		Grants: []token.Grant{token.RoomGrant(room.Name), token.RoleGrant(token.RoleAgent), api},
	}
	return roomclient.SignedToken(*room.APIKey, claims, tokenLifetime), nil
}
