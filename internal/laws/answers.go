// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package laws

import (
	"slices"
	"strings"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
)

// maxShownURL is how much is shown of a url that somebody has asked for, in bytes.
const maxShownURL = 256

// checkAnswers checks what a RoomSecret tells of its answers to others, and of what waits for people.
func (b *book) checkAnswers(rs *roomv1alpha1.RoomSecret) {
	provides := rs.Spec.Provide != nil
	for _, pending := range rs.Status.Pending {
		if provides && (pending.Seal == "" || pending.Authorization == nil || pending.Until == nil) {
			b.broken("the request %q waits for somebody without a seal, or without saying what for or until when", pending.Name)
		}
	}
	answers := rs.Status.Answers
	if answers == nil {
		return
	}
	if !provides || min(answers.Provided, answers.Rejected) < 0 {
		b.broken("%d were provided and %d rejected by a %s", answers.Provided, answers.Rejected, rs.Direction())
	}
	if !slices.IsSortedFunc(answers.Recent, func(a, b roomv1alpha1.Answer) int { return b.Time.Compare(a.Time.Time) }) {
		b.broken("the last answers are not sorted, the newest first")
	}
	for _, answer := range answers.Recent {
		if strings.ContainsAny(answer.URL, "?#") || len(answer.URL) > maxShownURL {
			b.broken("an answer shows more of a url than it may: %q", answer.URL)
		}
	}
}
