// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// BenchmarkSmallCalls compares calls a second, with values of 100 bytes and 64 calls on the
// way, with a bare echo of the packets of such a call.
func BenchmarkSmallCalls(b *testing.B) {
	compare(b, comparison{size: 100, inFlight: 64, turn: 2000, calls: 1})
}

// BenchmarkLargeValues compares bytes a second, with values of 1 MB that are set and then
// got, with a bare echo of the packets of such a value.
func BenchmarkLargeValues(b *testing.B) {
	compare(b, comparison{size: 1_000_000, inFlight: 4, turn: 8, calls: 2})
}

type comparison struct {
	size, inFlight int
	turn           int // messages to echo in a row
	calls          int // for each of them
}

// compare lets room and echo take turns, so that whatever else the machine does concerns
// both.
func compare(b *testing.B, c comparison) {
	b.Helper()
	room, echo := newRoom(b, c.size), newEcho(b, c.size)
	var roomTime, echoTime time.Duration
	b.ResetTimer()
	for n := 0; n < b.N; n += c.turn {
		began := time.Now()
		if err := room.run(b.Context(), c.turn*c.calls, c.inFlight); err != nil {
			b.Fatal(err)
		}
		roomTime += time.Since(began)
		began = time.Now()
		if err := echo.run(c.turn, c.inFlight); err != nil {
			b.Fatal(err)
		}
		echoTime += time.Since(began)
	}
	b.ReportMetric(0, "ns/op") // two things at once take no time that would mean something
	b.ReportMetric(echoTime.Seconds()/roomTime.Seconds(), "of-bare-echo")
}

// run makes n calls, half of them set and half get.
func (r *room) run(ctx context.Context, n, inFlight int) error {
	var left atomic.Int64
	left.Store(int64(n))
	var failed error
	var once sync.Once
	var callers sync.WaitGroup
	for range inFlight {
		callers.Go(func() {
			for {
				i := left.Add(-1)
				if i < 0 {
					return
				}
				call := r.set
				if i%2 == 0 {
					call = r.get
				}
				if err := call(ctx); err != nil {
					once.Do(func() { failed = err })
					return
				}
			}
		})
	}
	callers.Wait()
	return failed
}
