// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/wait"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/recorder"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/fault"
	"github.com/roomsecrets/roomsecret-operator/internal/sessions"
	"github.com/roomsecrets/roomsecret-operator/roomclient"
)

// RoomReconciler keeps the connections that Rooms or ClusterRooms ask for.
type RoomReconciler struct {
	// Kind is the kind that this reconciler is for.
	Kind roomv1alpha1.RoomKind
	// Client reads from the cache and writes to the API server.
	Client client.Client
	// Live reads from the API server.
	Live client.Reader
	// Rooms has the connections.
	Rooms *sessions.Pool
	// Events records events.
	Events recorder.EventRecorder
	// Namespaces are those that are watched; empty means all.
	Namespaces []string
	// Selector selects the rooms that are this operator's; nil means all.
	Selector labels.Selector

	credentials credentials
	// objects reads rooms.
	objects fresh
}

// +kubebuilder:rbac:groups=roomsecrets.io,resources=rooms;clusterrooms,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=roomsecrets.io,resources=rooms/status;clusterrooms/status,verbs=patch
// +kubebuilder:rbac:groups="",resources=secrets,verbs=get;list;watch
// +kubebuilder:rbac:groups="",resources=configmaps,verbs=get;list;watch
// +kubebuilder:rbac:groups="",resources=namespaces,verbs=get;list;watch

// Reconcile makes the connection of one room as its spec says, and reports how it stands.
func (r *RoomReconciler) Reconcile(ctx context.Context, req ctrl.Request) (_ ctrl.Result, err error) {
	key := sessions.RoomKey{Kind: r.Kind, Namespace: req.Namespace, Name: req.Name}
	room, err := getRoom(ctx, &r.objects, key)
	if apierrors.IsNotFound(err) {
		r.Rooms.Forget(key)
		r.objects.forget(req.NamespacedName)
		return ctrl.Result{}, nil
	}
	if err != nil {
		return ctrl.Result{}, err
	}
	if !selects(r.Selector, room.object) {
		r.Rooms.Forget(key)
		return ctrl.Result{}, nil // another operator connects to it and reports on it
	}
	read := room.object.GetResourceVersion()
	defer func() { r.objects.note(read, room.object, err) }()
	holders, err := r.holders(ctx, room)
	if err != nil {
		return ctrl.Result{}, err
	}
	if gone, err := r.finalize(ctx, room, len(holders) > 0); gone || err != nil {
		return quietly(err)
	}
	base, ok := room.object.DeepCopyObject().(client.Object)
	if !ok {
		return ctrl.Result{}, fmt.Errorf("%T cannot be copied", room.object)
	}
	return r.report(ctx, room, base, r.connect(ctx, room), holders)
}

// holders returns the names of the RoomSecrets that need the room to undo something when they are deleted. Before a
// room that was held is said to be free, the API server is asked if the cache may have some of its RoomSecrets only.
func (r *RoomReconciler) holders(ctx context.Context, room room) ([]string, error) {
	var list roomv1alpha1.RoomSecretList
	if err := r.Client.List(ctx, &list, client.MatchingFields{indexRoom: room.key.String()}, client.UnsafeDisableDeepCopy); err != nil {
		return nil, fmt.Errorf("list the RoomSecrets of the room: %w", err)
	}
	names := holdersAmong(list, room.key)
	if len(names) > 0 || (room.key.Kind != roomv1alpha1.KindClusterRoom && r.Selector == nil) || !controllerutil.ContainsFinalizer(room.object, Finalizer) {
		return names, nil
	}
	return r.allHolders(ctx, room)
}

// allHolders asks the API server for what holders asks the cache for.
func (r *RoomReconciler) allHolders(ctx context.Context, room room) ([]string, error) {
	var names []string
	for next, more := "", true; more; more = next != "" {
		var page roomv1alpha1.RoomSecretList
		if err := r.Live.List(ctx, &page, client.InNamespace(room.key.Namespace), client.Limit(pageSize), client.Continue(next)); err != nil {
			return nil, fmt.Errorf("list the RoomSecrets that may use the room: %w", err)
		}
		names, next = append(names, holdersAmong(page, room.key)...), page.Continue
	}
	return names, nil
}

// pageSize is how many RoomSecrets are asked for at once where there may be any number.
const pageSize = 500

func holdersAmong(list roomv1alpha1.RoomSecretList, key sessions.RoomKey) []string {
	var names []string
	for i := range list.Items {
		rs := &list.Items[i]
		if needsRoom(rs) && roomKeyOf(rs) == key && controllerutil.ContainsFinalizer(rs, Finalizer) {
			names = append(names, rs.Namespace+"/"+rs.Name)
		}
	}
	return names
}

