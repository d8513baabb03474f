// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package model

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
)

// What there is to choose from. There is little of it, so that everybody is in everybody's way.

// Owners returns the identities that own rows.
func Owners() []string   { return []string{Own, "agent"} }
func ids() []string      { return []string{"q", "r", "s", "t", "u", "v", "w", "x", "y", "z"} }
func keys() []string     { return []string{"a", "b", "c", "d"} }
func types() []string    { return []string{"text/plain", "application/json"} }
func secrets() []string  { return []string{"source-0", "source-1", "target-0", "target-1", "target-2"} }
func pushes() []string   { return []string{"push-0", "push-1", "push-2"} }
func pulls() []string    { return []string{"pull-0", "pull-1", "pull-2"} }
func delegate() []string { return []string{"billing", "audit"} }

// Canary is in every value, so that it can be found where it should not be.
const Canary = "canary-in-the-soak-"

func (d dice) value() string { return fmt.Sprint(Canary, d.next()) }

// some returns up to n of the choices, at least one, in their order.
func some[T any](d dice, n int, choices []T) []T {
	chosen := slices.Sorted(slices.Values(d.Perm(len(choices))[:1+d.IntN(n)]))
	out := make([]T, 0, len(chosen))
	for _, i := range chosen {
		out = append(out, choices[i])
	}
	return out
}

func (d dice) row() Row {
	row := Row{Owner: pick(d, Own, Own, "agent"), ID: pick(d, ids()...)}
	if d.oneIn(6) {
		row.Delegate = pick(d, delegate()...)
	}
	return row
}

// step returns something that may be done to a room, or nil.
func (d dice) step(r Room, born Birth) Step {
	switch d.IntN(20) {
	case 0, 1, 2:
		return d.pushStep(r, born)
	case 3, 4, 5:
		return d.pullStep(r, born)
	case 6:
		return Drop{Name: pick(d, append(pushes(), pulls()...)...)}
	case 7:
		return Nudge{Name: pick(d, append(pushes(), pulls()...)...)}
	case 8, 9:
		return d.putSecret(r, born)
	case 10:
		return DropSecret{Name: pick(d, secrets()...)}
	case 11, 12, 13:
		return SetKey{Secret: pick(d, secrets()...), Key: pick(d, keys()...), Value: d.value()}
	case 14:
		return DropKey{Secret: pick(d, secrets()...), Key: pick(d, keys()...)}
	case 15, 16, 17:
		return PutRow{Row: d.anyRow(r), Content: Content{pick(d, types()...), pick(d, "One", "Another"), d.value()}}
	default:
		return DropRow{Row: d.anyRow(r)}
	}
}

// anyRow returns a row that is there, or may be.
func (d dice) anyRow(r Room) Row {
	rows := slices.SortedFunc(maps.Keys(r.Rows), compareRows)
	rows = slices.DeleteFunc(rows, func(row Row) bool { return row.ID == Theirs })
	if len(rows) == 0 || d.oneIn(6) {
		return d.row()
	}
	return pick(d, rows...)
}

func compareRows(a, b Row) int {
	return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.Owner, b.Owner), cmp.Compare(a.Delegate, b.Delegate))
}

// putSecret puts a Secret, one that is missing above all.
func (d dice) putSecret(r Room, born Birth) Step {
	data := map[string]string{}
	for _, key := range keys() {
		if !d.oneIn(5) {
			data[key] = d.value()
		}
	}
	name := pick(d, secrets()...)
	for _, source := range []string{"source-0", "source-1"} {
		if _, there := r.Secrets[source]; !there && d.oneIn(2) {
			name = source
		}
	}
	return PutSecret{Name: name, Data: data, Serial: born.Serial}
}

