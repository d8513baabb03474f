// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/fault"
	"github.com/roomsecrets/roomsecret-operator/internal/plan"
	"github.com/roomsecrets/roomsecret-operator/internal/sessions"
)

// maxLedger is how many rows the ledger in the status can record.
const maxLedger = 2 * roomv1alpha1.MaxRows

// writesInFlight is how many rows one RoomSecret writes at the same time.
const writesInFlight = 8

// push makes the rows of the room what the spec and the source Secret say.
func (r *RoomSecretReconciler) push(ctx context.Context, s *scope) error {
	if stands, err := r.pushStands(ctx, s); stands || err != nil {
		return err
	}
	source, err := r.readSource(ctx, s)
	if apierrors.IsNotFound(err) {
		return r.withoutSource(ctx, s)
	}
	if err != nil {
		return err
	}
	rows, problem := plan.PushRows(s.rs.Spec.Push, s.client.Own(), plan.Keys(source.Data))
	if problem != nil {
		return fault.NewTerminal(problem.Reason, "%s", problem.Message)
	}
	s.changedAt = dataChangedAt(source)
	values := plan.PushValues(rows, source.Data)
	s.guarded = true
	steps, err := r.planPush(ctx, s, rows, values, s.rs.Spec.Push.DeletionPolicyOrDefault())
	if err != nil {
		return err
	}
	return r.carryOut(ctx, s, steps, values)
}

// readSource reads the source Secret.
func (r *RoomSecretReconciler) readSource(ctx context.Context, s *scope) (*corev1.Secret, error) {
	var source corev1.Secret
	err := r.Live.Get(ctx, client.ObjectKey{Namespace: s.rs.Namespace, Name: s.rs.Spec.Push.SecretRef.Name}, &source)
	if err != nil {
		return nil, fmt.Errorf("read the source Secret: %w", err)
	}
	s.secret = versionOf(&source)
	return &source, nil
}

// withoutSource does what is to be done while the source Secret does not exist.
func (r *RoomSecretReconciler) withoutSource(ctx context.Context, s *scope) error {
	missing := fault.NewWaiting(roomv1alpha1.ReasonSourceNotFound,
		"Secret %q does not exist: create it, or correct spec.push.secretRef.", s.rs.Spec.Push.SecretRef.Name)
	if s.rs.Spec.Push.OnSourceDeleted != roomv1alpha1.SourceDeletedDelete {
		missing.Message += " What was pushed stays in the room."
		return missing
	}
	steps, err := r.planPush(ctx, s, nil, nil, roomv1alpha1.DeletionDelete)
	if err != nil {
		return err
	}
	if err := r.carryOut(ctx, s, steps, nil); err != nil {
		return err
	}
	return missing
}

// pushLedger returns the ledger of a push.
func (r *RoomSecretReconciler) pushLedger(s *scope) ledger {
	return ledger{digests: r.Digests, uid: string(s.rs.UID), place: s.room.address()}
}

// planPush observes the rows that are wanted and those of the ledger, and decides.
func (r *RoomSecretReconciler) planPush(ctx context.Context, s *scope, wanted []plan.PushRow, values map[plan.Row][]byte, deletion roomv1alpha1.DeletionPolicy) ([]plan.Step, error) {
	in := plan.PushInput{
		Rows:     wanted,
		Digests:  map[plan.Row]string{},
		Ledger:   r.pushLedger(s).rows(s.rs.Status.Entries),
		Own:      s.client.Own(),
		Access:   s.access,
		Conflict: s.rs.Spec.Push.ConflictPolicyOrDefault(),
		Drift:    s.rs.Spec.Push.DriftPolicyOrDefault(),
		Deletion: deletion,
		Prune:    plan.Prune{Guard: s.guarded, Confirmed: confirmed(s.rs)},

		CanDelete: s.client.CanReadAs,
	}
	for _, want := range wanted {
		if want.Problem == nil {
			in.Digests[want.Row] = valueOf(want, values).Digest(r.Digests, want.Row)
		}
	}
	rows, recorded := rowsToObserve(in)
	if recorded > maxLedger {
		return nil, fault.NewTerminal(roomv1alpha1.ReasonTooLarge,
			"%d room secrets are wanted or wait to be deleted, and the ledger holds at most %d: wait until some are deleted, or ask for fewer.", recorded, maxLedger)
	}
	var err error
	if in.Observed, err = r.observe(ctx, s, rows); err != nil {
		return nil, err
	}
	if in.Claimed, err = r.claimedRows(ctx, s, wanted); err != nil {
		return nil, err
	}
	return plan.Push(in), nil
}

