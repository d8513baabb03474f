// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/controller-runtime/pkg/client"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/plan"
)

// accessTo returns what a room allows to the RoomSecrets of a namespace.
func accessTo(ctx context.Context, reader client.Reader, room room, namespace, own string) (plan.Access, error) {
	access := plan.Access{Namespace: namespace, Own: own}
	switch o := room.object.(type) {
	case *roomv1alpha1.Room:
		access.Everything, access.Rules = len(o.Spec.Access) == 0, o.Spec.Access
	case *roomv1alpha1.ClusterRoom:
		for _, rule := range o.Spec.Access {
			applies, err := appliesTo(ctx, reader, rule.Namespaces, namespace)
			if err != nil {
				return access, err
			}
			if applies {
				access.Rules = append(access.Rules, rule.AccessRule)
			}
		}
	}
	return access, nil
}

// appliesTo reports whether a rule speaks of a namespace.
func appliesTo(ctx context.Context, reader client.Reader, rule roomv1alpha1.NamespaceRule, namespace string) (bool, error) {
	if rule.Selector == nil {
		return slices.ContainsFunc(rule.Names, func(p roomv1alpha1.Pattern) bool {
			return plan.MatchAny([]roomv1alpha1.Pattern{p}, namespace, namespace)
		}), nil
	}
	selector, err := metav1.LabelSelectorAsSelector(rule.Selector)
	if err != nil {
		return false, fmt.Errorf("read the namespace selector of an access rule: %w", err)
	}
	var object metav1.PartialObjectMetadata
	object.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Namespace"))
	if err := reader.Get(ctx, client.ObjectKey{Name: namespace}, &object); err != nil {
		return false, fmt.Errorf("read the labels of namespace %q: %w", namespace, err)
	}
	return selector.Matches(labels.Set(object.Labels)), nil
}
