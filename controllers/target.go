// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"fmt"
	"maps"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/sets"
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"
	applymetav1 "k8s.io/client-go/applyconfigurations/meta/v1"
	"k8s.io/client-go/util/csaupgrade"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/fault"
	"github.com/roomsecrets/roomsecret-operator/internal/fingerprint"
	"github.com/roomsecrets/roomsecret-operator/internal/plan"
)

const (
	// managedByLabel, with the value managedBy, is on Secrets that we create.
	managedByLabel = "app.kubernetes.io/managed-by"
	managedBy      = "roomsecret-operator"
	// retainedManager is the field manager that keeps keys which we leave in a target although we no longer manage them.
	retainedManager = "roomsecrets.io/retained"
)

// target is the Secret that a pull writes, as it was read; secret is nil when it is not there.
type target struct {
	name   string
	secret *corev1.Secret
}

func (t target) exists() bool { return t.secret != nil }

// keyDigest is the digest of the value under a key of a target.
func keyDigest(digests fingerprint.Key, key string, value []byte) string {
	return digests.Digest("key", []byte(key), value)
}

// readTarget reads the target from the API server.
func (r *RoomSecretReconciler) readTarget(ctx context.Context, s *scope, name string) (target, error) {
	var secret corev1.Secret
	err := r.Live.Get(ctx, client.ObjectKey{Namespace: s.rs.Namespace, Name: name}, &secret)
	if apierrors.IsNotFound(err) {
		s.secret = secretVersion{}
		return target{name: name}, nil
	}
	if err != nil {
		return target{}, fmt.Errorf("read the target: %w", err)
	}
	s.secret = versionOf(&secret)
	return target{name: name, secret: &secret}, nil
}

// facts returns what the plan needs to know of the target.
func (t target) facts(rs *roomv1alpha1.RoomSecret, digests fingerprint.Key) plan.Target {
	facts := plan.Target{Name: t.name, Wanted: rs.Spec.Pull.Target.TypeOrDefault(), Keys: map[string]string{}}
	if !t.exists() {
		return facts
	}
	facts.Exists = true
	facts.Type = string(t.secret.Type)
	facts.Owned = t.ownedBy(rs)
	facts.Immutable = ptr.Deref(t.secret.Immutable, false)
	facts.Frozen = facts.Immutable && t.owns(rs, "immutable")
	facts.Consent = t.secret.Annotations[roomv1alpha1.AnnotationAllowAdoption] == rs.Name
	facts.Controller = t.controller(rs)
	facts.Deleting = !t.secret.DeletionTimestamp.IsZero()
	metadata := t.metadataFor(rs)
	facts.Foreign = metadata.foreign
	facts.Metadata = metadata.isOn(t, rs)
	for key, value := range t.secret.Data {
		facts.Keys[key] = keyDigest(digests, key, value)
	}
	return facts
}

// edits are what an apply does to the keys of a target.
type edits struct {
	// data is what is ours afterwards.
	data map[string][]byte
	// released stays, and is ours no longer.
	released map[string][]byte
	// removed goes.
	removed []string
}

// editsOf returns what the steps do to the target as it is. A key that we wrote, and of which neither the spec nor the ledger
// knows, stays: it is not known that it should go.
func (t target) editsOf(rs *roomv1alpha1.RoomSecret, steps []plan.KeyStep, values map[string][]byte) edits {
	merging := merges(rs)
	e := edits{data: map[string][]byte{}, released: map[string][]byte{}}
	there := map[string][]byte{}
	if t.exists() {
		there = maps.Clone(t.secret.Data)
	}
	for _, step := range steps {
		value, exists := there[step.Key]
		delete(there, step.Key)
		switch {
		case step.Op == plan.KeySet:
			e.data[step.Key] = values[step.Key]
		case step.Op == plan.KeyRemove:
			e.removed = append(e.removed, step.Key)
		case step.Op == plan.KeyRelease && exists && merging:
			e.released[step.Key] = value
		case step.Op == plan.KeyKeep && exists && (step.After != nil || !merging):
			e.data[step.Key] = value
		}
	}
	for key, value := range there {
		if t.owns(rs, "data", key) {
			e.data[key] = value
		}
	}
	return e
}

