// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"slices"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/fault"
	"github.com/roomsecrets/roomsecret-operator/internal/plan"
	"github.com/roomsecrets/roomsecret-operator/internal/sessions"
)

// pull makes the target what the spec and the room say.
func (r *RoomSecretReconciler) pull(ctx context.Context, s *scope) error {
	if err := r.leaveOldTarget(ctx, s); err != nil {
		return err
	}
	if stands, err := r.pullStands(ctx, s); stands || err != nil {
		return err
	}
	name := s.rs.TargetName()
	target, err := r.readTarget(ctx, s, name)
	if err != nil {
		return err
	}
	decided, values, err := r.planPull(ctx, s, target)
	if err != nil {
		return err
	}
	if decided.Problem == nil {
		if err := r.writeTarget(ctx, s, target, decided, values); err != nil {
			return err
		}
	}
	r.settlePull(s, target, decided)
	s.rs.Status.Target = &roomv1alpha1.TargetStatus{Name: name}
	if target.exists() || decided.Create {
		s.rs.Status.Binding = &roomv1alpha1.BindingStatus{Name: name}
	}
	return pullFault(s, decided, r.restart(ctx, s, decided))
}

// pullFault returns the most urgent of what the entries do not say. What they say comes first, unless it is to be tried
// again.
func pullFault(s *scope, decided plan.PullPlan, restart error) error {
	switch {
	case decided.Problem != nil:
		return targetFault(*decided.Problem)
	case restart != nil && fault.From(restart).Kind == fault.Transient:
		return restart
	case !allInSync(s.rs.Status.Entries):
		return nil
	case decided.Left != nil:
		return targetFault(*decided.Left)
	}
	return restart
}

// targetFault makes a fault of a problem of the target as a whole.
func targetFault(p plan.Problem) *fault.Fault {
	if p.Passing || p.Reason == roomv1alpha1.ReasonTargetNotFound {
		return fault.NewWaiting(p.Reason, "%s", p.Message)
	}
	return fault.NewTerminal(p.Reason, "%s", p.Message)
}

// allInSync reports whether no entry has anything to say that is more urgent.
func allInSync(entries []roomv1alpha1.EntryStatus) bool {
	return !slices.ContainsFunc(entries, func(e roomv1alpha1.EntryStatus) bool { return e.State != roomv1alpha1.EntryInSync })
}

// pullLedger returns the ledger of a pull. Keys that were merged into a Secret are ours only as long as it is the same
// Secret: what somebody creates anew under its name is not.
func (r *RoomSecretReconciler) pullLedger(rs *roomv1alpha1.RoomSecret, t target) ledger {
	place := "secret/" + t.name
	if merges(rs) && t.exists() {
		place += "/" + string(t.secret.UID)
	}
	return ledger{digests: r.Digests, uid: string(rs.UID), place: place}
}

// planPull observes the rows, and decides. It also returns the values that were found, by key.
func (r *RoomSecretReconciler) planPull(ctx context.Context, s *scope, target target) (plan.PullPlan, map[string][]byte, error) {
	in := plan.PullInput{
		Ledger:   r.pullLedger(s.rs, target).keys(s.rs.Status.Entries),
		Target:   target.facts(s.rs, r.Digests),
		Access:   s.access,
		Prune:    plan.Prune{Guard: true, Confirmed: confirmed(s.rs)},
		Creation: s.rs.Spec.Pull.Target.CreationPolicyOrDefault(),
		Deletion: s.rs.Spec.Pull.DeletionPolicyOrDefault(),
		Adopt:    s.rs.Spec.Pull.Target.Adopt,
		Name:     s.rs.Name,

		Immutable: s.rs.Spec.Pull.Target.Immutable,
	}
	var err error
	if in.ClaimedBy, err = r.claimedTarget(ctx, s, target); err != nil {
		return plan.PullPlan{}, nil, err
	}
	sources := plan.PullSources(s.rs.Spec.Pull, s.client.Own())
	replies, err := r.consult(ctx, s, in, sources, target)
	if err != nil {
		return plan.PullPlan{}, nil, err
	}
	gathered, err := r.gathered(ctx, s, target, plan.GatherInput{
		Sources: sources, Replies: replies, Held: plan.HeldBy(in.Ledger), Template: s.rs.Spec.Pull.Template,
	})
	if err != nil {
		return plan.PullPlan{}, nil, err
	}
	in.Keys, in.Observed, in.Size = gathered.Keys, gathered.Observed, gathered.Size
	in.Unsettled, in.Emptied = gathered.Unsettled, gathered.Emptied
	for key, value := range gathered.Values {
		in.Observed[key] = plan.Observed{Exists: true, Digest: keyDigest(r.Digests, key, value)}
	}
	return r.forgetAnswers(ctx, s, in, sources, plan.Pull(in)), gathered.Values, nil
}

