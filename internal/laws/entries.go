// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package laws

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
)

// checkEntries checks the entries of a RoomSecret, and that its summary and Ready say the same as they do.
func (b *book) checkEntries(rs *roomv1alpha1.RoomSecret) {
	names := map[string]bool{}
	counted := roomv1alpha1.Summary{}
	for _, entry := range rs.Status.Entries {
		if names[entry.Name] {
			b.broken("there are two entries %q", entry.Name)
		}
		names[entry.Name] = true
		b.checkEntry(rs, entry)
		count(&counted, entry.State)
	}
	if rs.Status.Direction != rs.Direction() {
		b.broken("the direction is %q, and that of the spec %q", rs.Status.Direction, rs.Direction())
	}
	if slices.ContainsFunc(rs.Status.Entries, announced) {
		return
	}
	counted.Ready = fmt.Sprintf("%d/%d", counted.InSync, counted.Desired)
	switch summary := rs.Status.Summary; {
	case summary == nil:
		b.broken("the summary is missing")
	case *summary != counted:
		b.broken("the summary is %+v, and the entries come to %+v", *summary, counted)
	}
	if meta.IsStatusConditionTrue(rs.Status.Conditions, string(roomv1alpha1.ConditionReady)) && counted.InSync != counted.Desired {
		b.broken("Ready is True with %s entries in sync", counted.Ready)
	}
}

// announced reports whether an entry says no more than that something is about to be written or deleted. That is recorded
// before it is done, and what has come of it, in the summary and the conditions too, afterwards.
func announced(entry roomv1alpha1.EntryStatus) bool {
	working := entry.State == roomv1alpha1.EntryPending || entry.State == roomv1alpha1.EntryDeleting
	return working && entry.Message == ""
}

func (b *book) checkEntry(rs *roomv1alpha1.RoomSecret, entry roomv1alpha1.EntryStatus) {
	if entry.State != roomv1alpha1.EntryInSync && entry.Reason == "" {
		b.broken("entry %q is %s for no reason", entry.Name, entry.State)
	}
	if entry.Reason != "" && (!slices.Contains(roomv1alpha1.Reasons(), entry.Reason) || slices.Contains(ofTheOthers(true), entry.Reason)) {
		b.broken("entry %q has the reason %q, which does not belong to it", entry.Name, entry.Reason)
	}
	b.checkText("entry "+entry.Name, entry.Message)
	if (entry.Origin == "") != (entry.Seal == "") {
		b.broken("entry %q has the origin %q and a seal of %d bytes: what is ours has both", entry.Name, entry.Origin, len(entry.Seal))
	}
	if at := entry.LastChangeTime; at != nil && (rs.Status.LastChangeTime == nil || rs.Status.LastChangeTime.Before(at)) {
		b.broken("entry %q has changed after the RoomSecret has", entry.Name)
	}
}

// count adds an entry to a summary. What is no longer wanted does not count as desired.
func count(sum *roomv1alpha1.Summary, state roomv1alpha1.EntryState) {
	switch state {
	case roomv1alpha1.EntryInSync, roomv1alpha1.EntrySkipped:
		sum.InSync++
	case roomv1alpha1.EntryFailed:
		sum.Failed++
	case roomv1alpha1.EntryDrifted:
		sum.Drifted++
	case roomv1alpha1.EntryPending:
		sum.Pending++
	case roomv1alpha1.EntryDeleting:
		return
	}
	sum.Desired++
}
