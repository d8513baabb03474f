// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

// Package fingerprint makes keyed digests, so that values can be compared and records can be trusted without keeping or
// showing a value.
package fingerprint

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash"
)

// KeySize is the size of a key in bytes.
const KeySize = 32

// Key makes digests. Without the key a digest says nothing about what it was made from. The zero Key is not usable.
// A Key never shows itself when it is formatted.
type Key struct {
	// newMAC is a function because fmt prints the private members of what it is given, whatever their Format says, but
	// not what a function holds.
	newMAC func() hash.Hash
}

// NewKey returns a Key from raw bytes, of which there must be KeySize.
func NewKey(raw []byte) (Key, error) {
	if len(raw) != KeySize {
		return Key{}, fmt.Errorf("a fingerprint key has %d bytes, not %d", KeySize, len(raw))
	}
	raw = bytes.Clone(raw)
	return Key{newMAC: func() hash.Hash { return hmac.New(sha256.New, raw) }}, nil
}

// Generate returns the raw bytes of a new random key.
func Generate() []byte {
	raw := make([]byte, KeySize)
	_, _ = rand.Read(raw) // crypto/rand.Read never fails: it ends the program rather than return an error
	return raw
}

// Digest returns the digest of the parts, in their order, as text. The purpose keeps digests that are made for different
// ends apart: equal parts have different digests under different purposes.
func (k Key) Digest(purpose string, parts ...[]byte) string {
	mac := k.newMAC()
	writePart(mac, []byte(purpose))
	for _, part := range parts {
		writePart(mac, part)
	}
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// writePart writes a length before the bytes, so that ("ab", "c") and ("a", "bc") differ.
func writePart(mac hash.Hash, part []byte) {
	var size [8]byte
	binary.BigEndian.PutUint64(size[:], uint64(len(part)))
	_, _ = mac.Write(size[:]) // a hash never returns an error
	_, _ = mac.Write(part)
}

// Equal reports in constant time whether two digests are the same. An empty digest equals nothing, not even itself.
func Equal(a, b string) bool {
	return a != "" && hmac.Equal([]byte(a), []byte(b))
}

// Format implements fmt.Formatter and shows nothing of the key.
func (Key) Format(state fmt.State, _ rune) {
	_, _ = state.Write([]byte("fingerprint.Key(redacted)"))
}
