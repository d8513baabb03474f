// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
	watchtools "k8s.io/client-go/tools/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
)

// Watch tells see of each RoomSecret that there is, and then of each change, until see says that it has seen enough, or
// fails, or the context ends. An empty namespace means all, and so does an empty name. A watch that breaks is made anew.
func Watch(ctx context.Context, kube client.WithWatch, namespace, name string, see func(watch.EventType, *roomv1alpha1.RoomSecret) (done bool, err error)) error {
	restrict := func(options metav1.ListOptions) *client.ListOptions {
		if name != "" {
			options.FieldSelector = fields.OneTermEqualSelector("metadata.name", name).String()
		}
		return &client.ListOptions{Namespace: namespace, Raw: &options}
	}
	source := &cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
			var list roomv1alpha1.RoomSecretList
			err := kube.List(ctx, &list, restrict(options))
			return &list, err
		},
		WatchFuncWithContext: func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
			return kube.Watch(ctx, &roomv1alpha1.RoomSecretList{}, restrict(options))
		},
	}
	_, err := watchtools.UntilWithSync(ctx, source, &roomv1alpha1.RoomSecret{}, nil, func(event watch.Event) (bool, error) {
		rs, ok := event.Object.(*roomv1alpha1.RoomSecret)
		if !ok {
			return false, nil
		}
		return see(event.Type, rs)
	})
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}
