// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package matrix_test

import (
	"maps"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
)

// policy is a row of the matrix: a RoomSecret with one of its policies set, and the others as they are by default.
type policy struct {
	// name and value are those of the field.
	name, value string
	set         func(*roomv1alpha1.RoomSecret)
	// taken is true when somebody else has a room secret of the id, or a Secret of the name of the target, before the
	// RoomSecret is there.
	taken bool
	// starts is why the RoomSecret is not Ready before anything happens; empty when it is.
	starts roomv1alpha1.Reason
	// outcomes has what is expected of each event.
	outcomes map[event]outcome
}

// outcome returns what is expected of an event, in a direction.
func (p policy) outcome(column column, direction roomv1alpha1.Direction) outcome {
	if !column.appliesTo(direction) {
		return impossible()
	}
	return p.outcomes[column.event]
}

// table is one of the tables of the page.
type table struct {
	direction roomv1alpha1.Direction
	rows      []policy
}

func tables() []table {
	return []table{{roomv1alpha1.DirectionPush, pushPolicies()}, {roomv1alpha1.DirectionPull, pullPolicies()}}
}

// pushes returns what becomes of a push whose policies are the default, but for differences.
func pushes(differences map[event]outcome) map[event]outcome {
	outcomes := map[event]outcome{
		roomValueChanged:    written(),
		roomRowDeleted:      written(),
		roomMetadataChanged: written(),
		sourceEdited:        written(),
		sourceDeleted:       kept().but(roomv1alpha1.ReasonSourceNotFound),
		roomUnreachable:     kept().but(roomv1alpha1.ReasonRoomNotReady),
		roomObjectGone:      kept().but(roomv1alpha1.ReasonRoomNotFound),
		roomSecretDeleted:   kept(),
		operatorRestarted:   nothing(),
	}
	maps.Copy(outcomes, differences)
	return outcomes
}

func pushPolicies() []policy {
	push := func(set func(*roomv1alpha1.Push)) func(*roomv1alpha1.RoomSecret) {
		return func(rs *roomv1alpha1.RoomSecret) { set(rs.Spec.Push) }
	}
	onConflict := func(policy roomv1alpha1.ConflictPolicy) func(*roomv1alpha1.RoomSecret) {
		return push(func(p *roomv1alpha1.Push) {
			p.ConflictPolicy, p.DeletionPolicy = policy, roomv1alpha1.DeletionDelete // what is not ours stays nevertheless
		})
	}
	conflict := roomv1alpha1.ReasonConflict
	return []policy{
		{name: "conflictPolicy", value: "Fail", set: onConflict(roomv1alpha1.ConflictFail), taken: true, starts: conflict, outcomes: pushes(map[event]outcome{
			roomValueChanged:    left().but(conflict),
			roomMetadataChanged: left().but(conflict),
			sourceEdited:        kept().but(conflict),
			operatorRestarted:   nothing().but(conflict),
		})},
		{name: "conflictPolicy", value: "Adopt", set: onConflict(roomv1alpha1.ConflictAdopt), taken: true, outcomes: pushes(map[event]outcome{
			roomObjectGone:    kept().but(roomv1alpha1.ReasonRoomNotReady),
			roomSecretDeleted: deleted(),
		})},
		{name: "conflictPolicy", value: "Skip", set: onConflict(roomv1alpha1.ConflictSkip), taken: true, outcomes: pushes(map[event]outcome{
			roomValueChanged:    left(),
			roomMetadataChanged: left(),
			sourceEdited:        kept(),
		})},
		{name: "driftPolicy", value: "Correct", set: push(func(p *roomv1alpha1.Push) { p.DriftPolicy = roomv1alpha1.DriftCorrect }), outcomes: pushes(nil)},
		{name: "driftPolicy", value: "Report", set: push(func(p *roomv1alpha1.Push) { p.DriftPolicy = roomv1alpha1.DriftReport }), outcomes: pushes(map[event]outcome{
			roomValueChanged:    left().but(roomv1alpha1.ReasonDrifted),
			roomRowDeleted:      left().but(roomv1alpha1.ReasonDrifted),
			roomMetadataChanged: left().but(roomv1alpha1.ReasonDrifted),
		})},
		{name: "driftPolicy", value: "Ignore", set: push(func(p *roomv1alpha1.Push) { p.DriftPolicy = roomv1alpha1.DriftIgnore }), outcomes: pushes(map[event]outcome{
			roomValueChanged:    left(),
			roomRowDeleted:      left(),
			roomMetadataChanged: left(),
		})},
		{name: "onSourceDeleted", value: "Keep", set: push(func(p *roomv1alpha1.Push) { p.OnSourceDeleted = roomv1alpha1.SourceDeletedKeep }), outcomes: pushes(nil)},
		{name: "onSourceDeleted", value: "Delete", set: push(func(p *roomv1alpha1.Push) { p.OnSourceDeleted = roomv1alpha1.SourceDeletedDelete }), outcomes: pushes(map[event]outcome{
			sourceDeleted: deleted().but(roomv1alpha1.ReasonSourceNotFound),
		})},
		{name: "deletionPolicy", value: "Retain", set: push(func(p *roomv1alpha1.Push) { p.DeletionPolicy = roomv1alpha1.DeletionRetain }), outcomes: pushes(nil)},
		{name: "deletionPolicy", value: "Delete", set: push(func(p *roomv1alpha1.Push) { p.DeletionPolicy = roomv1alpha1.DeletionDelete }), outcomes: pushes(map[event]outcome{
			roomObjectGone:    kept().but(roomv1alpha1.ReasonRoomNotReady), // the Room stays as long as it is needed
			roomSecretDeleted: deleted(),
		})},
	}
}

