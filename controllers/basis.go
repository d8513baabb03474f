// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/fingerprint"
	"github.com/roomsecrets/roomsecret-operator/internal/plan"
)

// What a sync comes to depends on the room and on a few other things: the spec, the Secret, what the room allows. When those
// are as they were when everything was found in sync, only the room has to be looked at, and the ledger knows what should
// be in it. So ten thousand Secrets need not be read after a restart, nor after a room was out of reach.

// form is raised when the operator comes to write other rows or targets for the same spec, Secret and room than it did
// before. What an older version found in sync does not count then.
const form = "1"

// secretVersion is one version of a Secret; zero when there is none.
type secretVersion struct {
	uid     types.UID
	version string
}

func versionOf(secret client.Object) secretVersion {
	return secretVersion{secret.GetUID(), secret.GetResourceVersion()}
}

// basisOf returns a seal of what the entries of the status rest on besides the room, and of what the status records: nobody
// without the operator's key can make one, so that it can be taken on trust.
func (r *RoomSecretReconciler) basisOf(s *scope, secret secretVersion) (string, error) {
	status := s.rs.Status
	records, err := json.Marshal(roomv1alpha1.RoomSecretStatus{Entries: status.Entries, Restarts: status.Restarts})
	if err != nil {
		return "", fmt.Errorf("seal what is recorded: %w", err)
	}
	rules, err := json.Marshal(s.access.Rules)
	if err != nil {
		return "", fmt.Errorf("seal what is allowed: %w", err)
	}
	held := controllerutil.ContainsFinalizer(s.rs, Finalizer)
	return r.Digests.Digest("basis", []byte(form), []byte(s.rs.UID), strconv.AppendInt(nil, s.rs.Generation, 10),
		[]byte(secret.uid), []byte(secret.version), []byte(s.room.address()), []byte(s.client.Own()),
		strconv.AppendBool(nil, s.access.Everything), rules, records,
		strconv.AppendBool(nil, held), strconv.AppendBool(nil, r.Restarts)), nil
}

// noteBasis notes what the entries rest on when all of them are in sync, and the target holds what they say: what onMissing
// keeps may be anything. That it rests on another version of the Secret alone is not worth a write: then the Secret is read again
// some time.
func (r *RoomSecretReconciler) noteBasis(s *scope) error {
	status := &s.rs.Status
	if s.client == nil || s.secret == (secretVersion{}) || !meta.IsStatusConditionTrue(status.Conditions, string(roomv1alpha1.ConditionReady)) || !allInSync(status.Entries) {
		return nil
	}
	if slices.ContainsFunc(status.Entries, func(e roomv1alpha1.EntryStatus) bool { return e.Reason == roomv1alpha1.ReasonRoomSecretNotFound }) {
		return nil
	}
	if status.Basis != "" && equality.Semantic.DeepEqual(s.base.Status, *status) {
		return nil
	}
	var err error
	status.Basis, err = r.basisOf(s, s.secret)
	return err
}

// restsOn returns the version of a Secret, and whether everything but the room is as it was when all entries were in sync.
// Who asks for a sync gets a whole one.
func (r *RoomSecretReconciler) restsOn(ctx context.Context, s *scope, name string) (secretVersion, bool, error) {
	status := s.rs.Status
	if status.Basis == "" || len(status.Entries) == 0 || !allInSync(status.Entries) || echoOf(requestedAt(s.rs)) != status.LastHandledRequestedAt {
		return secretVersion{}, false, nil
	}
	secret := secretMetadata()
	err := r.Client.Get(ctx, client.ObjectKey{Namespace: s.rs.Namespace, Name: name}, secret)
	if err != nil {
		return secretVersion{}, false, client.IgnoreNotFound(err)
	}
	version := versionOf(secret)
	basis, err := r.basisOf(s, version)
	return version, err == nil && fingerprint.Equal(basis, status.Basis), err
}

// pushStands reports whether a push is in sync, without reading the source. What it sees of the room it leaves in scope.
func (r *RoomSecretReconciler) pushStands(ctx context.Context, s *scope) (bool, error) {
	if _, rests, err := r.restsOn(ctx, s, s.rs.Spec.Push.SecretRef.Name); !rests || err != nil {
		return false, err
	}
	var rows []plan.Row
	var wanted []plan.PushRow
	for _, entry := range s.rs.Status.Entries {
		if entry.Verified != s.verified(entry) {
			return false, nil
		}
		rows = append(rows, entryRow(entry))
		wanted = append(wanted, plan.PushRow{Row: entryRow(entry)})
	}
	if claimed, err := r.claimedRows(ctx, s, wanted); len(claimed) > 0 || err != nil {
		return false, err
	}
	var err error
	if s.seen, err = r.observe(ctx, s, rows); err != nil {
		return false, err
	}
	for _, entry := range s.rs.Status.Entries {
		seen := s.seen[entryRow(entry)]
		if seen.Unknown != nil || !seen.Exists || (seen.Digest != "" && !fingerprint.Equal(seen.Digest, entry.Digest)) {
			return false, nil
		}
	}
	return true, nil
}

// gatheredFor is what was gathered for a target.
type gatheredFor struct {
	plan.Gathered
	target types.UID
}

// pullStands reports whether a pull is in sync, without reading the target. What it gathers it leaves in scope.
func (r *RoomSecretReconciler) pullStands(ctx context.Context, s *scope) (bool, error) {
	name := s.rs.TargetName()
	version, rests, err := r.restsOn(ctx, s, name)
	if !rests || err != nil {
		return false, err
	}
	sources := plan.PullSources(s.rs.Spec.Pull, s.client.Own())
	if slices.ContainsFunc(sources, plan.PullSource.Asks) || len(plan.PullQueries(sources, s.access)) > 0 {
		return false, nil
	}
	t := target{name: name, secret: &corev1.Secret{ObjectMeta: metav1.ObjectMeta{UID: version.uid}}}
	if by, err := r.claimedTarget(ctx, s, t); by != "" || err != nil {
		return false, err
	}
	records := r.pullLedger(s.rs, t).keys(s.rs.Status.Entries)
	gathered, err := r.gather(ctx, s, plan.GatherInput{Sources: sources, Held: plan.HeldBy(records), Template: s.rs.Spec.Pull.Template})
	if err != nil {
		return false, err
	}
	s.gathered = &gatheredFor{gathered, version.uid}
	if gathered.Unsettled || gathered.Emptied || len(gathered.Keys) != len(records) || len(s.rs.Status.Entries) != len(records) {
		return false, nil
	}
	for key, record := range records {
		value, known := gathered.Values[key]
		if !known || !fingerprint.Equal(keyDigest(r.Digests, key, value), record.Digest) {
			return false, nil
		}
	}
	return true, nil
}
