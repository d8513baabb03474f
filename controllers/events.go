// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/recorder"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
)

// Actions of events: what the controller was doing.
const (
	actionConnect = "Connect"
	actionSync    = "Sync"
	actionDelete  = "Delete"
	actionAnswer  = "Answer"
)

// announceTransition emits an event when Ready has another status or reason than before. The reason of the event is the
// reason of the condition.
func announceTransition(events recorder.EventRecorder, object client.Object, action string, before, after []metav1.Condition) {
	was := meta.FindStatusCondition(before, string(roomv1alpha1.ConditionReady))
	is := meta.FindStatusCondition(after, string(roomv1alpha1.ConditionReady))
	if is == nil || (was != nil && was.Status == is.Status && was.Reason == is.Reason) {
		return
	}
	kind := corev1.EventTypeWarning
	if is.Status == metav1.ConditionTrue || is.Reason == string(roomv1alpha1.ReasonConnecting) || is.Reason == string(roomv1alpha1.ReasonProgressing) {
		kind = corev1.EventTypeNormal
	}
	events.Eventf(object, nil, kind, is.Reason, action, "%s", is.Message)
}
