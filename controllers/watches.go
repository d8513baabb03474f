// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/source"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/errands"
	"github.com/roomsecrets/roomsecret-operator/internal/sessions"
)

// finder finds the objects that a change concerns, through the indexes of the cache.
type finder struct {
	reader client.Reader
}

// roomSecrets returns the requests of the RoomSecrets with a value in an index. Of what is in the cache it reads the names, so
// it needs no copy: a room can have thousands.
func (f finder) roomSecrets(ctx context.Context, index, value string) []ctrl.Request {
	var list roomv1alpha1.RoomSecretList
	if err := f.reader.List(ctx, &list, client.MatchingFields{index: value}, client.UnsafeDisableDeepCopy); err != nil {
		ctrl.LoggerFrom(ctx).Error(err, "find the RoomSecrets that a change concerns", "index", index)
		return nil
	}
	requests := make([]ctrl.Request, 0, len(list.Items))
	for i := range list.Items {
		requests = append(requests, ctrl.Request{NamespacedName: client.ObjectKeyFromObject(&list.Items[i])})
	}
	return requests
}

// ofSecret maps a Secret to the RoomSecrets that read or write it.
func (f finder) ofSecret(ctx context.Context, secret client.Object) []ctrl.Request {
	return f.roomSecrets(ctx, indexSecret, secret.GetNamespace()+"/"+secret.GetName())
}

// secrets tells the RoomSecrets that read or write a Secret. One that changed comes before what is only looked at again.
func (f finder) secrets() handler.EventHandler {
	all := handler.EnqueueRequestsFromMapFunc(f.ofSecret)
	return handler.Funcs{
		CreateFunc: all.Create, DeleteFunc: all.Delete, GenericFunc: all.Generic,
		UpdateFunc: func(ctx context.Context, e event.UpdateEvent, queue workqueue.TypedRateLimitingInterface[ctrl.Request]) {
			for _, request := range f.ofSecret(ctx, e.ObjectNew) {
				addFirst(queue, request)
			}
		},
	}
}

// priorityOfChange is the priority of what has changed on one of the two sides: whoever waits for it should not have to wait for a
// sync of everything, which has the priority 0, or for what a restart looks at, which has less.
const priorityOfChange = 100

// addFirst adds a request before those that are there for no change.
func addFirst(queue workqueue.TypedRateLimitingInterface[ctrl.Request], request ctrl.Request) {
	if q, ok := queue.(priorityqueue.PriorityQueue[ctrl.Request]); ok {
		q.AddWithOpts(priorityqueue.AddOpts{Priority: new(priorityOfChange)}, request)
		return
	}
	queue.Add(request)
}

// ofRoom maps a Room or ClusterRoom to its RoomSecrets.
func (f finder) ofRoom(ctx context.Context, object client.Object) []ctrl.Request {
	room, ok := roomFrom(object)
	if !ok {
		return nil
	}
	return f.roomSecrets(ctx, indexRoom, room.key.String())
}

// ofRooms tells the RoomSecrets of a Room or ClusterRoom of its changes. Once it is gone it tells those of others that are the same
// room too: they may wait for what its RoomSecrets have.
func (f finder) ofRooms() handler.EventHandler {
	own := handler.EnqueueRequestsFromMapFunc(f.ofRoom)
	same := handler.EnqueueRequestsFromMapFunc(f.ofNamesakes)
	return handler.Funcs{
		CreateFunc: own.Create, UpdateFunc: own.Update, GenericFunc: own.Generic,
		DeleteFunc: func(ctx context.Context, e event.DeleteEvent, queue workqueue.TypedRateLimitingInterface[ctrl.Request]) {
			own.Delete(ctx, e, queue)
			same.Delete(ctx, e, queue)
		},
	}
}

// ofNamesakes maps a Room or ClusterRoom to the RoomSecrets of others that are the same room.
func (f finder) ofNamesakes(ctx context.Context, object client.Object) []ctrl.Request {
	room, ok := roomFrom(object)
	if !ok {
		return nil
	}
	same, err := namesakes(ctx, f.reader, room)
	if err != nil {
		ctrl.LoggerFrom(ctx).Error(err, "find the RoomSecrets that a change concerns", "index", indexAddress)
		return nil
	}
	var requests []ctrl.Request
	for _, other := range same {
		requests = append(requests, f.roomSecrets(ctx, indexRoom, other.key.String())...)
	}
	return requests
}

// ofNamespace maps a namespace, whose labels access rules may select, to its RoomSecrets that use a ClusterRoom.
func (f finder) ofNamespace(ctx context.Context, namespace client.Object) []ctrl.Request {
	var list roomv1alpha1.RoomSecretList
	if err := f.reader.List(ctx, &list, client.InNamespace(namespace.GetName())); err != nil {
		ctrl.LoggerFrom(ctx).Error(err, "find the RoomSecrets that a change concerns", "index", "namespace")
		return nil
	}
	var requests []ctrl.Request
	for i := range list.Items {
		if list.Items[i].Spec.RoomRef.KindOrDefault() == roomv1alpha1.KindClusterRoom {
			requests = append(requests, ctrl.Request{NamespacedName: client.ObjectKeyFromObject(&list.Items[i])})
		}
	}
	return requests
}

