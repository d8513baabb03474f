// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package scale

import (
	"context"
	"errors"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/util/csaupgrade"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/roomclient"
)

// coldSync measures the time from the start of the operator until RoomSecrets that nobody has synced yet are in sync, and
// the time that a bare client needs for the same requests, as many at a time. Each does so twice, the reference
// first and last, so that a machine that gets slower meanwhile is the same for both.
func coldSync(t *testing.T, s *stage, r *report, references, ours [2]population) {
	reference := s.coldReference(t, references[0])
	operator := s.coldOperator(t, ours[0])
	operator.add(s.coldOperator(t, ours[1]))
	reference.add(s.coldReference(t, references[1]))

	r.ratio("cold sync", "s", operator.took.Seconds()/2, reference.took.Seconds()/2, 1.25)
	for of, made := range map[string]effort{"operator": operator, "reference": reference} {
		r.perObject("cold sync", of+", API server", made.requests, 2*r.n)
		r.perObject("cold sync", of+", rooms", made.calls, 2*r.n)
	}
	if !sameWork(operator.requests, reference.requests) {
		t.Errorf("the operator makes the requests %v and the reference %v: it is not the same work any more", operator.requests, reference.requests)
	}
}

// sameWork reports whether a reference writes what the operator writes. The operator may report of some RoomSecrets that
// their rooms are not connected yet.
func sameWork(ours, reference counts) bool {
	for _, verb := range []string{"create secrets", "patch secrets"} {
		if ours[verb] != reference[verb] {
			return false
		}
	}
	reports := ours["patch roomsecrets/status"] / reference["patch roomsecrets/status"]
	return reports >= 1 && reports < 2
}

// effort is what something took.
type effort struct {
	took time.Duration
	// requests to the API server, and calls in the rooms.
	requests, calls counts
}

func (e *effort) add(other effort) {
	e.took += other.took
	for what, count := range other.requests {
		e.requests[what] += count
	}
	for what, count := range other.calls {
		e.calls[what] += count
	}
}

// coldOperator has the operator sync a population.
func (s *stage) coldOperator(t *testing.T, p population) effort {
	t.Helper()
	before := s.server.calls(t)
	o := s.startOperator(t, p.namespace)
	defer o.stop()
	o.standing.await(t, p.n)
	took := time.Since(o.started)
	o.requests.quiet(t)
	return effort{took, o.requests.now(), s.server.calls(t).since(before)}
}

// writeVerbs begin what is counted of writes to the API server.
var writeVerbs = []string{"create", "update", "patch", "delete"}

// coldReference has a bare client sync a population.
func (s *stage) coldReference(t *testing.T, p population) effort {
	t.Helper()
	b := s.newBare(t, p)
	defer b.stop()
	ctx, before, began := t.Context(), s.server.calls(t), time.Now()
	check(t, b.watchAll(ctx))
	check(t, b.connect(ctx))
	check(t, b.reportRooms(ctx))
	check(t, b.each(func(i int) error { return b.sync(ctx, i) }))
	b.standing.await(t, p.n)
	took := time.Since(began)
	b.requests.quiet(t)
	return effort{took, b.requests.now(), s.server.calls(t).since(before)}
}

// reportRooms does for each room what the operator does: read the credential, report.
func (b *bare) reportRooms(ctx context.Context) error {
	for i := range roomCount {
		if !b.concerns(i) {
			continue
		}
		var credential corev1.Secret
		if err := b.kube.Get(ctx, client.ObjectKeyFromObject(b.credential(i)), &credential); err != nil {
			return err
		}
		var room roomv1alpha1.Room
		if err := b.cache.Get(ctx, client.ObjectKey{Namespace: b.namespace, Name: b.room(i)}, &room); err != nil {
			return err
		}
		err := b.patchStatus(ctx, &room, func() { room.Status.Conditions = ready("Connected", "Connected to room.") })
		if err != nil {
			return err
		}
	}
	return nil
}

// ready returns conditions that say that all is well.
func ready(reason, message string) []metav1.Condition {
	return []metav1.Condition{{
		Type: string(roomv1alpha1.ConditionReady), Status: metav1.ConditionTrue, Reason: reason, Message: message,
		LastTransitionTime: metav1.Now(), ObservedGeneration: 1,
	}}
}

// sync makes the requests with which the operator syncs a RoomSecret for the first time.
func (b *bare) sync(ctx context.Context, index int) error {
	var rs roomv1alpha1.RoomSecret
	if err := b.cache.Get(ctx, client.ObjectKey{Namespace: b.namespace, Name: b.name(index)}, &rs); err != nil {
		return err
	}
	room := b.rooms[b.room(index)].Secrets()
	if b.pushes(index) {
		return b.push(ctx, &rs, room)
	}
	return b.pull(ctx, &rs, room)
}

