// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"slices"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/plan"
)

// allRows are the rows that random cases speak of.
func allRows() []plan.Row {
	var rows []plan.Row
	for _, id := range []string{"a", "b", "c"} {
		for _, identity := range []string{own, "agent"} {
			for _, delegate := range []string{"", "bob"} {
				rows = append(rows, plan.Row{Identity: identity, ID: id, DelegatedTo: delegate})
			}
		}
	}
	return rows
}

// anyPush throws a spec over the rows.
func anyPush(d dice, rows []plan.Row) plan.PushInput {
	agentCanDelete := !d.oneIn(4)
	in := plan.PushInput{
		Digests: map[plan.Row]string{}, Claimed: map[plan.Row]string{}, Own: own,
		CanDelete: func(identity string) bool { return identity == own || agentCanDelete },
		Access:    anyAccess(d),
		Conflict:  anyConflict(d), Drift: anyDrift(d), Deletion: anyDeletion(d),
	}
	for _, row := range rows {
		if d.oneIn(8) {
			in.Claimed[row] = "team-a/older"
		}
		if d.oneIn(3) {
			continue
		}
		want := plan.PushRow{Row: row, Entry: row.ID, Key: row.ID, Type: "text/plain", DisplayName: row.ID}
		if d.oneIn(10) {
			want.Problem = &plan.Problem{Reason: roomv1alpha1.ReasonKeyNotFound, Message: "No such key."}
		} else {
			in.Digests[row] = "first"
		}
		in.Rows = append(in.Rows, want)
	}
	return in
}

func anyAccess(d dice) plan.Access {
	access := plan.Access{Everything: !d.oneIn(3), Namespace: "team-a", Own: own}
	for range d(3) {
		access.Rules = append(access.Rules, roomv1alpha1.AccessRule{
			IDs:        []roomv1alpha1.Pattern{pick[roomv1alpha1.Pattern](d, "*", "a", "b*")},
			Identities: []roomv1alpha1.Pattern{pick[roomv1alpha1.Pattern](d, "*", "agent", "bob")},
			Operations: pick(d,
				[]roomv1alpha1.Operation{roomv1alpha1.OperationWrite, roomv1alpha1.OperationDelete, roomv1alpha1.OperationDelegate},
				[]roomv1alpha1.Operation{roomv1alpha1.OperationWrite},
				[]roomv1alpha1.Operation{roomv1alpha1.OperationDelete}),
		})
	}
	return access
}

// edited returns in with other values in the source.
func edited(in plan.PushInput, d dice, digest string) plan.PushInput {
	digests := map[plan.Row]string{}
	for _, want := range in.Rows {
		if was, ok := in.Digests[want.Row]; ok {
			digests[want.Row] = pick(d, digest, was)
		}
	}
	in.Digests = digests
	return in
}

// anyPushWorld throws a room and a ledger over the rows. Every record in it was honestly come by.
func anyPushWorld(d dice, rows []plan.Row) *pushWorld {
	w := newPushWorld()
	for _, row := range rows {
		w.throw(d, row)
		w.unreadable[row] = d.oneIn(8)
		w.unknown[row] = d.oneIn(8)
	}
	return w
}

// throw puts the row into one of the situations in which a reconcile can find it.
func (w *pushWorld) throw(d dice, row plan.Row) {
	written := pick(d, "before", "first")
	origin := pick(d, roomv1alpha1.OriginCreated, roomv1alpha1.OriginAdopted)
	record := plan.Record{Digest: written, Origin: origin, Confirmed: true}
	intended := plan.Record{Digest: written, Origin: origin}
	switch d(9) {
	case 0: // nothing
	case 1: // somebody's, perhaps equal to what is wanted
		w.room[row] = pick(d, "theirs", "first")
	case 2: // ours
		w.room[row], w.ledger[row], w.ours[row], w.byUs[row] = written, record, true, true
	case 3: // ours, changed in the room
		w.room[row], w.ledger[row], w.ours[row] = "theirs", record, true
	case 4: // ours, deleted in the room
		w.ledger[row], w.ours[row] = record, true
	case 5: // an intent that was done
		w.room[row], w.ledger[row], w.ours[row], w.byUs[row] = written, intended, true, true
	case 6: // an intent that somebody overtook
		w.room[row], w.ledger[row] = "theirs", intended
	case 7: // an intent that was not done
		w.ledger[row] = intended
	case 8: // ours, after an update that may have failed
		w.room[row], w.ledger[row], w.ours[row], w.byUs[row] = written, plan.Record{Origin: origin, Confirmed: true}, true, true
	}
}

// meddle lets somebody else do something to the room.
func (w *pushWorld) meddle(d dice, rows []plan.Row) {
	row := pick(d, rows...)
	switch d(3) {
	case 0:
		delete(w.room, row)
	default:
		w.room[row] = pick(d, "theirs", "others")
	}
	delete(w.byUs, row)
}

// shuffled returns in with its rows in another order.
func shuffled(in plan.PushInput, d dice) plan.PushInput {
	in.Rows = slices.Clone(in.Rows)
	for i := len(in.Rows) - 1; i > 0; i-- {
		j := d(i + 1)
		in.Rows[i], in.Rows[j] = in.Rows[j], in.Rows[i]
	}
	return in
}
