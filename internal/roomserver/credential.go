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
	// RefreshAt is when the token is to be refreshed although it is still good. It is ours: others leave it out.
	RefreshAt *time.Time `json:"refresh_at,omitempty"`
}

const credentialType = "application/json"

// headStart is how long before it expires a token is refreshed, but not before half of its life is over: whoever looks once a
// minute has another one in time.
const headStart = 2 * time.Minute

// refreshTime returns when a token that is got now and expires then is to be refreshed.
func refreshTime(now, expires time.Time) time.Time {
	return expires.Add(-min(headStart, expires.Sub(now)/2))
}

// storedToken is a token that is kept, and when it is to be refreshed; zero for when it is not good any more.
type storedToken struct {
	*oauth2.Token

	refreshAt time.Time
}

// isDue reports whether the token should be refreshed.
func (t storedToken) isDue(now time.Time) bool {
	early := t.RefreshToken != "" && !t.refreshAt.IsZero() && !now.Before(t.refreshAt)
	return t.AccessToken != "" && (early || !t.Valid())
}

// kept returns the token that is kept under a key, refreshed when that takes no consent. An empty one means that
// there is none that is good.
func (o *oauth) kept(ctx context.Context, key store.Key, client oauthClient) (*oauth2.Token, error) {
	token, err := o.load(ctx, key)
	if err != nil || !token.isDue(time.Now()) {
		return token.Token, err
	}
	// Everybody who needs this token waits for the same refresh, which goes on when the caller leaves: the
	// provider may have taken back the old refresh token already.
	flight := digest(key.Room, key.Owner, key.ID, key.DelegatedTo)
	landed, err, _ := o.refreshing.Do(flight, func() (any, error) {
		return o.renew(context.WithoutCancel(ctx), key, client)
	})
	if err != nil && token.Valid() {
		return token.Token, nil // it is early: there is time for another attempt
	}
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
	if err != nil || !token.isDue(time.Now()) {
		return token.Token, err
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
func (o *oauth) load(ctx context.Context, key store.Key) (storedToken, error) {
	var c credential
	row, err := o.store.Get(ctx, key)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return storedToken{Token: &oauth2.Token{}}, nil
	case err != nil:
		return storedToken{}, err
	case json.Unmarshal(row.Value, &c) != nil:
		c = credential{}
	}
	token := storedToken{Token: &oauth2.Token{AccessToken: c.AccessToken, RefreshToken: c.RefreshToken}}
	if c.Expiration != nil {
		token.Expiry = *c.Expiration
	}
	if c.RefreshAt != nil {
		token.refreshAt = *c.RefreshAt
	}
	return token, nil
}

func (o *oauth) keep(ctx context.Context, key store.Key, client oauthClient, token *oauth2.Token) error {
	c := credential{AccessToken: token.AccessToken, RefreshToken: token.RefreshToken, Scopes: client.config.Scopes}
	if !token.Expiry.IsZero() {
		c.Expiration = new(token.Expiry.UTC())
		c.RefreshAt = new(refreshTime(time.Now(), token.Expiry).UTC())
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