// rowsToObserve returns the rows that are wanted or in the ledger, and how many the ledger may come to hold. What is not
// allowed is not even looked at: looking may mean to join the room as somebody else.
func rowsToObserve(in plan.PushInput) (rows []plan.Row, recorded int) {
	needs := map[plan.Row]roomv1alpha1.Operation{}
	for row := range in.Ledger {
		needs[row] = roomv1alpha1.OperationDelete
	}
	for _, want := range in.Rows {
		if _, ours := in.Ledger[want.Row]; ours || in.Access.Allows(want.Row, roomv1alpha1.OperationWrite) {
			needs[want.Row] = roomv1alpha1.OperationWrite
		}
	}
	for row, operation := range needs {
		if in.Access.Allows(row, operation) {
			rows = append(rows, row)
		}
	}
	return rows, len(needs)
}

// observe reads rows, and has them watched. What was seen a moment ago is not read again.
func (r *RoomSecretReconciler) observe(ctx context.Context, s *scope, rows []plan.Row) (map[plan.Row]plan.Observed, error) {
	if err := s.client.Track(ctx, rows); err != nil {
		return nil, err
	}
	observed := make(map[plan.Row]plan.Observed, len(rows))
	var unseen []plan.Row
	for _, row := range rows {
		if seen, ok := s.seen[row]; ok {
			observed[row] = seen
		} else {
			unseen = append(unseen, row)
		}
	}
	for row, seen := range s.client.Read(ctx, unseen) {
		observed[row] = observation(seen)
	}
	return observed, nil
}

func observation(seen sessions.Seen) plan.Observed {
	switch {
	case seen.Err != nil:
		problem := fault.OfRequest(seen.Err)
		return plan.Observed{Unknown: &problem}
	case seen.Readable:
		return plan.Observed{Exists: true, Digest: seen.Digest}
	}
	return plan.Observed{Exists: seen.Exists}
}

// valueOf returns what a wanted row should hold.
func valueOf(want plan.PushRow, values map[plan.Row][]byte) sessions.Value {
	return sessions.Value{Type: want.Type, Name: want.DisplayName, Bytes: values[want.Row]}
}

// carryOut does the steps: first what must be recorded, then the writes, then the entries of the status. Nothing is written
// for a RoomSecret that is gone or has changed.
func (r *RoomSecretReconciler) carryOut(ctx context.Context, s *scope, steps []plan.Step, values map[plan.Row][]byte) error {
	if err := r.hold(ctx, s, steps); err != nil {
		return err
	}
	if err := r.recordIntents(ctx, s, steps); err != nil {
		return err
	}
	if slices.ContainsFunc(steps, plan.Step.Writes) {
		if err := r.stillSo(ctx, s); err != nil {
			return err
		}
	}
	outcomes := r.execute(ctx, s, steps, values)
	r.settle(s, steps, outcomes)
	return r.letGo(ctx, s)
}

// hold puts the finalizer on before the first step that deleting the RoomSecret would have to undo.
func (r *RoomSecretReconciler) hold(ctx context.Context, s *scope, steps []plan.Step) error {
	if s.rs.Spec.Push.DeletionPolicyOrDefault() != roomv1alpha1.DeletionDelete {
		return nil
	}
	if !slices.ContainsFunc(steps, func(step plan.Step) bool { return step.After != nil || step.Op == plan.OpDelete }) {
		return nil
	}
	return r.setFinalizer(ctx, s, true)
}

