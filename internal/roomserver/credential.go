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

// kept returns the token that is kept under a key, refreshed when that takes no consent. An empty one means that
// there is none that is good.
func (o *oauth) kept(ctx context.Context, key store.Key, client oauthClient) (*oauth2.Token, error) {
	token, err := o.load(ctx, key)
	if err != nil || token.AccessToken == "" || token.Valid() {
		return token, err
	}
	// Everybody who needs this token waits for the same refresh, which goes on when the caller leaves: the
	// provider may have taken back the old refresh token already.
	flight := digest(key.Room, key.Owner, key.ID, key.DelegatedTo)
	landed, err, _ := o.refreshing.Do(flight, func() (any, error) {
		return o.renew(context.WithoutCancel(ctx), key, client)
	})
	if err != nil {
		return nil, err
	}
	renewed, ok := landed.(*oauth2.Token)
	if !ok { // cannot be: see renew
		return &oauth2.Token{}, nil
	}
	return renewed, nil
}

// renew refreshes the token that is kept, unless somebody has just done so.
func (o *oauth) renew(ctx context.Context, key store.Key, client oauthClient) (*oauth2.Token, error) {
	token, err := o.load(ctx, key)
	if err != nil || token.AccessToken == "" || token.Valid() {
		return token, err
	}
	if token.RefreshToken == "" {
		return &oauth2.Token{}, nil
	}
	renewed, err := client.refresh(ctx, token.RefreshToken)
	if errors.Is(err, errNoLonger) {
		return &oauth2.Token{}, o.store.Delete(ctx, key)
	}
	if err != nil {
		return nil, err
	}
	return renewed, o.keep(ctx, key, client, renewed)
}

// load reads a credential. A row that holds something else, because its owner has written to it, is none.
func (o *oauth) load(ctx context.Context, key store.Key) (*oauth2.Token, error) {
	var c credential
	row, err := o.store.Get(ctx, key)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return &oauth2.Token{}, nil
	case err != nil:
		return nil, err
	case json.Unmarshal(row.Value, &c) != nil:
		c = credential{}
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
	value, err := json.Marshal(c) //nolint:gosec // it goes where secrets are kept
	if err != nil {
		return err
	}
	return o.store.Put(ctx, store.Row{
		Info:  store.Info{Key: key, Type: credentialType, Name: client.config.ClientID},
		Value: value,
	})
}
