// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package laws

import (
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
)

// checkPending checks the requests that wait for somebody.
func (b *book) checkPending(rs *roomv1alpha1.RoomSecret) {
	if len(rs.Status.Pending) == 0 {
		return
	}
	pull := rs.Spec.Pull != nil
	if !pull && rs.Spec.Provide == nil {
		b.broken("a push waits for nobody, and has %d pending requests", len(rs.Status.Pending))
	}
	ready := meta.IsStatusConditionTrue(rs.Status.Conditions, string(roomv1alpha1.ConditionReady))
	if pull && ready && !slices.ContainsFunc(rs.Status.Entries, announced) {
		b.broken("Ready is True with %d pending requests", len(rs.Status.Pending))
	}
	for _, pending := range rs.Status.Pending {
		if pending.Until != nil && pending.Until.Before(&pending.Since) {
			b.broken("request %q ends before it begins", pending.Name)
		}
		if pull {
			b.checkAsked(rs, pending)
		}
	}
}

// checkAsked checks a request of a pull.
func (b *book) checkAsked(rs *roomv1alpha1.RoomSecret, pending roomv1alpha1.PendingRequest) {
	if !slices.ContainsFunc(rs.Spec.Pull.Entries, func(e roomv1alpha1.PullEntry) bool {
		return e.Key == pending.Name && (e.Request != nil || e.OAuth != nil)
	}) {
		b.broken("request %q is of no entry that asks", pending.Name)
	}
	inVain := slices.Contains([]roomv1alpha1.PendingState{
		roomv1alpha1.PendingRejected, roomv1alpha1.PendingTimedOut, roomv1alpha1.PendingFailed,
	}, pending.State)
	if inVain != (pending.NextAttemptTime != nil) || (inVain && pending.Attempts == 0) {
		b.broken("request %q is %s after %d attempts in vain, and the time of the next is there: %t", pending.Name, pending.State, pending.Attempts, pending.NextAttemptTime != nil)
	}
	if pending.Participant == "" {
		b.broken("request %q asks nobody", pending.Name)
	}
}
