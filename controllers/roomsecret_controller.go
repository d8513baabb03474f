// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/recorder"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/errands"
	"github.com/roomsecrets/roomsecret-operator/internal/fault"
	"github.com/roomsecrets/roomsecret-operator/internal/fingerprint"
	"github.com/roomsecrets/roomsecret-operator/internal/plan"
	"github.com/roomsecrets/roomsecret-operator/internal/sessions"
)

// RoomSecretReconciler keeps RoomSecrets in sync.
type RoomSecretReconciler struct {
	// Client reads from the cache and writes to the API server.
	Client client.Client
	// Live reads from the API server; Secrets are not cached.
	Live client.Reader
	// Rooms has the connections.
	Rooms *sessions.Pool
	// Events records events.
	Events recorder.EventRecorder
	// Digests makes digests of values and seals of records.
	Digests fingerprint.Key
	// Metrics counts what is done.
	Metrics *Metrics
	// Clock tells the time.
	Clock clock.PassiveClock
	// Grace is how long the deletion of a RoomSecret waits for a room that is out of reach, before its room secrets are
	// left behind.
	Grace time.Duration
	// Errands get what others are asked for.
	Errands *errands.Errands
	// Callback is where providers of OAuth tokens send whoever approves; empty when there is no consent page.
	Callback string
	// Restarts says whether workloads may be restarted.
	Restarts bool
	// Selector selects the rooms and RoomSecrets that are this operator's; nil means all.
	Selector labels.Selector
	// Answers answers others.
	Answers *Answers

	// objects reads RoomSecrets.
	objects fresh
	// undoing has, for each RoomSecret that is being deleted, when this process first tried to undo it.
	undoing sync.Map
}

// scope is the desk of one reconcile: what is known so far.
type scope struct {
	// rs is worked on; base is as it was read, or last written.
	rs, base *roomv1alpha1.RoomSecret
	// read is the version in which it was read.
	read string
	// room and client are set once the room is resolved.
	room   room
	client *sessions.Client
	access plan.Access
	// guarded is set when deleting most of what there is takes a confirmation. Who deletes the RoomSecret, or asks in
	// onSourceDeleted for what it deletes, has said clearly enough what is to go.
	guarded bool
	// secret is the version of the source or target that was read or written last.
	secret secretVersion
	// seen has rows that were observed, and gathered what was gathered for the target, before the Secret was read.
	seen     map[plan.Row]plan.Observed
	gathered *gatheredFor
	// changes counts what was written to the room or to the target.
	changes int
	// changedAt is when what was written had changed at its source, if that is known.
	changedAt time.Time
	// unfinished is set when some entries have to be tried again, although the others are done.
	unfinished error
	// wished is true when somebody wants it synced now.
	wished bool
	// received names the entries whose answers are to be written.
	received []string
	// retry is when to look again although nothing failed.
	retry time.Duration
	// answered is what is written of what was answered; nil when the direction is another.
	answered *answered
	// written is set once the status says all that is known.
	written bool
}

// tryAgain notes a problem that may go away by itself. A lost connection comes back with an event, and so does what others
// are asked for; anything else is tried again with back-off.
func (s *scope) tryAgain(problem plan.Problem) {
	if problem.Passing && !problem.Awaited && problem.Reason != roomv1alpha1.ReasonRoomNotReady {
		s.unfinished = fault.NewTransient(nil, problem.Reason, "%s", problem.Message)
	}
}

// +kubebuilder:rbac:groups=roomsecrets.io,resources=roomsecrets,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=roomsecrets.io,resources=roomsecrets/status,verbs=patch
// +kubebuilder:rbac:groups=roomsecrets.io,resources=roomsecrets/finalizers,verbs=update
// +kubebuilder:rbac:groups="",resources=secrets,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

// Reconcile brings one RoomSecret in step with its spec, and reports how it stands.
func (r *RoomSecretReconciler) Reconcile(ctx context.Context, req ctrl.Request) (_ ctrl.Result, err error) {
	started := r.Clock.Now()
	var rs roomv1alpha1.RoomSecret
	err = r.objects.Get(ctx, req.NamespacedName, &rs)
	if apierrors.IsNotFound(err) || (err == nil && !selects(r.Selector, &rs)) {
		r.forget(req.NamespacedName) // it is gone, or another operator's now: nothing of it is undone
		return ctrl.Result{}, nil
	}
	if err != nil {
		return ctrl.Result{}, err
	}
	s := &scope{rs: &rs, base: rs.DeepCopy(), read: rs.ResourceVersion}
	defer func() { r.objects.note(s.read, &rs, err) }()
	if !rs.DeletionTimestamp.IsZero() {
		return r.finish(ctx, s, r.delete(ctx, s), started)
	}
	if rs.Spec.Provide != nil {
		r.Answers.report(s)
		defer func() { r.Answers.close(s, s.written) }()
	}
	return r.finish(ctx, s, r.sync(ctx, s), started)
}

// stillSo fails with a conflict when the RoomSecret is gone, is another operator's, or asks for something else than when it
// was read: the cache may not know yet, and what a Secret or a room holds by now may not be meant for where it went before.
// If it has been written since, the API server has compared it already.
func (r *RoomSecretReconciler) stillSo(ctx context.Context, s *scope) error {
	if s.rs.ResourceVersion != s.read {
		return nil
	}
	var now roomv1alpha1.RoomSecret
	err := r.Live.Get(ctx, client.ObjectKeyFromObject(s.rs), &now)
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("read the RoomSecret: %w", err)
	}
	if err != nil || now.UID != s.rs.UID || now.Generation != s.rs.Generation || !selects(r.Selector, &now) {
		return apierrors.NewConflict(roomv1alpha1.SchemeGroupVersion().WithResource("roomsecrets").GroupResource(), s.rs.Name, errors.New("it has changed"))
	}
	return nil
}