// applyTarget creates the target, or makes its keys what the steps say. A target that is created for a RoomSecret that is gone
// would be gone with it for good.
func (r *RoomSecretReconciler) applyTarget(ctx context.Context, s *scope, t target, decided plan.PullPlan, values map[string][]byte) error {
	if err := r.stillSo(ctx, s); err != nil {
		return err
	}
	e := t.editsOf(s.rs, decided.Steps, values)
	if !t.exists() {
		return r.createTarget(ctx, s, t.name, e.data)
	}
	if err := r.handOver(ctx, t.secret, e.released); err != nil {
		return err
	}
	if decided.Adopt && len(e.removed) > 0 { // nothing is taken out of it before it is ours
		if err := r.patchTarget(ctx, s, t, e.data, false); err != nil {
			return err
		}
	}
	if err := r.removeKeys(ctx, s, t.secret, e.removed); err != nil {
		return err
	}
	return r.patchTarget(ctx, s, t, e.data, decided.Freeze)
}

// refusal makes a fault of an error that trying again would only repeat: the API server, a quota or an admission policy
// does not accept the target as it is asked for.
func refusal(err error) error {
	switch {
	case apierrors.IsInvalid(err), apierrors.IsForbidden(err), apierrors.IsRequestEntityTooLargeError(err):
		f := fault.NewTerminal(roomv1alpha1.ReasonRejected,
			"The API server does not accept the target: check its name, labels, annotations and size, and what admission policies and quotas of the namespace say.")
		f.Err = err
		return f
	}
	return err
}

// removeKeys takes keys away, whoever wrote them last: an apply would only take away those that nobody else has touched.
func (r *RoomSecretReconciler) removeKeys(ctx context.Context, s *scope, secret *corev1.Secret, keys []string) error {
	if len(keys) == 0 {
		return nil
	}
	before := secret.DeepCopy()
	for _, key := range keys {
		delete(secret.Data, key)
	}
	return r.Client.Patch(ctx, secret, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{}), client.FieldOwner(fieldManager(s.rs)))
}

// createTarget creates the target, complete, or fails with a conflict when somebody else was faster. What is created by
// a plain create is then made ours in the sense of server-side apply, so that later applies can also remove fields.
func (r *RoomSecretReconciler) createTarget(ctx context.Context, s *scope, name string, data map[string][]byte) error {
	metadata := target{name: name}.metadataFor(s.rs)
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: s.rs.Namespace, Name: name, Labels: metadata.labels, Annotations: metadata.annotations,
		},
		Type: corev1.SecretType(s.rs.Spec.Pull.Target.TypeOrDefault()),
		Data: data,
	}
	if s.rs.Spec.Pull.Target.Immutable {
		secret.Immutable = new(true)
	}
	if wantsOwner(s.rs) {
		secret.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(s.rs, roomv1alpha1.SchemeGroupVersion().WithKind("RoomSecret"))}
	}
	err := r.Client.Create(ctx, secret, client.FieldOwner(fieldManager(s.rs)))
	if apierrors.IsAlreadyExists(err) {
		return apierrors.NewConflict(corev1.Resource("secrets"), name, errors.New("somebody else created it first"))
	}
	if err != nil {
		return fmt.Errorf("create the target: %w", err)
	}
	if err := r.ownFields(ctx, s, secret); err != nil {
		return err
	}
	s.secret = versionOf(secret)
	return nil
}

// ownFields turns the ownership that a create gave us into that of server-side apply. It does nothing when it is so.
func (r *RoomSecretReconciler) ownFields(ctx context.Context, s *scope, secret *corev1.Secret) error {
	manager := fieldManager(s.rs)
	patch, err := csaupgrade.UpgradeManagedFieldsPatch(secret, sets.New(manager), manager)
	if err != nil {
		return fmt.Errorf("read the field owners of the target: %w", err)
	}
	if patch == nil {
		return nil
	}
	return r.Client.Patch(ctx, secret, client.RawPatch("application/json-patch+json", patch))
}

