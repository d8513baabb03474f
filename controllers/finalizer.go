// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"

	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
)

// Finalizer is on a RoomSecret while deleting it has something to undo, and on a room while such RoomSecrets use it.
const Finalizer = roomv1alpha1.Group + "/finalizer"

// patchFinalizer adds or removes the finalizer of an object that has it otherwise. It is a patch, since an update would write
// the spec as we spell it ("1m0s" for "1m"), and so take it from whoever applies it.
func patchFinalizer(ctx context.Context, c client.Client, object client.Object, held bool) error {
	before, ok := object.DeepCopyObject().(client.Object)
	if !ok {
		return fmt.Errorf("%T cannot be copied", object)
	}
	if held {
		controllerutil.AddFinalizer(object, Finalizer)
	} else {
		controllerutil.RemoveFinalizer(object, Finalizer)
	}
	return c.Patch(ctx, object, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{}))
}

// setFinalizer adds or removes the finalizer. Adding it comes before the first write that it stands for.
func (r *RoomSecretReconciler) setFinalizer(ctx context.Context, s *scope, held bool) error {
	if held == controllerutil.ContainsFinalizer(s.rs, Finalizer) {
		return nil
	}
	status := s.rs.Status
	if err := patchFinalizer(ctx, r.Client, s.rs, held); err != nil {
		return client.IgnoreNotFound(err)
	}
	// The answer has the status of the API server: what is being worked on goes on from here.
	s.base = s.rs.DeepCopy()
	s.rs.Status = status
	return nil
}
