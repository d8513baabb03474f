// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"encoding/json"
	"maps"
	"slices"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/plan"
)

// kept is what the room keeps at a row.
type kept struct{ kind, name, value string }

// sourceWorld is a world with a spec, and a room that has rows rather than keys.
type sourceWorld struct {
	*pullWorld
	spec   roomv1alpha1.Pull
	access plan.Access
	rows   map[plan.Row]kept
	// unlisted is set while the room cannot be listed, and unread has the rows that cannot be read.
	unlisted bool
	unread   map[plan.Row]bool
}

// newSourceWorld returns a world whose room and target are empty.
func newSourceWorld() *sourceWorld {
	return &sourceWorld{
		pullWorld: &pullWorld{
			room: map[string]plan.Observed{}, ledger: map[string]plan.Record{}, ours: map[string]bool{},
			target: plan.Target{Name: "app", Metadata: true, Keys: map[string]string{}},
		},
		access: plan.Access{Everything: true, Own: own},
		rows:   map[plan.Row]kept{}, unread: map[plan.Row]bool{},
	}
}

func (w *sourceWorld) clone() *sourceWorld {
	c := *w
	c.pullWorld, c.rows, c.unread = w.pullWorld.clone(), maps.Clone(w.rows), maps.Clone(w.unread)
	c.spec.Entries, c.spec.Find = slices.Clone(w.spec.Entries), slices.Clone(w.spec.Find)
	return &c
}

// look does what a reconcile does before it plans: it lists the room and reads the rows.
func (w *sourceWorld) look() (plan.PullInput, *plan.Problem) {
	in := plan.GatherInput{
		Sources: plan.PullSources(&w.spec, own), Access: w.access, Listings: map[plan.Query]plan.Listing{}, Found: map[plan.Row]plan.Found{},
		Held: plan.HeldBy(w.ledger), Template: w.spec.Template,
	}
	for _, query := range plan.PullQueries(in.Sources, w.access) {
		in.Listings[query] = w.find(query)
	}
	for _, row := range in.Rows() {
		if !w.access.Allows(row, roomv1alpha1.OperationRead) {
			w.fault("read %v, which is not allowed", row)
		}
		in.Found[row] = w.read(row)
	}
	g, problem := plan.Gather(in)
	w.room = g.Observed
	for key, value := range g.Values {
		w.room[key] = plan.Observed{Exists: true, Digest: string(value)}
	}
	return plan.PullInput{
		Keys: g.Keys, Unsettled: g.Unsettled, Emptied: g.Emptied, Size: g.Size, Access: w.access, Prune: plan.Prune{Guard: true},
		Creation: w.spec.Target.CreationPolicyOrDefault(), Deletion: w.spec.DeletionPolicyOrDefault(),
	}, problem
}

func (w *sourceWorld) find(query plan.Query) plan.Listing {
	if w.unlisted {
		return plan.Listing{Unknown: &plan.Problem{Reason: roomv1alpha1.ReasonRejected, Message: "The list makes no sense."}}
	}
	var listing plan.Listing
	for row, k := range w.rows {
		if listed := (plan.Listed{Row: row, Type: k.kind, Name: k.name}); query.Matches(listed) {
			listing.Rows = append(listing.Rows, listed)
		}
	}
	return listing
}

func (w *sourceWorld) read(row plan.Row) plan.Found {
	k, exists := w.rows[row]
	if w.unread[row] {
		return plan.Found{Unknown: &plan.Problem{Reason: roomv1alpha1.ReasonRoomNotReady, Message: "The connection was lost.", Passing: true}}
	}
	return plan.Found{Exists: exists, Readable: exists, Type: k.kind, Name: k.name, Value: []byte(k.value)}
}

// live looks, plans, and carries out the plan; it dies after so many effects.
func (w *sourceWorld) live(effects int) (plan.PullPlan, bool) {
	in, problem := w.look()
	if problem != nil {
		return plan.PullPlan{Problem: problem}, true
	}
	out := w.plan(in)
	return out, w.reconcile(in, effects)
}

