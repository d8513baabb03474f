// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/errands"
	"github.com/roomsecrets/roomsecret-operator/internal/fault"
	"github.com/roomsecrets/roomsecret-operator/internal/plan"
	"github.com/roomsecrets/roomsecret-operator/roomclient/redact"
)

// tokenInterval is the longest time between two looks for a fresher token, whatever the poll interval of the room is: a room
// renews a token only minutes before it expires.
const tokenInterval = time.Minute

// noteWish notes that somebody wants new answers to what was asked for before, in the status, which outlives whatever keeps
// them from being asked for now, and forgets the requests of entries that are gone. A RoomSecret that nobody has looked at yet has no answers, even if it says that it was wished.
func (s *scope) noteWish(now time.Time) {
	status := &s.rs.Status
	status.Pending = slices.DeleteFunc(status.Pending, func(p roomv1alpha1.PendingRequest) bool {
		return !slices.ContainsFunc(s.rs.Spec.Pull.Entries, func(e roomv1alpha1.PullEntry) bool {
			return e.Key == p.Name && (e.Request != nil || e.OAuth != nil)
		})
	})
	wish := requestedAt(s.rs)
	if wish == "" || echoOf(wish) == status.LastHandledRequestedAt || status.ObservedGeneration <= 0 {
		return
	}
	s.wished = true
	for i := range s.rs.Spec.Pull.Entries {
		entry := &s.rs.Spec.Pull.Entries[i]
		answered := slices.ContainsFunc(status.Entries, func(e roomv1alpha1.EntryStatus) bool {
			return e.Asked != nil && cmp.Or(e.Entry, e.Name) == entry.Key
		})
		if entry.Request != nil && answered && pendingOf(status.Pending, entry.Key) == nil {
			standing := errands.Standing{State: roomv1alpha1.PendingWaiting, Since: now}
			status.Pending = append(status.Pending, pendingRequest(entry, standing))
		}
	}
}

func pendingOf(pending []roomv1alpha1.PendingRequest, name string) *roomv1alpha1.PendingRequest {
	if i := slices.IndexFunc(pending, func(p roomv1alpha1.PendingRequest) bool { return p.Name == name }); i >= 0 {
		return &pending[i]
	}
	return nil
}

// consult returns how it stands with what the sources ask for, and has asked for it what has to be.
func (r *RoomSecretReconciler) consult(ctx context.Context, s *scope, in plan.PullInput, sources []plan.PullSource, t target) (map[string]plan.Reply, error) {
	replies := map[string]plan.Reply{}
	held := map[string][]string{}
	var wanted []errands.Errand
	for _, source := range sources {
		if !source.Asks() || !s.access.Allows(source.Row, roomv1alpha1.OperationRequest) {
			continue
		}
		entry := entryOfKey(s.rs, source.Name)
		held[source.Name] = in.HeldAnswer(source)
		obstacle, secret := in.Obstacle(source), redact.Bytes(nil)
		if obstacle == nil {
			var err error
			if secret, obstacle, err = r.needed(ctx, s, entry); err != nil {
				return nil, err
			}
		}
		anew := s.wished || pendingOf(s.rs.Status.Pending, source.Name) != nil
		switch content := len(held[source.Name]) > 0; {
		case content && (obstacle != nil || (entry.Request != nil && !anew)):
			replies[source.Name] = plan.Reply{Held: t.values(held[source.Name])}
		case obstacle != nil:
			replies[source.Name] = plan.Reply{Unknown: obstacle}
		default:
			errand, err := r.errand(s, source, entry, content, secret)
			if err != nil {
				return nil, err
			}
			if content {
				errand.Held = in.Ledger[source.Name].Digest
			}
			wanted = append(wanted, errand)
		}
	}
	r.Errands.Want(ctx, clientKey(s), wanted)
	s.rs.Status.Pending = nil
	for _, errand := range wanted {
		replies[errand.Name] = r.replyOf(s, errand.Name, t.values(held[errand.Name]))
	}
	return replies, nil
}

