// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"

	"go.etcd.io/bbolt"
)

// The file has three buckets: what a row is about, its sealed value, and what the store knows about itself.
// The first two share their keys.
const (
	infoBucket   = "info"
	valueBucket  = "values"
	formatBucket = "format"
)

// Keys of the format bucket.
const (
	versionKey = "version"
	checkKey   = "check" // a sealed text we know: tells the right key from a wrong one
	usedKey    = "used"  // sum of the rows' costs, a varint
)

const (
	formatVersion = "1"
	checkText     = "roomserver"
)

// sealOverhead is how much longer a sealed value is: nonce and tag.
const sealOverhead = 12 + 16

// unlock reads the key that belongs to db. A db that is new gets a key file and its buckets.
//
// The lock that bbolt holds on the file is also what makes one process at a time create the key.
func unlock(db *bbolt.DB, keyFile string) (seal, error) {
	fresh, err := isFresh(db)
	if err != nil {
		return seal{}, err
	}
	if fresh {
		if err := createKey(keyFile); err != nil {
			return seal{}, fmt.Errorf("create key file: %w", err)
		}
	}
	key, err := readKey(keyFile)
	if errors.Is(err, fs.ErrNotExist) {
		return seal{}, fmt.Errorf("%w: restore it from a backup, without it no value can be read", err)
	}
	if err != nil {
		return seal{}, err
	}
	sealed, err := newSeal(key)
	if err != nil {
		return seal{}, err
	}
	if fresh {
		return sealed, db.Update(func(tx *bbolt.Tx) error { return initialize(tx, sealed) })
	}
	return sealed, db.View(func(tx *bbolt.Tx) error { return check(tx, sealed) })
}

// isFresh tells a file that has never been used. It refuses one that belongs to something else.
func isFresh(db *bbolt.DB) (fresh bool, err error) {
	err = db.View(func(tx *bbolt.Tx) error {
		if bucket(tx, formatBucket) != nil {
			return nil
		}
		if name, _ := tx.Cursor().First(); name != nil {
			return fmt.Errorf("%s is not a data file of the room server", db.Path())
		}
		fresh = true
		return nil
	})
	return fresh, err
}

func initialize(tx *bbolt.Tx, sealed seal) error {
	for _, name := range []string{infoBucket, valueBucket, formatBucket} {
		if _, err := tx.CreateBucket([]byte(name)); err != nil {
			return err
		}
	}
	format := bucket(tx, formatBucket)
	return errors.Join(
		format.Put([]byte(versionKey), []byte(formatVersion)),
		format.Put([]byte(checkKey), sealed.close([]byte(checkText), []byte(checkKey))),
	)
}

func check(tx *bbolt.Tx, sealed seal) error {
	format := bucket(tx, formatBucket)
	if version := format.Get([]byte(versionKey)); string(version) != formatVersion {
		return fmt.Errorf("data file has format %q; this program reads %q", version, formatVersion)
	}
	if text, err := sealed.open(format.Get([]byte(checkKey)), []byte(checkKey)); err != nil || string(text) != checkText {
		return ErrWrongKey
	}
	if bucket(tx, infoBucket) == nil || bucket(tx, valueBucket) == nil {
		return ErrDamaged
	}
	return nil
}

func bucket(tx *bbolt.Tx, name string) *bbolt.Bucket { return tx.Bucket([]byte(name)) }

// usedBytes is what all rows together count against the limit.
func usedBytes(tx *bbolt.Tx) int64 {
	used, _ := binary.Varint(bucket(tx, formatBucket).Get([]byte(usedKey)))
	return used // 0 in a new file
}

func setUsedBytes(tx *bbolt.Tx, used int64) error {
	return bucket(tx, formatBucket).Put([]byte(usedKey), binary.AppendVarint(nil, max(0, used)))
}
