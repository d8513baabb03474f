// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/plan"
	"github.com/roomsecrets/roomsecret-operator/internal/sessions"
)

// providersIn returns the providers of a room, when the operator's own identity there is own. Who is suspended or being
// deleted provides nothing.
func providersIn(ctx context.Context, reader client.Reader, room room, own string) ([]*plan.Provider, error) {
	var list roomv1alpha1.RoomSecretList
	// Nothing of the objects is changed, and there is a question for each of thousands.
	err := reader.List(ctx, &list, client.MatchingFields{indexProvider: room.key.String()}, client.UnsafeDisableDeepCopy)
	if err != nil {
		return nil, fmt.Errorf("list the RoomSecrets that provide in the room: %w", err)
	}
	allowed := map[string]plan.Access{}
	var providers []*plan.Provider
	for i := range list.Items {
		rs := &list.Items[i]
		if rs.Spec.Provide == nil || rs.Spec.Suspend || !rs.DeletionTimestamp.IsZero() {
			continue
		}
		access, known := allowed[rs.Namespace]
		if !known {
			if access, err = accessTo(ctx, reader, room, rs.Namespace, own); err != nil {
				return nil, err
			}
			allowed[rs.Namespace] = access
		}
		providers = append(providers, providerOf(rs, access))
	}
	return providers, nil
}

func providerOf(rs *roomv1alpha1.RoomSecret, access plan.Access) *plan.Provider {
	return &plan.Provider{
		Namespace: rs.Namespace, Name: rs.Name, UID: string(rs.UID), Created: rs.CreationTimestamp.Time,
		Access: access, Spec: rs.Spec.Provide,
	}
}

// providers returns the providers of the room that a key names.
func (a *Answers) providers(ctx context.Context, key sessions.RoomKey) ([]*plan.Provider, error) {
	room, err := getRoom(ctx, a.client, key)
	if apierrors.IsNotFound(err) || errors.Is(err, errNotServed) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the room: %w", err)
	}
	if !room.object.GetDeletionTimestamp().IsZero() {
		return nil, nil
	}
	return providersIn(ctx, a.client, room, a.rooms.Identity(key))
}
