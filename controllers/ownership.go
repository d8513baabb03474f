// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
)

// fieldManager is the name under which a RoomSecret owns fields of its target. Several RoomSecrets can merge into one
// Secret, so each has its own.
func fieldManager(rs *roomv1alpha1.RoomSecret) string { return fieldManagerPrefix + string(rs.UID) }

// fieldManagerPrefix begins the names of all RoomSecrets as field managers.
const fieldManagerPrefix = "roomsecrets.io/"

// owns reports whether a RoomSecret is among those who wrote a field of the target last.
func (t target) owns(rs *roomv1alpha1.RoomSecret, path ...any) bool {
	return t.wrote(fieldManager(rs), path...)
}

// wrote reports whether a field manager is among those who wrote a field of the target last.
func (t target) wrote(manager string, path ...any) bool {
	field := fieldpath.MakePathOrDie(path...)
	return slices.ContainsFunc(t.fieldsOf(manager), func(fields *fieldpath.Set) bool { return fields.Has(field) })
}

// takenOver reports whether another RoomSecret wrote a key of the target last: it may have done so as soon as the key was
// taken out, and when that is tried once more, the key is its own.
func (t target) takenOver(rs *roomv1alpha1.RoomSecret, key string) bool {
	if t.owns(rs, "data", key) {
		return false
	}
	return slices.ContainsFunc(t.secret.ManagedFields, func(entry metav1.ManagedFieldsEntry) bool {
		if !strings.HasPrefix(entry.Manager, fieldManagerPrefix) || entry.Manager == retainedManager {
			return false
		}
		fields := fieldsIn(entry)
		return fields != nil && fields.Has(fieldpath.MakePathOrDie("data", key))
	})
}

// fieldsOf returns the fields of the target that a field manager wrote last.
func (t target) fieldsOf(manager string) []*fieldpath.Set {
	var sets []*fieldpath.Set
	for _, entry := range t.secret.ManagedFields {
		if entry.Manager != manager {
			continue
		}
		if fields := fieldsIn(entry); fields != nil {
			sets = append(sets, fields)
		}
	}
	return sets
}

// fieldsIn returns the fields of an entry. Fields that cannot be read prove nothing: then it returns nil.
func fieldsIn(entry metav1.ManagedFieldsEntry) *fieldpath.Set {
	fields := &fieldpath.Set{}
	if entry.FieldsV1 == nil || fields.FromJSON(bytes.NewReader(entry.FieldsV1.GetRawBytes())) != nil {
		return nil
	}
	return fields
}

// ownedBy reports whether the target as a whole belongs to a RoomSecret, which created it or took it over, and did not
// merge into it: only then it owns the field of its type.
func (t target) ownedBy(rs *roomv1alpha1.RoomSecret) bool {
	return metav1.IsControlledBy(t.secret, rs) || t.owns(rs, "type")
}

// controller names the object that owns the target as its controller, unless it is the RoomSecret.
func (t target) controller(rs *roomv1alpha1.RoomSecret) string {
	owner := metav1.GetControllerOf(t.secret)
	if owner == nil || owner.UID == rs.UID {
		return ""
	}
	return fmt.Sprintf("%s %q", owner.Kind, owner.Name)
}

// ownedByAnother names the RoomSecret that owns the target as its controller, when a RoomSecret is to merge into it: who owns it
// takes every key of it for its own.
func (t target) ownedByAnother(rs *roomv1alpha1.RoomSecret) string {
	if !t.exists() || !merges(rs) {
		return ""
	}
	owner := metav1.GetControllerOf(t.secret)
	if owner == nil || owner.UID == rs.UID || owner.Kind != "RoomSecret" || owner.APIVersion != roomv1alpha1.SchemeGroupVersion().String() {
		return ""
	}
	return rs.Namespace + "/" + owner.Name
}

// metadata is what a pull puts on its target besides the keys.
type metadata struct {
	labels, annotations map[string]string
	// foreign names the first label or annotation that is left out, because it is somebody else's.
	foreign string
}

// metadataFor returns what the spec asks for. In a target that is merged into, what somebody else has given another value
// is left out. Nobody keeps a ledger of it, so that is also what becomes of a label of ours that somebody has changed.
func (t target) metadataFor(rs *roomv1alpha1.RoomSecret) metadata {
	want := rs.Spec.Pull.Target
	if !merges(rs) {
		labels := map[string]string{managedByLabel: managedBy}
		maps.Copy(labels, want.Labels)
		return metadata{labels: labels, annotations: want.Annotations}
	}
	var m metadata
	m.labels = t.withoutForeign(rs, "label", t.secret.Labels, want.Labels, &m.foreign)
	m.annotations = t.withoutForeign(rs, "annotation", t.secret.Annotations, want.Annotations, &m.foreign)
	return m
}

// withoutForeign returns what is wanted, labels or annotations, without what is not ours, of which it names the first.
func (t target) withoutForeign(rs *roomv1alpha1.RoomSecret, kind string, there, want map[string]string, foreign *string) map[string]string {
	ours := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		value, exists := there[name]
		if exists && value != want[name] && !t.owns(rs, "metadata", kind+"s", name) {
			*foreign = cmp.Or(*foreign, fmt.Sprintf("%s %q", kind, name))
			continue
		}
		ours[name] = want[name]
	}
	return ours
}

// isOn reports whether the target has all of it, and nothing else of the kind from the RoomSecret. That shows in the target
// alone: what was asked for when it was written last is nowhere else, above all not after a crash.
func (m metadata) isOn(t target, rs *roomv1alpha1.RoomSecret) bool {
	return contains(t.secret.Labels, m.labels) && contains(t.secret.Annotations, m.annotations) &&
		(!wantsOwner(rs) || metav1.IsControlledBy(t.secret, rs)) &&
		!slices.ContainsFunc(t.fieldsOf(fieldManager(rs)), func(fields *fieldpath.Set) bool { return m.lacks(fields, rs) })
}

// lacks reports whether there is something in fields that is not asked for. It does not look at the keys.
func (m metadata) lacks(fields *fieldpath.Set, rs *roomv1alpha1.RoomSecret) bool {
	spare := false
	fields.Iterate(func(path fieldpath.Path) { spare = spare || !m.asksFor(path.String(), rs) }) // All panics when it is left early
	return spare
}

// asksFor reports whether a field of a target is one that the spec asks for, if it is no key.
func (m metadata) asksFor(field string, rs *roomv1alpha1.RoomSecret) bool {
	if name, ok := strings.CutPrefix(field, ".metadata.labels."); ok {
		_, asked := m.labels[name]
		return asked
	}
	if name, ok := strings.CutPrefix(field, ".metadata.annotations."); ok {
		_, asked := m.annotations[name]
		return asked
	}
	if strings.HasPrefix(field, ".metadata.ownerReferences[") {
		return wantsOwner(rs)
	}
	return field != ".type" || !merges(rs)
}

// wantsOwner reports whether the target is to be owned by the RoomSecret, and to go with it.
func wantsOwner(rs *roomv1alpha1.RoomSecret) bool {
	return rs.Spec.Pull.Target.CreationPolicyOrDefault() == roomv1alpha1.CreationOwner
}

func contains(have, want map[string]string) bool {
	for key, value := range want {
		if there, ok := have[key]; !ok || there != value {
			return false
		}
	}
	return true
}
