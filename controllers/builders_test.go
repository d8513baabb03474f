// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"errors"
	"time"

	"github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/laws"
	"github.com/roomsecrets/roomsecret-operator/internal/roomserver/store"
	"github.com/roomsecrets/roomsecret-operator/roomclient/redact"
)

// create creates objects.
func (w *world) create(objects ...client.Object) {
	w.t.Helper()
	for _, object := range objects {
		w.Expect(w.kube.Create(w.ctx, object)).To(gomega.Succeed())
	}
}

// edit changes an object as it is now.
func edit[T client.Object](w *world, object T, change func(T)) {
	w.t.Helper()
	w.Eventually(func() error {
		if err := w.kube.Get(w.ctx, client.ObjectKeyFromObject(object), object); err != nil {
			return err
		}
		change(object)
		return w.kube.Update(w.ctx, object)
	}).Should(gomega.Succeed())
}

// remove deletes an object.
func (w *world) remove(object client.Object) {
	w.t.Helper()
	w.Expect(client.IgnoreNotFound(w.kube.Delete(w.ctx, object))).To(gomega.Succeed())
}

// newRoom returns a Room for the room server of the world, and its credential.
func (w *world) newRoom(mods ...func(*roomv1alpha1.Room)) (*roomv1alpha1.Room, *corev1.Secret) {
	room := &roomv1alpha1.Room{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.ns, Name: w.room},
		Spec: roomv1alpha1.RoomSpec{
			RoomConnection: roomv1alpha1.RoomConnection{Endpoint: "ws://" + w.address, PollInterval: &metav1.Duration{Duration: pollInterval}},
			Auth:           roomv1alpha1.RoomAuth{APIKeySecretRef: &roomv1alpha1.SecretKeyRef{Name: "credential", Key: "api-key"}},
		},
	}
	for _, mod := range mods {
		mod(room)
	}
	return room, newSecret(w.ns, "credential", map[string]string{"api-key": w.apiKey.Encode()})
}

// withRoom creates the Room of the world and its credential.
func (w *world) withRoom(mods ...func(*roomv1alpha1.Room)) *roomv1alpha1.Room {
	w.t.Helper()
	room, credential := w.newRoom(mods...)
	w.create(credential, room)
	return room
}

func newSecret(namespace, name string, data map[string]string) *corev1.Secret {
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}, Data: map[string][]byte{}}
	for key, value := range data {
		secret.Data[key] = []byte(value)
	}
	return secret
}

// newPush returns a RoomSecret that pushes each key of the Secret "source" under its own name.
func (w *world) newPush(name string, keys []string, mods ...func(*roomv1alpha1.RoomSecret)) *roomv1alpha1.RoomSecret {
	push := &roomv1alpha1.Push{SecretRef: roomv1alpha1.LocalSecretRef{Name: "source"}}
	for _, key := range keys {
		push.Entries = append(push.Entries, roomv1alpha1.PushEntry{Name: roomv1alpha1.SecretID(key), Key: key, Type: "text/plain"})
	}
	return w.newRoomSecret(name, roomv1alpha1.RoomSecretSpec{Push: push}, mods...)
}

// newPull returns a RoomSecret that pulls each id into a key of the same name, into a Secret of its own name.
func (w *world) newPull(name string, ids []string, mods ...func(*roomv1alpha1.RoomSecret)) *roomv1alpha1.RoomSecret {
	pull := &roomv1alpha1.Pull{}
	for _, id := range ids {
		pull.Entries = append(pull.Entries, roomv1alpha1.PullEntry{Key: id, ID: roomv1alpha1.SecretID(id)})
	}
	return w.newRoomSecret(name, roomv1alpha1.RoomSecretSpec{Pull: pull}, mods...)
}

func (w *world) newRoomSecret(name string, spec roomv1alpha1.RoomSecretSpec, mods ...func(*roomv1alpha1.RoomSecret)) *roomv1alpha1.RoomSecret {
	spec.RoomRef = roomv1alpha1.RoomReference{Name: w.room}
	rs := &roomv1alpha1.RoomSecret{ObjectMeta: metav1.ObjectMeta{Namespace: w.ns, Name: name}, Spec: spec}
	for _, mod := range mods {
		mod(rs)
	}
	return rs
}

