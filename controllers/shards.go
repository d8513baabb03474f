// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/labels"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/fault"
	"github.com/roomsecrets/roomsecret-operator/internal/sessions"
	"github.com/roomsecrets/roomsecret-operator/internal/shard"
)

// Several operators can share a cluster, each with the objects that its selector selects. A room has one of them: it alone
// connects to the room, reports on it, and works on its RoomSecrets, which must be its own too. So whatever the RoomSecrets of a
// room have to settle with each other, who keeps a row and whose rule answers, one operator settles, from one cache.

// selects reports whether an object is this operator's.
func selects(selector labels.Selector, object client.Object) bool {
	return shard.Shard{Selector: selector}.Has(object.GetNamespace(), object.GetLabels())
}

// moves passes the updates with which an object becomes this operator's, or another's.
func moves(selector labels.Selector) predicate.Predicate {
	return predicate.Funcs{
		UpdateFunc: func(e event.UpdateEvent) bool {
			return selects(selector, e.ObjectOld) != selects(selector, e.ObjectNew)
		},
	}
}

// contested withholds a room that is one with a Room or ClusterRoom of another operator which was there before: the two would
// know nothing of what the other keeps in it. It returns a fault then.
func (r *RoomReconciler) contested(ctx context.Context, room room) error {
	if r.Selector == nil {
		return nil
	}
	others, err := namesakes(ctx, r.Client, room)
	if err != nil {
		return err
	}
	for _, other := range others {
		if !selects(r.Selector, other.object) && other.isBefore(room) {
			r.Rooms.Withhold(room.key)
			return fault.NewTerminal(roomv1alpha1.ReasonConflict,
				"%s %q is the same room and another operator's, as its labels say: give both the labels of one operator (--watch-label-selector), or delete one of them.",
				other.key.Kind, fullName(other.key))
		}
	}
	return nil
}

func fullName(key sessions.RoomKey) string {
	if key.Namespace == "" {
		return key.Name
	}
	return key.Namespace + "/" + key.Name
}

// isBefore reports whether a room is older than another one; of two of the same age it is one of them, whoever asks.
func (r room) isBefore(other room) bool {
	mine, theirs := r.object.GetCreationTimestamp(), other.object.GetCreationTimestamp()
	return cmp.Or(mine.Compare(theirs.Time), cmp.Compare(r.key.String(), other.key.String())) < 0
}

// namesakes returns the Rooms and ClusterRooms that are the same room, itself among them, as far as the cache has them.
func namesakes(ctx context.Context, reader client.Reader, of room) ([]room, error) {
	var rooms roomv1alpha1.RoomList
	var clusterRooms roomv1alpha1.ClusterRoomList
	for _, list := range []client.ObjectList{&rooms, &clusterRooms} {
		err := reader.List(ctx, list, client.MatchingFields{indexAddress: of.address()})
		if _, unserved := errors.AsType[*cache.ErrResourceNotCached](err); err != nil && !unserved {
			return nil, fmt.Errorf("list the rooms at an address: %w", err)
		}
	}
	var found []room
	for i := range rooms.Items {
		found = append(found, roomFromRoom(&rooms.Items[i]))
	}
	for i := range clusterRooms.Items {
		found = append(found, roomFromClusterRoom(&clusterRooms.Items[i]))
	}
	return found, nil
}

// watchNamesakes has the rooms of a kind looked at again when another one that is the same room comes, goes or moves.
func (f finder) watchNamesakes(b *builder.Builder, o Options, list client.ObjectList) *builder.Builder {
	same := handler.EnqueueRequestsFromMapFunc(func(ctx context.Context, object client.Object) []ctrl.Request {
		room, ok := roomFrom(object)
		if !ok {
			return nil
		}
		return f.rooms(ctx, list, indexAddress, room.address())
	})
	b = b.Watches(&roomv1alpha1.Room{}, same, builder.WithPredicates(moves(o.Selector)))
	if !o.WithoutClusterRooms {
		b = b.Watches(&roomv1alpha1.ClusterRoom{}, same, builder.WithPredicates(moves(o.Selector)))
	}
	return b
}

// unseen returns how long to wait before what holds a room is looked for again, because no watch tells of it all: the RoomSecrets
// of another operator may hold it, those that left without the room. It returns zero when the watches tell.
func (r *RoomReconciler) unseen(room room) time.Duration {
	if r.Selector == nil {
		return 0
	}
	return pollInterval(room)
}
