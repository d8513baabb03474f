// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package scale

import (
	"runtime"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
)

// idlePolls is over how many reads of each room an idle operator is watched.
const idlePolls = 5

// idle counts what the operator does while nothing changes: rooms are read, and nothing else.
func idle(t *testing.T, s *stage, r *report, p population) {
	interval := max(time.Second, time.Duration(p.n)*2*time.Millisecond)
	s.setInterval(t, p, interval)
	o := s.startOperator(t, p.namespace)
	eventually(t, func() bool { return o.syncs(t) >= p.n })
	o.requests.quiet(t)
	s.afterPolls(t, 2)

	requests, calls := o.requests.now(), s.server.calls(t)
	heap, goroutines := measureProcess()
	s.afterPolls(t, idlePolls)
	requestsSince, callsSince := o.requests.now().since(requests), s.server.calls(t).since(calls)
	heapAfter, goroutinesAfter := measureProcess()
	o.stop()

	lists, gets := callsSince["list_secrets"], callsSince["get_secret"]
	r.count("idle: requests to the API server besides watches", requestsSince.sum("")-requestsSince.sum("watch"), 0)
	if made := requestsSince.sum("") - requestsSince.sum("watch"); made > 0 {
		t.Errorf("an idle operator makes requests: %v", requestsSince)
	}
	r.ratio("idle: gets for each list", "gets", gets/lists, float64(p.n)/roomCount, 1.1)
	r.count("idle: calls besides lists and gets", callsSince.sum("")-lists-gets, 0)
	r.count("idle: more goroutines", float64(goroutinesAfter-goroutines), 0)
	r.ratio("idle: heap after beside before", "MiB", heapAfter, heap, 1.1)
}

// setInterval sets how often the rooms of a population are read.
func (s *stage) setInterval(t *testing.T, p population, interval time.Duration) {
	t.Helper()
	for i := range roomCount {
		var room roomv1alpha1.Room
		check(t, s.kube.Get(t.Context(), client.ObjectKey{Namespace: p.namespace, Name: p.room(i)}, &room))
		base := room.DeepCopy()
		room.Spec.PollInterval = &metav1.Duration{Duration: interval}
		check(t, s.kube.Patch(t.Context(), &room, client.MergeFrom(base)))
	}
}

// afterPolls waits until all rooms together have been listed so often as if each had been so many times.
func (s *stage) afterPolls(t *testing.T, polls int) {
	t.Helper()
	from := s.server.calls(t)["list_secrets"]
	eventually(t, func() bool { return s.server.calls(t)["list_secrets"] >= from+float64(polls*roomCount) })
}

// measureProcess returns the heap in use after a collection, in MiB, and the number of goroutines.
func measureProcess() (heap float64, goroutines int) {
	runtime.GC()
	runtime.GC() // what finalizers have let go of
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc) / (1 << 20), runtime.NumGoroutine()
}