// values returns what keys of the target hold; nil when there are none.
func (t target) values(keys []string) map[string][]byte {
	if len(keys) == 0 {
		return nil
	}
	values := make(map[string][]byte, len(keys))
	for _, key := range keys {
		values[key] = t.secret.Data[key]
	}
	return values
}

func entryOfKey(rs *roomv1alpha1.RoomSecret, key string) *roomv1alpha1.PullEntry {
	entries := rs.Spec.Pull.Entries
	return &entries[slices.IndexFunc(entries, func(e roomv1alpha1.PullEntry) bool { return e.Key == key })]
}

// replyOf returns how it stands with an errand, given what is held, and puts it into the status when somebody is waited for.
func (r *RoomSecretReconciler) replyOf(s *scope, name string, held map[string][]byte) plan.Reply {
	standing, value := r.Errands.Standing(clientKey(s), name)
	switch {
	case value != nil:
		s.received = append(s.received, name)
		return plan.Reply{Value: value}
	case standing.State != "":
		entry := entryOfKey(s.rs, name)
		s.rs.Status.Pending = append(s.rs.Status.Pending, pendingRequest(entry, standing))
		return plan.Reply{Unknown: awaited(entry, standing.State)}
	case held != nil:
		return plan.Reply{Held: held}
	}
	return plan.Reply{Unknown: &plan.Problem{Reason: roomv1alpha1.ReasonProgressing, Passing: true, Awaited: true, Message: "The room is being asked for it."}}
}

// errand returns what gets the value of an entry. With anew, what the room has of it is no answer. The secret is that of an
// OAuth client: with another one, another errand takes its place.
func (r *RoomSecretReconciler) errand(s *scope, source plan.PullSource, entry *roomv1alpha1.PullEntry, anew bool, secret redact.Bytes) (errands.Errand, error) {
	asker, timeout := r.asker(s, entry, anew || s.wished)
	spec, err := json.Marshal(entry)
	if err != nil {
		return errands.Errand{}, fmt.Errorf("encode an entry: %w", err)
	}
	e := errands.Errand{
		Name: source.Name, Wish: echoOf(requestedAt(s.rs)), Room: s.room.key.String(), Asker: asker, Timeout: timeout,
		Digest: r.Digests.Digest("errand", []byte(source.Ask.Digest), []byte(s.room.address()), []byte(s.client.Own()), spec, secret),
		DigestOf: func(value redact.Bytes) string {
			return keyDigest(r.Digests, source.Name, append([]byte(source.Prefix), value...))
		},
	}
	if entry.OAuth != nil {
		e.Every = min(pollInterval(s.room), tokenInterval)
	}
	if pending := pendingOf(s.rs.Status.Pending, source.Name); pending != nil && !s.wished {
		e.Prior = priorOf(*pending)
	}
	return e, nil
}

// takeAnswers forgets the answers that are in the target now, with their records in the ledger.
func (r *RoomSecretReconciler) takeAnswers(s *scope) {
	for _, name := range s.received {
		written := false
		for _, entry := range s.rs.Status.Entries {
			if cmp.Or(entry.Entry, entry.Name) != name {
				continue
			}
			written = entry.State == roomv1alpha1.EntryInSync && entry.Asked != nil
			if !written {
				break
			}
		}
		if written {
			r.Errands.Taken(clientKey(s), name)
		}
	}
}

// forgetAnswers has the room forget what nobody asks for any more, as the plan decides about the keys, and plans again.
func (r *RoomSecretReconciler) forgetAnswers(ctx context.Context, s *scope, in plan.PullInput, sources []plan.PullSource, decided plan.PullPlan) plan.PullPlan {
	forsaken := plan.Forsaken(in.Ledger, sources)
	for _, step := range decided.Steps {
		if step.Wanted == nil && step.After != nil {
			delete(forsaken, step.Key) // the key stays, and so does the answer
		}
	}
	if len(forsaken) == 0 || decided.Problem != nil {
		return decided
	}
	in.Owed = map[string]plan.Problem{}
	for key, err := range r.forgetInRoom(ctx, s, forsaken) {
		if err != nil {
			in.Owed[key] = fault.OfRequest(err)
			continue
		}
		record := in.Ledger[key]
		record.Asked = plan.Ask{}
		in.Ledger[key] = record
	}
	return plan.Pull(in)
}

