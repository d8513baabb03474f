// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package consent

import (
	"time"

	"github.com/golang-jwt/jwt/v5"
	"k8s.io/utils/clock"

	"github.com/roomsecrets/roomsecret-operator/internal/fingerprint"
)

// purpose says what a ticket is good for. Each has a key of its own.
type purpose string

const (
	// forLink lets whoever holds it look at one request, and decide it if its rule names no approvers.
	forLink purpose = "link"
	// forApproval comes back from the provider as the state of an approval.
	forApproval purpose = "approval"
	// forSignIn comes back from the OpenID provider as the state of a sign-in.
	forSignIn purpose = "sign-in"
	// forSession says who has signed in.
	forSession purpose = "session"
	// forResult says what was decided.
	forResult purpose = "result"
)

// tickets makes and reads what goes through browsers and must come back unchanged. They are signed and not encrypted: what
// they hold, whoever carries them may know.
type tickets struct {
	key   fingerprint.Key
	clock clock.PassiveClock
}

// secret returns the key of a purpose. The key of the operator itself does not leave fingerprint.Key.
func (t tickets) secret(p purpose) []byte {
	return []byte(t.key.Digest("consent ticket", []byte(p)))
}

// ticket is a JSON web token with content.
type ticket[T any] struct {
	jwt.RegisteredClaims
	Content T `json:"c"`
}

// issue returns a ticket. The same content has the same ticket, so that a link in a status stays as it is.
func issue[T any](t tickets, p purpose, content T, until time.Time) string {
	claims := ticket[T]{Content: content}
	claims.Audience, claims.ExpiresAt = jwt.ClaimStrings{string(p)}, jwt.NewNumericDate(until)
	signed, err := jwt.NewWithClaims(jwt.SigningMethodHS256, &claims).SignedString(t.secret(p))
	if err != nil {
		return "" // not reached: every content is text and can be encoded, and a key of this kind can sign
	}
	return signed
}

// redeem returns the content of a ticket. The error is jwt.ErrTokenExpired for one that was good once.
func redeem[T any](t tickets, p purpose, text string) (T, error) {
	var claims ticket[T]
	parser := jwt.NewParser(
		jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}), jwt.WithAudience(string(p)),
		jwt.WithExpirationRequired(), jwt.WithTimeFunc(t.clock.Now), jwt.WithStrictDecoding(),
	)
	_, err := parser.ParseWithClaims(text, &claims, func(*jwt.Token) (any, error) { return t.secret(p), nil })
	return claims.Content, err
}
