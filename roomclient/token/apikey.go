// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package token

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"unicode"

	"github.com/google/uuid"

	"github.com/roomsecrets/roomsecret-operator/roomclient/redact"
)

// ErrInvalidAPIKey is wrapped by every error of [ParseAPIKey]. The key is not quoted.
var ErrInvalidAPIKey = errors.New("token: invalid api key")

const (
	apiKeyPrefix  = "ma-"
	newSecretSize = 32 // bytes of randomness, as long as the HMAC's output
)

// APIKey is a project API key, "ma-<key id>-<project id>-<secret>". Its String hides
// the secret; [APIKey.Encode] gives the whole text.
type APIKey struct {
	ID        uuid.UUID
	ProjectID uuid.UUID
	// Secret is the text after the ids. Its bytes are the key of the signature.
	Secret redact.Bytes
}

// ParseAPIKey reads the text form. White space around it does not count, because files end
// in a newline. Errors wrap [ErrInvalidAPIKey].
func ParseAPIKey(text string) (APIKey, error) {
	text = strings.TrimSpace(text)
	if strings.ContainsFunc(text, isSpaceOrControl) {
		return APIKey{}, fmt.Errorf("%w: white space or a control character in it", ErrInvalidAPIKey)
	}
	body, ok := strings.CutPrefix(text, apiKeyPrefix)
	parts := strings.SplitN(body, "-", 3)
	if !ok || len(parts) != 3 || parts[2] == "" {
		return APIKey{}, fmt.Errorf("%w: want ma-<key id>-<project id>-<secret>", ErrInvalidAPIKey)
	}
	id, err := decodeID(parts[0])
	if err != nil {
		return APIKey{}, fmt.Errorf("%w: key id is not a UUID", ErrInvalidAPIKey)
	}
	project, err := decodeID(parts[1])
	if err != nil {
		return APIKey{}, fmt.Errorf("%w: project id is not a UUID", ErrInvalidAPIKey)
	}
	return APIKey{ID: id, ProjectID: project, Secret: redact.Bytes(parts[2])}, nil
}

// isSpaceOrControl tells what no header can carry: a key is a bearer token too.
func isSpaceOrControl(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }

// NewAPIKey makes a key with random ids and a random secret of 256 bits.
func NewAPIKey() (APIKey, error) {
	id, err := uuid.NewRandom()
	if err != nil {
		return APIKey{}, fmt.Errorf("token: new api key: %w", err)
	}
	project, err := uuid.NewRandom()
	if err != nil {
		return APIKey{}, fmt.Errorf("token: new api key: %w", err)
	}
	var random [newSecretSize]byte
	_, _ = rand.Read(random[:]) // never fails, by its contract
	secret := base64.RawURLEncoding.AppendEncode(nil, random[:])
	return APIKey{ID: id, ProjectID: project, Secret: secret}, nil
}

// Encode returns the text form, secret included.
func (k APIKey) Encode() string {
	return apiKeyPrefix + encodeID(k.ID) + "-" + encodeID(k.ProjectID) + "-" + string(k.Secret)
}

// String names the key without its secret, for logs.
func (k APIKey) String() string {
	return fmt.Sprintf("api key %s of project %s", k.ID, k.ProjectID)
}

// encodeID writes the 16 bytes in URL-safe base64 without padding, with "." for "-"
// because "-" separates the parts of a key.
func encodeID(id uuid.UUID) string {
	return strings.ReplaceAll(base64.RawURLEncoding.EncodeToString(id[:]), "-", ".")
}

func decodeID(text string) (uuid.UUID, error) {
	raw, err := base64.RawURLEncoding.DecodeString(strings.ReplaceAll(text, ".", "-"))
	if err != nil {
		return uuid.UUID{}, err
	}
	return uuid.FromBytes(raw)
}
