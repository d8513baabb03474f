// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package soak_test

import (
	"fmt"
	"strings"
	"time"

	"github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/roomclient"
	"github.com/roomsecrets/roomsecret-operator/test/soak/model"
)

// perform has an event happen.
func (w *world) perform(event model.Event) {
	w.t.Helper()
	w.tend()
	if event.Fault != "" {
		w.fault(event.Fault)
		return
	}
	err := w.step(event.Room, event.Step)
	w.Expect(err).NotTo(gomega.HaveOccurred(), "%s\n%s", event, w.story())
}

// fault brings a fault about, or mends it.
func (w *world) fault(fault model.Fault) {
	w.t.Helper()
	switch fault {
	case model.KillRoomServer:
		w.server.Kill()
	case model.StopRoomServer:
		w.server.Stop()
	case model.StartRoomServer:
		w.server.Run()
		w.heard = append(w.heard, w.server.Program)
	case model.KillOperator:
		w.running = false
		w.operator.Kill()
	case model.StopOperator:
		w.running = false
		w.stopOperator()
	case model.StartOperator:
		w.startOperator()
	case model.CutRooms:
		w.rooms.cut()
	case model.CloseRooms:
		w.rooms.close()
	case model.OpenRooms:
		w.rooms.open()
	case model.CutAPIServer:
		w.blind = true
		w.api.cut()
	case model.CloseAPIServer:
		w.blind = true
		w.api.close()
	case model.OpenAPIServer:
		w.api.open()
	default:
		for room := range roomCount {
			w.credential(room, fault)
		}
	}
}

// stopOperator asks the operator to end, and expects that it ends well unless it could not even begin.
func (w *world) stopOperator() {
	w.t.Helper()
	if w.blind {
		w.operator.End()
		return
	}
	w.operator.Stop()
}

func (w *world) credential(room int, fault model.Fault) {
	w.t.Helper()
	switch fault {
	case model.RevokeCredential:
		w.Expect(w.putSecret(room, credential, map[string]string{"api-key": w.server.NewAPIKey()})).To(gomega.Succeed())
	case model.DeleteCredential:
		w.Expect(w.kube.Delete(w.ctx, w.secret(room, credential))).To(gomega.Succeed())
	case model.RestoreCredential:
		w.Expect(w.putSecret(room, credential, map[string]string{"api-key": w.server.APIKey()})).To(gomega.Succeed())
	default:
		w.t.Fatalf("nobody knows how to %s", fault)
	}
}

func (w *world) secret(room int, name string) *corev1.Secret {
	return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace(room), Name: name}}
}

func (w *world) roomSecret(room int, name string) *roomv1alpha1.RoomSecret {
	return &roomv1alpha1.RoomSecret{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace(room), Name: name},
		Spec:       roomv1alpha1.RoomSecretSpec{RoomRef: roomv1alpha1.RoomReference{Name: namespace(room)}},
	}
}

// step does a step to a room or to its namespace.
func (w *world) step(room int, step model.Step) error {
	switch s := step.(type) {
	case model.PutSecret:
		return w.putSecret(room, s.Name, s.Data)
	case model.DropSecret:
		return w.kube.Delete(w.ctx, w.secret(room, s.Name))
	case model.SetKey:
		return w.patchSecret(room, s.Secret, fmt.Sprintf(`{"stringData":{%q:%q}}`, s.Key, s.Value))
	case model.DropKey:
		return w.patchSecret(room, s.Secret, fmt.Sprintf(`{"data":{%q:null}}`, s.Key))
	case model.PutRow:
		return w.putRow(room, s)
	case model.DropRow:
		return w.rest.Secrets(namespace(room), s.Row.Owner).DeleteSecret(w.ctx, s.Row.ID, s.Row.Delegate)
	case model.PutPush:
		return w.putRoomSecret(room, s.Name, func(spec *roomv1alpha1.RoomSecretSpec) { spec.Suspend, spec.Push = s.Spec.Suspend, pushOf(s.Spec) })
	case model.PutPull:
		return w.putRoomSecret(room, s.Name, func(spec *roomv1alpha1.RoomSecretSpec) { spec.Suspend, spec.Pull = s.Spec.Suspend, pullOf(s.Spec) })
	case model.Drop:
		return w.kube.Delete(w.ctx, w.roomSecret(room, s.Name))
	case model.Nudge:
		wish := fmt.Sprintf(`{"metadata":{"annotations":{%q:%q}}}`, roomv1alpha1.AnnotationRequestedAt, time.Now().Format(time.RFC3339Nano))
		return w.kube.Patch(w.ctx, w.roomSecret(room, s.Name), client.RawPatch("application/merge-patch+json", []byte(wish)))
	}
	return fmt.Errorf("nobody knows how to do %T", step)
}

