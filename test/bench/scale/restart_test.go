// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package scale

import (
	"context"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/roomclient"
)

// restart measures the time from the start of the operator until it has verified what it finds in sync: every row was read,
// and every RoomSecret found to be as it should be. The reference lists each kind once, and reads each room once.
func restart(t *testing.T, s *stage, r *report, p population) {
	listed, reference := s.restartReference(t, p)

	before := s.server.calls(t)
	s.rows.forget()
	o := s.startOperator(t, p.namespace)
	o.standing.await(t, p.n)
	cached := time.Since(o.started)
	eventually(t, func() bool { return s.rows.countRead() == p.n && o.syncs(t) >= p.n })
	took := time.Since(o.started)
	o.requests.quiet(t)
	requests, calls := o.requests.now(), s.server.calls(t).since(before)
	o.stop()

	r.ratio("restart", "s", took.Seconds(), reference.Seconds(), 1.5)
	r.part("restart: until the objects are there", "s", cached.Seconds(), listed.Seconds())
	r.part("restart: until the rows are verified", "s", (took - cached).Seconds(), (reference - listed).Seconds())
	r.count("restart: writes", requests.sum(writeVerbs...), 0)
	r.count("restart: reads of Secrets besides credentials", requests["get secrets"], 0)
	if writes, reads := requests.sum(writeVerbs...), requests["get secrets"]; writes > 0 || reads > 0 {
		t.Errorf("a restart makes %v writes and reads %v Secrets: %v", writes, reads, requests)
	}
	r.perObject("restart", "operator, API server", requests, r.n)
	r.perObject("restart", "operator, rooms", calls, r.n)
}

// restartReference lists each kind once, joins the rooms, lists each once and gets each row. It returns when all is listed, and when
// all is read.
func (s *stage) restartReference(t *testing.T, p population) (listed, read time.Duration) {
	t.Helper()
	b := s.newBare(t, p)
	defer b.stop()
	ctx, began := t.Context(), time.Now()
	check(t, b.listAll(ctx))
	listed = time.Since(began)
	check(t, b.connect(ctx))
	check(t, b.readRooms(ctx))
	return listed, time.Since(began)
}

// listAll lists each kind once, all at the same time.
func (b *bare) listAll(ctx context.Context) error {
	var group errgroup.Group
	lists := []client.ObjectList{&roomv1alpha1.RoomSecretList{}, &roomv1alpha1.RoomList{}, &roomv1alpha1.ClusterRoomList{}}
	for _, object := range kinds() {
		if metadata, ok := object.(*metav1.PartialObjectMetadata); ok {
			list := &metav1.PartialObjectMetadataList{}
			list.SetGroupVersionKind(metadata.GroupVersionKind())
			lists = append(lists, list)
		}
	}
	for _, list := range lists {
		group.Go(func() error { return b.kube.List(ctx, list, client.InNamespace(b.namespace)) })
	}
	return group.Wait()
}

// readRooms lists each room and gets each of its rows, as the operator does when it reads a room.
func (b *bare) readRooms(ctx context.Context) error {
	var rooms errgroup.Group
	for _, conn := range b.rooms {
		rooms.Go(func() error {
			infos, err := conn.Secrets().ListSecrets(ctx)
			if err != nil {
				return err
			}
			var rows errgroup.Group
			rows.SetLimit(readsInFlight)
			for _, info := range infos {
				rows.Go(func() error {
					_, err := conn.Secrets().GetSecret(ctx, roomclient.SecretQuery{ID: info.ID})
					return err
				})
			}
			return rows.Wait()
		})
	}
	return rooms.Wait()
}