// needsRoom reports whether it can be in the room that deleting a RoomSecret has something to undo.
func needsRoom(rs *roomv1alpha1.RoomSecret) bool {
	if rs.Spec.Pull == nil {
		return rs.Spec.Push != nil
	}
	return slices.ContainsFunc(rs.Spec.Pull.Entries, func(e roomv1alpha1.PullEntry) bool {
		return e.Request != nil && e.Request.DeletionPolicy == roomv1alpha1.DeletionDelete
	}) || slices.ContainsFunc(rs.Status.Entries, func(e roomv1alpha1.EntryStatus) bool {
		return e.Asked != nil && e.Asked.DeletionPolicy == roomv1alpha1.DeletionDelete
	})
}

// finalize keeps the finalizer on the room exactly while it is held. It reports true when the room is gone with it.
func (r *RoomReconciler) finalize(ctx context.Context, room room, held bool) (bool, error) {
	deleting := !room.object.GetDeletionTimestamp().IsZero()
	switch {
	case held && !deleting:
		return false, r.setFinalizer(ctx, room, true)
	case !held:
		if deleting {
			r.Rooms.Forget(room.key)
		}
		return deleting, client.IgnoreNotFound(r.setFinalizer(ctx, room, false))
	}
	return false, nil
}

// setFinalizer adds or removes the finalizer.
func (r *RoomReconciler) setFinalizer(ctx context.Context, room room, held bool) error {
	if held == controllerutil.ContainsFinalizer(room.object, Finalizer) {
		return nil
	}
	return patchFinalizer(ctx, r.Client, room.object, held)
}

// connect makes sure that the sessions of the room are as its spec says. It returns a fault when they are not connected.
func (r *RoomReconciler) connect(ctx context.Context, room room) error {
	if room.connection.Suspend {
		r.Rooms.Suspend(room.key)
		return fault.NewWaiting(roomv1alpha1.ReasonSuspended, "The connection is suspended: set spec.suspend to false to go on.")
	}
	if err := r.contested(ctx, room); err != nil {
		return err
	}
	reached, err := r.credentials.read(ctx, room)
	if err != nil {
		return r.withdraw(ctx, room, err)
	}
	room.status.TokenExpirationTime = reached.expires
	if err := r.Rooms.Ensure(ctx, room.key, reached.Room); err != nil {
		r.Rooms.Withhold(room.key)
		return fault.NewTerminal(roomv1alpha1.ReasonUnreachable, "The endpoint cannot be dialled: check spec.endpoint and spec.roomName.")
	}
	r.heed(room)
	state, _ := r.Rooms.State(room.key)
	room.status.Identity = room.ownIdentity(r.Rooms)
	f := fault.OfConnection(state)
	if f == nil || f.Reason != roomv1alpha1.ReasonConnecting {
		room.status.ParticipantID = r.Rooms.Desk(room.key).ParticipantID()
	}
	if f != nil {
		return f
	}
	return nil
}

// heed does what somebody asks for who has annotated the room: it is connected, or else read, at once.
func (r *RoomReconciler) heed(room room) {
	if wish := requestedAt(room.object); wish != "" && echoOf(wish) != room.status.LastHandledRequestedAt {
		r.Rooms.Retry(room.key)
		r.Rooms.Poll(room.key)
	}
}

// withdraw closes the connection of a room whose credential cannot be read any more. Only when the credential is gone
// because everything is being deleted does the connection stay: it is needed to undo what was pushed.
func (r *RoomReconciler) withdraw(ctx context.Context, room room, cause error) error {
	var f *fault.Fault
	if !errors.As(cause, &f) {
		return cause // it is not known whether the credential is still there
	}
	leaving, err := r.leaving(ctx, room)
	if err != nil {
		return err
	}
	if !leaving {
		r.Rooms.Withhold(room.key)
	}
	return f
}

// leaving reports whether the room or its namespace is being deleted.
func (r *RoomReconciler) leaving(ctx context.Context, room room) (bool, error) {
	if !room.object.GetDeletionTimestamp().IsZero() {
		return true, nil
	}
	if room.key.Namespace == "" {
		return false, nil
	}
	var namespace corev1.Namespace
	if err := r.Live.Get(ctx, client.ObjectKey{Name: room.key.Namespace}, &namespace); err != nil {
		return false, fmt.Errorf("read the namespace of the room: %w", err)
	}
	return !namespace.DeletionTimestamp.IsZero(), nil
}

