// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/roomsecrets/roomsecret-operator/internal/roomserver/store"
)

// TestASnapshotOfABusyStoreIsAStore copies while others write, and opens the copy with the same key.
func TestASnapshotOfABusyStoreIsAStore(t *testing.T) {
	t.Parallel()
	dir, restored := t.TempDir(), t.TempDir()
	s := openBolt(t, store.BoltConfig{Dir: dir})
	before := row("r", "a", "before", "bob")
	put(t, s, before)
	var writers sync.WaitGroup
	for i := range 4 {
		writers.Go(func() {
			for j := range 10 {
				put(t, s, row("r", "a", fmt.Sprint(i, ".", j), ""))
			}
		})
	}
	path := filepath.Join(restored, "rooms.db")
	save(t, s, path)
	writers.Wait()
	put(t, s, row("r", "a", "after", ""))

	if err := store.Check(path); err != nil {
		t.Errorf("check: %v", err)
	}
	again := openBolt(t, store.BoltConfig{Dir: restored, KeyFile: filepath.Join(dir, "seal.key")})
	got, err := again.Get(t.Context(), before.Key)
	if err != nil || string(got.Value) != string(before.Value) {
		t.Errorf("from the copy: %v, %v", got, err)
	}
	if infos, err := again.List(t.Context(), "r", "a"); err != nil || len(infos) == 0 || len(infos) > 41 {
		t.Errorf("the copy lists %d rows, %v", len(infos), err)
	}
	if left, err := filepath.Glob(filepath.Join(dir, "*snapshot*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func save(t *testing.T, s *store.Bolt, path string) {
	t.Helper()
	snapshot, err := s.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer snapshot.Close()
	content, err := io.ReadAll(snapshot)
	if err != nil {
		t.Fatal(err)
	}
	must(t, os.WriteFile(path, content, 0o600))
}

func TestCheckRefusesWhatIsNoDataFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := openBolt(t, store.BoltConfig{Dir: dir})
	for i := range 200 {
		put(t, s, row("r", "a", fmt.Sprint(i), ""))
	}
	whole := filepath.Join(dir, "copy")
	save(t, s, whole)
	content, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	half, text := filepath.Join(dir, "half"), filepath.Join(dir, "text")
	must(t, os.WriteFile(half, content[:len(content)/2], 0o600))
	must(t, os.WriteFile(text, []byte("not a database"), 0o600))
	for _, path := range []string{half, text, filepath.Join(dir, "missing")} {
		if err := store.Check(path); err == nil {
			t.Errorf("%s passes", path)
		}
	}
}