// sync carries values in the direction of the spec.
func (r *RoomSecretReconciler) sync(ctx context.Context, s *scope) error {
	if s.rs.Spec.Pull != nil {
		s.noteWish(r.Clock.Now())
	}
	if s.rs.Spec.Suspend {
		r.Rooms.Release(clientKey(s))
		r.Errands.Drop(clientKey(s))
		return fault.NewWaiting(roomv1alpha1.ReasonSuspended, "Syncing is suspended: set spec.suspend to false to go on.")
	}
	if err := r.resolve(ctx, s); err != nil {
		if reason := fault.From(err).Reason; reason == roomv1alpha1.ReasonRoomNotFound || reason == roomv1alpha1.ReasonUnsupported {
			r.Errands.Drop(clientKey(s))
		}
		return err
	}
	switch s.rs.Direction() {
	case roomv1alpha1.DirectionPush:
		return r.push(ctx, s)
	case roomv1alpha1.DirectionPull:
		return r.pull(ctx, s)
	case roomv1alpha1.DirectionProvide:
	}
	return r.provide(ctx, s)
}

// resolve finds the room, its client, and what it allows.
func (r *RoomSecretReconciler) resolve(ctx context.Context, s *scope) error {
	key := roomKeyOf(s.rs)
	room, err := getRoom(ctx, r.Client, key)
	if apierrors.IsNotFound(err) {
		return fault.NewWaiting(roomv1alpha1.ReasonRoomNotFound, "%s %q does not exist: create it, or correct spec.roomRef.", key.Kind, key.Name)
	}
	if errors.Is(err, errNotServed) {
		return fault.NewTerminal(roomv1alpha1.ReasonUnsupported, "This operator does not serve ClusterRooms: use a Room, or start it with --cluster-rooms.")
	}
	if err != nil {
		return err
	}
	if !selects(r.Selector, room.object) {
		return fault.NewTerminal(roomv1alpha1.ReasonUnsupported,
			"%s %q is another operator's, as its labels say: give it and its RoomSecrets the labels of one operator (--watch-label-selector).", key.Kind, key.Name)
	}
	s.room = room
	if s.rs.DeletionTimestamp.IsZero() && !room.object.GetDeletionTimestamp().IsZero() {
		return fault.NewWaiting(roomv1alpha1.ReasonRoomNotReady, "%s %q is being deleted.", key.Kind, key.Name)
	}
	if wish := requestedAt(s.rs); wish != "" && echoOf(wish) != s.rs.Status.LastHandledRequestedAt {
		r.Rooms.Retry(key)
	}
	s.client, err = r.Rooms.Client(key, client.ObjectKeyFromObject(s.rs))
	if errors.Is(err, sessions.ErrPending) {
		return err
	}
	if err != nil {
		return fault.NewWaiting(roomv1alpha1.ReasonRoomNotReady, "%s %q is not connected; its status says why.", key.Kind, key.Name)
	}
	s.access, err = accessTo(ctx, r.Client, room, s.rs.Namespace, s.client.Own())
	return err
}

// finish writes the status, once, and decides when to look again.
func (r *RoomSecretReconciler) finish(ctx context.Context, s *scope, cause error, started time.Time) (ctrl.Result, error) {
	if !s.rs.DeletionTimestamp.IsZero() && !controllerutil.ContainsFinalizer(s.rs, Finalizer) {
		return ctrl.Result{}, nil // deleted as far as we are concerned
	}
	if apierrors.IsConflict(cause) || ctx.Err() != nil {
		return quietly(cause)
	}
	if errors.Is(cause, sessions.ErrPending) {
		if s.rs.Status.ObservedGeneration == s.rs.Generation {
			return ctrl.Result{RequeueAfter: s.retry}, nil // just after a restart: what was reported stays until more is known
		}
		cause = fault.NewWaiting(roomv1alpha1.ReasonProgressing, "The connection to the room is being made.")
	}
	r.conclude(s, cause)
	if err := r.noteBasis(s); err != nil {
		return ctrl.Result{}, err
	}
	if err := patchStatus(ctx, r.Client, s.base, s.rs); err != nil {
		return quietly(err)
	}
	s.written = true
	r.takeAnswers(s)
	announceTransition(r.Events, s.rs, actionSync, s.base.Status.Conditions, s.rs.Status.Conditions)
	s.tellTrace(ctx, cause)
	r.Metrics.observe(s, cause, r.Clock.Since(started), r.Clock.Now())
	if cause == nil {
		cause = s.unfinished
	}
	return s.next(cause)
}

// next turns the outcome of a reconcile into what the queue does with the object.
func (s *scope) next(cause error) (ctrl.Result, error) {
	f := fault.From(cause)
	switch {
	case f == nil, f.Kind != fault.Transient:
		return ctrl.Result{RequeueAfter: s.retry}, nil
	case f.RetryAfter > 0:
		return ctrl.Result{RequeueAfter: f.RetryAfter}, nil
	}
	return ctrl.Result{}, cause
}