// putSecret creates a Secret or replaces its data.
func (w *world) putSecret(room int, name string, data map[string]string) error {
	secret := w.secret(room, name)
	secret.Data = map[string][]byte{}
	for key, value := range data {
		secret.Data[key] = []byte(value)
	}
	err := w.kube.Create(w.ctx, secret.DeepCopy())
	if !apierrors.IsAlreadyExists(err) {
		return err
	}
	return w.kube.Update(w.ctx, secret)
}

func (w *world) patchSecret(room int, name, patch string) error {
	return w.kube.Patch(w.ctx, w.secret(room, name), client.RawPatch("application/merge-patch+json", []byte(patch)))
}

func (w *world) putRow(room int, s model.PutRow) error {
	return w.rest.Secrets(namespace(room), s.Row.Owner).SetSecret(w.ctx, roomclient.SetSecretRequest{
		ID: s.Row.ID, DelegatedTo: s.Row.Delegate, Type: s.Content.Type, Name: s.Content.Name, Value: roomclient.Bytes(s.Content.Value),
	})
}

// putRoomSecret creates a RoomSecret or changes the spec of one.
func (w *world) putRoomSecret(room int, name string, change func(*roomv1alpha1.RoomSecretSpec)) error {
	rs := w.roomSecret(room, name)
	err := w.kube.Get(w.ctx, client.ObjectKeyFromObject(rs), rs)
	if apierrors.IsNotFound(err) {
		change(&rs.Spec)
		return w.kube.Create(w.ctx, rs)
	}
	if err != nil {
		return err
	}
	before := rs.DeepCopy()
	change(&rs.Spec)
	return w.kube.Patch(w.ctx, rs, client.MergeFrom(before))
}

func pushOf(spec model.PushSpec) *roomv1alpha1.Push {
	push := &roomv1alpha1.Push{
		SecretRef:      roomv1alpha1.LocalSecretRef{Name: spec.Source},
		ConflictPolicy: roomv1alpha1.ConflictPolicy(spec.Conflict), DriftPolicy: roomv1alpha1.DriftPolicy(spec.Drift),
		OnSourceDeleted: roomv1alpha1.OnSourceDeleted(spec.OnSourceDeleted), DeletionPolicy: roomv1alpha1.DeletionPolicy(spec.Deletion),
	}
	for _, e := range spec.Entries {
		entry := roomv1alpha1.PushEntry{
			Name: roomv1alpha1.SecretID(e.ID), DisplayName: e.Name, Type: roomv1alpha1.MIMEType(e.Type), ForIdentity: identity(e.Owner),
		}
		for _, delegate := range e.Delegates {
			entry.Delegations = append(entry.Delegations, roomv1alpha1.Delegation{To: roomv1alpha1.Identity(delegate)})
		}
		if len(e.Keys) == 1 {
			entry.Key = e.Keys[0]
		} else {
			entry.Template = roomv1alpha1.Template("{{ ." + strings.Join(e.Keys, " }}/{{ .") + " }}")
		}
		push.Entries = append(push.Entries, entry)
	}
	return push
}

func pullOf(spec model.PullSpec) *roomv1alpha1.Pull {
	pull := &roomv1alpha1.Pull{
		Target:         roomv1alpha1.PullTarget{Name: spec.Target, CreationPolicy: roomv1alpha1.CreationPolicy(spec.Creation)},
		DeletionPolicy: roomv1alpha1.DeletionPolicy(spec.Deletion),
	}
	for _, key := range spec.Keys {
		pull.Entries = append(pull.Entries, roomv1alpha1.PullEntry{
			Key: key.Key, ID: roomv1alpha1.SecretID(key.Row.ID), ForIdentity: identity(key.Row.Owner),
			DelegatedTo: roomv1alpha1.Identity(key.Row.Delegate), OnMissing: roomv1alpha1.OnMissing(key.OnMissing),
		})
	}
	return pull
}

// identity returns an owner as a spec names it: the operator's own goes without saying.
func identity(owner string) roomv1alpha1.Identity {
	if owner == model.Own {
		return ""
	}
	return roomv1alpha1.Identity(owner)
}
