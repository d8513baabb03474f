// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package target

import (
	"context"
	"crypto/tls"
	"fmt"
	"time"

	"github.com/roomsecrets/roomsecret-operator/roomclient"
	"github.com/roomsecrets/roomsecret-operator/roomclient/redact"
	"github.com/roomsecrets/roomsecret-operator/roomclient/token"
)

// Target is a room, and how to get in.
type Target struct {
	// URL is the address of the room service, or of the room.
	URL string
	// Room is the name of the room there.
	Room string
	// Identity is whom the credential makes us.
	Identity string
	// APIKey signs tokens; it is nil when Token is set.
	APIKey *token.APIKey
	Token  redact.Bytes
	// TLS is nil for the system's settings.
	TLS *tls.Config

	claims               token.Claims // of Token
	from, credentialFrom string       // where address and credential were found
}

// Resolve returns the target. It reads the object that the choice names, if it names one.
func (c Choice) Resolve(ctx context.Context) (Target, error) {
	if c.kind != "" {
		return c.fromObject(ctx)
	}
	return c.direct, nil
}

// Title names the choice for people.
func (c Choice) Title() string {
	if c.kind != "" {
		return fmt.Sprintf("%s %s", c.kind, c.name)
	}
	return c.direct.String()
}

// String names the target for people, without anything secret.
func (t Target) String() string { return fmt.Sprintf("room %s at %s", t.Room, shown(t.URL)) }

// tokenLifetime is how long a token that is signed here is valid. It only has to outlive the attempt to connect.
const tokenLifetime = 10 * time.Minute

// Config says how to connect. With an API key, scope is what the token allows beside the use of secrets.
func (t Target) Config(scope token.APIScope) (roomclient.Config, error) {
	source, err := t.tokens(scope)
	if err != nil {
		return roomclient.Config{}, err
	}
	return roomclient.Config{URL: t.URL, Room: t.Room, Token: source, TLS: t.TLS}, nil
}

func (t Target) tokens(scope token.APIScope) (roomclient.TokenSource, error) {
	if t.APIKey == nil {
		return roomclient.StaticToken(string(t.Token)), nil
	}
	scope.Secrets = &token.SecretsGrant{}
	api, err := token.APIGrant(scope)
	if err != nil {
		return nil, err
	}
	claims := token.Claims{
		Name:   t.Identity,
		Grants: []token.Grant{token.RoomGrant(t.Room), token.RoleGrant(token.RoleUser), api},
	}
	return roomclient.SignedToken(*t.APIKey, claims, tokenLifetime), nil
}
