// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"fmt"
	"maps"
	"slices"

	"github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/plan"
)

// pullWorld is a room, a target and a ledger: everything that outlives a crash of the operator. It carries plans out as an
// executor does, and notes each thing that must not happen.
type pullWorld struct {
	room   map[string]plan.Observed // by key
	target plan.Target
	ledger map[string]plan.Record

	ours     map[string]bool // the truth, which the planner never sees: the key is ours to change
	oursSelf bool            // the truth: the target as a whole is ours to change
	faults   []string
}

func (w *pullWorld) clone() *pullWorld {
	c := *w
	c.room, c.ledger, c.ours = maps.Clone(w.room), maps.Clone(w.ledger), maps.Clone(w.ours)
	c.target.Keys, c.faults = maps.Clone(w.target.Keys), slices.Clone(w.faults)
	return &c
}

func (w *pullWorld) plan(in plan.PullInput) plan.PullPlan {
	in.Observed, in.Target, in.Ledger = w.room, w.target, w.ledger
	return plan.Pull(in)
}

// reconcile plans, writes the intents, writes the target and writes the ledger. It dies after so many of these three
// effects, and reports whether it lived; a negative number lets it live.
func (w *pullWorld) reconcile(in plan.PullInput, effects int) bool {
	w.ledger = maps.Clone(w.ledger)
	out := w.plan(in)
	if out.Problem != nil {
		return true
	}
	for _, effect := range []func(){
		func() { maps.Copy(w.ledger, out.Intents(in.Creation)) },
		func() { w.write(in, out) },
		func() { w.settle(out) },
	} {
		if effects == 0 {
			return false
		}
		effects--
		effect()
	}
	return true
}

// write creates or applies the target, and notes when it does what the laws forbid.
func (w *pullWorld) write(in plan.PullInput, out plan.PullPlan) {
	switch {
	case out.Create:
		if w.target.Exists {
			w.fault("create a target that exists")
		}
		owned := in.Creation == v1alpha1.CreationOwner
		w.target = plan.Target{Name: w.target.Name, Exists: true, Owned: owned, Metadata: true, Keys: map[string]string{}}
		w.oursSelf = true
	case out.Apply:
		if !w.target.Exists || (!w.oursSelf && in.Creation != v1alpha1.CreationMerge) {
			w.fault("write a target that is not ours")
		}
		w.target.Metadata = true
	default:
		return
	}
	for _, step := range out.Steps {
		w.do(in, step)
	}
}

func (w *pullWorld) do(in plan.PullInput, step plan.KeyStep) {
	if step.Op != plan.KeySet && step.Op != plan.KeyRemove {
		return
	}
	_, exists := w.target.Keys[step.Key]
	_, recorded := w.ledger[step.Key]
	switch {
	case in.Creation == v1alpha1.CreationMerge && exists && !w.ours[step.Key]:
		w.fault("%s key %s, which is not ours", step.Op, step.Key)
	case in.Creation == v1alpha1.CreationMerge && !recorded:
		w.fault("%s key %s without a record in the ledger", step.Op, step.Key)
	case w.target.Immutable:
		w.fault("%s key %s of an immutable target", step.Op, step.Key)
	case step.Wanted != nil && w.room[step.Key].Unknown != nil:
		w.fault("%s key %s, whose row is unknown", step.Op, step.Key)
	}
	if step.Op == plan.KeyRemove {
		delete(w.target.Keys, step.Key)
		return
	}
	if w.room[step.Key].Digest == "" {
		w.fault("set key %s without a value", step.Key)
	}
	w.target.Keys[step.Key], w.ours[step.Key] = w.room[step.Key].Digest, true
}

func (w *pullWorld) settle(out plan.PullPlan) {
	for _, step := range out.Steps {
		if step.After == nil {
			delete(w.ledger, step.Key)
		} else {
			w.ledger[step.Key] = *step.After
		}
		if step.Op == plan.KeyRelease {
			delete(w.ours, step.Key)
		}
	}
}

func (w *pullWorld) fault(format string, args ...any) {
	w.faults = append(w.faults, fmt.Sprintf(format, args...))
}

var pullKeys = []string{"A", "B", "C", "D"}