// gathered gathers the values of the pull, unless that was done a moment ago.
func (r *RoomSecretReconciler) gathered(ctx context.Context, s *scope, t target, in plan.GatherInput) (plan.Gathered, error) {
	if s.gathered != nil && t.exists() && t.secret.UID == s.gathered.target {
		return s.gathered.Gathered, nil
	}
	return r.gather(ctx, s, in)
}

// gather asks the room for the values of the pull, and has what was asked for watched.
func (r *RoomSecretReconciler) gather(ctx context.Context, s *scope, in plan.GatherInput) (plan.Gathered, error) {
	in.Listings, in.Found, in.Access = map[plan.Query]plan.Listing{}, map[plan.Row]plan.Found{}, s.access
	queries := plan.PullQueries(in.Sources, s.access)
	if err := r.find(ctx, s, queries, in.Listings); err != nil {
		return plan.Gathered{}, err
	}
	rows := in.Rows()
	if err := s.client.Track(ctx, rows, queries...); err != nil {
		return plan.Gathered{}, err
	}
	for row, seen := range s.client.Read(ctx, rows) {
		in.Found[row] = foundOf(seen)
	}
	s.changedAt = s.client.NoticedAt(rows)
	gathered, problem := plan.Gather(in)
	if problem != nil {
		return gathered, fault.NewTerminal(problem.Reason, "%s", problem.Message)
	}
	return gathered, nil
}

// find answers the queries. What was pulled before stays tracked meanwhile.
func (r *RoomSecretReconciler) find(ctx context.Context, s *scope, queries []plan.Query, listings map[plan.Query]plan.Listing) error {
	if len(queries) == 0 {
		return nil
	}
	var before []plan.Row
	for _, entry := range s.rs.Status.Entries {
		if entry.ID != "" && entry.Asked == nil {
			before = append(before, entryRow(entry))
		}
	}
	if err := s.client.Track(ctx, s.readable(before), queries...); err != nil {
		return err
	}
	for query, listing := range s.client.Find(ctx, queries) {
		listings[query] = listingOf(listing)
	}
	return nil
}

// readable returns the rows that the access rules allow to read. What is not allowed is not even looked at.
func (s *scope) readable(rows []plan.Row) []plan.Row {
	return slices.DeleteFunc(rows, func(row plan.Row) bool { return !s.access.Allows(row, roomv1alpha1.OperationRead) })
}

func listingOf(listing sessions.Listing) plan.Listing {
	if listing.Err != nil {
		problem := fault.OfList(listing.Err)
		return plan.Listing{Unknown: &problem}
	}
	return plan.Listing{Rows: listing.Rows}
}

func foundOf(seen sessions.Seen) plan.Found {
	if seen.Err != nil {
		problem := fault.OfRequest(seen.Err)
		return plan.Found{Unknown: &problem}
	}
	if seen.Dropped {
		return plan.Found{Dropped: seen.Size, Unknown: &plan.Problem{
			Reason: roomv1alpha1.ReasonTooLarge, Message: "The values are too large together to be read: split the entries over several RoomSecrets.",
		}}
	}
	return plan.Found{
		Exists: seen.Exists, Readable: seen.Readable,
		Type: seen.Value.Type, Name: seen.Value.Name, Value: seen.Value.Bytes,
	}
}

// writeTarget records what must be recorded first, and then creates or writes the target.
func (r *RoomSecretReconciler) writeTarget(ctx context.Context, s *scope, target target, decided plan.PullPlan, values map[string][]byte) error {
	if err := r.holdPull(ctx, s, decided); err != nil {
		return err
	}
	if !decided.Create && !decided.Apply {
		return nil
	}
	if err := r.recordKeyIntents(ctx, s, target, decided); err != nil {
		return err
	}
	s.secret = secretVersion{}
	if err := r.applyTarget(ctx, s, target, decided, values); err != nil {
		return refusal(err)
	}
	s.changes++
	return nil
}

