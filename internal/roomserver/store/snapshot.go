// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"go.etcd.io/bbolt"
)

// Snapshot copies the data file as it is at this moment into a new file, which can take the place of the data
// file in another directory. The file has no name any more and is gone once the caller closes it. Its values are
// sealed with the same key, which is not part of it.
//
// The copy is made on disk first, and not sent to whoever wants it: a reader of the data file that takes its time
// would hold up writers.
func (b *Bolt) Snapshot(ctx context.Context) (copied *os.File, err error) {
	file, err := os.CreateTemp(b.dir, dataFileName+".snapshot.*")
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, file.Close())
		}
	}()
	if err := os.Remove(file.Name()); err != nil {
		return nil, err
	}
	err = b.view(ctx, func(tx *bbolt.Tx) error {
		_, err := tx.WriteTo(file)
		return err
	})
	if err != nil {
		return nil, err
	}
	_, err = file.Seek(0, io.SeekStart)
	return file, err
}

// Check reads a data file that no process has open, every page of it, and fails when it is not one of this store
// or is damaged. It needs no key and opens no value.
func Check(path string) (err error) {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: lockTimeout, ReadOnly: true})
	if err != nil {
		return fmt.Errorf("open %s: %w", path, err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	about, err := os.Stat(path)
	if err != nil {
		return err
	}
	return db.View(func(tx *bbolt.Tx) error {
		if tx.Size() > about.Size() { // to read beyond the end would be a fault of the memory, not an error
			return fmt.Errorf("%w: the file is cut short", ErrDamaged)
		}
		var damage []error
		for err := range tx.Check() {
			damage = append(damage, err)
		}
		if len(damage) > 0 {
			return fmt.Errorf("%w: %w", ErrDamaged, damage[0])
		}
		format := bucket(tx, formatBucket)
		if format == nil || bucket(tx, infoBucket) == nil || bucket(tx, valueBucket) == nil {
			return fmt.Errorf("%s is not a data file of the room server", path)
		}
		return nil
	})
}
