// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/fault"
	"github.com/roomsecrets/roomsecret-operator/internal/plan"
	"github.com/roomsecrets/roomsecret-operator/internal/sessions"
)

// delete undoes what the deletion policy says, and then lets the RoomSecret go.
func (r *RoomSecretReconciler) delete(ctx context.Context, s *scope) error {
	if !controllerutil.ContainsFinalizer(s.rs, Finalizer) {
		return nil
	}
	cause := r.undo(ctx, s)
	left := s.owned()
	if cause == nil && left == 0 {
		r.forget(clientKey(s))
		return r.setFinalizer(ctx, s, false)
	}
	if waited := r.triedFor(s, cause); waited < r.Grace {
		s.retry = r.Grace - waited
		return cause
	}
	r.Metrics.orphaned.Add(float64(left))
	r.Events.Eventf(s.rs, nil, corev1.EventTypeWarning, string(roomv1alpha1.ReasonOrphaned), actionDelete,
		"What was written stays behind (%d entries): it could not be deleted within %s.", left, r.Grace)
	r.forget(clientKey(s))
	return r.setFinalizer(ctx, s, false)
}

// triedFor returns for how long this process has tried, in vain, to undo what the RoomSecret did. The time in which the
// operator was down, or waited for the first answer of the room, is no reason to give up.
func (r *RoomSecretReconciler) triedFor(s *scope, cause error) time.Duration {
	if errors.Is(cause, sessions.ErrPending) {
		return 0
	}
	now := r.Clock.Now()
	first, _ := r.undoing.LoadOrStore(clientKey(s), now)
	since, ok := first.(time.Time)
	if !ok || s.rs.DeletionTimestamp.After(since) {
		since = s.rs.DeletionTimestamp.Time
	}
	return now.Sub(since)
}

// forget forgets what is remembered of a RoomSecret that is gone.
func (r *RoomSecretReconciler) forget(name types.NamespacedName) {
	r.Errands.Drop(name)
	r.Rooms.Release(name)
	r.undoing.Delete(name)
	r.objects.forget(name)
	r.Answers.book.forget(name)
}

// undo removes what is ours, as far as the policy says so.
func (r *RoomSecretReconciler) undo(ctx context.Context, s *scope) error {
	switch s.rs.Direction() {
	case roomv1alpha1.DirectionPull:
		return r.undoPull(ctx, s)
	case roomv1alpha1.DirectionProvide:
		s.rs.Status.Entries = nil // nothing of it is ours: what was given stays where it is
		return nil
	case roomv1alpha1.DirectionPush:
	}
	if s.rs.Spec.Push.DeletionPolicyOrDefault() != roomv1alpha1.DeletionDelete || s.owned() == 0 {
		s.rs.Status.Entries = nil
		return nil
	}
	if err := r.resolve(ctx, s); err != nil {
		return err
	}
	steps, err := r.planPush(ctx, s, nil, nil, roomv1alpha1.DeletionDelete)
	if err != nil {
		return err
	}
	if err := r.recordIntents(ctx, s, steps); err != nil {
		return err
	}
	r.settle(s, steps, r.execute(ctx, s, steps, nil))
	if left := s.owned(); left > 0 {
		first := s.rs.Status.Entries[0]
		return &fault.Fault{
			Kind: fault.Transient, Reason: first.Reason,
			Message: fmt.Sprintf("%d room secrets could not be deleted yet, the first of them %s: %s", left, first.Name, first.Message),
		}
	}
	return nil
}

// undoPull lets go of the target, and has the room forget the answers that it is to.
func (r *RoomSecretReconciler) undoPull(ctx context.Context, s *scope) error {
	r.Errands.Drop(clientKey(s))
	s.rs.Status.Pending = nil
	target, err := r.readTarget(ctx, s, s.rs.TargetName())
	if err != nil {
		return err
	}
	forsaken := plan.Forsaken(r.pullLedger(s.rs, target).keys(s.rs.Status.Entries), nil)
	owed := slices.DeleteFunc(slices.Clone(s.rs.Status.Entries), func(e roomv1alpha1.EntryStatus) bool {
		_, is := forsaken[e.Name]
		return !is
	})
	if err := r.releaseTarget(ctx, s, target.name); err != nil || len(owed) == 0 {
		return err
	}
	for i := range owed {
		owed[i].State, owed[i].Reason, owed[i].Message = roomv1alpha1.EntryDeleting, roomv1alpha1.ReasonDeleting, "The room is to forget the answer."
	}
	s.rs.Status.Entries = owed
	if err := r.resolve(ctx, s); err != nil {
		return err
	}
	var problem *plan.Problem
	results := r.forgetInRoom(ctx, s, forsaken)
	s.rs.Status.Entries = slices.DeleteFunc(owed, func(e roomv1alpha1.EntryStatus) bool { return results[e.Name] == nil })
	for _, err := range results {
		if err != nil {
			problem = new(fault.OfRequest(err))
		}
	}
	if problem == nil {
		return nil
	}
	return fault.NewTransient(nil, problem.Reason, "%d answers could not be deleted from the room yet: %s", len(s.rs.Status.Entries), problem.Message)
}

// owned counts the entries that are ours.
func (s *scope) owned() int {
	count := 0
	for _, entry := range s.rs.Status.Entries {
		if entry.Origin != "" {
			count++
		}
	}
	return count
}
