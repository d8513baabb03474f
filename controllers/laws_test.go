// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"fmt"
	"slices"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"github.com/onsi/gomega"
	"go.uber.org/zap/zapcore"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
)

// quiet is the level of the log in tests: only what should never happen.
func quiet() zapcore.Level { return zapcore.DPanicLevel }

// checkStatusLaws checks the laws that every status obeys, on all objects in the namespaces of the world that a
// controller has seen in their present generation.
func (w *world) checkStatusLaws() {
	w.t.Helper()
	for _, namespace := range w.namespaces {
		var rooms roomv1alpha1.RoomList
		var roomSecrets roomv1alpha1.RoomSecretList
		w.Expect(w.kube.List(w.ctx, &rooms, client.InNamespace(namespace))).To(gomega.Succeed())
		w.Expect(w.kube.List(w.ctx, &roomSecrets, client.InNamespace(namespace))).To(gomega.Succeed())
		for i := range rooms.Items {
			w.obeys(&rooms.Items[i], rooms.Items[i].Status.ObservedGeneration)
		}
		for i := range roomSecrets.Items {
			w.obeys(&roomSecrets.Items[i], roomSecrets.Items[i].Status.ObservedGeneration)
		}
	}
}

func (w *world) obeys(object client.Object, observed int64) {
	w.t.Helper()
	if observed != object.GetGeneration() {
		return
	}
	for _, broken := range brokenLaws(conditionsOf(object), observed) {
		w.t.Errorf("the status of %T %s breaks a law: %s", object, object.GetName(), broken)
	}
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	w.Expect(err).NotTo(gomega.HaveOccurred())
	result, err := status.Compute(&unstructured.Unstructured{Object: content})
	w.Expect(err).NotTo(gomega.HaveOccurred())
	if want := expectedKstatus(object); result.Status != want {
		w.t.Errorf("kstatus reads %T %s as %s, not %s: %s", object, object.GetName(), result.Status, want, result.Message)
	}
}

// expectedKstatus is how tools should read an object, given its conditions.
func expectedKstatus(object client.Object) status.Status {
	conditions := conditionsOf(object)
	switch {
	case !object.GetDeletionTimestamp().IsZero():
		return status.TerminatingStatus
	case meta.IsStatusConditionTrue(conditions, string(roomv1alpha1.ConditionStalled)):
		return status.FailedStatus
	case meta.IsStatusConditionTrue(conditions, string(roomv1alpha1.ConditionReady)):
		return status.CurrentStatus
	}
	return status.InProgressStatus
}

// brokenLaws returns the laws that conditions break.
func brokenLaws(conditions []metav1.Condition, observed int64) []string {
	var broken []string
	say := func(format string, args ...any) { broken = append(broken, fmt.Sprintf(format, args...)) }
	find := func(kind roomv1alpha1.ConditionType) *metav1.Condition {
		return meta.FindStatusCondition(conditions, string(kind))
	}

	ready := find(roomv1alpha1.ConditionReady)
	if ready == nil {
		return []string{"Ready is missing"}
	}
	for _, abnormal := range []roomv1alpha1.ConditionType{roomv1alpha1.ConditionReconciling, roomv1alpha1.ConditionStalled, roomv1alpha1.ConditionDrifted} {
		c := find(abnormal)
		if c == nil {
			continue
		}
		if c.Status != metav1.ConditionTrue {
			say("%s is there and not True", abnormal)
		}
		if ready.Status == metav1.ConditionTrue {
			say("%s is True together with Ready", abnormal)
		}
	}
	if find(roomv1alpha1.ConditionReconciling) != nil && find(roomv1alpha1.ConditionStalled) != nil {
		say("Reconciling and Stalled are True together")
	}
	for _, c := range conditions {
		if c.ObservedGeneration != observed {
			say("%s is of generation %d, the status of %d", c.Type, c.ObservedGeneration, observed)
		}
		if !slices.Contains(roomv1alpha1.Reasons(), roomv1alpha1.Reason(c.Reason)) {
			say("%s has the reason %q, which is not in the closed set", c.Type, c.Reason)
		}
		if c.Message == "" || len(c.Message) > 1024 {
			say("%s has a message of %d bytes", c.Type, len(c.Message))
		}
	}
	good := []roomv1alpha1.Reason{roomv1alpha1.ReasonInSync, roomv1alpha1.ReasonConnected}
	if isGood := slices.Contains(good, roomv1alpha1.Reason(ready.Reason)); isGood != (ready.Status == metav1.ConditionTrue) {
		say("Ready is %s with the reason %s", ready.Status, ready.Reason)
	}
	return broken
}
