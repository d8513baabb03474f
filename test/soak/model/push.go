// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package model

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// Entry is an entry of a push.
type Entry struct {
	// ID, Type, Name, Owner and Delegates are those of the rows.
	ID, Type, Name, Owner string
	Delegates             []string
	// Keys of the source: the value of one, or what a template makes of several.
	Keys []string
}

// rows returns the addresses of the rows of the entry.
func (e Entry) rows() []Row {
	rows := make([]Row, 0, 1+len(e.Delegates))
	rows = append(rows, Row{Owner: e.Owner, ID: e.ID})
	for _, delegate := range e.Delegates {
		rows = append(rows, Row{Owner: e.Owner, ID: e.ID, Delegate: delegate})
	}
	return rows
}

// content returns what the rows should hold, or the reason why that is not known.
func (e Entry) content(source map[string]string) (Content, string) {
	var values []string
	for _, key := range e.Keys {
		value, there := source[key]
		switch {
		case !there && len(e.Keys) == 1:
			return Content{}, "KeyNotFound"
		case !there:
			return Content{}, "InvalidTemplate"
		}
		values = append(values, value)
	}
	return Content{Type: e.Type, Name: e.Name, Value: strings.Join(values, "/")}, ""
}

// PushSpec is what somebody asks of a push. The policies have the values of the API.
type PushSpec struct {
	Source                                     string
	Conflict, Drift, Deletion, OnSourceDeleted string
	Suspend                                    bool
	Entries                                    []Entry
}

// Push is a RoomSecret that pushes.
type Push struct {
	PushSpec
	Born Birth
	// Leaving is true when it is being deleted, and Held while that waits for the operator.
	Leaving, Held bool
	// Ours are the rows that are ours, with what was written last.
	Ours map[Row]Content
}

// asksFor reports whether the spec asks for a row.
func (p Push) asksFor(row Row) bool {
	return !p.Leaving && slices.ContainsFunc(p.Entries, func(e Entry) bool { return slices.Contains(e.rows(), row) })
}

// push looks after a push.
func (r Room) push(name string) (Room, string) {
	p := r.Pushes[name]
	p.Ours = maps.Clone(p.Ours)
	source, there := r.Secrets[p.Source]
	reason := "Suspended"
	switch {
	case p.Leaving:
		if p.Deletion == "Delete" {
			r.dropRows(p.Ours)
		}
		delete(r.Pushes, name)
		return r, ""
	case p.Suspend:
		return r, reason
	case !there:
		reason = "SourceNotFound"
		if p.OnSourceDeleted == "Delete" {
			r.dropRows(p.Ours)
			clear(p.Ours)
		}
	default:
		reason = r.write(name, &p, source.Data)
	}
	if there || p.OnSourceDeleted == "Delete" {
		p.Held = p.Deletion == "Delete" && len(p.Ours) > 0
	}
	r.Pushes[name] = p
	return r, reason
}

func (r Room) dropRows(rows map[Row]Content) {
	for row := range rows {
		delete(r.Rows, row)
	}
}

// write makes the rows what the source says, and returns the reason of the status.
func (r *Room) write(name string, p *Push, source map[string]string) string {
	reasons := reasons{}
	for _, entry := range p.Entries {
		want, problem := entry.content(source)
		for _, row := range entry.rows() {
			switch {
			case r.claimed(name, *p, row):
				reasons[row.String()] = "Conflict"
			case problem != "":
				reasons[row.String()] = problem
			default:
				reasons[row.String()] = r.writeRow(p, row, want)
			}
		}
	}
	r.prune(p, reasons)
	return reasons.first()
}

// writeRow makes a row what it should be, if that may be done, and returns the reason why not.
func (r *Room) writeRow(p *Push, row Row, want Content) string {
	there, exists := r.Rows[row]
	last, ours := p.Ours[row]
	switch {
	case !ours && exists && p.Conflict == "Fail":
		return "Conflict"
	case !ours && exists && p.Conflict == "Skip":
		return ""
	case ours && want == last && p.Drift == "Ignore":
		return ""
	case ours && want == last && p.Drift == "Report" && (!exists || there != want):
		return "Drifted"
	}
	r.Rows[row], p.Ours[row] = want, want
	return ""
}

// prune deletes what is ours and no longer wanted, or forgets that it is ours.
func (r *Room) prune(p *Push, reasons reasons) {
	var gone []Row
	kept := 0
	for row := range p.Ours {
		_, exists := r.Rows[row]
		switch {
		case p.asksFor(row):
			kept++
		case p.Deletion == "Delete" && exists:
			gone = append(gone, row)
		default:
			delete(p.Ours, row)
		}
	}
	for _, row := range gone {
		if tooMany(len(gone), kept+len(gone)) {
			reasons[row.String()] = "PruneBlocked"
			continue
		}
		delete(r.Rows, row)
		delete(p.Ours, row)
	}
}

// tooMany reports whether so many out of all may not be deleted together unless somebody confirms it.
func tooMany(gone, all int) bool { return gone > 2 && 2*gone > all }

// claimed reports whether another push has the better claim to a row.
func (r *Room) claimed(name string, p Push, row Row) bool {
	_, held := p.Ours[row]
	for otherName, other := range r.Pushes {
		_, otherHeld := other.Ours[row]
		if otherName != name && (otherHeld || other.asksFor(row)) && r.beats(otherName, other.Born, otherHeld, name, p.Born, held) {
			return true
		}
	}
	return false
}

// beats reports whether a has the better claim than b.
func (r *Room) beats(a string, bornA Birth, heldA bool, b string, bornB Birth, heldB bool) bool {
	if heldA != heldB {
		return heldA
	}
	r.Unclear = r.Unclear || bornA.Burst == bornB.Burst // the clock of the API server decides, if they differ by a second
	return cmp.Or(cmp.Compare(bornA.Burst, bornB.Burst), cmp.Compare(a, b)) < 0
}

// reasons are why entries are not in sync, by their names; empty for those that are.
type reasons map[string]string

// first returns what the status as a whole says.
func (r reasons) first() string {
	drifted := false
	for _, name := range slices.Sorted(maps.Keys(r)) {
		switch r[name] {
		case "":
		case "Drifted":
			drifted = true
		default:
			return r[name]
		}
	}
	if drifted {
		return "Drifted"
	}
	return "InSync"
}
