// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
)

// Found is what the room answered about a row.
type Found struct {
	// Exists and Readable say whether it is there, and whether its value could be read.
	Exists, Readable bool
	// Value of the row, when Readable.
	Value []byte
	// Dropped is the size of a value that was too large to be held, in bytes; then Unknown says so.
	Dropped int
	// Unknown is set when the row could not be observed; then nothing else is known.
	Unknown *Problem
}

// GatherInput is everything that decides which keys a pull has.
type GatherInput struct {
	// Sources of the pull, as PullSources returns them.
	Sources []PullSource
	// Listings are the answers to their queries.
	Listings map[Query]Listing
	// Found has the rows that were read. A row without an item has not been read.
	Found map[Row]Found
	// Held has the keys that a source gave before, by its name: what it gave stays when it cannot be asked.
	Held map[string][]string
	// Template makes more keys; nil makes none.
	Template *roomv1alpha1.PullTemplate
}

// Gathered are the keys that a pull wants now.
type Gathered struct {
	// Keys are sorted.
	Keys []PullKey
	// Observed has what is known of each key. One that exists has no digest yet.
	Observed map[string]Observed
	// Values are those of the keys that are known.
	Values map[string][]byte
	// Size is the sum of the sizes of the values, in bytes, those that were dropped included.
	Size int
}

// Gather finds the keys of a pull and their values. It returns a Problem when there are too many: then nothing is done.
func Gather(in GatherInput) (Gathered, *Problem) {
	out := Gathered{Observed: map[string]Observed{}, Values: map[string][]byte{}}
	for _, source := range in.Sources {
		in.gather(source, &out)
	}
	if in.Template != nil {
		out.fillIn(in.Template)
	}
	if len(out.Keys) > roomv1alpha1.MaxRows {
		return out, &Problem{Reason: roomv1alpha1.ReasonTooLarge, Message: fmt.Sprintf(
			"The target would have %d keys, and one RoomSecret can write at most %d: split it.", len(out.Keys), roomv1alpha1.MaxRows)}
	}
	for _, value := range out.Values {
		out.Size += len(value)
	}
	for _, found := range in.Found {
		out.Size += found.Dropped
	}
	slices.SortFunc(out.Keys, func(a, b PullKey) int { return cmp.Compare(a.Key, b.Key) })
	return out, nil
}

// gather adds the keys of a source.
func (in GatherInput) gather(source PullSource, out *Gathered) {
	rows, problem := source.rows(in.Listings)
	switch {
	case problem != nil:
		in.keep(source, Row{}, &Observed{Unknown: problem}, out)
	case source.MaxRows > 0:
		in.gatherFound(source, rows, out)
	case len(rows) == 0:
		in.keep(source, Row{}, &Observed{}, out)
	default:
		in.gatherRow(source, rows[0], out)
	}
}

// observed returns what is known of a row; nil when it has not been read.
func (in GatherInput) observed(row Row) *Observed {
	found, asked := in.Found[row]
	switch {
	case !asked:
		return nil
	case found.Unknown != nil:
		return &Observed{Unknown: found.Unknown}
	case found.Exists && !found.Readable:
		return &Observed{Unknown: unreadable()}
	}
	return &Observed{Exists: found.Exists}
}

// gatherRow adds the key of an entry, or those that its value has.
func (in GatherInput) gatherRow(source PullSource, row Row, out *Gathered) {
	seen := in.observed(row)
	if seen == nil || !seen.Exists {
		in.keep(source, row, seen, out)
		return
	}
	value, problem := Decode(source.Decode, in.Found[row].Value)
	members := map[string][]byte{source.Name: value}
	if problem == nil && source.extracts() {
		members, problem = Extract(source.Extract, value)
	}
	if problem != nil {
		in.keep(source, row, &Observed{Unknown: problem}, out)
		return
	}
	for _, key := range slices.Sorted(maps.Keys(members)) {
		out.add(source, key, row, seen, members[key])
	}
}

// gatherFound adds the keys of a find.
func (in GatherInput) gatherFound(source PullSource, rows []Row, out *Gathered) {
	for _, row := range rows {
		if key := row.ID[source.Strip:]; !validKey(key) {
			problem := &Problem{Reason: roomv1alpha1.ReasonInvalidKey, Message: fmt.Sprintf(
				"The id %q gives no key that a Secret can have: leave the prefix out with stripPrefix, or name the room secrets in entries.", row.ID)}
			in.keep(source, Row{}, &Observed{Unknown: problem}, out)
			return
		}
	}
	for _, row := range rows {
		seen := in.observed(row)
		if gone := seen != nil && *seen == (Observed{}); gone { // since it was listed
			continue
		}
		out.add(source, row.ID[source.Strip:], row, seen, in.Found[row].Value)
	}
}

// keep adds the keys that a source is known to have: its own, or those that it gave before. What stands for a source whose
// keys are not known is its sign.
func (in GatherInput) keep(source PullSource, row Row, seen *Observed, out *Gathered) {
	if !source.many() {
		out.add(source, source.Name, row, seen, nil)
		return
	}
	for _, key := range in.Held[source.Name] {
		out.add(source, key, row, seen, nil)
	}
	missing := seen != nil && seen.Unknown == nil
	if !missing || (source.OnMissing == roomv1alpha1.OnMissingFail && len(in.Held[source.Name]) == 0) {
		out.add(source, signOf(source.Name), row, seen, nil)
	}
}

// signOf returns what stands among the keys for an entry or find none of whose keys are known. It cannot be a key. What
// has a bracket is none already, and stands for itself.
func signOf(name string) string {
	if strings.Contains(name, "[") {
		return name
	}
	return "entries[" + name + "]"
}

// add adds a key, unless another source gave it: then neither of the two values is right.
func (g *Gathered) add(source PullSource, key string, row Row, seen *Observed, value []byte) {
	if i := slices.IndexFunc(g.Keys, func(k PullKey) bool { return k.Key == key }); i >= 0 {
		g.Observed[key] = Observed{Unknown: &Problem{Reason: roomv1alpha1.ReasonConflict, Message: fmt.Sprintf(
			"Both %s and %s give the key: leave it out of one of them.", cmp.Or(g.Keys[i].Entry, key), source.Name)}}
		delete(g.Values, key)
		return
	}
	wanted := PullKey{Key: key, Row: row, OnMissing: source.OnMissing, Match: source.match()}
	if source.many() {
		wanted.Entry = source.Name
	}
	g.Keys = append(g.Keys, wanted)
	if seen != nil {
		g.Observed[key] = *seen
	}
	if seen != nil && seen.Exists {
		g.Values[key] = value
	}
}

func unreadable() *Problem {
	return &Problem{Reason: roomv1alpha1.ReasonUnsupported, Message: "The room secret exists, but the credential of the room cannot read it: use an API key, or leave out forIdentity."}
}
