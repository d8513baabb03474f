// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package scale

import (
	"testing"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/roomclient"
)

// storm restarts the room server under all rooms, and measures the time from when the first of them is joined again until
// all RoomSecrets are in sync. The reference joins all rooms, gets each row and reports for each RoomSecret.
func storm(t *testing.T, s *stage, r *report, p, other population) {
	o := s.startOperator(t, p.namespace)
	defer o.stop()
	eventually(t, func() bool { return o.syncs(t) >= p.n })
	o.standing.await(t, p.n)
	o.requests.quiet(t)

	before := o.requests.now()
	s.stopServer()
	o.standing.await(t, 0)
	s.serve(t)
	eventually(t, func() bool { return gather(t, s.registry, "roomserver_handshakes_total").sum("") > 0 })
	began := time.Now()
	o.standing.await(t, p.n)
	took := time.Since(began)
	o.requests.quiet(t)
	requests := o.requests.now().since(before)

	r.ratio("storm", "s", took.Seconds(), s.stormReference(t, other).Seconds(), 1.25)
	r.count("storm: writes of objects for each RoomSecret", requests.sum("patch roomsecrets", "create secrets", "patch secrets")/float64(p.n), 2)
	r.count("storm: reads of Secrets besides credentials", requests["get secrets"], 0)
	r.perObject("storm", "operator, API server", requests, 1)
}

// stormReference does what is to be done once the rooms are back.
func (s *stage) stormReference(t *testing.T, p population) time.Duration {
	t.Helper()
	b := s.newBare(t, p)
	defer b.stop()
	ctx := t.Context()
	check(t, b.watchAll(ctx))
	began := time.Now()
	check(t, b.connect(ctx, s))
	check(t, b.each(func(i int) error {
		var rs roomv1alpha1.RoomSecret
		if err := b.cache.Get(ctx, client.ObjectKey{Namespace: b.namespace, Name: b.name(i)}, &rs); err != nil {
			return err
		}
		if _, err := b.rooms[b.room(i)].Secrets().GetSecret(ctx, roomclient.SecretQuery{ID: b.name(i)}); err != nil {
			return err
		}
		return b.report(ctx, &rs)
	}))
	return time.Since(began)
}
