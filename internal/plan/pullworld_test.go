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

// pullWorld is a room, a target and a ledger: everything that outlives a crash of the operator. It carries plans out as an
// executor does, and notes each thing that must not happen.
type pullWorld struct {
	room   map[string]plan.Observed // by key
	target plan.Target
	ledger map[string]plan.Record

	ours   map[string]bool // the truth, which the planner never sees: the key is ours to change where we merge
	faults []string
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

// reconcile plans, writes the intents, writes the target and writes the ledger. It dies after so many of these
// effects, and reports whether it lived; a negative number lets it live.
func (w *pullWorld) reconcile(in plan.PullInput, effects int) bool {
	w.ledger = maps.Clone(w.ledger)
	out := w.plan(in)
	for _, effect := range w.effects(in, out) {
		if effects == 0 {
			return false
		}
		effects--
		effect()
	}
	return true
}

// effects lists what carrying out a plan does to the world, in order.
func (w *pullWorld) effects(in plan.PullInput, out plan.PullPlan) []func() {
	intents := func() {
		if out.Adopt {
			clear(w.ledger)
		}
		maps.Copy(w.ledger, out.Intents(in.Creation))
	}
	remove, write := func() { w.edit(in, out, plan.KeyRemove) }, func() { w.write(in, out) }
	freeze, settle := func() { w.freeze(in, out) }, func() { w.settle(out) }
	removes := slices.ContainsFunc(out.Steps, func(s plan.KeyStep) bool { return s.Op == plan.KeyRemove })
	switch {
	case out.Problem != nil:
		return []func(){settle}
	case removes && out.Adopt: // nothing is taken out of it before it is ours
		return []func(){intents, write, remove, freeze, settle}
	case removes:
		return []func(){intents, remove, both(write, freeze), settle}
	}
	return []func(){intents, both(write, freeze), settle}
}

// write creates or applies the target, and notes when it does what the laws forbid.
func (w *pullWorld) write(in plan.PullInput, out plan.PullPlan) {
	switch {
	case out.Create:
		if w.target.Exists || in.Creation == roomv1alpha1.CreationMerge {
			w.fault("create a target that exists, or that is to be merged into")
		}
		w.target = plan.Target{
			Name: w.target.Name, Type: w.target.Wanted, Wanted: w.target.Wanted,
			Exists: true, Owned: true, Metadata: true, Keys: map[string]string{},
		}
	case out.Apply:
		w.checkApply(in, out)
		w.target.Metadata = true
		w.target.Owned = in.Creation != roomv1alpha1.CreationMerge // who merges gives up what only a creator has
	default:
		return
	}
	w.edit(in, out, plan.KeySet)
}

// both does two things of which no crash can come between.
func both(a, b func()) func() { return func() { a(); b() } }

// freeze makes the target immutable when that is decided, and notes when it comes too early.
func (w *pullWorld) freeze(in plan.PullInput, out plan.PullPlan) {
	if !out.Freeze && (!out.Create || !in.Immutable) {
		return
	}
	for _, step := range out.Steps {
		if step.Wanted != nil && step.State != roomv1alpha1.EntryInSync {
			w.fault("the target becomes immutable before %s is known", step.Key)
		}
	}
	w.target.Immutable, w.target.Frozen = true, true
}

// checkApply notes when a target is written that may not be.
func (w *pullWorld) checkApply(in plan.PullInput, out plan.PullPlan) {
	allowed := in.Adopt && w.target.Consent && w.target.Controller == "" && !w.target.Deleting
	if !w.target.Exists || (!w.target.Owned && in.Creation != roomv1alpha1.CreationMerge && !allowed) {
		w.fault("write a target that is not ours")
	}
	if !w.target.Owned && out.Adopt != (in.Creation != roomv1alpha1.CreationMerge) {
		w.fault("adopt: %v", out.Adopt)
	}
}

// edit does the steps of one op.
func (w *pullWorld) edit(in plan.PullInput, out plan.PullPlan, op plan.KeyOp) {
	for _, step := range out.Steps {
		if step.Op == op && (out.Create || out.Apply) {
			w.do(in, step)
		}
	}
}

func (w *pullWorld) do(in plan.PullInput, step plan.KeyStep) {
	_, exists := w.target.Keys[step.Key]
	_, recorded := w.ledger[step.Key]
	switch {
	case step.Wanted == nil && !recorded:
		w.fault("%s key %s, which nobody asked for", step.Op, step.Key)
	case in.Creation == roomv1alpha1.CreationMerge && exists && !w.ours[step.Key]:
		w.fault("%s key %s, which is not ours", step.Op, step.Key)
	case in.Creation == roomv1alpha1.CreationMerge && !recorded:
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
			delete(w.ours, step.Key)
		} else {
			w.ledger[step.Key] = *step.After
		}
	}
}

func (w *pullWorld) fault(format string, args ...any) {
	w.faults = append(w.faults, fmt.Sprintf(format, args...))
}

var pullKeys = []string{"A", "B", "C", "D"}