// anyPull throws a spec over the keys. The keys of an Orphan target are never Remove or Keep: a target without a single
// key of ours is not recognised as ours.
func anyPull(d dice) plan.PullInput {
	in := plan.PullInput{
		Access:   plan.Access{Everything: !d.oneIn(5), Own: own},
		Creation: pick(d, v1alpha1.CreationOwner, v1alpha1.CreationMerge, v1alpha1.CreationOrphan),
		Deletion: anyDeletion(d),
		Size:     pick(d, 0, 0, 0, 0, 0, 1<<21),
	}
	if d.oneIn(2) {
		in.Access.Rules = []v1alpha1.AccessRule{{IDs: []v1alpha1.Pattern{"A", "B"}, Operations: []v1alpha1.Operation{v1alpha1.OperationRead}}}
	}
	if d.oneIn(10) {
		in.ClaimedBy = "older"
	}
	for _, key := range pullKeys {
		policy := pick(d, v1alpha1.OnMissingFail, v1alpha1.OnMissingKeep, v1alpha1.OnMissingRemove)
		if in.Creation == v1alpha1.CreationOrphan {
			policy = v1alpha1.OnMissingFail
		}
		if key == "A" || !d.oneIn(3) {
			in.Keys = append(in.Keys, plan.PullKey{Key: key, Row: plan.Row{Identity: own, ID: key}, OnMissing: policy})
		}
	}
	return in
}

// anyPullWorld throws a room, a target and a ledger over the keys. Every record in it was honestly come by.
func anyPullWorld(d dice, creation v1alpha1.CreationPolicy) *pullWorld {
	w := &pullWorld{
		room: map[string]plan.Observed{}, ledger: map[string]plan.Record{}, ours: map[string]bool{},
		target: plan.Target{Name: "app", Exists: !d.oneIn(3), Metadata: true, Keys: map[string]string{}},
	}
	if w.target.Exists && creation != v1alpha1.CreationMerge {
		w.oursSelf = !d.oneIn(4)
	}
	if w.target.Exists {
		w.target.Owned = creation == v1alpha1.CreationOwner && w.oursSelf
		w.target.Metadata, w.target.Immutable = !d.oneIn(4), d.oneIn(6)
	}
	for _, key := range pullKeys {
		w.turn(d, key)
		w.throw(d, key, creation)
	}
	return w
}

// turn gives the room another row for the key.
func (w *pullWorld) turn(d dice, key string) {
	switch d(6) {
	case 0:
		w.room[key] = plan.Observed{}
	case 1:
		w.room[key] = plan.Observed{Unknown: &plan.Problem{Reason: v1alpha1.ReasonRoomNotReady, Passing: true}}
	case 2:
		w.room[key] = plan.Observed{Exists: true}
	default:
		w.room[key] = plan.Observed{Exists: true, Digest: pick(d, "first", "second")}
	}
}

// throw puts the key into one of the situations in which a reconcile can find it. A target of somebody else holds nothing
// of ours, and one of ours that has no key of ours yet is not one of the situations.
func (w *pullWorld) throw(d dice, key string, creation v1alpha1.CreationPolicy) {
	record := plan.Record{Digest: pick(d, "before", "first"), Origin: v1alpha1.OriginCreated, Confirmed: true}
	intended := plan.Record{Digest: record.Digest, Origin: record.Origin}
	whole := creation != v1alpha1.CreationMerge
	situation := d(6)
	if whole && w.target.Exists {
		situation = pick(d, 2, 3, 4)
		if !w.oursSelf {
			situation = pick(d, 0, 1)
		}
	}
	switch situation {
	case 0: // nothing
	case 1: // somebody's, or tampered with when the target is ours
		w.target.Keys[key] = "theirs"
	case 2: // ours
		w.target.Keys[key], w.ledger[key], w.ours[key] = record.Digest, record, true
	case 3: // ours, changed in the target
		w.target.Keys[key], w.ledger[key], w.ours[key] = "theirs", record, true
	case 4: // ours, removed from the target
		w.ledger[key], w.ours[key] = record, true
	case 5: // an intent, done or not
		w.ledger[key] = intended
		if w.target.Exists && d.oneIn(2) {
			w.target.Keys[key], w.ours[key] = intended.Digest, true
		}
	}
	if !w.target.Exists {
		clear(w.target.Keys)
	}
}

// meddle lets somebody else change a key of the target, or create the target where we never had one.
func (w *pullWorld) meddle(d dice, key string) {
	for _, record := range w.ledger {
		if record.Confirmed && !w.target.Exists {
			return
		}
	}
	if !w.target.Exists {
		w.target.Exists, w.oursSelf = true, false
	}
	w.target.Keys[key] = pick(d, "theirs", "others")
}