// patchTarget makes the fields that are ours exactly what they should be. The resource version makes it fail with a
// conflict when somebody changed the Secret since it was read. With freeze, the Secret can never be changed again.
func (r *RoomSecretReconciler) patchTarget(ctx context.Context, s *scope, t target, data map[string][]byte, freeze bool) error {
	secret, metadata := t.secret, t.metadataFor(s.rs)
	if err := r.ownFields(ctx, s, secret); err != nil {
		return err
	}
	config := applycorev1.Secret(secret.Name, secret.Namespace).
		WithResourceVersion(secret.ResourceVersion).
		WithLabels(metadata.labels).WithAnnotations(metadata.annotations).
		WithData(data)
	if !merges(s.rs) {
		config = config.WithType(secret.Type)
	}
	if freeze || (s.rs.Spec.Pull.Target.Immutable && ptr.Deref(secret.Immutable, false)) {
		config = config.WithImmutable(true)
	}
	if wantsOwner(s.rs) {
		ref := metav1.NewControllerRef(s.rs, roomv1alpha1.SchemeGroupVersion().WithKind("RoomSecret"))
		config = config.WithOwnerReferences(applymetav1.OwnerReference().
			WithAPIVersion(ref.APIVersion).WithKind(ref.Kind).WithName(ref.Name).WithUID(ref.UID).
			WithController(true).WithBlockOwnerDeletion(true))
	}
	// Whether a field is ours was decided by the plan, with the ledger; field owners only say who wrote last.
	if err := r.Client.Apply(ctx, config, client.FieldOwner(fieldManager(s.rs)), client.ForceOwnership); err != nil {
		return err
	}
	secret.ResourceVersion = ptr.Deref(config.ResourceVersion, "")
	s.secret = versionOf(secret)
	return nil
}

// handOver gives keys that are to stay to another field manager, so that they survive when we stop applying them. An apply takes
// away what its manager has and does not name, so what was left there before is named again, as it is.
func (r *RoomSecretReconciler) handOver(ctx context.Context, secret *corev1.Secret, data map[string][]byte) error {
	if len(data) == 0 {
		return nil
	}
	all := maps.Clone(data)
	for key, value := range secret.Data {
		if (target{secret: secret}).wrote(retainedManager, "data", key) {
			all[key] = value
		}
	}
	config := applycorev1.Secret(secret.Name, secret.Namespace).
		WithUID(secret.UID).WithResourceVersion(secret.ResourceVersion).
		WithData(all)
	return r.Client.Apply(ctx, config, client.FieldOwner(retainedManager), client.ForceOwnership)
}

// releaseTarget lets go of a target: because the RoomSecret is being deleted, or because it writes another one now.
func (r *RoomSecretReconciler) releaseTarget(ctx context.Context, s *scope, name string) error {
	t, err := r.readTarget(ctx, s, name)
	if err != nil {
		return err
	}
	ours := r.pullLedger(s.rs, t).keys(s.rs.Status.Entries)
	switch {
	case !t.exists():
	case metav1.IsControlledBy(t.secret, s.rs):
		err = r.Client.Delete(ctx, t.secret, client.Preconditions{UID: &t.secret.UID})
	case merges(s.rs):
		err = r.takeKeysOut(ctx, s, t.secret, ours)
	}
	if client.IgnoreNotFound(err) != nil {
		return err
	}
	s.rs.Status.Entries = nil
	return nil
}

// takeKeysOut removes our keys from a target that somebody else created, or leaves them there for good.
func (r *RoomSecretReconciler) takeKeysOut(ctx context.Context, s *scope, secret *corev1.Secret, ours map[string]plan.Record) error {
	retained, removed := map[string][]byte{}, []string(nil)
	for key, value := range secret.Data {
		record, recorded := ours[key]
		mine := recorded && (record.Confirmed || record.Digest == keyDigest(r.Digests, key, value)) &&
			!target{secret: secret}.takenOver(s.rs, key)
		switch {
		case mine && s.rs.Spec.Pull.DeletionPolicyOrDefault() == roomv1alpha1.DeletionRetain:
			retained[key] = value
		case mine:
			removed = append(removed, key)
		}
	}
	if err := r.handOver(ctx, secret, retained); err != nil {
		return err
	}
	if err := r.removeKeys(ctx, s, secret, removed); err != nil {
		return err
	}
	empty := applycorev1.Secret(secret.Name, secret.Namespace).WithUID(secret.UID)
	return r.Client.Apply(ctx, empty, client.FieldOwner(fieldManager(s.rs)), client.ForceOwnership)
}
