// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"fmt"
	"maps"
	"slices"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/plan"
)

// pushWorld is a room and a ledger: everything that outlives a crash of the operator. It carries steps out as an executor
// does, and notes each thing that must not happen.
type pushWorld struct {
	room   map[plan.Row]string // digests
	ledger map[plan.Row]plan.Record

	unknown    map[plan.Row]bool // cannot be observed at the moment
	unreadable map[plan.Row]bool // can be seen but not read

	ours   map[plan.Row]bool // the truth, which the planner never sees: the row is ours to change
	byUs   map[plan.Row]bool // what is there now was written by us
	writes map[plan.Row]int  // how often we did something to the row
	faults []string
}

func newPushWorld() *pushWorld {
	return &pushWorld{
		room: map[plan.Row]string{}, ledger: map[plan.Row]plan.Record{},
		unknown: map[plan.Row]bool{}, unreadable: map[plan.Row]bool{},
		ours: map[plan.Row]bool{}, byUs: map[plan.Row]bool{}, writes: map[plan.Row]int{},
	}
}

func (w *pushWorld) clone() *pushWorld {
	return &pushWorld{
		room: maps.Clone(w.room), ledger: maps.Clone(w.ledger),
		unknown: maps.Clone(w.unknown), unreadable: maps.Clone(w.unreadable),
		ours: maps.Clone(w.ours), byUs: maps.Clone(w.byUs), writes: maps.Clone(w.writes), faults: slices.Clone(w.faults),
	}
}

// plan plans in with the ledger of this world and what can be observed in it.
func (w *pushWorld) plan(in plan.PushInput) []plan.Step {
	in.Ledger = maps.Clone(w.ledger)
	in.Observed = map[plan.Row]plan.Observed{}
	for _, want := range in.Rows {
		in.Observed[want.Row] = w.observe(want.Row)
	}
	for row := range in.Ledger {
		in.Observed[row] = w.observe(row)
	}
	return plan.Push(in)
}

func (w *pushWorld) observe(row plan.Row) plan.Observed {
	if w.unknown[row] {
		return plan.Observed{Unknown: &plan.Problem{Reason: roomv1alpha1.ReasonRoomNotReady, Message: "The room is out of reach.", Passing: true}}
	}
	digest, exists := w.room[row]
	if w.unreadable[row] {
		digest = ""
	}
	return plan.Observed{Exists: exists, Digest: digest}
}

// reconcile plans, writes the intents, does the ops and writes the ledger. It dies after so many of these effects, and
// reports whether it lived; a negative number lets it live.
func (w *pushWorld) reconcile(in plan.PushInput, effects int) bool {
	steps := w.plan(in)
	for _, effect := range w.effects(in, steps) {
		if effects == 0 {
			return false
		}
		effects--
		effect()
	}
	return true
}

// effects lists what carrying out steps does to the world, in order.
func (w *pushWorld) effects(in plan.PushInput, steps []plan.Step) []func() {
	effects := []func(){func() { w.writeAhead(steps) }}
	for _, step := range steps {
		if step.Op != plan.OpNone && step.Op != plan.OpForget {
			effects = append(effects, func() { w.do(in, step) })
		}
	}
	return append(effects, func() { w.settle(steps) })
}

func (w *pushWorld) writeAhead(steps []plan.Step) {
	for _, step := range steps {
		if intent, write := step.Intent(); write {
			w.ledger[step.Row] = intent
		}
		if step.Op == plan.OpAdopt && w.room[step.Row] == step.After.Digest {
			w.ours[step.Row] = true // to take over what is equal already, the record is all it takes
		}
	}
}

func (w *pushWorld) settle(steps []plan.Step) {
	for _, step := range steps {
		if step.After == nil {
			delete(w.ledger, step.Row)
		} else {
			w.ledger[step.Row] = *step.After
		}
		if step.Op == plan.OpForget {
			delete(w.ours, step.Row)
		}
	}
}

// do carries out one op, and notes when it does what the laws forbid.
func (w *pushWorld) do(in plan.PushInput, step plan.Step) {
	digest, exists := w.room[step.Row]
	name := step.Name(own)
	w.writes[step.Row]++
	if exists && !w.ours[step.Row] && (step.Op == plan.OpDelete || in.Conflict != roomv1alpha1.ConflictAdopt) {
		w.fault("%s %s, which is not ours: it holds %s", step.Op, name, digest)
	}
	if w.unknown[step.Row] {
		w.fault("%s %s, which is unknown", step.Op, name)
	}
	if _, recorded := w.ledger[step.Row]; !recorded {
		w.fault("%s %s without a record in the ledger", step.Op, name)
	}
	if step.Op == plan.OpDelete {
		delete(w.room, step.Row)
		delete(w.byUs, step.Row)
		return
	}
	if exists == (step.Op == plan.OpCreate) {
		w.fault("%s %s, and exists is %v", step.Op, name, exists)
	}
	if step.Wanted == nil || in.Digests[step.Row] == "" {
		w.fault("%s %s without a value", step.Op, name)
	}
	w.room[step.Row], w.ours[step.Row], w.byUs[step.Row] = in.Digests[step.Row], true, true
}

func (w *pushWorld) fault(format string, args ...any) {
	w.faults = append(w.faults, fmt.Sprintf(format, args...))
}

// lost lists the rows that we wrote and that the ledger no longer knows, although we did not give them up.
func (w *pushWorld) lost() []string {
	var lost []string
	for row := range w.byUs {
		if _, recorded := w.ledger[row]; w.ours[row] && !recorded {
			lost = append(lost, row.Name(own))
		}
	}
	return lost
}
