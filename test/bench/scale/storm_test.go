// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package scale

import (
	"context"
	"net/http"
	"strconv"
	"testing"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/roomclient"
)

// objectWrites begin what is counted of writes of RoomSecrets and their targets, events apart.
var objectWrites = []string{"patch roomsecrets", "create secrets", "patch secrets"}

// storm restarts the room server under all rooms, and measures the time from when the first of them is joined again until
// all RoomSecrets are in sync. The reference joins all rooms, gets each row and reports for each RoomSecret.
func storm(t *testing.T, s *stage, r *report, p, other population) {
	o := s.startOperator(t, p.namespace)
	defer o.stop()
	eventually(t, func() bool { return o.syncs(t) >= p.n })
	o.standing.await(t, p.n)
	o.requests.quiet(t)

	before := o.requests.now()
	s.server.stop()
	o.standing.await(t, 0)
	s.server.start(t)
	eventually(t, func() bool { return s.server.attempts(t).sum("") > 0 })
	began := time.Now()
	eventually(t, func() bool { return s.server.attempts(t)[strconv.Itoa(http.StatusSwitchingProtocols)] >= roomCount })
	joined := time.Since(began)
	o.standing.await(t, p.n)
	took := time.Since(began)
	o.requests.quiet(t)
	requests := o.requests.now().since(before)

	referenceJoined, reference := s.stormReference(t, other)
	r.ratio("storm", "s", took.Seconds(), reference.Seconds(), 1.25)
	r.part("storm: until the last room is joined again", "s", joined.Seconds(), referenceJoined.Seconds())
	r.count("storm: writes of objects for each RoomSecret", requests.sum(objectWrites...)/float64(p.n), maxWrites)
	r.count("storm: reads of Secrets besides credentials", requests["get secrets"], 0)
	r.perObject("storm", "operator, API server", requests, r.n)
}

// stormReference does what is to be done once the rooms are back. It returns when all rooms are joined, and when all is done.
func (s *stage) stormReference(t *testing.T, p population) (joined, done time.Duration) {
	t.Helper()
	b := s.newBare(t, p)
	defer b.stop()
	ctx := t.Context()
	check(t, b.watchAll(ctx))
	began := time.Now()
	check(t, b.connect(ctx))
	joined = time.Since(began)
	check(t, b.each(func(i int) error { return b.recover(ctx, i) }))
	return joined, time.Since(began)
}

// recover makes the requests with which the operator finds that a RoomSecret is in sync when its room is back.
func (b *bare) recover(ctx context.Context, index int) error {
	var rs roomv1alpha1.RoomSecret
	if err := b.cache.Get(ctx, client.ObjectKey{Namespace: b.namespace, Name: b.name(index)}, &rs); err != nil {
		return err
	}
	if _, err := b.rooms[b.room(index)].Secrets().GetSecret(ctx, roomclient.SecretQuery{ID: b.name(index)}); err != nil {
		return err
	}
	return b.report(ctx, &rs)
}
