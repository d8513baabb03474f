// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/consent"
)

// answered is what a reconcile writes into the status of what was answered and decided since the last one.
type answered struct {
	// taken is from the book.
	taken sheet
	// decided are the answers that people have given, or failed to give, on the consent page.
	decided []roomv1alpha1.Answer
}

// report brings the status of a RoomSecret up to date with what was answered, and notes when to look again. It does so
// whether or not the room can be reached: what waits for somebody waits in the room.
func (a *Answers) report(s *scope) {
	now := a.clock.Now()
	var wait time.Duration
	s.answered = &answered{}
	s.answered.taken, wait = a.book.take(clientKey(s), s.rs.UID, now)
	s.lookAgainIn(wait)
	a.settlePending(s, now)
	for _, request := range s.answered.taken.awaiting {
		s.rs.Status.Pending = append(s.rs.Status.Pending, a.signed(s.rs, request))
	}
	if len(s.rs.Status.Pending) == 0 {
		s.rs.Status.Pending = nil
	}
	for _, request := range s.rs.Status.Pending {
		if request.Until != nil {
			s.lookAgainIn(max(request.Until.Sub(now), time.Millisecond))
		}
	}
	s.countAnswers()
}

// lookAgainIn has the RoomSecret looked at again after a while at the latest; zero is no wish.
func (s *scope) lookAgainIn(wait time.Duration) {
	if wait > 0 && (s.retry == 0 || wait < s.retry) {
		s.retry = wait
	}
}

// signed returns a request as it is written, with the link to where it is decided.
func (a *Answers) signed(rs *roomv1alpha1.RoomSecret, request roomv1alpha1.PendingRequest) roomv1alpha1.PendingRequest {
	if a.consent.URL != "" {
		request.ConsentURL = a.consent.For(consent.Ref{Namespace: rs.Namespace, Name: rs.Name, RequestID: request.Name}, request.Until.Time)
	}
	request.Seal = pendingSeal(a.digests, string(rs.UID), request)
	return request
}

// settlePending takes the decisions of people into account, and lets go of requests that are over. A request that was decided
// stays until then, so that it is not decided again. What has no seal of ours is nothing that somebody asked for.
func (a *Answers) settlePending(s *scope, now time.Time) {
	kept := make([]roomv1alpha1.PendingRequest, 0, len(s.rs.Status.Pending))
	for _, request := range s.rs.Status.Pending {
		if request.Until == nil || !isSealed(a.digests, string(s.rs.UID), request) {
			continue
		}
		over := !now.Before(request.Until.Time)
		outcome, isDecided := decisionOf(request)
		switch {
		case !isDecided && request.DecidedTime != nil:
			s.takeBack(*request.DecidedTime)
			request.DecidedTime = nil
		case isDecided && request.DecidedTime == nil:
			s.answered.decided = append(s.answered.decided, answerTo(request, outcome, now))
			request.DecidedTime = &metav1.Time{Time: now}
		case over && !isDecided:
			s.answered.decided = append(s.answered.decided, answerTo(request, roomv1alpha1.AnswerExpired, now))
		}
		if !over {
			kept = append(kept, request)
		}
	}
	s.rs.Status.Pending = kept
}

// takeBack takes an answer out of the status that could not be given after all: the room was out of reach, and the request
// waits again.
func (s *scope) takeBack(at metav1.Time) {
	answers := s.rs.Status.Answers
	if answers == nil {
		return
	}
	i := slices.IndexFunc(answers.Recent, func(answer roomv1alpha1.Answer) bool {
		return answer.Kind == roomv1alpha1.RequestOAuthToken && answer.Time.Equal(&at)
	})
	if i < 0 {
		return // so many others came since that nobody sees it any more
	}
	switch answers.Recent[i].Outcome {
	case roomv1alpha1.AnswerProvided:
		answers.Provided--
	case roomv1alpha1.AnswerRejected:
		answers.Rejected--
	case roomv1alpha1.AnswerExpired:
	}
	answers.Recent = slices.Delete(slices.Clone(answers.Recent), i, i+1)
}

