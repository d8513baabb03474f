// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package matrix_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/roomserver/store"
	"github.com/roomsecrets/roomsecret-operator/roomclient/redact"
)

const (
	// id is the id of the room secret, and the key in the Secret at the other end.
	id = "a"
	// theirs is the id and key of what somebody else has in the same places.
	theirs = "theirs"
	// absent is what a copy is that is not there, and gone the state of a RoomSecret that is not.
	absent, gone = "(absent)", "(gone)"
)

// world is what one cell lives in: a namespace and a room with one RoomSecret, the Secret at one end and the room secret at
// the other.
type world struct {
	*gomega.WithT
	t      *testing.T
	ctx    context.Context
	ns     string
	server *roomServer
	room   *roomv1alpha1.Room
	rs     *roomv1alpha1.RoomSecret
	secret *corev1.Secret
	// arrive waits for the event that happens to several cells at once, if this is one of them.
	arrive func() error

	// want is what the copy should be, given the source; was is what it is if nobody writes it.
	want, was string
	// touched is true when the event has changed the copy.
	touched bool
}

// newWorld returns the world of a cell in which a RoomSecret with a policy has settled.
func newWorld(t *testing.T, direction roomv1alpha1.Direction, policy policy, server *roomServer) *world {
	t.Helper()
	w := &world{WithT: gomega.NewWithT(t), t: t, ctx: t.Context(), server: server}
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "cell-"}}
	w.create(namespace)
	w.ns = namespace.Name
	w.room = &roomv1alpha1.Room{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.ns, Name: w.ns},
		Spec: roomv1alpha1.RoomSpec{
			RoomConnection: roomv1alpha1.RoomConnection{Endpoint: "ws://" + server.address, PollInterval: &metav1.Duration{Duration: pollInterval}},
			Auth:           roomv1alpha1.RoomAuth{APIKeySecretRef: &roomv1alpha1.SecretKeyRef{Name: "credential", Key: "api-key"}},
		},
	}
	w.rs = &roomv1alpha1.RoomSecret{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.ns, Name: "cell"},
		Spec:       roomv1alpha1.RoomSecretSpec{RoomRef: roomv1alpha1.RoomReference{Name: w.ns}},
	}
	w.put(store.Row{Info: store.Info{Key: w.key(theirs), Type: "text/plain", Name: theirs}, Value: redact.Bytes("their value")})
	w.create(w.newSecret("credential", map[string]string{"api-key": server.apiKey.Encode()}), w.room)
	w.secret = w.newSecret("secret", nil)
	if direction == roomv1alpha1.DirectionPush {
		w.push(policy)
	} else {
		w.pull(policy)
	}
	t.Cleanup(w.leave)
	w.settle(policy)
	return w
}

// push creates a push of the first value.
func (w *world) push(policy policy) {
	w.t.Helper()
	w.rs.Spec.Push = &roomv1alpha1.Push{
		SecretRef: roomv1alpha1.LocalSecretRef{Name: w.secret.Name},
		Entries:   []roomv1alpha1.PushEntry{{Name: id, Key: id, Type: "text/plain"}},
	}
	policy.set(w.rs)
	if policy.taken {
		w.put(store.Row{Info: store.Info{Key: w.key(id), Type: "text/plain", Name: id}, Value: redact.Bytes("taken value")})
	}
	w.secret.Data = map[string][]byte{id: []byte("first value")}
	w.create(w.secret, w.rs)
	w.want = "text/plain a first value"
}

// pull creates a pull of the first value. A target to merge into, or to take over, is there, with a key of somebody else.
func (w *world) pull(policy policy) {
	w.t.Helper()
	w.rs.Spec.Pull = &roomv1alpha1.Pull{
		Target:  roomv1alpha1.PullTarget{Name: w.secret.Name},
		Entries: []roomv1alpha1.PullEntry{{Key: id, ID: id}},
	}
	policy.set(w.rs)
	w.put(store.Row{Info: store.Info{Key: w.key(id), Type: "text/plain", Name: id}, Value: redact.Bytes("first value")})
	if w.merges() || policy.taken {
		w.secret.Data = map[string][]byte{theirs: []byte("their value")}
	}
	if policy.taken {
		w.secret.Data[id] = []byte("taken value")
		w.secret.Annotations = map[string]string{roomv1alpha1.AnnotationAllowAdoption: w.rs.Name}
	}
	if w.secret.Data != nil {
		w.create(w.secret)
	}
	w.create(w.rs)
	w.want = "first value"
}

func (w *world) pushes() bool { return w.rs.Spec.Push != nil }

func (w *world) merges() bool {
	return !w.pushes() && w.rs.Spec.Pull.Target.CreationPolicyOrDefault() == roomv1alpha1.CreationMerge
}

// settle waits until the RoomSecret is as it is before the event.
func (w *world) settle(policy policy) {
	w.t.Helper()
	w.Eventually(w.state).Should(gomega.Equal(stateOf(policy.starts)), w.describe)
	copied, err := w.copied()
	w.Expect(err).NotTo(gomega.HaveOccurred())
	w.was = copied
	if policy.starts == "" && w.entry() != roomv1alpha1.EntrySkipped {
		w.Expect(copied).To(gomega.Equal(w.want))
	}
	if w.pushes() && len(w.rs.Finalizers) > 0 {
		w.Eventually(w.held).Should(gomega.BeTrue(), "the Room waits for the RoomSecret")
	}
	w.server.watched.forget(w.ns)
}

// held reports whether the Room has a finalizer.
func (w *world) held() (bool, error) {
	err := shared.kube.Get(w.ctx, client.ObjectKeyFromObject(w.room), w.room)
	return len(w.room.Finalizers) > 0, err
}

