// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"errors"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/roomserver"
	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
)

// slowCache is a cache that goes on with the first version of a RoomSecret that it has seen.
type slowCache struct{ seen sync.Map }

func (s *slowCache) client(config *rest.Config, options client.Options) (client.Client, error) {
	return behind(config, options, interceptor.Funcs{}, func(key client.ObjectKey, object client.Object) client.Object {
		rs, ok := object.(*roomv1alpha1.RoomSecret)
		if !ok {
			return nil
		}
		first, _ := s.seen.LoadOrStore(key, rs.DeepCopy())
		return first.(client.Object)
	})
}

// behind returns a client that reads objects as they were, when was knows an older one, and otherwise as they are.
func behind(config *rest.Config, options client.Options, funcs interceptor.Funcs, was func(client.ObjectKey, client.Object) client.Object) (client.Client, error) {
	c, err := client.NewWithWatch(config, options)
	if err != nil {
		return nil, err
	}
	funcs.Get = func(ctx context.Context, c client.WithWatch, key client.ObjectKey, object client.Object, opts ...client.GetOption) error {
		if err := c.Get(ctx, key, object, opts...); err != nil {
			return err
		}
		if old := was(key, object); old != nil {
			reflect.ValueOf(object).Elem().Set(reflect.ValueOf(old.DeepCopyObject()).Elem())
		}
		return nil
	}
	return interceptor.NewClient(c, funcs), nil
}

// stuckCache is a cache that goes on with some objects as they were.
type stuckCache struct {
	seen sync.Map
	// deaf is true while the answers to patches of a status are lost.
	deaf atomic.Bool
}

func (s *stuckCache) client(config *rest.Config, options client.Options) (client.Client, error) {
	return behind(config, options, interceptor.Funcs{
		SubResourcePatch: func(ctx context.Context, c client.Client, resource string, object client.Object, patch client.Patch, opts ...client.SubResourcePatchOption) error {
			if !s.deaf.Load() {
				return c.SubResource(resource).Patch(ctx, object, patch, opts...)
			}
			return errors.Join(c.SubResource(resource).Patch(ctx, object.DeepCopyObject().(client.Object), patch, opts...), errors.New("the answer is lost"))
		},
	}, func(key client.ObjectKey, object client.Object) client.Object {
		if old, stuck := s.seen.Load(seenKey(key, object)); stuck {
			return old.(client.Object)
		}
		return nil
	})
}

// seenKey tells objects of all kinds apart.
func seenKey(key client.ObjectKey, object client.Object) string {
	return reflect.TypeOf(object).String() + key.String()
}

// stick makes the cache go on with objects as they are.
func (s *stuckCache) stick(w *world, objects ...client.Object) {
	w.t.Helper()
	for _, object := range objects {
		key := client.ObjectKeyFromObject(object)
		w.Expect(w.kube.Get(w.ctx, key, object)).To(Succeed())
		s.seen.Store(seenKey(key, object), object.DeepCopyObject())
	}
}

// A room is lost and back before the cache knows that it was lost.
func TestACacheThatIsBehindHidesNoConnection(t *testing.T) {
	t.Parallel()
	w := newStoppedWorld(t)
	cache := &stuckCache{}
	w.newClient = cache.client
	w.startServer()
	w.startManager()
	room := w.withRoom()
	w.Eventually(w.state(room)).Should(Equal(connected))
	cache.stick(w, room)
	w.stopServer()
	w.Eventually(w.state(room)).Should(Equal("False/Unreachable"))
	w.startServer()
	w.Eventually(w.state(room)).Should(Equal(connected))
}

// The API server goes away after it has been told that a room is lost, and before it has answered.
func TestACacheThatIsBehindHidesNoLostAnswer(t *testing.T) {
	t.Parallel()
	w := newStoppedWorld(t)
	cache := &stuckCache{}
	w.newClient = cache.client
	w.startServer()
	w.startManager()
	room, push := w.withRoom(), w.newPush("push", []string{"a"})
	w.create(newSecret(w.ns, "source", map[string]string{"a": "one"}), push)
	w.settled(push)
	w.Eventually(w.state(room)).Should(Equal(connected))
	cache.stick(w, room, push)
	cache.deaf.Store(true)
	w.stopServer()
	w.Eventually(w.state(room)).Should(Equal("False/Unreachable"))
	w.Eventually(w.state(push)).Should(Equal("Unknown/RoomNotReady"))
	cache.deaf.Store(false)
	w.startServer()
	w.Eventually(w.state(room)).Should(Equal(connected))
	w.settled(push)
}