// pulls returns what becomes of a pull whose policies are the default, but for differences.
func pulls(differences map[event]outcome) map[event]outcome {
	outcomes := map[event]outcome{
		roomValueChanged:    written(),
		roomRowDeleted:      kept().but(roomv1alpha1.ReasonRoomSecretNotFound),
		roomMetadataChanged: nothing(),
		targetEdited:        written(),
		targetDeleted:       written(),
		roomUnreachable:     kept().but(roomv1alpha1.ReasonRoomNotReady),
		roomObjectGone:      kept().but(roomv1alpha1.ReasonRoomNotFound),
		roomSecretDeleted:   deleted(),
		operatorRestarted:   nothing(),
	}
	maps.Copy(outcomes, differences)
	return outcomes
}

func pullPolicies() []policy {
	pull := func(set func(*roomv1alpha1.Pull)) func(*roomv1alpha1.RoomSecret) {
		return func(rs *roomv1alpha1.RoomSecret) { set(rs.Spec.Pull) }
	}
	creation := func(policy roomv1alpha1.CreationPolicy) func(*roomv1alpha1.RoomSecret) {
		return pull(func(p *roomv1alpha1.Pull) { p.Target.CreationPolicy = policy })
	}
	missing := func(policy roomv1alpha1.OnMissing) func(*roomv1alpha1.RoomSecret) {
		return pull(func(p *roomv1alpha1.Pull) { p.Entries[0].OnMissing = policy })
	}
	merging := func(policy roomv1alpha1.DeletionPolicy) func(*roomv1alpha1.RoomSecret) {
		return pull(func(p *roomv1alpha1.Pull) {
			p.Target.CreationPolicy, p.DeletionPolicy = roomv1alpha1.CreationMerge, policy
		})
	}
	adopting := func(adopt bool) func(*roomv1alpha1.RoomSecret) {
		return pull(func(p *roomv1alpha1.Pull) { p.Target.Adopt = adopt })
	}
	freezing := func(immutable bool) func(*roomv1alpha1.RoomSecret) {
		return pull(func(p *roomv1alpha1.Pull) { p.Target.Immutable = immutable })
	}
	conflict, notFound := roomv1alpha1.ReasonConflict, left().but(roomv1alpha1.ReasonTargetNotFound)
	return []policy{
		{name: "creationPolicy", value: "Owner", set: creation(roomv1alpha1.CreationOwner), outcomes: pulls(nil)},
		{name: "creationPolicy", value: "Orphan", set: creation(roomv1alpha1.CreationOrphan), outcomes: pulls(map[event]outcome{roomSecretDeleted: kept()})},
		{name: "creationPolicy", value: "Merge", set: creation(roomv1alpha1.CreationMerge), outcomes: pulls(map[event]outcome{targetDeleted: notFound})},
		{name: "onMissing", value: "Fail", set: missing(roomv1alpha1.OnMissingFail), outcomes: pulls(nil)},
		{name: "onMissing", value: "Keep", set: missing(roomv1alpha1.OnMissingKeep), outcomes: pulls(map[event]outcome{roomRowDeleted: kept()})},
		{name: "onMissing", value: "Remove", set: missing(roomv1alpha1.OnMissingRemove), outcomes: pulls(map[event]outcome{roomRowDeleted: deleted()})},
		{name: "deletionPolicy", value: "Delete", set: merging(roomv1alpha1.DeletionDelete), outcomes: pulls(map[event]outcome{targetDeleted: notFound})},
		{name: "deletionPolicy", value: "Retain", set: merging(roomv1alpha1.DeletionRetain), outcomes: pulls(map[event]outcome{targetDeleted: notFound, roomSecretDeleted: kept()})},
		{name: "adopt", value: "false", set: adopting(false), taken: true, starts: conflict, outcomes: pulls(map[event]outcome{
			roomValueChanged:    kept().but(conflict),
			roomRowDeleted:      kept().but(conflict),
			roomMetadataChanged: nothing().but(conflict),
			targetEdited:        left().but(conflict),
			roomSecretDeleted:   kept(),
			operatorRestarted:   nothing().but(conflict),
		})},
		{name: "adopt", value: "true", set: adopting(true), taken: true, outcomes: pulls(nil)},
		{name: "immutable", value: "false", set: freezing(false), outcomes: pulls(nil)},
		{name: "immutable", value: "true", set: freezing(true), outcomes: pulls(map[event]outcome{
			roomValueChanged: kept().but(roomv1alpha1.ReasonTargetImmutable),
			targetEdited:     impossible(), // the API server refuses it
		})},
	}
}
