// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"slices"

	"sigs.k8s.io/controller-runtime/pkg/client"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
)

// Names of the cache indexes. Each answers one question without a scan, so that a change costs as much as what it touches.
const (
	// indexRoom finds the RoomSecrets of a room.
	indexRoom = "room"
	// indexProvider finds the RoomSecrets that answer others in a room.
	indexProvider = "provider"
	// indexSecret finds the RoomSecrets whose source or target is a Secret, or that get a client secret from it.
	indexSecret = "secret"
	// indexRow finds the RoomSecrets that push, or have pushed, a room secret with an id.
	indexRow = "row"
	// indexTarget finds the RoomSecrets that write a Secret.
	indexTarget = "target"
	// indexCredential finds the Rooms and ClusterRooms whose auth or tls names a Secret.
	indexCredential = "credential"
	// indexAddress finds the Rooms and ClusterRooms that are one room.
	indexAddress = "address"
	// indexAuthority finds the Rooms and ClusterRooms whose tls names a ConfigMap.
	indexAuthority = "authority"
)

type index struct {
	object client.Object
	name   string
	values client.IndexerFunc
}

// addIndexes adds all indexes to the cache.
func addIndexes(ctx context.Context, indexer client.FieldIndexer, withoutClusterRooms bool) error {
	indexes := []index{
		{&roomv1alpha1.RoomSecret{}, indexRoom, onRoomSecret(func(rs *roomv1alpha1.RoomSecret) []string { return []string{roomKeyOf(rs).String()} })},
		{&roomv1alpha1.RoomSecret{}, indexProvider, onRoomSecret(providesIn)},
		{&roomv1alpha1.RoomSecret{}, indexSecret, onRoomSecret(secretsOf)},
		{&roomv1alpha1.RoomSecret{}, indexRow, onRoomSecret(rowsOf)},
		{&roomv1alpha1.RoomSecret{}, indexTarget, onRoomSecret(targetOf)},
		{&roomv1alpha1.Room{}, indexCredential, onRoom(room.secrets)},
		{&roomv1alpha1.Room{}, indexAuthority, onRoom(room.configMaps)},
		{&roomv1alpha1.Room{}, indexAddress, onRoom(addressOf)},
	}
	if !withoutClusterRooms {
		indexes = append(
			indexes,
			index{&roomv1alpha1.ClusterRoom{}, indexCredential, onRoom(room.secrets)},
			index{&roomv1alpha1.ClusterRoom{}, indexAuthority, onRoom(room.configMaps)},
			index{&roomv1alpha1.ClusterRoom{}, indexAddress, onRoom(addressOf)},
		)
	}
	for _, index := range indexes {
		if err := indexer.IndexField(ctx, index.object, index.name, index.values); err != nil {
			return fmt.Errorf("index %s by %s: %w", index.object.GetObjectKind().GroupVersionKind().Kind, index.name, err)
		}
	}
	return nil
}

func onRoomSecret(values func(*roomv1alpha1.RoomSecret) []string) client.IndexerFunc {
	return func(object client.Object) []string {
		rs, ok := object.(*roomv1alpha1.RoomSecret)
		if !ok {
			return nil
		}
		return values(rs)
	}
}

func secretsOf(rs *roomv1alpha1.RoomSecret) []string {
	switch rs.Direction() {
	case roomv1alpha1.DirectionPush:
		return []string{rs.Namespace + "/" + rs.Spec.Push.SecretRef.Name}
	case roomv1alpha1.DirectionProvide:
		return providedOf(rs)
	case roomv1alpha1.DirectionPull:
	}
	names := targetOf(rs)
	if rs.Spec.Pull != nil {
		for _, entry := range rs.Spec.Pull.Entries {
			if entry.OAuth != nil && entry.OAuth.ClientSecretRef != nil {
				names = append(names, rs.Namespace+"/"+entry.OAuth.ClientSecretRef.Name)
			}
		}
	}
	return names
}

// providedOf returns the Secrets that a RoomSecret gives to whoever asks.
func providedOf(rs *roomv1alpha1.RoomSecret) []string {
	names := make([]string, 0, len(rs.Spec.Provide.Secrets))
	for _, rule := range rs.Spec.Provide.Secrets {
		names = append(names, rs.Namespace+"/"+rule.SecretKeyRef.Name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// providesIn returns the room in which a RoomSecret answers others.
func providesIn(rs *roomv1alpha1.RoomSecret) []string {
	if rs.Spec.Provide == nil {
		return nil
	}
	return []string{roomKeyOf(rs).String()}
}

func targetOf(rs *roomv1alpha1.RoomSecret) []string {
	if rs.Spec.Pull == nil {
		return nil
	}
	return []string{rs.Namespace + "/" + rs.TargetName()}
}

// rowsOf returns the ids that a push asks for or has in its ledger.
func rowsOf(rs *roomv1alpha1.RoomSecret) []string {
	if rs.Spec.Push == nil {
		return nil
	}
	ids := map[string]bool{}
	for _, entry := range rs.Spec.Push.Entries {
		ids[entry.IDOrDefault()] = true
	}
	for _, entry := range rs.Status.Entries {
		if entry.Origin != "" {
			ids[entry.ID] = true
		}
	}
	values := make([]string, 0, len(ids))
	for id := range ids {
		values = append(values, id)
	}
	return values
}

func addressOf(r room) []string { return []string{r.address()} }

func onRoom(values func(room) []string) client.IndexerFunc {
	return func(object client.Object) []string {
		room, ok := roomFrom(object)
		if !ok {
			return nil
		}
		return values(room)
	}
}
