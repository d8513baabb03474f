// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// BoltConfig says where a Bolt keeps its data.
type BoltConfig struct {
	// Dir is the directory of the data file, made with mode 0700 when missing. Required.
	Dir string
	// KeyFile holds the 32 bytes that seal the values. Empty: seal.key in Dir. A missing file is created, with
	// mode 0600, only while the data file is new; a file with wider permissions is refused.
	KeyFile string
	// MaxBytes limits what the rows take up: values and texts, not the size of the file. 0: DefaultMaxBytes.
	MaxBytes int64
}

// Names of the files in BoltConfig.Dir.
const (
	dataFileName = "rooms.db"
	keyFileName  = "seal.key"
)

// lockTimeout bounds the wait for another process that has the data file open.
const lockTimeout = time.Second

// Bolt is a Store in one bbolt file. Values are sealed with AES-256-GCM; ids, names, types and identities are
// not, so that List can do without the values.
type Bolt struct {
	db   *bbolt.DB
	dir  string
	seal seal
	max  int64
}

var _ Store = (*Bolt)(nil)

// OpenBolt opens the data file in config.Dir, making it on first use. It returns ErrWrongKey when the key file
// is not the one the data was written with.
func OpenBolt(config BoltConfig) (*Bolt, error) {
	if config.KeyFile == "" {
		config.KeyFile = filepath.Join(config.Dir, keyFileName)
	}
	if config.MaxBytes == 0 {
		config.MaxBytes = DefaultMaxBytes
	}
	if err := os.MkdirAll(config.Dir, 0o700); err != nil {
		return nil, err
	}
	path := filepath.Join(config.Dir, dataFileName)
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: lockTimeout, FreelistType: bbolt.FreelistMapType})
	if errors.Is(err, bolterrors.ErrTimeout) {
		return nil, fmt.Errorf("%s is in use by another process", path)
	}
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	sealed, err := unlock(db, config.KeyFile)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &Bolt{db: db, dir: config.Dir, seal: sealed, max: config.MaxBytes}, nil
}

// Get implements Store. It returns ErrDamaged for a row that somebody has changed in the file.
func (b *Bolt) Get(ctx context.Context, key Key) (Row, error) {
	row := Row{Info: Info{Key: key}}
	err := b.view(ctx, func(tx *bbolt.Tx) error {
		encoded := key.encode()
		about := bucket(tx, infoBucket).Get(encoded)
		if about == nil {
			return ErrNotFound
		}
		if err := row.decodeAbout(about); err != nil {
			return err
		}
		var err error
		row.Value, err = b.seal.open(bucket(tx, valueBucket).Get(encoded), row.associatedData())
		return err
	})
	if err != nil {
		return Row{}, err
	}
	return row, nil
}

// Put implements Store. The row is on disk when it returns.
func (b *Bolt) Put(ctx context.Context, row Row) error { return b.put(ctx, row, always) }

// Create implements Store.
func (b *Bolt) Create(ctx context.Context, row Row) error { return b.put(ctx, row, ifNew) }

// Replace implements Store.
func (b *Bolt) Replace(ctx context.Context, row Row) error { return b.put(ctx, row, ifOld) }

func (b *Bolt) put(ctx context.Context, row Row, may condition) error {
	return b.update(ctx, func(tx *bbolt.Tx) error {
		encoded := row.encode()
		if err := may(bucket(tx, infoBucket).Get(encoded) != nil); err != nil {
			return err
		}
		used := usedBytes(tx)
		after := used - storedCost(tx, row.Key, encoded) + cost(row.Info, len(row.Value))
		if after > b.max && after > used {
			return ErrFull
		}
		return errors.Join(
			bucket(tx, infoBucket).Put(encoded, row.encodeAbout()),
			bucket(tx, valueBucket).Put(encoded, b.seal.close(row.Value, row.associatedData())),
			setUsedBytes(tx, after),
		)
	})
}

// Delete implements Store.
func (b *Bolt) Delete(ctx context.Context, key Key) error {
	return b.update(ctx, func(tx *bbolt.Tx) error {
		encoded := key.encode()
		after := usedBytes(tx) - storedCost(tx, key, encoded)
		return errors.Join(
			bucket(tx, infoBucket).Delete(encoded),
			bucket(tx, valueBucket).Delete(encoded),
			setUsedBytes(tx, after),
		)
	})
}

// List implements Store.
func (b *Bolt) List(ctx context.Context, room, owner string) ([]Info, error) {
	infos := []Info{}
	prefix := ownerPrefix(room, owner)
	err := b.view(ctx, func(tx *bbolt.Tx) error {
		cursor := bucket(tx, infoBucket).Cursor()
		for encoded, about := cursor.Seek(prefix); bytes.HasPrefix(encoded, prefix); encoded, about = cursor.Next() {
			key, err := decodeKey(encoded)
			if err != nil {
				return err
			}
			info := Info{Key: key}
			if err := info.decodeAbout(about); err != nil {
				return err
			}
			infos = append(infos, info)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return infos, nil
}

// Close implements Store. It waits for transactions that are under way.
func (b *Bolt) Close() error { return b.db.Close() }

func (b *Bolt) view(ctx context.Context, fn func(*bbolt.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return b.db.View(fn)
}

func (b *Bolt) update(ctx context.Context, fn func(*bbolt.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return b.db.Update(fn)
}

// storedCost is what the row counts now; 0 when it does not exist.
func storedCost(tx *bbolt.Tx, key Key, encoded []byte) int64 {
	data := bucket(tx, infoBucket).Get(encoded)
	if data == nil {
		return 0
	}
	info := Info{Key: key}
	if info.decodeAbout(data) != nil {
		return 0
	}
	return cost(info, max(0, len(bucket(tx, valueBucket).Get(encoded))-sealOverhead))
}
