// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

// Package token makes and checks the credentials of rooms: project API keys and the
// participant tokens (JSON Web Tokens, HS256) that are signed with them. It knows no
// sockets.
//
//	key, err := token.ParseAPIKey(text)
//	api, err := token.APIGrant(token.APIScope{Secrets: &token.SecretsGrant{}})
//	jwt, err := key.Sign(token.Claims{
//		Name:      "alice",
//		Grants:    []token.Grant{token.RoomGrant("myroom"), api},
//		ExpiresAt: time.Now().Add(time.Hour),
//	})
//
// A participant token says who somebody is (Name, the owner of the secrets it
// stores), which room it opens and what it may do there. The id of the signing key is
// a claim of the payload, not a header parameter, so [Verify] looks the key up by it.
//
// Invariants: no other algorithm than HS256 is accepted; exp is enforced with no
// leeway; no error and no String shows a key or a token.
package token
