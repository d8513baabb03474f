// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomserver

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"golang.org/x/oauth2"

	"github.com/roomsecrets/roomsecret-operator/internal/roomserver/store"
)

// credential is what is kept of an OAuth token, as the value of a secret (room protocol, section 5).
type credential struct {
	AccessToken  string     `json:"access_token"`
	RefreshToken string     `json:"refresh_token,omitempty"`
	Expiration   *time.Time `json:"expiration"`
	Scopes       []string   `json:"scopes"`
}

const credentialType = "application/json"

// kept returns the token that is kept under a key, refreshed when that takes no consent. Nil: there is none that
// is good.
func (o *oauth) kept(ctx context.Context, key store.Key, client oauthClient) (*oauth2.Token, error) {
	token, err := o.load(ctx, key)
	if err != nil || token == nil || token.Valid() {
		return token, err
	}
	// Everybody who needs this token waits for the same refresh, which goes on when the caller leaves: the
	// provider may have taken back the old refresh token already.
	flight := digest(key.Room, key.Owner, key.ID, key.DelegatedTo)
	landed, err, _ := o.refreshing.Do(flight, func() (any, error) {
		return o.renew(context.WithoutCancel(ctx), key, client)
	})
	renewed, _ := landed.(*oauth2.Token)
	return renewed, err
}

// renew refreshes the token that is kept, unless somebody has just done so.
func (o *oauth) renew(ctx context.Context, key store.Key, client oauthClient) (*oauth2.Token, error) {
	token, err := o.load(ctx, key)
	if err != nil || token == nil || token.Valid() {
		return token, err
	}
	if token.RefreshToken == "" {
		return nil, nil //nolint:nilnil // no token is no error
	}
	renewed, err := client.refresh(ctx, token.RefreshToken)
	if errors.Is(err, errNoLonger) {
		return nil, o.store.Delete(ctx, key)
	}
	if err != nil {
		return nil, err
	}
	return renewed, o.keep(ctx, key, client, renewed)
}

// load reads a credential. A row that holds something else, because its owner has written to it, is none.
func (o *oauth) load(ctx context.Context, key store.Key) (*oauth2.Token, error) {
	row, err := o.store.Get(ctx, key)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil //nolint:nilnil // no token is no error
	}
	if err != nil {
		return nil, err
	}
	var c credential
	if json.Unmarshal(row.Value, &c) != nil || c.AccessToken == "" {
		return nil, nil //nolint:nilnil // no token is no error
	}
	token := &oauth2.Token{AccessToken: c.AccessToken, RefreshToken: c.RefreshToken}
	if c.Expiration != nil {
		token.Expiry = *c.Expiration
	}
	return token, nil
}

func (o *oauth) keep(ctx context.Context, key store.Key, client oauthClient, token *oauth2.Token) error {
	c := credential{AccessToken: token.AccessToken, RefreshToken: token.RefreshToken, Scopes: client.config.Scopes}
	if !token.Expiry.IsZero() {
		c.Expiration = new(token.Expiry.UTC())
	}
	value, err := json.Marshal(c)
	if err != nil {
		return err
	}
	return o.store.Put(ctx, store.Row{
		Info:  store.Info{Key: key, Type: credentialType, Name: client.config.ClientID},
		Value: value,
	})
}
