// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/roomsecrets/roomsecret-operator/internal/roomserver/store"
	"github.com/roomsecrets/roomsecret-operator/roomclient"
)

// BenchmarkGetAmongMany compares the time to get one secret among 100,000 of an identity with
// that among 1,000, one call after the other. Beside the calls it compares the reads of the
// store alone, in which the misses of the processor's caches are most of the difference.
func BenchmarkGetAmongMany(b *testing.B) {
	const few, many = 1_000, 100_000
	for name, open := range map[string]func(b *testing.B) store.Store{
		"memory": func(*testing.B) store.Store { return store.NewMemory(0) },
		"bolt":   openBolt,
	} {
		b.Run(name, func(b *testing.B) {
			small, large := open(b), open(b)
			fill(b, small, few)
			fill(b, large, many)
			smallRoom, largeRoom := roomOf(b, small), roomOf(b, large)
			var calls, reads struct{ small, large time.Duration }
			const turn = 200
			b.ResetTimer()
			for n := 0; n < b.N; n += turn {
				calls.small += timed(b, few, turn, callOf(smallRoom))
				calls.large += timed(b, many, turn, callOf(largeRoom))
				reads.small += timed(b, few, turn, readOf(small))
				reads.large += timed(b, many, turn, readOf(large))
			}
			b.ReportMetric(0, "ns/op") // two things at once take no time that would mean something
			b.ReportMetric(calls.large.Seconds()/calls.small.Seconds(), "of-the-time-among-1000")
			b.ReportMetric(reads.large.Seconds()/reads.small.Seconds(), "of-that-of-the-store-alone")
		})
	}
}

func callOf(secrets roomclient.Secrets) func(context.Context, store.Key) error {
	return func(ctx context.Context, key store.Key) error {
		_, err := secrets.GetSecret(ctx, roomclient.SecretQuery{ID: key.ID})
		return err
	}
}

func readOf(rows store.Store) func(context.Context, store.Key) error {
	return func(ctx context.Context, key store.Key) error {
		_, err := rows.Get(ctx, key)
		return err
	}
}

// timed gets secrets here and there among n.
func timed(b *testing.B, n, turn int, get func(context.Context, store.Key) error) time.Duration {
	b.Helper()
	keys := make([]store.Key, turn)
	for i := range keys {
		keys[i] = numbered(rand.IntN(n))
	}
	began := time.Now()
	for _, key := range keys {
		if err := get(b.Context(), key); err != nil {
			b.Fatal(err)
		}
	}
	return time.Since(began)
}

// openBolt opens a store in memory-backed files where there are any: to wait for a disk 100,000
// times is no part of reading.
func openBolt(b *testing.B) store.Store {
	b.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "bench") //nolint:usetesting // which knows no other place
	if err != nil {
		dir = b.TempDir()
	}
	rows, err := store.OpenBolt(store.BoltConfig{Dir: dir})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = rows.Close()
		_ = os.RemoveAll(dir)
	})
	return rows
}

func numbered(i int) store.Key {
	return store.Key{Room: "myroom", Owner: "alice", ID: fmt.Sprintf("secret-%06d", i)}
}

func fill(b *testing.B, rows store.Store, n int) {
	b.Helper()
	value := make([]byte, 100)
	for i := range n {
		row := store.Row{Info: store.Info{Key: numbered(i), Type: "text/plain", Name: "name"}, Value: value}
		if err := rows.Put(b.Context(), row); err != nil {
			b.Fatal(err)
		}
	}
}