// report writes the status of the room and decides when to look again.
func (r *RoomReconciler) report(ctx context.Context, room room, base client.Object, cause error, holders []string) (ctrl.Result, error) {
	v, result, err := r.judge(ctx, room, cause, holders)
	if err != nil {
		return ctrl.Result{}, err
	}
	before := append([]metav1.Condition(nil), room.status.Conditions...)
	// A moment after a restart, what was reported before stays until more is known.
	if v.reason != roomv1alpha1.ReasonConnecting || room.status.ObservedGeneration != room.object.GetGeneration() {
		v.setConditions(&room.status.Conditions, room.object.GetGeneration())
		room.status.ObservedGeneration = room.object.GetGeneration()
	}
	room.status.LastHandledRequestedAt = echoOf(requestedAt(room.object))
	if err := patchStatus(ctx, r.Client, base, room.object); err != nil {
		return quietly(err)
	}
	announceTransition(r.Events, room.object, actionConnect, before, room.status.Conditions)
	return result, nil
}

// judge says what the conditions of the room should be, and when to look again.
func (r *RoomReconciler) judge(ctx context.Context, room room, cause error, holders []string) (verdict, ctrl.Result, error) {
	f := fault.From(cause)
	switch {
	case !room.object.GetDeletionTimestamp().IsZero():
		return verdict{
			ready: metav1.ConditionFalse, reason: roomv1alpha1.ReasonDeleting, reconciling: true,
			message: fmt.Sprintf("%d RoomSecrets still have something to delete in the room, the first of them %s: delete them, or set their deletionPolicy to Retain.", len(holders), holders[0]),
		}, ctrl.Result{RequeueAfter: r.unseen(room)}, nil
	case f == nil:
		return verdict{
			ready: metav1.ConditionTrue, reason: roomv1alpha1.ReasonConnected,
			message: fmt.Sprintf("Connected to room %q as %q.", room.roomName(), room.status.Identity),
		}, ctrl.Result{RequeueAfter: r.unwatched(room)}, nil
	case f.Err != nil && f.Reason == roomv1alpha1.ReasonProgressing:
		return verdict{}, ctrl.Result{}, cause
	}
	ctrl.LoggerFrom(ctx).V(1).Info("room is not connected", "reason", f.Reason, "cause", f.Err)
	return verdictOf(f), ctrl.Result{RequeueAfter: cmp.Or(r.tryAgain(room), r.unwatched(room))}, nil
}

// unwatched returns how long to wait before what says how the room is reached is read again, because part of it is in a
// namespace that is not watched: that of a ClusterRoom usually is not when only some are. It returns zero when nothing is.
func (r *RoomReconciler) unwatched(room room) time.Duration {
	if len(r.Namespaces) == 0 {
		return 0
	}
	for _, name := range append(room.secrets(), room.configMaps()...) {
		if namespace, _, _ := strings.Cut(name, "/"); !slices.Contains(r.Namespaces, namespace) {
			return pollInterval(room)
		}
	}
	return 0
}

// tryAgain starts a session that gave up once more, a poll interval or a little more after it did: what made the endpoint
// refuse may be mended there, where no watch tells us. It returns when to look again, and zero when it has not given up.
func (r *RoomReconciler) tryAgain(room room) time.Duration {
	state, known := r.Rooms.State(room.key)
	if !known || state.Phase != roomclient.PhaseFailed {
		return 0
	}
	interval, since := pollInterval(room), time.Since(state.Since)
	if since < interval {
		return untilNextTry(interval, since)
	}
	r.Rooms.Retry(room.key)
	return untilNextTry(interval, 0)
}

// retryJitter spreads attempts to join rooms that refuse: each comes later than the interval by a random part of up to this.
const retryJitter = 0.1

// untilNextTry returns how long to wait for the next attempt after one that was refused so long ago. Rooms that were refused
// together, because their credential was revoked, are not tried together again and again.
func untilNextTry(interval, since time.Duration) time.Duration {
	return wait.Jitter(interval, retryJitter) - since
}

// conflictDelay is how long to wait before an object that somebody changed in the meantime is looked at again, so that
// the watch can bring it first.
const conflictDelay = 50 * time.Millisecond

// quietly makes of an error of a write what a reconcile returns: that somebody else wrote first, or that the object is
// gone, is not a failure.
func quietly(err error) (ctrl.Result, error) {
	switch {
	case apierrors.IsConflict(err):
		return ctrl.Result{RequeueAfter: conflictDelay}, nil
	case apierrors.IsNotFound(err):
		return ctrl.Result{}, nil
	}
	return ctrl.Result{}, err
}
