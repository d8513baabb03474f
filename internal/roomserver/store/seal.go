// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package store

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// ErrWrongKey means that the key file does not belong to the data file.
var ErrWrongKey = errors.New("store: the key file does not belong to this data file")

// ErrDamaged means that what the file holds for a row was not written by this store: the value does not open
// under the key and the row's own key, type and name.
var ErrDamaged = errors.New("store: row is damaged")

// sealKeySize makes AES-256.
const sealKeySize = 32

// seal opens and closes values with AES-256-GCM. The nonce is random and stored in front of each value: 2^32
// writes under one key are safe, which is more than a room server sees.
type seal struct{ aead cipher.AEAD }

func newSeal(key []byte) (seal, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return seal{}, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	return seal{aead}, err
}

func (s seal) close(value, associated []byte) []byte {
	return s.aead.Seal(nil, nil, value, associated) //nolint:gosec // this AEAD makes the nonce itself and takes none
}

func (s seal) open(sealed, associated []byte) ([]byte, error) {
	value, err := s.aead.Open(nil, nil, sealed, associated)
	if err != nil {
		return nil, ErrDamaged
	}
	return value, nil
}

// readKey reads a key file and refuses one that others on this machine could have read.
func readKey(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	switch mode := info.Mode(); {
	case !mode.IsRegular():
		return nil, fmt.Errorf("key file %s is not a regular file", path)
	case mode.Perm()&0o077 != 0:
		return nil, fmt.Errorf("key file %s has mode %04o; it must be readable by its owner only: chmod 600 %s", path, mode.Perm(), path)
	case info.Size() != sealKeySize:
		return nil, fmt.Errorf("key file %s holds %d bytes instead of %d", path, info.Size(), sealKeySize)
	}
	key := make([]byte, sealKeySize)
	if _, err := file.ReadAt(key, 0); err != nil {
		return nil, fmt.Errorf("read key file %s: %w", path, err)
	}
	return key, nil
}

// createKey makes a new key file unless there is one. The key is on disk before it is used, complete or not at
// all: a key lost in a crash would take every value with it.
func createKey(path string) error {
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	key := make([]byte, sealKeySize)
	if _, err := rand.Read(key); err != nil {
		return err
	}
	return writeFileAtomic(path, key)
}
