// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package token

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// What can be wrong with a token. The errors of [Verify] and [Decode] wrap exactly one of
// these, and never quote the token.
var (
	// ErrMalformed: not a participant token at all, or one without name and grants.
	ErrMalformed = errors.New("token: malformed")
	// ErrExpired: outside the time it is valid for.
	ErrExpired = errors.New("token: expired or not valid yet")
	// ErrSignature: signed by somebody else, or with another algorithm than HS256.
	ErrSignature = errors.New("token: invalid signature")
	// ErrUnknownKey: the key it names is not known, or it names none.
	ErrUnknownKey = errors.New("token: unknown key")
)

// Sign makes a token of the claims, signed with the key. It sets KeyID and ProjectID from
// the key, and Version when it is empty.
func (k APIKey) Sign(c Claims) (string, error) {
	c.KeyID, c.ProjectID = k.ID.String(), k.ProjectID.String()
	return Sign(c, k.Secret)
}

// Sign makes a token of the claims with a bare HS256 secret; KeyID and ProjectID stay as
// they are. Version is set when it is empty.
func Sign(c Claims, secret []byte) (string, error) {
	if len(secret) == 0 {
		return "", errors.New("token: sign: empty secret")
	}
	if c.Version == "" {
		c.Version = DefaultVersion
	}
	signed, err := jwt.NewWithClaims(jwt.SigningMethodHS256, &payload{claims: c}).SignedString(secret)
	if err != nil {
		return "", fmt.Errorf("token: sign: %w", err)
	}
	return signed, nil
}

// Verify checks signature and times of a token and returns its claims. secretFor returns
// the secret of the key with that id ("" when the token names none); its error becomes
// [ErrUnknownKey]. Times are compared with now, without leeway.
func Verify(token string, secretFor func(keyID string) ([]byte, error), now time.Time) (Claims, error) {
	parser := jwt.NewParser(
		jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}),
		jwt.WithTimeFunc(func() time.Time { return now }),
	)
	var p payload
	_, err := parser.ParseWithClaims(token, &p, func(*jwt.Token) (any, error) {
		secret, err := secretFor(p.claims.KeyID)
		if err != nil || len(secret) == 0 {
			return nil, ErrUnknownKey
		}
		return secret, nil
	})
	if err != nil {
		return Claims{}, verdict(err)
	}
	if p.claims.Name == "" || p.claims.Grants == nil {
		return Claims{}, ErrMalformed
	}
	return p.claims, nil
}

// Decode reads the claims of a token without checking anything. Use it to look at a
// token of one's own, never to decide what somebody may do.
func Decode(token string) (Claims, error) {
	var p payload
	if _, _, err := jwt.NewParser().ParseUnverified(token, &p); err != nil {
		return Claims{}, ErrMalformed
	}
	return p.claims, nil
}

// verdict reduces the errors of the JWT library, whose text can quote the token, to ours.
func verdict(err error) error {
	switch {
	case errors.Is(err, ErrUnknownKey):
		return ErrUnknownKey
	case errors.Is(err, jwt.ErrTokenMalformed):
		return ErrMalformed
	case errors.Is(err, jwt.ErrTokenSignatureInvalid):
		return ErrSignature
	case errors.Is(err, jwt.ErrTokenExpired), errors.Is(err, jwt.ErrTokenNotValidYet),
		errors.Is(err, jwt.ErrTokenUsedBeforeIssued):
		return ErrExpired
	default:
		return ErrMalformed
	}
}

// payload joins our claims with the registered ones, so that the library checks all the
// times a token may carry, not only exp.
type payload struct {
	jwt.RegisteredClaims
	claims Claims
}

func (p *payload) MarshalJSON() ([]byte, error) { return json.Marshal(p.claims) }

func (p *payload) UnmarshalJSON(data []byte) error {
	if json.Unmarshal(data, &p.RegisteredClaims) != nil {
		return ErrMalformed
	}
	return json.Unmarshal(data, &p.claims)
}
