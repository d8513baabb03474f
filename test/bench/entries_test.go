// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"fmt"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
)

// BenchmarkSixtyFourEntries counts what a RoomSecret with 64 entries costs, with a room that is 100 ms away, there and back:
// the calls of a read of the room, the calls of a sync, how long a sync takes in round trips, and what it writes.
func BenchmarkSixtyFourEntries(b *testing.B) {
	const entries, roundTrip, interval = 64, 200 * time.Millisecond, 2 * time.Second
	s := newStage(b, interval, roundTrip/2)
	pull := &roomv1alpha1.Pull{}
	for i := range entries {
		id := fmt.Sprintf("id-%02d", i)
		s.put(b, id, "first")
		pull.Entries = append(pull.Entries, roomv1alpha1.PullEntry{Key: id, ID: roomv1alpha1.SecretID(id)})
	}
	s.untilConnected(b)
	for b.Loop() {
		before, began := s.calls(b), time.Now()
		rs := newRoomSecret("pull", roomv1alpha1.RoomSecretSpec{Pull: pull})
		s.create(b, rs)
		target := s.appeared(b, "pull")
		b.ReportMetric(time.Since(began).Seconds()/roundTrip.Seconds(), "round-trips/sync")
		b.ReportMetric(s.calls(b)["get"]-before["get"], "gets/sync")

		s.nextList(b)
		from := s.nextList(b)
		to := s.nextList(b)
		b.ReportMetric(to["list"]-from["list"], "lists/read")
		b.ReportMetric(to["get"]-from["get"], "gets/read")

		check(b, s.kube.Get(b.Context(), client.ObjectKeyFromObject(target), target))
		for i := range entries {
			s.put(b, fmt.Sprintf("id-%02d", i), "second")
		}
		writes := 0
		for old := true; old; writes++ {
			s.rewritten(b, target)
			old = false
			for _, value := range target.Data {
				old = old || string(value) == "first"
			}
		}
		b.ReportMetric(float64(writes), "writes/sync")
		check(b, s.kube.Delete(b.Context(), rs))
		check(b, s.kube.Delete(b.Context(), target)) // there is no garbage collector
	}
	b.ReportMetric(0, "ns/op")
}

// untilConnected waits until the operator is in the room.
func (s *stage) untilConnected(b *testing.B) {
	b.Helper()
	room := &roomv1alpha1.Room{}
	for !meta.IsStatusConditionTrue(room.Status.Conditions, string(roomv1alpha1.ConditionReady)) {
		<-time.After(10 * time.Millisecond)
		check(b, s.kube.Get(b.Context(), client.ObjectKey{Namespace: namespace, Name: roomName}, room))
	}
}

// calls returns how many calls of the operator the room has answered, by operation.
func (s *stage) calls(b *testing.B) map[string]float64 {
	b.Helper()
	families, err := s.requests.Gather()
	check(b, err)
	calls := map[string]float64{}
	for _, family := range families {
		if family.GetName() != "roomsecret_remote_requests_total" {
			continue
		}
		for _, metric := range family.GetMetric() {
			calls[metric.GetLabel()[0].GetValue()] += metric.GetCounter().GetValue()
		}
	}
	return calls
}

// nextList waits until the room is read the next time, and returns the calls until then.
func (s *stage) nextList(b *testing.B) map[string]float64 {
	b.Helper()
	calls := s.calls(b)
	for before := calls["list"]; calls["list"] == before; calls = s.calls(b) {
		<-time.After(5 * time.Millisecond)
	}
	return calls
}
