// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

// Package laws has the laws that the status of each Room, ClusterRoom and RoomSecret obeys, whatever has happened to it.
// Tests of the operator check them on all that they leave behind; nothing else uses this package.
package laws

import (
	"context"
	"fmt"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
)

// CheckAll returns what is wrong with the objects of namespaces, one sentence for each broken law. Without namespaces it
// checks those of the whole cluster, ClusterRooms included.
func CheckAll(ctx context.Context, reader client.Reader, namespaces ...string) ([]string, error) {
	if len(namespaces) == 0 {
		return check(ctx, reader, metav1.NamespaceAll, &roomv1alpha1.ClusterRoomList{}, &roomv1alpha1.RoomList{}, &roomv1alpha1.RoomSecretList{})
	}
	var broken []string
	for _, namespace := range namespaces {
		found, err := check(ctx, reader, namespace, &roomv1alpha1.RoomList{}, &roomv1alpha1.RoomSecretList{})
		if err != nil {
			return nil, err
		}
		broken = append(broken, found...)
	}
	return broken, nil
}

func check(ctx context.Context, reader client.Reader, namespace string, lists ...client.ObjectList) ([]string, error) {
	var broken []string
	for _, list := range lists {
		if err := reader.List(ctx, list, client.InNamespace(namespace)); err != nil {
			return nil, err
		}
		err := meta.EachListItem(list, func(item runtime.Object) error {
			object, ok := item.(client.Object)
			if !ok {
				return fmt.Errorf("%T is no object", item)
			}
			found, err := Check(object)
			for _, law := range found {
				broken = append(broken, fmt.Sprintf("%T %s/%s: %s", object, object.GetNamespace(), object.GetName(), law))
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return broken, nil
}

// Check returns what is wrong with the status of a Room, ClusterRoom or RoomSecret. Of an object whose present generation no
// controller has seen yet only that much can be said that its status is not ahead of it.
func Check(object client.Object) ([]string, error) {
	var b book
	observed := observedGeneration(object)
	switch {
	case observed > object.GetGeneration():
		b.broken("observedGeneration is %d, and the generation %d", observed, object.GetGeneration())
	case observed == object.GetGeneration():
		b.checkConditions(object, observed)
		if rs, ok := object.(*roomv1alpha1.RoomSecret); ok {
			b.checkEntries(rs)
			b.checkAnswers(rs)
			b.checkPending(rs)
		}
		return b.laws, b.checkKstatus(object)
	}
	return b.laws, nil
}

// book collects broken laws.
type book struct {
	laws []string
}

func (b *book) broken(format string, args ...any) {
	b.laws = append(b.laws, fmt.Sprintf(format, args...))
}

// checkKstatus compares what kubectl wait, Flux and Argo CD make of an object with what its conditions mean.
func (b *book) checkKstatus(object client.Object) error {
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	if err != nil {
		return err
	}
	read, err := status.Compute(&unstructured.Unstructured{Object: content})
	if err != nil {
		return err
	}
	if want := kstatusOf(object); read.Status != want {
		b.broken("kstatus reads it as %s and not as %s: %s", read.Status, want, read.Message)
	}
	return nil
}

// kstatusOf is how tools should read an object, given its conditions.
func kstatusOf(object client.Object) status.Status {
	conditions := Conditions(object)
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

// Conditions returns the conditions of a Room, ClusterRoom or RoomSecret, and nil of anything else.
func Conditions(object client.Object) []metav1.Condition {
	switch o := object.(type) {
	case *roomv1alpha1.Room:
		return o.Status.Conditions
	case *roomv1alpha1.ClusterRoom:
		return o.Status.Conditions
	case *roomv1alpha1.RoomSecret:
		return o.Status.Conditions
	}
	return nil
}

func observedGeneration(object client.Object) int64 {
	switch o := object.(type) {
	case *roomv1alpha1.Room:
		return o.Status.ObservedGeneration
	case *roomv1alpha1.ClusterRoom:
		return o.Status.ObservedGeneration
	case *roomv1alpha1.RoomSecret:
		return o.Status.ObservedGeneration
	}
	return 0
}