// decisionOf returns what somebody has decided, and false when nobody has.
func decisionOf(request roomv1alpha1.PendingRequest) (roomv1alpha1.AnswerOutcome, bool) {
	switch request.State {
	case roomv1alpha1.PendingApproved:
		return roomv1alpha1.AnswerProvided, true
	case roomv1alpha1.PendingDenied:
		return roomv1alpha1.AnswerRejected, true
	default:
		return "", false
	}
}

func answerTo(request roomv1alpha1.PendingRequest, outcome roomv1alpha1.AnswerOutcome, now time.Time) roomv1alpha1.Answer {
	return roomv1alpha1.Answer{
		Time: metav1.NewTime(now), Kind: request.Kind, Participant: request.Participant, URL: shownURL(request.URL),
		Outcome: outcome, By: request.DecidedBy,
	}
}

// countAnswers adds what was answered to what the status tells.
func (s *scope) countAnswers() {
	taken := s.answered.taken
	for _, answer := range s.answered.decided {
		taken.count(answer)
	}
	if len(taken.recent) == 0 {
		return
	}
	status := &s.rs.Status
	if status.Answers == nil {
		status.Answers = &roomv1alpha1.Answers{}
	}
	status.Answers.Provided += taken.provided
	status.Answers.Rejected += taken.rejected
	recent := append(slices.Clone(taken.recent), status.Answers.Recent...)
	slices.SortStableFunc(recent, func(a, b roomv1alpha1.Answer) int { return b.Time.Compare(a.Time.Time) })
	status.Answers.Recent = firstFew(recent)
	if i := slices.IndexFunc(taken.recent, isProvided); i >= 0 {
		status.LastChangeTime = &taken.recent[i].Time
	}
}

func isProvided(answer roomv1alpha1.Answer) bool {
	return answer.Outcome == roomv1alpha1.AnswerProvided
}

// close says what has become of what was to be written: if it was, the decisions of people are told, too.
func (a *Answers) close(s *scope, written bool) {
	if s.answered == nil {
		return
	}
	a.book.done(clientKey(s), s.answered.taken, written, a.clock.Now())
	if !written {
		return
	}
	for _, answer := range s.answered.decided {
		a.metrics.answered(answer.Kind, outcomeLabel(answer.Outcome))
		a.writeDown(roomKeyOf(s.rs), clientKey(s), answer)
	}
	a.announce(s)
}

// announce emits an event for what was provided, and one for what was refused: not one for each of thousands.
func (a *Answers) announce(s *scope) {
	all := s.answered.taken
	for _, answer := range s.answered.decided {
		all.count(answer)
	}
	if all.provided > 0 {
		a.events.Eventf(s.rs, nil, corev1.EventTypeNormal, string(roomv1alpha1.ReasonProvided), actionAnswer,
			"Requests answered: %d%s.", all.provided, lastOf(all.recent, roomv1alpha1.AnswerProvided))
	}
	if all.rejected > 0 {
		a.events.Eventf(s.rs, nil, corev1.EventTypeWarning, string(roomv1alpha1.ReasonRejected), actionAnswer,
			"Requests refused: %d%s.", all.rejected, lastOf(all.recent, roomv1alpha1.AnswerRejected))
	}
}

// lastOf tells of the last answer with an outcome, if it is among the recent ones.
func lastOf(recent []roomv1alpha1.Answer, outcome roomv1alpha1.AnswerOutcome) string {
	i := slices.IndexFunc(recent, func(answer roomv1alpha1.Answer) bool { return answer.Outcome == outcome })
	if i < 0 {
		return ""
	}
	last := recent[i]
	text := fmt.Sprintf(", the last of them of %s, for %s", cmp.Or(last.Participant, "somebody whom the room does not name"), last.URL)
	if last.Message != "" {
		text += ": " + last.Message
	}
	return text
}
