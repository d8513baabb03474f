// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"sync"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/roomsecrets/roomsecret-operator/internal/fault"
)

// fresh reads objects as they are after the last write of ours. The cache may be behind, and so lack what the ledger says
// is ours: what is not known to be ours would be taken out of a target, or be a conflict. It may also say already what is to
// be reported, because it does not have yet what was reported since; then nothing would be written.
type fresh struct {
	// cached and live read from the cache and from the API server.
	cached, live client.Reader
	// written has the resource versions that writes made, by the name of the object, until the cache has caught up. One that
	// is empty is not known.
	written sync.Map
}

// Get reads an object, from the cache if that has caught up.
func (f *fresh) Get(ctx context.Context, name types.NamespacedName, object client.Object, opts ...client.GetOption) error {
	if err := f.cached.Get(ctx, name, object, opts...); err != nil {
		return err
	}
	version, ok := f.written.Load(name)
	if !ok {
		return nil
	}
	if text, ok := version.(string); ok {
		if order, err := resourceversion.CompareResourceVersion(object.GetResourceVersion(), text); err == nil && order >= 0 {
			f.written.Delete(name)
			return nil
		}
	}
	if err := f.live.Get(ctx, name, object, opts...); err != nil {
		return err
	}
	f.written.Store(name, object.GetResourceVersion())
	return nil
}

// note notes that an object, which was read in a version, is as we have left it, unless the cause of a failure was none of
// those that are known: then a write may have taken effect whose answer was lost.
func (f *fresh) note(read string, object client.Object, cause error) {
	switch version := object.GetResourceVersion(); {
	case cause != nil && !fault.Known(cause):
		f.written.Store(client.ObjectKeyFromObject(object), "")
	case version != read:
		f.written.Store(client.ObjectKeyFromObject(object), version)
	}
}

// forget forgets an object that is gone.
func (f *fresh) forget(name types.NamespacedName) { f.written.Delete(name) }