// letGo takes the finalizer off when deleting the RoomSecret has nothing to undo.
func (r *RoomSecretReconciler) letGo(ctx context.Context, s *scope) error {
	if s.rs.Spec.Push.DeletionPolicyOrDefault() == roomv1alpha1.DeletionDelete && s.owned() > 0 {
		return nil
	}
	return r.setFinalizer(ctx, s, false)
}

// recordIntents writes what is about to be created, adopted or deleted into the ledger.
func (r *RoomSecretReconciler) recordIntents(ctx context.Context, s *scope, steps []plan.Step) error {
	book, needed := r.pushLedger(s), false
	entries := slices.Clone(s.rs.Status.Entries)
	for _, step := range steps {
		intent, ok := step.Intent()
		if !ok {
			continue
		}
		needed = true
		entry := r.entryOf(s, step)
		entry.State, entry.Reason, entry.Message = roomv1alpha1.EntryPending, roomv1alpha1.ReasonProgressing, ""
		if step.Op == plan.OpDelete {
			entry.State, entry.Reason = roomv1alpha1.EntryDeleting, roomv1alpha1.ReasonDeleting
		}
		book.put(&entry, rowName(step.Row), &intent)
		entries = putEntry(entries, entry)
	}
	if !needed {
		return nil
	}
	s.rs.Status.Entries = entries
	if err := patchStatus(ctx, r.Client, s.base, s.rs); err != nil {
		return err
	}
	// Events tell of transitions between what is reported at the end, so the conditions are not touched here.
	s.base = s.rs.DeepCopy()
	return nil
}

// execute does the writes, each independent of the others, and returns the errors by row.
func (r *RoomSecretReconciler) execute(ctx context.Context, s *scope, steps []plan.Step, values map[plan.Row][]byte) map[plan.Row]error {
	var mu sync.Mutex
	outcomes := map[plan.Row]error{}
	var group errgroup.Group
	group.SetLimit(writesInFlight)
	for _, step := range steps {
		group.Go(func() error {
			done, err := r.do(ctx, s, step, values)
			mu.Lock()
			defer mu.Unlock()
			if done {
				s.changes++
			}
			if err != nil {
				outcomes[step.Row] = err
			}
			return nil
		})
	}
	_ = group.Wait() // errors are in the outcomes
	return outcomes
}

// do does one step. It reports whether something was written.
func (r *RoomSecretReconciler) do(ctx context.Context, s *scope, step plan.Step, values map[plan.Row][]byte) (bool, error) {
	switch step.Op {
	case plan.OpCreate, plan.OpUpdate, plan.OpAdopt:
		err := s.client.Write(ctx, step.Row, valueOf(*step.Wanted, values))
		return err == nil, err
	case plan.OpDelete:
		err := s.client.Delete(ctx, step.Row)
		return err == nil, err
	case plan.OpNone, plan.OpForget:
	}
	return false, nil
}

// settle makes the entries of the status from the steps and how they went.
func (r *RoomSecretReconciler) settle(s *scope, steps []plan.Step, outcomes map[plan.Row]error) {
	book := r.pushLedger(s)
	entries := make([]roomv1alpha1.EntryStatus, 0, len(steps))
	for _, step := range steps {
		entry, record := r.entryOf(s, step), step.After
		entry.State, entry.Reason, entry.Message = step.State, step.Reason, step.Message
		if err, failed := outcomes[step.Row]; failed {
			record = recordAfterFailure(step)
			s.report(&entry, fault.OfRequest(err))
		} else if step.Passing {
			s.report(&entry, plan.Problem{Reason: step.Reason, Message: step.Message, Passing: true})
		} else if step.Op != plan.OpNone || isNew(step.Before, record) {
			r.stamp(s, &entry)
		}
		if step.Left {
			r.Metrics.orphaned.Inc()
			r.Events.Eventf(s.rs, nil, corev1.EventTypeWarning, string(roomv1alpha1.ReasonOrphaned), actionDelete,
				"Room secret %s stays in the room: the credential cannot delete for its identity.", entry.Name)
		}
		if step.Wanted == nil && record == nil {
			continue // no longer wanted, and no longer ours
		}
		entry.Verified = s.verified(entry)
		book.put(&entry, rowName(step.Row), record)
		entries = append(entries, entry)
	}
	s.rs.Status.Entries = entries
}