// push reads the source and the row, records what it is about to do, writes the row, reads it back,
// and reports.
func (b *bare) push(ctx context.Context, rs *roomv1alpha1.RoomSecret, room roomclient.Secrets) error {
	var source corev1.Secret
	if err := b.kube.Get(ctx, client.ObjectKeyFromObject(rs), &source); err != nil {
		return err
	}
	if _, err := room.GetSecret(ctx, roomclient.SecretQuery{ID: rs.Name}); !errors.Is(err, roomclient.ErrNotFound) {
		return errors.Join(errors.New("the row is there already"), err)
	}
	if err := b.intend(ctx, rs); err != nil {
		return err
	}
	if err := write(ctx, rs, room, &source); err != nil {
		return err
	}
	return b.report(ctx, rs)
}

// write writes the row and reads it back.
func write(ctx context.Context, rs *roomv1alpha1.RoomSecret, room roomclient.Secrets, source *corev1.Secret) error {
	if err := room.SetSecret(ctx, roomclient.SetSecretRequest{ID: rs.Name, Type: "text/plain", Name: rs.Name, Value: source.Data["value"]}); err != nil {
		return err
	}
	_, err := room.GetSecret(ctx, roomclient.SecretQuery{ID: rs.Name})
	return err
}

// pull reads the target and the row, makes sure that the RoomSecret is still there, creates the target, makes it its own in
// the sense of server-side apply, and reports.
func (b *bare) pull(ctx context.Context, rs *roomv1alpha1.RoomSecret, room roomclient.Secrets) error {
	target := &corev1.Secret{}
	if err := b.kube.Get(ctx, client.ObjectKeyFromObject(rs), target); client.IgnoreNotFound(err) != nil {
		return err
	}
	row, err := room.GetSecret(ctx, roomclient.SecretQuery{ID: rs.Name})
	if err != nil {
		return err
	}
	if err := b.kube.Get(ctx, client.ObjectKeyFromObject(rs), &roomv1alpha1.RoomSecret{}); err != nil {
		return err
	}
	target = &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: rs.Namespace, Name: rs.Name, Labels: map[string]string{"app.kubernetes.io/managed-by": "bare"}},
		Data:       map[string][]byte{"value": row.Value},
	}
	if err := controllerutil.SetControllerReference(rs, target, b.kube.Scheme()); err != nil {
		return err
	}
	if err := b.kube.Create(ctx, target, client.FieldOwner("bare")); err != nil {
		return err
	}
	upgrade, err := csaupgrade.UpgradeManagedFieldsPatch(target, sets.New("bare"), "bare")
	if err != nil {
		return err
	}
	if err := b.kube.Patch(ctx, target, client.RawPatch("application/json-patch+json", upgrade)); err != nil {
		return err
	}
	return b.report(ctx, rs)
}

const longText = "0123456789012345678901234567890123456789012"

// intend writes an entry of the ledger.
func (b *bare) intend(ctx context.Context, rs *roomv1alpha1.RoomSecret) error {
	return b.patchStatus(ctx, rs, func() {
		entry := entryOf(rs)
		entry.State, entry.Reason, entry.Seal = roomv1alpha1.EntryPending, roomv1alpha1.ReasonProgressing, "intent."+longText
		rs.Status.Entries = []roomv1alpha1.EntryStatus{entry}
	})
}

// entryOf returns an entry in sync.
func entryOf(rs *roomv1alpha1.RoomSecret) roomv1alpha1.EntryStatus {
	return roomv1alpha1.EntryStatus{
		Name: rs.Name, Entry: rs.Name, ID: rs.Name, Identity: operatorName, State: roomv1alpha1.EntryInSync,
		Origin: roomv1alpha1.OriginCreated, Digest: longText, Seal: "owned." + longText, LastChangeTime: new(metav1.Now()),
	}
}

// report writes a status as that of a RoomSecret in sync, and an event.
func (b *bare) report(ctx context.Context, rs *roomv1alpha1.RoomSecret) error {
	err := b.patchStatus(ctx, rs, func() {
		rs.Status.Entries = []roomv1alpha1.EntryStatus{entryOf(rs)}
		rs.Status.ObservedGeneration, rs.Status.LastChangeTime, rs.Status.Direction = rs.Generation, new(metav1.Now()), rs.Direction()
		rs.Status.Summary = &roomv1alpha1.Summary{Desired: 1, InSync: 1, Ready: "1/1"}
		rs.Status.Conditions = ready("InSync", "1 of 1 entries are in sync with the room.")
	})
	b.events.Eventf(rs, nil, corev1.EventTypeNormal, "InSync", "Sync", "1 of 1 entries are in sync with the room.")
	return err
}
