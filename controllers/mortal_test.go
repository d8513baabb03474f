// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/roomserver/store"
)

// errDead is what the operator gets for everything that it would still do to a cell in which it has died.
var errDead = errors.New("the operator has died")

// mortal stands between the operator and the world. The world is divided into cells, which have nothing to do with each
// other: all that is in one has its name, alone or followed by a dash and more. For each cell it keeps account of the
// effects, which are the writes that changed something, and after so many of them the operator is dead there: nothing
// more happens, and not even the last answer arrives.
type mortal struct {
	kube client.Client
	// looks is called before the operator looks at a RoomSecret, if it is not nil.
	looks func(context.Context, *roomv1alpha1.RoomSecret) error

	mu    sync.Mutex
	cells map[string]*life
	last  time.Time
}

// life is how the operator fares in one cell.
type life struct {
	mu sync.Mutex
	// left is how many effects there may still be; a negative number is no limit.
	left    int
	effects []string
}

const immortal = -1

// lives lets the operator live for so many more effects in a cell.
func (m *mortal) lives(cell string, effects int) {
	l := m.life(cell)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.left = effects
}

func (m *mortal) dead(cell string) bool {
	l := m.life(cell)
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.left == 0
}

// effects returns what the operator has done in a cell since it was forgotten last.
func (m *mortal) effects(cell string) []string {
	l := m.life(cell)
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.effects)
}

func (m *mortal) forget(cell string) {
	l := m.life(cell)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.effects = nil
}

// still returns how long ago the last effect was, anywhere.
func (m *mortal) still() time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	return time.Since(m.last)
}

func (m *mortal) life(cell string) *life {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.cells == nil {
		m.cells = map[string]*life{}
	}
	if m.cells[cell] == nil {
		m.cells[cell] = &life{left: immortal}
	}
	return m.cells[cell]
}

// attempt does something to a cell, unless the operator has died there. It reports whether it had an effect.
func (m *mortal) attempt(cell, what string, do func() (bool, error)) error {
	l := m.life(cell)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.left == 0 {
		return errDead
	}
	effect, err := do()
	if !effect {
		return err
	}
	l.effects = append(l.effects, what)
	l.left--
	m.mu.Lock()
	m.last = time.Now()
	m.mu.Unlock()
	if l.left == 0 {
		return errDead
	}
	return err
}

// client returns the client of a manager, with this in front of all that it writes.
func (m *mortal) client(config *rest.Config, options client.Options) (client.Client, error) {
	c, err := client.NewWithWatch(config, options)
	if err != nil {
		return nil, err
	}
	return interceptor.NewClient(c, interceptor.Funcs{
		Get: func(ctx context.Context, c client.WithWatch, key client.ObjectKey, object client.Object, opts ...client.GetOption) error {
			err := c.Get(ctx, key, object, opts...)
			if rs, ok := object.(*roomv1alpha1.RoomSecret); ok && err == nil && m.looks != nil {
				err = m.looks(ctx, rs)
			}
			return err
		},
		Create: func(ctx context.Context, c client.WithWatch, object client.Object, opts ...client.CreateOption) error {
			return m.write(ctx, object, "create", func() error { return c.Create(ctx, object, opts...) })
		},
		Update: func(ctx context.Context, c client.WithWatch, object client.Object, opts ...client.UpdateOption) error {
			return m.write(ctx, object, "update", func() error { return c.Update(ctx, object, opts...) })
		},
		Delete: func(ctx context.Context, c client.WithWatch, object client.Object, opts ...client.DeleteOption) error {
			return m.write(ctx, object, "delete", func() error { return c.Delete(ctx, object, opts...) })
		},
		Patch: func(ctx context.Context, c client.WithWatch, object client.Object, patch client.Patch, opts ...client.PatchOption) error {
			verb := "patch"
			if patch.Type() == types.JSONPatchType {
				verb = "own the fields of"
			}
			return m.write(ctx, object, verb, func() error { return c.Patch(ctx, object, patch, opts...) })
		},
		SubResourcePatch: func(ctx context.Context, c client.Client, sub string, object client.Object, patch client.Patch, opts ...client.SubResourcePatchOption) error {
			return m.write(ctx, object, "patch the "+sub+" of", func() error { return c.SubResource(sub).Patch(ctx, object, patch, opts...) })
		},
		Apply: func(ctx context.Context, c client.WithWatch, config runtime.ApplyConfiguration, opts ...client.ApplyOption) error {
			content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(config)
			if err != nil {
				return err
			}
			verb, options := "apply", client.ApplyOptions{}
			if options.ApplyOptions(opts); strings.HasSuffix(options.FieldManager, "retained") {
				verb = "hand over keys of"
			}
			return m.write(ctx, &unstructured.Unstructured{Object: content}, verb, func() error { return c.Apply(ctx, config, opts...) })
		},
	}), nil
}

// write writes an object, which has an effect when its resource version is another one afterwards.
func (m *mortal) write(ctx context.Context, object client.Object, verb string, do func() error) error {
	gvk, err := apiutil.GVKForObject(object, m.kube.Scheme())
	if err != nil {
		return err
	}
	key := client.ObjectKeyFromObject(object)
	cell, _, _ := strings.Cut(key.Name, "-")
	version := func() (string, error) {
		seen := &metav1.PartialObjectMetadata{}
		seen.SetGroupVersionKind(gvk)
		err := m.kube.Get(ctx, key, seen)
		return seen.ResourceVersion, client.IgnoreNotFound(err)
	}
	what := fmt.Sprintf("%s %s %s", verb, gvk.Kind, strings.TrimPrefix(key.Name, cell))
	return m.attempt(cell, strings.TrimSpace(what), func() (bool, error) {
		before, beforeErr := version()
		err := do()
		after, afterErr := version()
		return before != after, errors.Join(err, beforeErr, afterErr)
	})
}

// mortalStore is a store of rooms with this in front of all that is written to it; a room is a cell.
type mortalStore struct {
	store.Store

	mortal *mortal
}

func (s mortalStore) Put(ctx context.Context, row store.Row) error {
	return s.mortal.attempt(row.Room, "put row "+rowText(row.Key), func() (bool, error) {
		err := s.Store.Put(ctx, row)
		return err == nil, err
	})
}

func (s mortalStore) Delete(ctx context.Context, key store.Key) error {
	return s.mortal.attempt(key.Room, "delete row "+rowText(key), func() (bool, error) {
		_, absent := s.Get(ctx, key)
		return absent == nil, s.Store.Delete(ctx, key)
	})
}

func rowText(key store.Key) string {
	return strings.TrimSuffix(key.ID+"@"+key.Owner+">"+key.DelegatedTo, ">")
}
