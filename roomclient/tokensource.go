// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomclient

import (
	"context"
	"strings"
	"time"

	"github.com/roomsecrets/roomsecret-operator/roomclient/token"
)

// TokenSource gives a participant token, or the bearer token of a REST call. It is called
// once for every attempt to connect, within Config.DialTimeout, or for every call, within
// RESTConfig.Timeout, so it may fetch or sign a fresh one each time. Its errors become part
// of ours and must not contain the token. An error that [IsTerminal] ends the attempts of a
// [Session]; any other is temporary.
type TokenSource func(ctx context.Context) (string, error)

// StaticToken always gives the same token, without white space around it: what was read from
// a file ends in a newline.
func StaticToken(jwt string) TokenSource {
	jwt = strings.TrimSpace(jwt)
	return func(context.Context) (string, error) { return jwt, nil }
}

// SignedToken signs the claims anew for every attempt; each token expires after ttl. A ttl
// of 0 leaves ExpiresAt as the claims have it.
func SignedToken(key token.APIKey, claims token.Claims, ttl time.Duration) TokenSource {
	return func(context.Context) (string, error) {
		fresh := claims
		if ttl > 0 {
			fresh.ExpiresAt = time.Now().Add(ttl)
		}
		return key.Sign(fresh)
	}
}