// anyPull throws a spec over the keys.
func anyPull(d dice) plan.PullInput {
	in := plan.PullInput{
		Access:   plan.Access{Everything: !d.oneIn(5), Own: own},
		Creation: pick(d, roomv1alpha1.CreationOwner, roomv1alpha1.CreationMerge, roomv1alpha1.CreationOrphan),
		Deletion: anyDeletion(d),
		Size:     pick(d, 0, 0, 0, 0, 0, 1<<21),
		Name:     "pull",
	}
	in.Prune.Guard = d.oneIn(3)
	in.Immutable = in.Creation != roomv1alpha1.CreationMerge && d.oneIn(4)
	in.Adopt = in.Creation != roomv1alpha1.CreationMerge && d.oneIn(2)
	if d.oneIn(2) {
		in.Access.Rules = []roomv1alpha1.AccessRule{{IDs: []roomv1alpha1.Pattern{"A", "B"}, Operations: []roomv1alpha1.Operation{roomv1alpha1.OperationRead}}}
	}
	if d.oneIn(10) {
		in.ClaimedBy = "older"
	}
	for _, key := range pullKeys {
		policy := pick(d, roomv1alpha1.OnMissingFail, roomv1alpha1.OnMissingKeep, roomv1alpha1.OnMissingRemove)
		if key == "A" || !d.oneIn(3) {
			in.Keys = append(in.Keys, plan.PullKey{Key: key, Row: plan.Row{Identity: own, ID: key}, OnMissing: policy})
		}
	}
	return in
}

// anyPullWorld throws a room, a target and a ledger over the keys. Every record in it was honestly come by.
func anyPullWorld(d dice, creation roomv1alpha1.CreationPolicy) *pullWorld {
	w := &pullWorld{
		room: map[string]plan.Observed{}, ledger: map[string]plan.Record{}, ours: map[string]bool{},
		target: plan.Target{Name: "app", Exists: !d.oneIn(3), Metadata: true, Keys: map[string]string{}},
	}
	if w.target.Exists {
		w.target.Owned, w.target.Metadata, w.target.Immutable = !d.oneIn(3), !d.oneIn(4), d.oneIn(6)
		w.target.Consent, w.target.Deleting = !d.oneIn(3), d.oneIn(8)
		w.target.Frozen = w.target.Immutable && w.target.Owned && d.oneIn(2)
		w.target.Controller = pick(d, "", "", "", "Stranger \"x\"")
	}
	for _, key := range pullKeys {
		w.turn(d, key)
		w.throw(d, key, creation)
	}
	if !w.target.Exists {
		w.vanish(creation)
	}
	return w
}

// turn gives the room another row for the key.
func (w *pullWorld) turn(d dice, key string) {
	switch d(6) {
	case 0:
		w.room[key] = plan.Observed{}
	case 1:
		w.room[key] = plan.Observed{Unknown: &plan.Problem{Reason: roomv1alpha1.ReasonRoomNotReady, Passing: true}}
	case 2:
		w.room[key] = plan.Observed{Exists: true}
	default:
		w.room[key] = plan.Observed{Exists: true, Digest: pick(d, "first", "second")}
	}
}

// throw puts the key into one of the situations in which a reconcile can find it. What the ledger says of a target that
// is not merged into was true of that target, or of one that is gone.
func (w *pullWorld) throw(d dice, key string, creation roomv1alpha1.CreationPolicy) {
	record := plan.Record{Digest: pick(d, "before", "first"), Origin: roomv1alpha1.OriginCreated, Confirmed: true}
	intended := plan.Record{Digest: record.Digest, Origin: record.Origin}
	situation := d(6)
	if situation == 5 && creation != roomv1alpha1.CreationMerge {
		situation = 1 // a target that we create has no intents: after a crash, its keys are just not recorded
	}
	switch situation {
	case 0: // nothing
	case 1: // there without a record
		w.target.Keys[key] = pick(d, "theirs", "first")
	case 2: // ours
		w.target.Keys[key], w.ledger[key], w.ours[key] = record.Digest, record, true
	case 3: // ours, changed in the target
		w.target.Keys[key], w.ledger[key], w.ours[key] = "theirs", record, true
	case 4: // ours, removed from the target
		w.ledger[key], w.ours[key] = record, true
	case 5: // an intent, done or not
		w.ledger[key] = intended
		if d.oneIn(2) {
			w.target.Keys[key], w.ours[key] = intended.Digest, true
		}
	}
}

// meddle lets somebody else change or remove a key of the target, or delete the target and perhaps create another one.
func (w *pullWorld) meddle(d dice, key string, creation roomv1alpha1.CreationPolicy) {
	switch d(6) {
	case 0:
		w.vanish(creation)
	case 1:
		w.vanish(creation)
		w.appear(key, pick(d, "theirs", "first"))
		w.target.Consent = d.oneIn(2)
	case 2:
		delete(w.target.Keys, key)
	default:
		if !w.target.Exists {
			w.appear(key, "theirs")
		}
		w.target.Keys[key] = pick(d, "theirs", "others")
	}
}

// vanish deletes the target.
func (w *pullWorld) vanish(creation roomv1alpha1.CreationPolicy) {
	w.target = plan.Target{Name: w.target.Name, Keys: map[string]string{}}
	if creation == roomv1alpha1.CreationMerge {
		w.voidRecords()
	}
}

// voidRecords does what a new target does to the records of merged keys, whose seal names the one that they were merged
// into: the planner never sees them again.
func (w *pullWorld) voidRecords() {
	w.ledger, w.ours = map[string]plan.Record{}, map[string]bool{}
}

// appear lets somebody else create the target.
func (w *pullWorld) appear(key, digest string) {
	w.target = plan.Target{Name: w.target.Name, Exists: true, Metadata: true, Keys: map[string]string{key: digest}}
}