// forgetInRoom has the room forget answers, and returns what came of it.
func (r *RoomSecretReconciler) forgetInRoom(ctx context.Context, s *scope, answers map[string]plan.Ask) map[string]error {
	done, results := map[plan.Ask]error{}, map[string]error{}
	for key, ask := range answers {
		if _, tried := done[ask]; !tried {
			done[ask] = r.Rooms.Desk(s.room.key).ForgetSecret(ctx, requestedSecret(ask))
		}
		results[key] = done[ask]
	}
	return results
}

// pendingRequest returns what the status shows of an errand.
func pendingRequest(entry *roomv1alpha1.PullEntry, standing errands.Standing) roomv1alpha1.PendingRequest {
	pending := roomv1alpha1.PendingRequest{
		Name: entry.Key, State: standing.State, Attempts: standing.Attempts,
		Since: metav1.NewTime(standing.Since).Rfc3339Copy(), Until: timeOf(standing.Until), NextAttemptTime: timeOf(standing.Next),
	}
	switch {
	case entry.Request != nil:
		pending.Kind, pending.URL, pending.Participant = roomv1alpha1.RequestSecret, entry.Request.URL, nameOf(entry.Request.From)
	case entry.OAuth != nil:
		pending.Kind, pending.URL, pending.Participant = roomv1alpha1.RequestOAuthToken, string(entry.OAuth.AuthorizationEndpoint), nameOf(entry.OAuth.From)
	}
	return pending
}

func nameOf(who roomv1alpha1.ParticipantReference) string { return cmp.Or(string(who.Name), who.ID) }

// timeOf returns a time as the status keeps it; nil for none.
func timeOf(t time.Time) *metav1.Time {
	if t.IsZero() {
		return nil
	}
	return new(metav1.NewTime(t).Rfc3339Copy())
}

// priorOf returns how an errand stood, as the status has kept it.
func priorOf(pending roomv1alpha1.PendingRequest) errands.Standing {
	standing := errands.Standing{State: pending.State, Since: pending.Since.Time, Attempts: pending.Attempts}
	if pending.NextAttemptTime != nil {
		standing.Next = pending.NextAttemptTime.Time
	}
	return standing
}

// awaited says what is waited for. It says the same for as long as nothing changes.
func awaited(entry *roomv1alpha1.PullEntry, state roomv1alpha1.PendingState) *plan.Problem {
	problem := &plan.Problem{Reason: roomv1alpha1.ReasonAwaitingParticipant, Passing: true, Awaited: true}
	from, do := roomv1alpha1.ParticipantReference{}, "give it"
	if entry.OAuth != nil {
		problem.Reason, from, do = roomv1alpha1.ReasonAwaitingAuthorization, entry.OAuth.From, "approve it"
	} else {
		from = entry.Request.From
	}
	who := "The participant with the id of the entry"
	if from.Name != "" {
		who = fmt.Sprintf("Participant %q", from.Name)
	}
	const again = "they are asked again at the time in status.pending, or at once when the annotation " + roomv1alpha1.AnnotationRequestedAt + " changes."
	switch state {
	case roomv1alpha1.PendingAbsent:
		problem.Message = who + " is not in the room, as far as it tells: they are asked as soon as they come."
	case roomv1alpha1.PendingRejected:
		problem.Reason, problem.Message = roomv1alpha1.ReasonRejected, who+" has refused to "+do+": "+again
	case roomv1alpha1.PendingTimedOut:
		problem.Message = who + " has not answered in time: " + again
	case roomv1alpha1.PendingFailed:
		problem.Reason = roomv1alpha1.ReasonRejected
		problem.Message = "The room does not do what it takes to ask for it: check the grants of the credential and what the entry says; it is tried again at the time in status.pending."
	case roomv1alpha1.PendingWaiting, roomv1alpha1.PendingApproved, roomv1alpha1.PendingDenied:
		problem.Message = who + " is asked to " + do + ": it goes on as soon as they answer."
	}
	return problem
}