// verified says how it is known that an entry stands as it does. Of one that failed nothing is known.
func (s *scope) verified(entry roomv1alpha1.EntryStatus) roomv1alpha1.Verified {
	switch {
	case entry.State != roomv1alpha1.EntryInSync && entry.State != roomv1alpha1.EntryDrifted:
		return ""
	case s.client.CanReadAs(entry.Identity):
		return roomv1alpha1.VerifiedValue
	}
	return roomv1alpha1.VerifiedExistence
}

// isNew reports whether a record says something else than the one before it. It does, without anything being written now,
// when an earlier write could not be recorded.
func isNew(before, after *plan.Record) bool {
	return after != nil && (before == nil || *before != *after)
}

// stamp notes that an entry has changed.
func (r *RoomSecretReconciler) stamp(s *scope, entry *roomv1alpha1.EntryStatus) {
	entry.LastChangeTime = &metav1.Time{Time: r.Clock.Now()}
	s.rs.Status.LastChangeTime = entry.LastChangeTime
}

// recordAfterFailure returns what the ledger keeps of a step that failed. Whether a failed write took effect is not known:
// of a row of ours that was updated only that it is ours is kept, so that it is written again whatever it holds.
func recordAfterFailure(step plan.Step) *plan.Record {
	if step.Op == plan.OpUpdate {
		return &plan.Record{Origin: step.Before.Origin, Confirmed: true}
	}
	if intent, ok := step.Intent(); ok {
		return &intent
	}
	return step.Before
}

// report puts a problem into an entry, and notes whether to try again.
func (s *scope) report(entry *roomv1alpha1.EntryStatus, problem plan.Problem) {
	s.tryAgain(problem)
	entry.State, entry.Reason, entry.Message = roomv1alpha1.EntryFailed, problem.Reason, problem.Message
	if problem.Passing {
		entry.State = roomv1alpha1.EntryPending
	}
}

// entryOf returns the entry of a row, with the times of the one that is there.
func (r *RoomSecretReconciler) entryOf(s *scope, step plan.Step) roomv1alpha1.EntryStatus {
	entry := roomv1alpha1.EntryStatus{
		Name: step.Name(s.client.Own()), ID: step.ID, Identity: step.Identity, DelegatedTo: step.DelegatedTo,
	}
	if i := slices.IndexFunc(s.rs.Status.Entries, func(e roomv1alpha1.EntryStatus) bool { return e.Name == entry.Name }); i >= 0 {
		entry.Entry, entry.LastChangeTime = s.rs.Status.Entries[i].Entry, s.rs.Status.Entries[i].LastChangeTime
	}
	if step.Wanted != nil {
		entry.Entry = step.Wanted.Entry
	}
	return entry
}

// putEntry replaces the entry of the same name, or adds one.
func putEntry(entries []roomv1alpha1.EntryStatus, entry roomv1alpha1.EntryStatus) []roomv1alpha1.EntryStatus {
	if i := slices.IndexFunc(entries, func(e roomv1alpha1.EntryStatus) bool { return e.Name == entry.Name }); i >= 0 {
		entries[i] = entry
		return entries
	}
	return append(entries, entry)
}

// dataChangedAt returns when the data of a Secret was last written, as its managed fields tell it, to the second.
func dataChangedAt(secret *corev1.Secret) time.Time {
	var last time.Time
	for _, field := range secret.ManagedFields {
		if field.Time != nil && field.Time.After(last) {
			last = field.Time.Time
		}
	}
	return last
}
