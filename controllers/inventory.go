// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
)

// Inventory tells how many objects there are and how they stand. It counts what is in the cache when somebody asks: so it
// costs nothing in between, and cannot be wrong about an object that is gone.
type Inventory struct {
	list    func(client.ObjectList) error
	elected <-chan struct{}
	// selector selects what is counted; nil means all.
	selector labels.Selector

	objects *prometheus.Desc
	expires *prometheus.Desc
}

// NewInventory returns an inventory of what a reader, the cache of the manager, has. It is empty until elected is closed,
// so that of several replicas only one tells, and has what the selector of the operator selects, or everything when it is nil.
func NewInventory(ctx context.Context, reader client.Reader, elected <-chan struct{}, selector labels.Selector) *Inventory {
	return &Inventory{
		list:    func(list client.ObjectList) error { return reader.List(ctx, list, client.UnsafeDisableDeepCopy) },
		elected: elected, selector: selector,
		objects: prometheus.NewDesc("roomsecret_objects",
			"How many Rooms, ClusterRooms and RoomSecrets there are, by kind, by status (True, False, Unknown) and reason of their Ready condition, and by whether they are stalled (True, False), which means that only a person can mend them.",
			[]string{"kind", "ready", "reason", "stalled"}, nil),
		expires: prometheus.NewDesc("roomsecret_token_expiration_timestamp_seconds",
			"When the participant token of a room expires, in seconds since 1970, by kind, namespace and name of the Room or ClusterRoom. Rooms whose tokens the operator signs itself have none.",
			[]string{"kind", "namespace", "name"}, nil),
	}
}

// Describe implements prometheus.Collector.
func (i *Inventory) Describe(descriptions chan<- *prometheus.Desc) {
	descriptions <- i.objects
	descriptions <- i.expires
}

// standing is how an object stands.
type standing struct {
	kind, ready, reason, stalled string
}

// Collect implements prometheus.Collector.
func (i *Inventory) Collect(metrics chan<- prometheus.Metric) {
	select {
	case <-i.elected:
	default:
		return
	}
	counts := map[standing]int{}
	for kind, list := range map[string]client.ObjectList{
		string(roomv1alpha1.KindRoom):        &roomv1alpha1.RoomList{},
		string(roomv1alpha1.KindClusterRoom): &roomv1alpha1.ClusterRoomList{},
		"RoomSecret":                         &roomv1alpha1.RoomSecretList{},
	} {
		err := i.list(list)
		if _, unserved := errors.AsType[*cache.ErrResourceNotCached](err); unserved {
			continue
		}
		if err == nil {
			err = meta.EachListItem(list, func(object runtime.Object) error {
				if o, ok := object.(client.Object); ok && !selects(i.selector, o) {
					return nil
				}
				counts[standingOf(kind, conditionsOf(object))]++
				i.tellExpiry(object, metrics)
				return nil
			})
		}
		if err != nil {
			metrics <- prometheus.NewInvalidMetric(i.objects, err)
		}
	}
	for s, count := range counts {
		metrics <- prometheus.MustNewConstMetric(i.objects, prometheus.GaugeValue, float64(count), s.kind, s.ready, s.reason, s.stalled)
	}
}

// tellExpiry tells when the token of a room expires, if it does.
func (i *Inventory) tellExpiry(object runtime.Object, metrics chan<- prometheus.Metric) {
	o, ok := object.(client.Object)
	if !ok {
		return
	}
	room, ok := roomFrom(o)
	if !ok || room.status.TokenExpirationTime == nil {
		return
	}
	at := float64(room.status.TokenExpirationTime.Unix())
	metrics <- prometheus.MustNewConstMetric(i.expires, prometheus.GaugeValue, at, string(room.key.Kind), room.key.Namespace, room.key.Name)
}

// conditionsOf returns the conditions of a RoomSecret or room.
func conditionsOf(object runtime.Object) []metav1.Condition {
	if rs, ok := object.(*roomv1alpha1.RoomSecret); ok {
		return rs.Status.Conditions
	}
	if o, ok := object.(client.Object); ok {
		if room, ok := roomFrom(o); ok {
			return room.status.Conditions
		}
	}
	return nil
}

// standingOf sorts an object by its Ready condition; one that no controller has seen yet is Unknown, without a reason.
func standingOf(kind string, conditions []metav1.Condition) standing {
	ready := meta.FindStatusCondition(conditions, string(roomv1alpha1.ConditionReady))
	if ready == nil {
		return standing{kind: kind, ready: string(metav1.ConditionUnknown), stalled: string(metav1.ConditionFalse)}
	}
	stalled := metav1.ConditionFalse
	if meta.IsStatusConditionTrue(conditions, string(roomv1alpha1.ConditionStalled)) {
		stalled = metav1.ConditionTrue
	}
	return standing{kind: kind, ready: string(ready.Status), reason: ready.Reason, stalled: string(stalled)}
}
