// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/fault"
)

// verdict is what the conditions of an object say together.
type verdict struct {
	ready       metav1.ConditionStatus
	reason      roomv1alpha1.Reason
	message     string
	reconciling bool
	stalled     bool
	drifted     string
}

// verdictOf says what a fault means for the conditions.
func verdictOf(f *fault.Fault) verdict {
	v := verdict{ready: metav1.ConditionFalse, reason: f.Reason, message: f.Message}
	switch f.Kind {
	case fault.Terminal:
		v.stalled = true
	case fault.Transient:
		// What is true now is not known: it may still be as it was.
		v.ready, v.reconciling = metav1.ConditionUnknown, true
	case fault.Waiting:
	}
	if f.Reason == roomv1alpha1.ReasonRoomNotReady || f.Reason == roomv1alpha1.ReasonProgressing {
		v.ready = metav1.ConditionUnknown
	}
	return v
}

// setConditions makes the conditions say what the verdict says. Ready is always there; the others only while true.
func (v verdict) setConditions(conditions *[]metav1.Condition, generation int64) {
	meta.SetStatusCondition(conditions, metav1.Condition{
		Type: string(roomv1alpha1.ConditionReady), Status: v.ready, Reason: string(v.reason),
		Message: v.message, ObservedGeneration: generation,
	})
	v.setAbnormal(conditions, generation, roomv1alpha1.ConditionReconciling, v.reconciling, v.message)
	v.setAbnormal(conditions, generation, roomv1alpha1.ConditionStalled, v.stalled, v.message)
	v.setAbnormal(conditions, generation, roomv1alpha1.ConditionDrifted, v.drifted != "", v.drifted)
}

func (v verdict) setAbnormal(conditions *[]metav1.Condition, generation int64, kind roomv1alpha1.ConditionType, present bool, message string) {
	if !present {
		meta.RemoveStatusCondition(conditions, string(kind))
		return
	}
	reason := v.reason
	if kind == roomv1alpha1.ConditionDrifted {
		reason = roomv1alpha1.ReasonDrifted
	}
	meta.SetStatusCondition(conditions, metav1.Condition{
		Type: string(kind), Status: metav1.ConditionTrue, Reason: string(reason),
		Message: message, ObservedGeneration: generation,
	})
}

// patchStatus writes the status of an object if it differs from base, the object as it was read. It fails with a
// conflict when somebody has changed the object since: what is in the ledger is never written over from old knowledge.
// The object gets the new resource version.
func patchStatus[T client.Object](ctx context.Context, c client.Client, base, object T) error {
	if equality.Semantic.DeepEqual(base, object) {
		return nil
	}
	return c.Status().Patch(ctx, object, client.MergeFromWithOptions(base, client.MergeFromWithOptimisticLock{}))
}
