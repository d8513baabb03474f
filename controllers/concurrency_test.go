// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"sync"
	"testing"

	. "github.com/onsi/gomega"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
)

func TestARoomThatTakesLongHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	w := newStoppedWorld(t)
	stuck, release := make(chan struct{}), make(chan struct{})
	getStuck, letGo := sync.OnceFunc(func() { close(stuck) }), sync.OnceFunc(func() { close(release) })
	t.Cleanup(letGo)
	w.newClient = func(config *rest.Config, options client.Options) (client.Client, error) {
		c, err := client.NewWithWatch(config, options)
		if err != nil {
			return nil, err
		}
		return interceptor.NewClient(c, interceptor.Funcs{
			SubResourcePatch: func(ctx context.Context, c client.Client, sub string, object client.Object, patch client.Patch, opts ...client.SubResourcePatchOption) error {
				if object.GetName() == "slow" {
					getStuck()
					<-release
				}
				return c.SubResource(sub).Patch(ctx, object, patch, opts...)
			},
		}), nil
	}
	w.startServer()
	w.startManager()
	slow, credential := w.newRoom(func(r *roomv1alpha1.Room) { r.Name = "slow" })
	w.create(credential, slow)
	w.Eventually(stuck).Should(BeClosed())
	room, _ := w.newRoom()
	w.create(room)
	w.Eventually(w.state(room)).Should(Equal(connected))
	letGo()
	w.Eventually(w.state(slow)).Should(Equal(connected))
}