func (d dice) pushStep(r Room, born Birth) Step {
	name := pick(d, pushes()...)
	p, exists := r.Pushes[name]
	spec := p.PushSpec
	if !exists {
		spec = PushSpec{
			Source: d.source(), Conflict: d.conflict(), Drift: d.drift(),
			Deletion: pick(d, "Delete", "Retain"), OnSourceDeleted: pick(d, "Keep", "Delete"), Entries: d.entries(),
		}
		return PutPush{Name: name, Spec: spec, Born: born}
	}
	spec.Suspend = spec.Suspend && d.oneIn(4)
	switch d.IntN(8) {
	case 0:
		spec.Suspend = d.oneIn(2)
	case 1:
		spec.Source = d.source()
	case 2:
		spec.Conflict = d.conflict()
	case 3:
		spec.Drift = d.drift()
	case 4:
		spec.Deletion = pick(d, "Delete", "Retain")
	case 5:
		spec.OnSourceDeleted = pick(d, "Keep", "Delete")
	case 6:
		spec.Entries = d.entries()
	default:
		spec.Entries = slices.Clone(spec.Entries)
		i := d.IntN(len(spec.Entries))
		if d.oneIn(2) && len(spec.Entries) > 1 {
			spec.Entries = slices.Delete(spec.Entries, i, i+1)
		} else {
			spec.Entries[i] = d.entry(spec.Entries[i].ID)
		}
	}
	return PutPush{Name: name, Spec: spec, Born: born}
}

func (d dice) source() string {
	return pick(d, "source-0", "source-0", "source-1", "source-1", "target-0")
}
func (d dice) conflict() string { return pick(d, "Fail", "Adopt", "Adopt", "Skip") }
func (d dice) drift() string    { return pick(d, "Correct", "Correct", "Report", "Ignore") }

func (d dice) entries() []Entry {
	chosen := some(d, 4, ids())
	entries := make([]Entry, 0, len(chosen))
	for _, id := range chosen {
		entries = append(entries, d.entry(id))
	}
	return entries
}

func (d dice) entry(id string) Entry {
	entry := Entry{
		ID: id, Type: pick(d, types()...), Name: pick(d, "One", "Another"), Owner: pick(d, Own, Own, "agent"),
		Keys: []string{pick(d, keys()[:3]...)},
	}
	if d.oneIn(4) {
		entry.Keys = []string{"a", "b"}
	}
	if d.oneIn(3) {
		entry.Delegates = some(d, 2, delegate())
	}
	return entry
}

func (d dice) pullStep(r Room, born Birth) Step {
	name := pick(d, pulls()...)
	p, exists := r.Pulls[name]
	spec := p.PullSpec
	if !exists {
		spec = PullSpec{Target: d.target(name), Creation: pick(d, "Owner", "Owner", "Orphan", "Merge"), Keys: d.pullKeys(r)}
		if spec.Creation == "Merge" {
			spec.Deletion = pick(d, "Delete", "Retain")
		}
		return PutPull{Name: name, Spec: spec, Born: born}
	}
	spec.Suspend = spec.Suspend && d.oneIn(4)
	switch d.IntN(6) {
	case 0:
		spec.Suspend = d.oneIn(2)
	case 1:
		if spec.Creation == "Merge" {
			spec.Deletion = pick(d, "Delete", "Retain")
		}
	case 2:
		spec.Keys = d.pullKeys(r)
	default:
		spec.Keys = slices.Clone(spec.Keys)
		i := d.IntN(len(spec.Keys))
		if d.oneIn(2) && len(spec.Keys) > 1 {
			spec.Keys = slices.Delete(spec.Keys, i, i+1)
		} else {
			spec.Keys[i] = d.pullKey(r, spec.Keys[i].Key)
		}
	}
	return PutPull{Name: name, Spec: spec, Born: born}
}

// target returns the target of a pull, which mostly it has for itself.
func (d dice) target(pull string) string {
	if d.oneIn(4) {
		return pick(d, "target-0", "target-1", "target-2")
	}
	return "target" + pull[len("pull"):]
}

func (d dice) pullKeys(r Room) []PullKey {
	chosen := some(d, 4, keys())
	wanted := make([]PullKey, 0, len(chosen))
	for _, key := range chosen {
		wanted = append(wanted, d.pullKey(r, key))
	}
	return wanted
}

func (d dice) pullKey(r Room, key string) PullKey {
	return PullKey{Key: key, Row: d.anyRow(r), OnMissing: pick(d, "Fail", "Keep", "Remove")}
}
