// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/plan"
)

// Two RoomSecrets can ask for one row of a room, or for one target. The one that already has it, as its sealed ledger
// says, keeps it; otherwise the older one gets it. Whoever loses is told when the winner lets go.

// claimant is a RoomSecret that asks for something, and whether it has it.
type claimant struct {
	rs   *roomv1alpha1.RoomSecret
	held bool
}

// beats reports whether a has the better claim than b.
func (a claimant) beats(b claimant) bool {
	if a.held != b.held {
		return a.held
	}
	byAge := a.rs.CreationTimestamp.Compare(b.rs.CreationTimestamp.Time)
	return cmp.Or(byAge, cmp.Compare(a.rs.Namespace, b.rs.Namespace), cmp.Compare(a.rs.Name, b.rs.Name)) < 0
}

// claimedRows returns the wanted rows that another RoomSecret has the better claim to, with its name.
func (r *RoomSecretReconciler) claimedRows(ctx context.Context, s *scope, wanted []plan.PushRow) (map[plan.Row]string, error) {
	claimed := map[plan.Row]string{}
	held := r.pushLedger(s).rows(s.rs.Status.Entries)
	for _, want := range wanted {
		var others roomv1alpha1.RoomSecretList
		if err := r.Client.List(ctx, &others, client.MatchingFields{indexRow: want.ID}); err != nil {
			return nil, fmt.Errorf("list the RoomSecrets that push %q: %w", want.ID, err)
		}
		_, mine := held[want.Row]
		for i := range others.Items {
			other := &others.Items[i]
			if other.UID == s.rs.UID {
				continue
			}
			asks, has, err := r.claimOn(ctx, s, other, want.Row)
			if err != nil {
				return nil, err
			}
			if (asks || has) && (claimant{other, has}).beats(claimant{s.rs, mine}) {
				claimed[want.Row] = other.Namespace + "/" + other.Name
			}
		}
	}
	return claimed, nil
}

// claimOn reports whether another RoomSecret asks for a row of the room in scope, and whether it has it.
func (r *RoomSecretReconciler) claimOn(ctx context.Context, s *scope, other *roomv1alpha1.RoomSecret, row plan.Row) (asks, has bool, err error) {
	room, err := getRoom(ctx, r.Client, roomKeyOf(other))
	if apierrors.IsNotFound(err) || errors.Is(err, errNotServed) {
		return false, false, nil // without a room it can neither write nor delete
	}
	if err != nil || room.address() != s.room.address() || !selects(r.Selector, room.object) {
		return false, false, err
	}
	book := ledger{digests: r.Digests, uid: string(other.UID), place: room.address()}
	_, has = book.rows(other.Status.Entries)[row]
	return slices.Contains(rowsAskedFor(other, room.ownIdentity(r.Rooms)), row), has, nil
}

// rowsAskedFor returns the rows that the entries of a push ask for, when the operator's identity in its room is own.
func rowsAskedFor(rs *roomv1alpha1.RoomSecret, own string) []plan.Row {
	if rs.Spec.Push == nil || !rs.DeletionTimestamp.IsZero() {
		return nil
	}
	var rows []plan.Row
	for _, entry := range rs.Spec.Push.Entries {
		row := plan.Row{Identity: cmp.Or(string(entry.ForIdentity), own), ID: entry.IDOrDefault()}
		if !entry.DelegatedOnly {
			rows = append(rows, row)
		}
		for _, delegation := range entry.Delegations {
			row.DelegatedTo = string(delegation.To)
			rows = append(rows, row)
		}
	}
	return rows
}

// claim is one row or target that a RoomSecret asks for or, as far as its status says, has. It wakes whoever may want the same, so it
// needs neither a seal nor to know the operator's identity.
type claim struct {
	place
	row plan.Row
	has bool
}

// place finds those who may want the same, in an index of the cache.
type place struct{ index, value string }

// places returns the places of claims, each once: several claims are to one id.
func places(claims map[claim]bool) map[place]bool {
	places := map[place]bool{}
	for claim := range claims {
		places[claim.place] = true
	}
	return places
}

// claimsOf returns all that a RoomSecret claims.
func claimsOf(rs *roomv1alpha1.RoomSecret) map[claim]bool {
	claims := map[claim]bool{}
	for _, row := range rowsAskedFor(rs, "") {
		claims[claim{place: place{indexRow, row.ID}, row: row}] = true
	}
	if rs.Spec.Push != nil {
		for _, entry := range rs.Status.Entries {
			if entry.Origin != "" {
				claims[claim{place: place{indexRow, entry.ID}, row: entryRow(entry), has: true}] = true
			}
		}
	}
	for _, target := range targetOf(rs) {
		claims[claim{place: place{indexTarget, target}}] = true
		if slices.ContainsFunc(rs.Status.Entries, func(e roomv1alpha1.EntryStatus) bool { return e.Origin != "" }) {
			claims[claim{place: place{indexTarget, target}, has: true}] = true
		}
	}
	return claims
}

// claimedTarget returns the name of another RoomSecret that has the better claim to the target, and "" when there is
// none. RoomSecrets that all merge into the target share it, key by key. One of another operator is not in the cache, and shows
// in the target.
func (r *RoomSecretReconciler) claimedTarget(ctx context.Context, s *scope, t target) (string, error) {
	var others roomv1alpha1.RoomSecretList
	if err := r.Client.List(ctx, &others, client.MatchingFields{indexTarget: s.rs.Namespace + "/" + t.name}); err != nil {
		return "", fmt.Errorf("list the RoomSecrets that write Secret %q: %w", t.name, err)
	}
	mine := claimant{s.rs, r.holdsTarget(s.rs, t)}
	for i := range others.Items {
		other := &others.Items[i]
		if other.UID == s.rs.UID || !other.DeletionTimestamp.IsZero() || (merges(other) && merges(s.rs)) {
			continue
		}
		if (claimant{other, r.holdsTarget(other, t)}).beats(mine) {
			return other.Namespace + "/" + other.Name, nil
		}
	}
	return t.ownedByAnother(s.rs), nil
}

// holdsTarget reports whether a RoomSecret has written the target before.
func (r *RoomSecretReconciler) holdsTarget(rs *roomv1alpha1.RoomSecret, t target) bool {
	return len(r.pullLedger(rs, t).keys(rs.Status.Entries)) > 0
}

func merges(rs *roomv1alpha1.RoomSecret) bool {
	return rs.Spec.Pull.Target.CreationPolicyOrDefault() == roomv1alpha1.CreationMerge
}