// describe says how the Room and the RoomSecret stand.
func (w *world) describe() string {
	w.Expect(client.IgnoreNotFound(shared.kube.Get(w.ctx, client.ObjectKeyFromObject(w.room), w.room))).To(gomega.Succeed())
	return fmt.Sprintf("room: %+v\nRoomSecret: %+v", w.room.Status, w.rs.Status)
}

// entry returns the state of the one entry, as it was read last.
func (w *world) entry() roomv1alpha1.EntryState {
	w.t.Helper()
	w.Expect(w.rs.Status.Entries).To(gomega.HaveLen(1))
	return w.rs.Status.Entries[0].State
}

func (w *world) create(objects ...client.Object) {
	w.t.Helper()
	for _, object := range objects {
		w.Expect(shared.kube.Create(w.ctx, object)).To(gomega.Succeed())
	}
}

func (w *world) remove(object client.Object) {
	w.t.Helper()
	w.Expect(shared.kube.Delete(w.ctx, object)).To(gomega.Succeed())
}

func (w *world) newSecret(name string, data map[string]string) *corev1.Secret {
	return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: w.ns, Name: name}, StringData: data}
}

func (w *world) key(id string) store.Key {
	return store.Key{Room: w.ns, Owner: roomv1alpha1.DefaultParticipantName, ID: id}
}

// put writes a row of the room, behind the operator's back.
func (w *world) put(row store.Row) {
	w.t.Helper()
	w.Expect(w.server.rows.Put(w.ctx, row)).To(gomega.Succeed())
}

// changeRow changes the room secret, behind the operator's back.
func (w *world) changeRow(change func(*store.Row)) {
	w.t.Helper()
	row, err := w.server.rows.Get(w.ctx, w.key(id))
	w.Expect(err).NotTo(gomega.HaveOccurred())
	change(&row)
	w.put(row)
	w.changedInRoom(textOf(row), string(row.Value))
}

// dropRow deletes the room secret, behind the operator's back.
func (w *world) dropRow() {
	w.t.Helper()
	w.Expect(w.server.rows.Delete(w.ctx, w.key(id))).To(gomega.Succeed())
	w.changedInRoom(absent, absent)
}

// changedInRoom notes what the room secret is, as the copy of a push or the source of a pull, and has the operator see it.
func (w *world) changedInRoom(asCopy, asSource string) {
	w.t.Helper()
	if w.pushes() {
		w.was, w.touched = asCopy, true
	} else {
		w.want = asSource
	}
	w.readAgain()
}

// readAgain waits until the operator has read the room twice more: once may have been under way.
func (w *world) readAgain() {
	w.t.Helper()
	before := w.server.watched.polled(w.ns)
	w.Eventually(func() int { return w.server.watched.polled(w.ns) }).Should(gomega.BeNumerically(">=", before+2))
}

// editSecret gives the key of the Secret another value.
func (w *world) editSecret(value string) {
	w.t.Helper()
	w.Eventually(func() error {
		if err := shared.kube.Get(w.ctx, client.ObjectKeyFromObject(w.secret), w.secret); err != nil {
			return err
		}
		w.secret.Data[id] = []byte(value)
		return shared.kube.Update(w.ctx, w.secret)
	}).Should(gomega.Succeed())
	if w.pushes() {
		w.want = "text/plain a " + value
	} else {
		w.was, w.touched = value, true
	}
}

// deleteSecret deletes the Secret.
func (w *world) deleteSecret() {
	w.t.Helper()
	w.remove(w.secret)
	if !w.pushes() {
		w.was, w.touched = absent, true
	}
}

// state returns how Ready stands in the present generation, or that the RoomSecret is gone.
func (w *world) state() (string, error) {
	err := shared.kube.Get(w.ctx, client.ObjectKeyFromObject(w.rs), w.rs)
	if apierrors.IsNotFound(err) {
		return gone, nil
	}
	ready := meta.FindStatusCondition(w.rs.Status.Conditions, string(roomv1alpha1.ConditionReady))
	if err != nil || ready == nil || ready.ObservedGeneration != w.rs.Generation {
		return "not observed yet", err
	}
	return ready.Reason, nil
}

// stateOf is what state returns for a reason why a RoomSecret is not Ready, or for none.
func stateOf(reason roomv1alpha1.Reason) string {
	if reason == "" {
		return string(roomv1alpha1.ReasonInSync)
	}
	return string(reason)
}

// copied returns what the copy is: type, name and value of the room secret that is pushed, or the value that is pulled.
func (w *world) copied() (string, error) {
	if w.pushes() {
		row, err := w.server.rows.Get(w.ctx, w.key(id))
		if errors.Is(err, store.ErrNotFound) {
			return absent, nil
		}
		return textOf(row), err
	}
	var secret corev1.Secret
	err := shared.kube.Get(w.ctx, client.ObjectKeyFromObject(w.secret), &secret)
	value, there := secret.Data[id]
	if !there && client.IgnoreNotFound(err) == nil {
		return absent, nil
	}
	return string(value), err
}

func textOf(row store.Row) string { return row.Type + " " + row.Name + " " + string(row.Value) }

// versions returns the resource versions of the RoomSecret and of the Secret, which tell whether somebody has written them.
func (w *world) versions() ([]string, error) {
	var secret corev1.Secret
	if err := shared.kube.Get(w.ctx, client.ObjectKeyFromObject(w.secret), &secret); client.IgnoreNotFound(err) != nil {
		return nil, err
	}
	if err := shared.kube.Get(w.ctx, client.ObjectKeyFromObject(w.rs), w.rs); client.IgnoreNotFound(err) != nil {
		return nil, err
	}
	return slices.Clip([]string{w.rs.ResourceVersion, secret.ResourceVersion}), nil
}
