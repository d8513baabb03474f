// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/roomsecrets/roomsecret-operator/internal/roomserver/store"
)

func openBolt(t *testing.T, config store.BoltConfig) *store.Bolt {
	t.Helper()
	s, err := store.OpenBolt(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestRowsSurviveARestartAndSoDoesTheLimit(t *testing.T) {
	t.Parallel()
	config := store.BoltConfig{Dir: filepath.Join(t.TempDir(), "made", "on", "demand"), MaxBytes: limit}
	first := openBolt(t, config)
	r := row("r", "a", "id", "bob")
	r.Value = make([]byte, limit-1000)
	put(t, first, r)
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}

	second := openBolt(t, config)
	if got, err := second.Get(t.Context(), r.Key); err != nil || !bytes.Equal(got.Value, r.Value) {
		t.Errorf("after the restart: %v, %v", got, err)
	}
	more := row("r", "a", "more", "")
	more.Value = make([]byte, 2000)
	if err := second.Put(t.Context(), more); !errors.Is(err, store.ErrFull) {
		t.Errorf("put beyond the limit: %v", err)
	}
}

func TestTheFileHoldsNoValueInTheClear(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := openBolt(t, store.BoltConfig{Dir: dir})
	secret := []byte("correct horse battery staple")
	r := row("r", "a", "visible-id", "")
	r.Value = bytes.Repeat(secret, 3)
	put(t, s, r)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(filepath.Join(dir, "rooms.db"))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(content, secret) {
		t.Error("the value is in the file")
	}
	if !bytes.Contains(content, []byte("visible-id")) {
		t.Error("the id is not in the file: this test looks at the wrong bytes")
	}
}

func TestFilesAreForTheOwnerOnly(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	openBolt(t, store.BoltConfig{Dir: dir})
	for path, want := range map[string]os.FileMode{
		dir: 0o700, filepath.Join(dir, "rooms.db"): 0o600, filepath.Join(dir, "seal.key"): 0o600,
	} {
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: mode %v, %v", path, info.Mode(), err)
		}
	}
	if left, err := filepath.Glob(filepath.Join(dir, "seal.key.*")); err != nil || len(left) > 0 {
		t.Errorf("temporary files left: %v, %v", left, err)
	}
}

func TestABadKeyFileIsRefused(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		change func(t *testing.T, dir, key string)
		want   string
	}{
		"readable by the group": {
			func(t *testing.T, _, key string) { must(t, os.Chmod(key, 0o640)) }, "chmod 600",
		},
		"too short": {
			func(t *testing.T, _, key string) { must(t, os.Truncate(key, 31)) }, "31 bytes instead of 32",
		},
		"a directory": {
			func(t *testing.T, _, key string) { must(t, os.Remove(key)); must(t, os.Mkdir(key, 0o700)) }, "not a regular file",
		},
		"of another store": {
			func(t *testing.T, _, key string) { must(t, os.WriteFile(key, bytes.Repeat([]byte{7}, 32), 0o600)) },
			store.ErrWrongKey.Error(),
		},
		"lost": {
			func(t *testing.T, _, key string) { must(t, os.Remove(key)) }, "restore it from a backup",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			must(t, openBolt(t, store.BoltConfig{Dir: dir}).Close())
			c.change(t, dir, filepath.Join(dir, "seal.key"))
			s, err := store.OpenBolt(store.BoltConfig{Dir: dir})
			if err == nil {
				_ = s.Close()
				t.Fatal("opened")
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %q does not say %q", err, c.want)
			}
		})
	}
}

func TestAKeyFileMayBeElsewhereAndThereAlready(t *testing.T) {
	t.Parallel()
	key := filepath.Join(t.TempDir(), "key")
	must(t, os.WriteFile(key, bytes.Repeat([]byte{1}, 32), 0o400))
	config := store.BoltConfig{Dir: t.TempDir(), KeyFile: key}
	s := openBolt(t, config)
	put(t, s, row("r", "a", "id", ""))
	must(t, s.Close())
	if _, err := os.Stat(filepath.Join(config.Dir, "seal.key")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a second key file: %v", err)
	}
	openBolt(t, config)
}