// put writes a row of the operator's own identity.
func (w *sourceWorld) put(id, kind, value string) {
	w.rows[plan.Row{Identity: own, ID: id}] = kept{kind: kind, name: "name", value: value}
}

// sourceIDs are the ids of the rows of random worlds. Some of them are no keys, and some give the same key.
var sourceIDs = []string{"a", "b", "app-a", "app-b", "app-c", "app/d"}

// anySourceWorld throws a world with entries of all kinds.
func anySourceWorld(d dice) *sourceWorld {
	w := newSourceWorld()
	w.spec.Target.CreationPolicy = pick(d, roomv1alpha1.CreationOwner, roomv1alpha1.CreationMerge, roomv1alpha1.CreationOrphan)
	if w.spec.Target.CreationPolicy == roomv1alpha1.CreationMerge {
		w.appear("other", "theirs")
		w.spec.DeletionPolicy = anyDeletion(d)
	}
	w.respec(d)
	for range 4 {
		w.stir(d)
	}
	return w
}

// respec throws another spec.
func (w *sourceWorld) respec(d dice) {
	w.spec.Entries, w.spec.Find = nil, nil
	missing := func() roomv1alpha1.OnMissing {
		return pick(d, roomv1alpha1.OnMissingFail, roomv1alpha1.OnMissingKeep, roomv1alpha1.OnMissingRemove)
	}
	for _, entry := range []roomv1alpha1.PullEntry{
		{Key: "a", ID: "a"},
		{Key: "b", Match: &roomv1alpha1.PullMatch{Type: "text", Name: "name"}},
		{Key: "all", ID: "app-a", Extract: roomv1alpha1.ExtractJSON},
		{Key: "some", Match: &roomv1alpha1.PullMatch{Type: "json", Name: "name"}, Extract: roomv1alpha1.ExtractJSON},
	} {
		if entry.OnMissing = missing(); !d.oneIn(3) {
			w.spec.Entries = append(w.spec.Entries, entry)
		}
	}
	for _, find := range []roomv1alpha1.PullFind{{IDPrefix: "app-", StripPrefix: true}, {IDPrefix: "app", Type: "json", MaxEntries: 2}} {
		if !d.oneIn(3) {
			w.spec.Find = append(w.spec.Find, find)
		}
	}
	w.access = plan.Access{Everything: !d.oneIn(4), Own: own}
	if d.oneIn(2) {
		w.access.Rules = []roomv1alpha1.AccessRule{{IDs: []roomv1alpha1.Pattern{"a", "app-*"}, Operations: []roomv1alpha1.Operation{roomv1alpha1.OperationRead}}}
	}
}

// stir changes something in the room, or in what can be seen of it.
func (w *sourceWorld) stir(d dice) {
	id := pick(d, sourceIDs...)
	row := plan.Row{Identity: own, ID: id}
	switch d(7) {
	case 0:
		delete(w.rows, row)
	case 1:
		w.put(id, "text", pick(d, "first", "second"))
	case 2:
		w.unread[row] = !w.unread[row]
	case 3:
		w.unlisted = !w.unlisted
	default:
		object := map[string]string{pick(d, "a", "x"): pick(d, "first", "second"), pick(d, "y", "z/"): "third"}
		text, err := json.Marshal(object)
		if err != nil {
			panic(err)
		}
		w.put(id, "json", string(text))
	}
}

// queried reports whether a source of the spec finds its rows in the list.
func (w *sourceWorld) queried(handle string) bool {
	return slices.ContainsFunc(plan.PullSources(&w.spec, own), func(s plan.PullSource) bool { return s.Name == handle && s.Query != nil })
}

// calm ends whatever keeps the room from being seen.
func (w *sourceWorld) calm() {
	w.unlisted = false
	clear(w.unread)
}
