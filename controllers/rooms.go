// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"cmp"
	"context"
	"errors"

	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/sessions"
)

// room is a Room or a ClusterRoom, seen without the difference between the two.
type room struct {
	key        sessions.RoomKey
	object     client.Object
	connection roomv1alpha1.RoomConnection
	apiKey     *roomv1alpha1.NamespacedSecretKeyRef
	token      *roomv1alpha1.NamespacedSecretKeyRef
	tls        roomv1alpha1.ClusterRoomTLS
	status     *roomv1alpha1.RoomStatus
}

// roomFrom returns the room in an object, and false when the object is neither a Room nor a ClusterRoom.
func roomFrom(object client.Object) (room, bool) {
	switch o := object.(type) {
	case *roomv1alpha1.Room:
		return roomFromRoom(o), true
	case *roomv1alpha1.ClusterRoom:
		return roomFromClusterRoom(o), true
	}
	return room{}, false
}

func roomFromRoom(o *roomv1alpha1.Room) room {
	local := func(ref *roomv1alpha1.SecretKeyRef) *roomv1alpha1.NamespacedSecretKeyRef {
		if ref == nil {
			return nil
		}
		return &roomv1alpha1.NamespacedSecretKeyRef{Namespace: o.Namespace, SecretKeyRef: *ref}
	}
	r := room{
		key:        sessions.RoomKey{Kind: roomv1alpha1.KindRoom, Namespace: o.Namespace, Name: o.Name},
		object:     o,
		connection: o.Spec.RoomConnection,
		apiKey:     local(o.Spec.Auth.APIKeySecretRef),
		token:      local(o.Spec.Auth.TokenSecretRef),
		status:     &o.Status,
	}
	if o.Spec.TLS != nil {
		r.tls = o.Spec.TLS.In(o.Namespace)
	}
	return r
}

func roomFromClusterRoom(o *roomv1alpha1.ClusterRoom) room {
	r := room{
		key:        sessions.RoomKey{Kind: roomv1alpha1.KindClusterRoom, Name: o.Name},
		object:     o,
		connection: o.Spec.RoomConnection,
		apiKey:     o.Spec.Auth.APIKeySecretRef,
		token:      o.Spec.Auth.TokenSecretRef,
		status:     &o.Status,
	}
	if o.Spec.TLS != nil {
		r.tls = *o.Spec.TLS
	}
	return r
}

// roomName returns the name of the room at its endpoint.
func (r room) roomName() string { return cmp.Or(r.connection.RoomName, r.key.Name) }

// secrets names the Secrets that say how the room is reached, as namespace/name.
func (r room) secrets() []string {
	var names []string
	for _, ref := range []*roomv1alpha1.NamespacedSecretKeyRef{r.apiKey, r.token, r.tls.CASecretRef} {
		if ref != nil {
			names = append(names, ref.Namespace+"/"+ref.Name)
		}
	}
	if ref := r.tls.ClientCertSecretRef; ref != nil {
		names = append(names, ref.Namespace+"/"+ref.Name)
	}
	return names
}

// configMaps names the ConfigMaps that say how the room is reached, as namespace/name.
func (r room) configMaps() []string {
	if ref := r.tls.CAConfigMapRef; ref != nil {
		return []string{ref.Namespace + "/" + ref.Name}
	}
	return nil
}

// address returns what tells one room from another, however it is reached.
func (r room) address() string {
	return sessions.NormalizeEndpoint(r.connection.Endpoint) + "/rooms/" + r.roomName()
}

// errNotServed says that the operator does not work with rooms of this kind.
var errNotServed = errors.New("the operator does not serve ClusterRooms")

// ownIdentity returns the operator's own identity in the room: as its connection says, which the cache may not know yet, and without
// one as the status says; empty when it is not known.
func (r room) ownIdentity(rooms *sessions.Pool) string {
	return cmp.Or(rooms.Identity(r.key), r.status.Identity)
}

// getter reads objects, from the cache.
type getter interface {
	Get(ctx context.Context, key client.ObjectKey, object client.Object, opts ...client.GetOption) error
}

// getRoom reads the room that a key names from the cache.
func getRoom(ctx context.Context, reader getter, key sessions.RoomKey) (room, error) {
	var object client.Object = &roomv1alpha1.Room{}
	if key.Kind == roomv1alpha1.KindClusterRoom {
		object = &roomv1alpha1.ClusterRoom{}
	}
	err := reader.Get(ctx, client.ObjectKey{Namespace: key.Namespace, Name: key.Name}, object)
	if _, uncached := errors.AsType[*cache.ErrResourceNotCached](err); uncached {
		return room{}, errNotServed
	}
	if err != nil {
		return room{}, err
	}
	r, _ := roomFrom(object)
	return r, nil
}

// roomKeyOf names the room that a RoomSecret refers to.
func roomKeyOf(rs *roomv1alpha1.RoomSecret) sessions.RoomKey {
	key := sessions.RoomKey{Kind: rs.Spec.RoomRef.KindOrDefault(), Name: rs.Spec.RoomRef.Name}
	if key.Kind == roomv1alpha1.KindRoom {
		key.Namespace = rs.Namespace
	}
	return key
}
