// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/fault"
)

func clientKey(s *scope) types.NamespacedName { return client.ObjectKeyFromObject(s.rs) }

// conclude makes the status from the entries and from what stopped the work, if anything did.
func (r *RoomSecretReconciler) conclude(s *scope, cause error) {
	status := &s.rs.Status
	status.Direction = s.rs.Direction()
	status.Summary = summarize(status.Entries)
	status.ObservedGeneration = s.rs.Generation
	status.LastHandledRequestedAt = echoOf(requestedAt(s.rs))
	if s.changes > 0 {
		status.LastChangeTime = &metav1.Time{Time: r.Clock.Now()}
	}
	v := verdictOfEntries(s, status)
	if f := fault.From(cause); f != nil {
		v = verdictOf(f)
		if !s.rs.DeletionTimestamp.IsZero() {
			v.ready, v.reconciling, v.stalled = metav1.ConditionFalse, true, false
		}
	}
	v.message = clip(v.message)
	v.setConditions(&status.Conditions, s.rs.Generation)
}

// summarize counts entries. What is no longer wanted does not count as desired.
func summarize(entries []roomv1alpha1.EntryStatus) *roomv1alpha1.Summary {
	var sum roomv1alpha1.Summary
	for _, entry := range entries {
		switch entry.State {
		case roomv1alpha1.EntryInSync, roomv1alpha1.EntrySkipped:
			sum.InSync++
		case roomv1alpha1.EntryFailed:
			sum.Failed++
		case roomv1alpha1.EntryDrifted:
			sum.Drifted++
		case roomv1alpha1.EntryPending:
			sum.Pending++
		case roomv1alpha1.EntryDeleting:
			continue
		}
		sum.Desired++
	}
	sum.Ready = fmt.Sprintf("%d/%d", sum.InSync, sum.Desired)
	return &sum
}

// verdictOfEntries says what the entries mean together.
func verdictOfEntries(s *scope, status *roomv1alpha1.RoomSecretStatus) verdict {
	sum := status.Summary
	v := verdict{
		ready: metav1.ConditionTrue, reason: roomv1alpha1.ReasonInSync,
		message: fmt.Sprintf("%d of %d entries are in sync with room %q.", sum.InSync, sum.Desired, s.room.roomName()),
	}
	if s.rs.Spec.Provide != nil {
		v.message = fmt.Sprintf("%d of %d rules answer who asks in room %q.", answering(status.Entries), sum.Desired, s.room.roomName())
	}
	if sum.Drifted > 0 {
		v.ready, v.reason = metav1.ConditionFalse, roomv1alpha1.ReasonDrifted
		v.drifted = describe(status.Entries, roomv1alpha1.EntryDrifted)
		v.message = v.drifted
	}
	if sum.Failed > 0 {
		v.ready = metav1.ConditionFalse
		v.reason = firstOf(status.Entries, roomv1alpha1.EntryFailed).Reason
		v.message = describe(status.Entries, roomv1alpha1.EntryFailed)
		v.stalled = !slices.ContainsFunc(status.Entries, func(e roomv1alpha1.EntryStatus) bool {
			return e.State == roomv1alpha1.EntryFailed && mendedElsewhere(e.Reason)
		})
	}
	if waiting := awaitedOf(status.Entries); len(waiting) > 0 && sum.Failed == 0 {
		// It is known what is to be waited for, and nothing goes on before.
		first := firstOf(waiting, roomv1alpha1.EntryPending)
		v.ready, v.reason, v.message = metav1.ConditionFalse, first.Reason, say(first, len(waiting), len(status.Entries))
		return v
	}
	if sum.Pending > 0 && sum.Failed == 0 {
		first := firstOf(status.Entries, roomv1alpha1.EntryPending)
		v.ready, v.reconciling = metav1.ConditionUnknown, true
		v.reason, v.message = first.Reason, describe(status.Entries, roomv1alpha1.EntryPending)
	}
	return v
}

// answering counts the rules that answer.
func answering(entries []roomv1alpha1.EntryStatus) (count int) {
	for _, entry := range entries {
		if entry.State == roomv1alpha1.EntryInSync {
			count++
		}
	}
	return count
}

// awaitedOf returns the entries that wait for somebody who was asked.
func awaitedOf(entries []roomv1alpha1.EntryStatus) []roomv1alpha1.EntryStatus {
	reasons := []roomv1alpha1.Reason{
		roomv1alpha1.ReasonAwaitingParticipant, roomv1alpha1.ReasonAwaitingAuthorization, roomv1alpha1.ReasonRejected,
	}
	return slices.DeleteFunc(slices.Clone(entries), func(e roomv1alpha1.EntryStatus) bool {
		return e.State != roomv1alpha1.EntryPending || !slices.Contains(reasons, e.Reason)
	})
}

// mendedElsewhere reports whether a reason goes away when something else appears, as it often does by itself in a
// pipeline that creates several objects.
func mendedElsewhere(reason roomv1alpha1.Reason) bool {
	return reason == roomv1alpha1.ReasonSourceNotFound || reason == roomv1alpha1.ReasonKeyNotFound || reason == roomv1alpha1.ReasonRoomSecretNotFound
}

// describe says how many entries have a state, and what the first of them says.
func describe(entries []roomv1alpha1.EntryStatus, state roomv1alpha1.EntryState) string {
	count := 0
	for _, entry := range entries {
		if entry.State == state {
			count++
		}
	}
	return say(firstOf(entries, state), count, len(entries))
}

// say tells what the first of so many entries says.
func say(first roomv1alpha1.EntryStatus, count, all int) string {
	return fmt.Sprintf("%s: %s (%d of %d entries)", first.Name, first.Message, count, all)
}

// firstOf returns the first entry, by name, that has a state.
func firstOf(entries []roomv1alpha1.EntryStatus, state roomv1alpha1.EntryState) roomv1alpha1.EntryStatus {
	var with []roomv1alpha1.EntryStatus
	for _, entry := range entries {
		if entry.State == state {
			with = append(with, entry)
		}
	}
	if len(with) == 0 {
		return roomv1alpha1.EntryStatus{}
	}
	return slices.MinFunc(with, func(a, b roomv1alpha1.EntryStatus) int { return cmp.Compare(a.Name, b.Name) })
}

const (
	// maxMessage is the longest message of a condition, in bytes.
	maxMessage = 1024
	// maxRequestedAt is the longest value of the annotation that is echoed in full, in bytes.
	maxRequestedAt = 256
)

// echoOf returns what is echoed of a value of the annotation, cutting no character in two.
func echoOf(request string) string {
	if len(request) <= maxRequestedAt {
		return request
	}
	return strings.ToValidUTF8(request[:maxRequestedAt], "")
}

func clip(message string) string {
	if len(message) > maxMessage {
		return message[:maxMessage-3] + "..."
	}
	return message
}