// growOlder waits until whatever is created now is younger than an object: ages are told apart by whole seconds.
func (w *world) growOlder(object client.Object) {
	w.t.Helper()
	created := object.GetCreationTimestamp()
	w.Eventually(func() bool { return metav1.Now().Unix() > created.Unix() }).Should(gomega.BeTrue(), "ages differ by a second at least")
}

// deletes makes a push delete what it no longer wants.
func deletes(rs *roomv1alpha1.RoomSecret) { rs.Spec.Push.DeletionPolicy = roomv1alpha1.DeletionDelete }

// key returns the key of a row of the room: owner, id and, optionally, delegate.
func (w *world) key(owner, id string, delegate ...string) store.Key {
	key := store.Key{Room: w.room, Owner: owner, ID: id}
	if len(delegate) > 0 {
		key.DelegatedTo = delegate[0]
	}
	return key
}

// put writes a row of the room, behind the operator's back.
func (w *world) put(key store.Key, value string) {
	w.t.Helper()
	w.Expect(w.store.Put(w.ctx, store.Row{Info: store.Info{Key: key, Type: "text/plain", Name: key.ID}, Value: redact.Bytes(value)})).To(gomega.Succeed())
}

// drop deletes a row of the room, behind the operator's back.
func (w *world) drop(key store.Key) {
	w.t.Helper()
	w.Expect(w.store.Delete(w.ctx, key)).To(gomega.Succeed())
}

// absent is what value returns of a row, Secret or key that is not there.
const absent = "(absent)"

// value returns a function that reads a row of the room.
func (w *world) value(key store.Key) func() (string, error) {
	return func() (string, error) {
		row, err := w.store.Get(w.ctx, key)
		if errors.Is(err, store.ErrNotFound) {
			return absent, nil
		}
		return string(row.Value), err
	}
}

// secretValue returns a function that reads a key of a Secret of the first namespace.
func (w *world) secretValue(name, key string) func() (string, error) {
	return func() (string, error) {
		var secret corev1.Secret
		err := w.kube.Get(w.ctx, client.ObjectKey{Namespace: w.ns, Name: name}, &secret)
		if apierrors.IsNotFound(err) {
			return absent, nil
		}
		value, ok := secret.Data[key]
		if err == nil && !ok {
			return absent, nil
		}
		return string(value), err
	}
}

// state returns a function that reads how Ready stands, as "Status/Reason" of the present generation.
func (w *world) state(object client.Object) func() (string, error) {
	return func() (string, error) {
		err := w.kube.Get(w.ctx, client.ObjectKeyFromObject(object), object)
		return stateOf(object), err
	}
}

// stateOf returns how Ready stands in the present generation of an object.
func stateOf(object client.Object) string {
	ready := meta.FindStatusCondition(laws.Conditions(object), string(roomv1alpha1.ConditionReady))
	if ready == nil || ready.ObservedGeneration != object.GetGeneration() {
		return "not observed yet"
	}
	return string(ready.Status) + "/" + ready.Reason
}

// condition returns a condition of an object as it is now, or nil.
func (w *world) condition(object client.Object, kind roomv1alpha1.ConditionType) *metav1.Condition {
	w.t.Helper()
	w.Expect(w.kube.Get(w.ctx, client.ObjectKeyFromObject(object), object)).To(gomega.Succeed())
	return meta.FindStatusCondition(laws.Conditions(object), string(kind))
}

// version returns a function that reads the resource version of an object, to prove that nobody writes it.
func (w *world) version(object client.Object) func() (string, error) {
	return func() (string, error) {
		err := w.kube.Get(w.ctx, client.ObjectKeyFromObject(object), object)
		return object.GetResourceVersion(), err
	}
}

// gone returns a function that reports whether an object is gone.
func (w *world) gone(object client.Object) func() (bool, error) {
	return func() (bool, error) {
		err := w.kube.Get(w.ctx, client.ObjectKeyFromObject(object), object)
		return apierrors.IsNotFound(err), client.IgnoreNotFound(err)
	}
}

// inSync is what state returns of a RoomSecret that is as it should be; connected is the same of a room.
const (
	inSync    = "True/" + string(roomv1alpha1.ReasonInSync)
	connected = "True/" + string(roomv1alpha1.ReasonConnected)
)

// settled waits until RoomSecrets are in sync.
func (w *world) settled(objects ...*roomv1alpha1.RoomSecret) {
	w.t.Helper()
	for _, object := range objects {
		w.Eventually(w.state(object), patience, 50*time.Millisecond).Should(gomega.Equal(inSync))
	}
}