// rivals tells the RoomSecrets that may want what another one has just let go of.
func (f finder) rivals() handler.EventHandler {
	wake := func(ctx context.Context, rs *roomv1alpha1.RoomSecret, gone map[claim]bool, queue workqueue.TypedRateLimitingInterface[ctrl.Request]) {
		for at := range places(gone) {
			for _, request := range f.roomSecrets(ctx, at.index, at.value) {
				if request.NamespacedName != client.ObjectKeyFromObject(rs) {
					queue.Add(request)
				}
			}
		}
	}
	return handler.Funcs{
		DeleteFunc: func(ctx context.Context, e event.DeleteEvent, queue workqueue.TypedRateLimitingInterface[ctrl.Request]) {
			if rs, ok := e.Object.(*roomv1alpha1.RoomSecret); ok {
				wake(ctx, rs, claimsOf(rs), queue)
			}
		},
		UpdateFunc: func(ctx context.Context, e event.UpdateEvent, queue workqueue.TypedRateLimitingInterface[ctrl.Request]) {
			before, ok := e.ObjectOld.(*roomv1alpha1.RoomSecret)
			after, ok2 := e.ObjectNew.(*roomv1alpha1.RoomSecret)
			if ok && ok2 {
				gone := claimsOf(before)
				for claim := range claimsOf(after) {
					delete(gone, claim)
				}
				wake(ctx, after, gone, queue)
			}
		},
	}
}

// fellows tells the RoomSecrets that answer others in the same room when the rules of one of them come, change or go: which
// rules say nothing more than those of an older one depends on it.
func (f finder) fellows() handler.EventHandler {
	wake := func(ctx context.Context, object client.Object, queue workqueue.TypedRateLimitingInterface[ctrl.Request]) {
		rs, ok := object.(*roomv1alpha1.RoomSecret)
		if !ok || rs.Spec.Provide == nil {
			return
		}
		for _, request := range f.roomSecrets(ctx, indexProvider, roomKeyOf(rs).String()) {
			if request.NamespacedName != client.ObjectKeyFromObject(rs) {
				queue.Add(request)
			}
		}
	}
	return handler.Funcs{
		CreateFunc: func(ctx context.Context, e event.CreateEvent, queue workqueue.TypedRateLimitingInterface[ctrl.Request]) {
			wake(ctx, e.Object, queue)
		},
		DeleteFunc: func(ctx context.Context, e event.DeleteEvent, queue workqueue.TypedRateLimitingInterface[ctrl.Request]) {
			wake(ctx, e.Object, queue)
		},
		UpdateFunc: func(ctx context.Context, e event.UpdateEvent, queue workqueue.TypedRateLimitingInterface[ctrl.Request]) {
			if e.ObjectOld.GetGeneration() != e.ObjectNew.GetGeneration() {
				wake(ctx, e.ObjectNew, queue)
			}
		},
	}
}

// roomsBy maps a Secret or a ConfigMap to the rooms of a kind that an index finds by its name.
func (f finder) roomsBy(index string, list client.ObjectList) handler.MapFunc {
	return func(ctx context.Context, object client.Object) []ctrl.Request {
		return f.rooms(ctx, list, index, object.GetNamespace()+"/"+object.GetName())
	}
}

// rooms returns the requests of the rooms with a value in an index, of the kind that a list is of.
func (f finder) rooms(ctx context.Context, list client.ObjectList, index, value string) []ctrl.Request {
	found, ok := list.DeepCopyObject().(client.ObjectList)
	if !ok {
		return nil
	}
	if err := f.reader.List(ctx, found, client.MatchingFields{index: value}); err != nil {
		ctrl.LoggerFrom(ctx).Error(err, "find the rooms that a change concerns")
		return nil
	}
	var requests []ctrl.Request
	add := func(object client.Object) {
		requests = append(requests, ctrl.Request{NamespacedName: client.ObjectKeyFromObject(object)})
	}
	switch rooms := found.(type) {
	case *roomv1alpha1.RoomList:
		for i := range rooms.Items {
			add(&rooms.Items[i])
		}
	case *roomv1alpha1.ClusterRoomList:
		for i := range rooms.Items {
			add(&rooms.Items[i])
		}
	}
	return requests
}

// roomOfRoomSecret maps a RoomSecret to its room, when the room is of a kind.
func roomOfRoomSecret(kind roomv1alpha1.RoomKind) handler.MapFunc {
	return func(_ context.Context, object client.Object) []ctrl.Request {
		rs, ok := object.(*roomv1alpha1.RoomSecret)
		if !ok || rs.Spec.RoomRef.KindOrDefault() != kind {
			return nil
		}
		key := roomKeyOf(rs)
		return []ctrl.Request{{NamespacedName: types.NamespacedName{Namespace: key.Namespace, Name: key.Name}}}
	}
}