func TestValuesExchangedInTheFileDoNotOpen(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := openBolt(t, store.BoltConfig{Dir: dir})
	mine, yours := row("r", "a", "mine", ""), row("r", "b", "yours", "")
	put(t, s, mine, yours)
	must(t, s.Close())
	editFile(t, dir, func(tx *bbolt.Tx) error {
		values := tx.Bucket([]byte("values"))
		var keys, sealed [][]byte
		must(t, values.ForEach(func(k, v []byte) error {
			keys, sealed = append(keys, bytes.Clone(k)), append(sealed, bytes.Clone(v))
			return nil
		}))
		return errors.Join(values.Put(keys[0], sealed[1]), values.Put(keys[1], sealed[0]))
	})
	again := openBolt(t, store.BoltConfig{Dir: dir})
	for _, r := range []store.Row{mine, yours} {
		if _, err := again.Get(t.Context(), r.Key); !errors.Is(err, store.ErrDamaged) {
			t.Errorf("get %s: %v", r.ID, err)
		}
	}
	put(t, again, mine) // writing it anew mends it
	if _, err := again.Get(t.Context(), mine.Key); err != nil {
		t.Error(err)
	}
}

func TestATypeExchangedInTheFileIsNoticed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := openBolt(t, store.BoltConfig{Dir: dir})
	r := row("r", "a", "id", "")
	put(t, s, r)
	must(t, s.Close())
	editFile(t, dir, func(tx *bbolt.Tx) error {
		infos := tx.Bucket([]byte("info"))
		key, about := infos.Cursor().First()
		return infos.Put(bytes.Clone(key), bytes.Replace(about, []byte("plain"), []byte("html."), 1))
	})
	if _, err := openBolt(t, store.BoltConfig{Dir: dir}).Get(t.Context(), r.Key); !errors.Is(err, store.ErrDamaged) {
		t.Errorf("get: %v", err)
	}
}

func TestListDoesNotReadValues(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := openBolt(t, store.BoltConfig{Dir: dir})
	put(t, s, row("r", "a", "id", ""))
	must(t, s.Close())
	editFile(t, dir, func(tx *bbolt.Tx) error {
		values := tx.Bucket([]byte("values"))
		key, _ := values.Cursor().First()
		return values.Delete(bytes.Clone(key))
	})
	infos, err := openBolt(t, store.BoltConfig{Dir: dir}).List(t.Context(), "r", "a")
	if err != nil || len(infos) != 1 {
		t.Errorf("list: %v, %v", infos, err)
	}
}

func TestAFileThatIsNotOursIsRefusedAndLeftAlone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db, err := bbolt.Open(filepath.Join(dir, "rooms.db"), 0o600, nil)
	must(t, err)
	must(t, db.Update(func(tx *bbolt.Tx) error { _, err := tx.CreateBucket([]byte("theirs")); return err }))
	must(t, db.Close())
	if _, err := store.OpenBolt(store.BoltConfig{Dir: dir}); err == nil || !strings.Contains(err.Error(), "not a data file") {
		t.Errorf("error %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "seal.key")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a key file was made: %v", err)
	}
	must(t, os.WriteFile(filepath.Join(dir, "rooms.db"), []byte(strings.Repeat("not a database ", 1000)), 0o600))
	if _, err := store.OpenBolt(store.BoltConfig{Dir: dir}); err == nil {
		t.Error("opened a text file")
	}
}

func TestTwoProcessesCannotShareAFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	openBolt(t, store.BoltConfig{Dir: dir})
	if _, err := store.OpenBolt(store.BoltConfig{Dir: dir}); err == nil || !strings.Contains(err.Error(), "in use by another process") {
		t.Errorf("error %v", err)
	}
}

func editFile(t *testing.T, dir string, edit func(*bbolt.Tx) error) {
	t.Helper()
	db, err := bbolt.Open(filepath.Join(dir, "rooms.db"), 0o600, nil)
	must(t, err)
	must(t, db.Update(edit))
	must(t, db.Close())
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
