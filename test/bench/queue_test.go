// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"testing"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
)

// BenchmarkQueueAmongMany compares the time to take something out of the queue of a controller, and to put it back, while 10,000
// others are in it with that while 10 are. As many again are not due.
func BenchmarkQueueAmongMany(b *testing.B) {
	const few, many = 10, 10_000
	small, large := filledQueue(b, few), filledQueue(b, many)
	var took struct{ small, large time.Duration }
	const turn = 1000
	b.ResetTimer()
	for n := 0; n < b.N; n += turn {
		took.small += turns(small, turn)
		took.large += turns(large, turn)
	}
	b.ReportMetric(0, "ns/op") // two things at once take no time that would mean something
	b.ReportMetric(took.large.Seconds()/took.small.Seconds(), "of-the-time-among-10")
}

func filledQueue(b *testing.B, n int) priorityqueue.PriorityQueue[int] {
	b.Helper()
	queue := priorityqueue.New[int]("bench")
	b.Cleanup(queue.ShutDown)
	for i := range n {
		queue.AddWithOpts(priorityqueue.AddOpts{Priority: new(i % 3)}, i)
		queue.AddAfter(-1-i, time.Hour)
	}
	return queue
}

// turns takes something out and puts it back, so many times, and returns how long that took.
func turns(queue priorityqueue.PriorityQueue[int], n int) time.Duration {
	began := time.Now()
	for range n {
		item, priority, _ := queue.GetWithPriority()
		queue.Done(item)
		queue.AddWithOpts(priorityqueue.AddOpts{Priority: &priority}, item)
	}
	return time.Since(began)
}