// holdPull keeps the finalizer exactly while deleting the RoomSecret has keys to remove from a target that stays, or answers
// that the room is to forget.
func (r *RoomSecretReconciler) holdPull(ctx context.Context, s *scope, decided plan.PullPlan) error {
	removes := merges(s.rs) && s.rs.Spec.Pull.DeletionPolicyOrDefault() == roomv1alpha1.DeletionDelete
	held := slices.ContainsFunc(decided.Steps, func(step plan.KeyStep) bool {
		return step.After != nil && (removes || step.After.Asked.Delete)
	})
	return r.setFinalizer(ctx, s, held)
}

// recordKeyIntents writes the keys that are about to be written for the first time into the ledger.
func (r *RoomSecretReconciler) recordKeyIntents(ctx context.Context, s *scope, target target, decided plan.PullPlan) error {
	intents := decided.Intents(s.rs.Spec.Pull.Target.CreationPolicyOrDefault())
	if len(intents) == 0 && !decided.Adopt {
		return nil
	}
	book, entries := r.pullLedger(s.rs, target), slices.Clone(s.rs.Status.Entries)
	if decided.Adopt {
		entries = nil
	}
	for _, step := range decided.Steps {
		intent, ok := intents[step.Key]
		if !ok {
			continue
		}
		entry := keyEntry(s, step)
		entry.State, entry.Reason = roomv1alpha1.EntryPending, roomv1alpha1.ReasonProgressing
		book.putKey(&entry, &intent)
		entries = putEntry(entries, entry)
	}
	s.rs.Status.Entries = entries
	if err := patchStatus(ctx, r.Client, s.base, s.rs); err != nil {
		return err
	}
	s.base = s.rs.DeepCopy()
	return nil
}

// settlePull makes the entries of the status from the steps.
func (r *RoomSecretReconciler) settlePull(s *scope, target target, decided plan.PullPlan) {
	book, written := r.pullLedger(s.rs, target), decided.Create || decided.Apply
	entries := make([]roomv1alpha1.EntryStatus, 0, len(decided.Steps))
	for _, step := range decided.Steps {
		entry, record := keyEntry(s, step), step.After
		entry.State, entry.Reason, entry.Message = step.State, step.Reason, step.Message
		switch {
		case decided.Problem != nil:
			s.report(&entry, *decided.Problem)
		case step.Passing:
			s.report(&entry, plan.Problem{Reason: step.Reason, Message: step.Message, Passing: true, Awaited: step.Awaited})
		case (step.Op == plan.KeySet && written) || isNew(step.Before, record):
			r.stamp(s, &entry)
		}
		if step.Wanted == nil && record == nil {
			continue
		}
		book.putKey(&entry, record)
		entries = append(entries, entry)
	}
	s.rs.Status.Entries = entries
}

// keyEntry returns the entry of a key, with the times of the one that is there.
func keyEntry(s *scope, step plan.KeyStep) roomv1alpha1.EntryStatus {
	entry := roomv1alpha1.EntryStatus{Name: step.Key}
	if step.Wanted != nil {
		entry.Entry = step.Wanted.Entry
		entry.ID, entry.Identity, entry.DelegatedTo = step.Wanted.Row.ID, step.Wanted.Row.Identity, step.Wanted.Row.DelegatedTo
	}
	if i := slices.IndexFunc(s.rs.Status.Entries, func(e roomv1alpha1.EntryStatus) bool { return e.Name == step.Key }); i >= 0 {
		entry.LastChangeTime = s.rs.Status.Entries[i].LastChangeTime
		if step.Wanted == nil {
			entry.Entry = s.rs.Status.Entries[i].Entry
		}
	}
	return entry
}

// leaveOldTarget lets go of the target that the spec named before.
func (r *RoomSecretReconciler) leaveOldTarget(ctx context.Context, s *scope) error {
	if s.rs.Status.Target == nil || s.rs.Status.Target.Name == s.rs.TargetName() {
		return nil
	}
	if err := r.releaseTarget(ctx, s, s.rs.Status.Target.Name); err != nil {
		return err
	}
	s.rs.Status.Target, s.rs.Status.Binding, s.rs.Status.Entries = nil, nil, nil
	return nil
}