// finalizerChanges passes the events of objects that got or lost the finalizer, or are gone.
func finalizerChanges() predicate.Predicate {
	return predicate.Funcs{
		CreateFunc: func(e event.CreateEvent) bool { return controllerutil.ContainsFinalizer(e.Object, Finalizer) },
		UpdateFunc: func(e event.UpdateEvent) bool {
			return controllerutil.ContainsFinalizer(e.ObjectOld, Finalizer) != controllerutil.ContainsFinalizer(e.ObjectNew, Finalizer)
		},
		DeleteFunc: func(event.DeleteEvent) bool { return true },
	}
}

// syncRequests passes the updates with which somebody asks for a sync, or confirms one.
func syncRequests() predicate.Predicate {
	return predicate.Funcs{
		CreateFunc:  func(event.CreateEvent) bool { return false },
		DeleteFunc:  func(event.DeleteEvent) bool { return false },
		GenericFunc: func(event.GenericEvent) bool { return false },
		UpdateFunc: func(e event.UpdateEvent) bool {
			return requestedAt(e.ObjectOld) != requestedAt(e.ObjectNew) || confirmed(e.ObjectOld) != confirmed(e.ObjectNew)
		},
	}
}

// decisions passes the updates with which somebody approves or denies a request, or withdraws that.
func decisions() predicate.Predicate {
	return predicate.Funcs{
		CreateFunc:  func(event.CreateEvent) bool { return false },
		DeleteFunc:  func(event.DeleteEvent) bool { return false },
		GenericFunc: func(event.GenericEvent) bool { return false },
		UpdateFunc:  func(e event.UpdateEvent) bool { return unsettled(e.ObjectOld) < unsettled(e.ObjectNew) },
	}
}

// unsettled counts the decisions, and withdrawals of them, that were not taken into account yet.
func unsettled(object client.Object) int {
	rs, ok := object.(*roomv1alpha1.RoomSecret)
	if !ok {
		return 0
	}
	count := 0
	for _, request := range rs.Status.Pending {
		if _, decided := decisionOf(request); decided != (request.DecidedTime != nil) {
			count++
		}
	}
	return count
}

func requestedAt(object client.Object) string {
	return object.GetAnnotations()[roomv1alpha1.AnnotationRequestedAt]
}

// confirmed returns what somebody has confirmed to have deleted.
func confirmed(object client.Object) string {
	return object.GetAnnotations()[roomv1alpha1.AnnotationConfirmPrune]
}

// roomEvents brings the connections' events to a queue of rooms of a kind.
func roomEvents(pool *sessions.Pool, kind roomv1alpha1.RoomKind) source.Source {
	return source.Func(func(_ context.Context, queue workqueue.TypedRateLimitingInterface[ctrl.Request]) error {
		pool.Subscribe(func(e sessions.Event) {
			if e.Room.Kind == kind {
				queue.Add(ctrl.Request{NamespacedName: types.NamespacedName{Namespace: e.Room.Namespace, Name: e.Room.Name}})
			}
		})
		return nil
	})
}

// roomSecretEvents brings the connections' events, and what the polls found, to a queue of RoomSecrets.
func (f finder) roomSecretEvents(pool *sessions.Pool) source.Source {
	return source.Func(func(ctx context.Context, queue workqueue.TypedRateLimitingInterface[ctrl.Request]) error {
		pool.Subscribe(func(e sessions.Event) {
			if e.Owner.Name != "" {
				addFirst(queue, ctrl.Request{NamespacedName: e.Owner})
			}
			if e.Room.Name == "" {
				return
			}
			if e.Quiet {
				return
			}
			for _, request := range f.roomSecrets(ctx, indexRoom, e.Room.String()) {
				queue.Add(request)
			}
		})
		return nil
	})
}

// errandEvents brings the news of errands to a queue of RoomSecrets.
func errandEvents(all *errands.Errands) source.Source {
	return source.Func(func(_ context.Context, queue workqueue.TypedRateLimitingInterface[ctrl.Request]) error {
		all.Subscribe(func(owner types.NamespacedName) { queue.Add(ctrl.Request{NamespacedName: owner}) })
		return nil
	})
}

// stir tells the errands of a room what has happened there.
func stir(all *errands.Errands, e sessions.Event) {
	for _, room := range []sessions.RoomKey{e.Room, e.Attendance} {
		if room.Name != "" {
			all.Stir(room.String())
		}
	}
}

// secretMetadata, configMapMetadata and namespaceMetadata are what is watched of Secrets, ConfigMaps and Namespaces: never
// their contents.
func secretMetadata() *metav1.PartialObjectMetadata {
	return metadataOf("Secret")
}

func configMapMetadata() *metav1.PartialObjectMetadata {
	return metadataOf("ConfigMap")
}

func namespaceMetadata() *metav1.PartialObjectMetadata {
	return metadataOf("Namespace")
}

func metadataOf(kind string) *metav1.PartialObjectMetadata {
	var object metav1.PartialObjectMetadata
	object.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind(kind))
	return &object
}