// Somebody suspends RoomSecrets and gives the values away that they had carried, and the cache knows of the values first.
func TestACacheThatIsBehindCarriesNothing(t *testing.T) {
	t.Parallel()
	w := newStoppedWorld(t)
	cache := &stuckCache{}
	w.newClient = cache.client
	w.startServer()
	w.startManager()
	w.withRoom()
	source := newSecret(w.ns, "source", map[string]string{"a": "one"})
	w.put(w.key(own, "b"), "one")
	push, pull := w.newPush("push", []string{"a"}), w.newPull("pull", []string{"b"})
	w.create(source, push, pull)
	w.settled(push, pull)

	cache.stick(w, push, pull)
	for _, rs := range []*roomv1alpha1.RoomSecret{push, pull} {
		edit(w, rs, func(rs *roomv1alpha1.RoomSecret) { rs.Spec.Suspend = true })
	}
	edit(w, source, func(s *corev1.Secret) { s.Data["a"] = []byte("two") })
	w.put(w.key(own, "b"), "two")
	w.Consistently(w.value(w.key(own, "a"))).Should(Equal("one"))
	w.Expect(w.secretValue("pull", "b")()).To(Equal("one"))
	cache.seen.Clear()
	w.Eventually(w.state(push)).Should(Equal("False/Suspended"))
	w.Eventually(w.state(pull)).Should(Equal("False/Suspended"))
}

// unlistable is a room that can stop to say what it has.
type unlistable struct {
	*hostile
	silent atomic.Bool
}

// forbidden is what it says instead.
var forbidden = protocol.Error{Text: "no", Code: protocol.CodePermissionDenied}

func newUnlistable(instead protocol.Content) *unlistable {
	u := &unlistable{hostile: &hostile{}}
	data := packedContent(instead)
	u.answer = func(call protocol.Invoke, _ string) []byte {
		if call.Tool == protocol.ToolListSecrets && u.silent.Load() {
			return data
		}
		return nil
	}
	return u
}

// newFinder returns a pull of one entry, and of what has a prefix.
func (w *world) newFinder() *roomv1alpha1.RoomSecret {
	return w.newPull("finder", []string{"b"}, inHostileRoom, func(rs *roomv1alpha1.RoomSecret) {
		rs.Spec.Pull.Entries[0].Key = "entry"
		rs.Spec.Pull.Find = []roomv1alpha1.PullFind{{IDPrefix: "b"}}
	})
}

func TestACacheThatIsBehindDoesNoHarm(t *testing.T) {
	t.Parallel()
	w := newStoppedWorld(t)
	w.newClient = (&slowCache{}).client
	w.startServerWith(roomserver.Config{})
	w.startManager()
	room := newUnlistable(forbidden)
	w.withHostileRoom(room.hostile)
	finder := w.newFinder()
	w.create(finder)
	w.settled(finder)
	room.silent.Store(true)
	w.Eventually(w.state(finder)).Should(Equal("False/Forbidden"))
	room.put("b", protocol.File{Name: "b", MIMEType: "text/plain", Data: []byte("new")})
	w.Eventually(w.data("finder")).Should(Equal(map[string]string{"entry": "new", "b": "one"}))
}

// The target was written by us, and nobody knows any more what of it should stay: all of it does.
func TestALedgerThatIsLostTakesNothingOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	room := newUnlistable(forbidden)
	w.withHostileRoom(room.hostile)
	finder := w.newFinder()
	w.create(finder)
	w.settled(finder)
	room.silent.Store(true)
	w.Eventually(w.state(finder)).Should(Equal("False/Forbidden"))
	w.stopManager()
	w.Expect(w.kube.Status().Patch(w.ctx, finder, client.RawPatch(client.Merge.Type(), []byte(`{"status":{"entries":null}}`)))).To(Succeed())
	room.put("b", protocol.File{Name: "b", MIMEType: "text/plain", Data: []byte("new")})
	w.startManager()
	w.Eventually(w.data("finder")).Should(Equal(map[string]string{"entry": "new", "b": "one"}))
	room.silent.Store(false)
	w.Eventually(w.data("finder")).Should(Equal(map[string]string{"entry": "new", "b": "new"}))
	w.settled(finder)
}
