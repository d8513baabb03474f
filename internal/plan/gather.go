// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
)

// maxShown is how much of an odd id is shown, in bytes.
const maxShown = 64

// Found is what the room answered about a row.
type Found struct {
	// Exists and Readable say whether it is there, and whether its value could be read.
	Exists, Readable bool
	// Type, Name and Value of the row, when Readable.
	Type, Name string
	Value      []byte
	// Dropped is the size of a value that was too large to be held, in bytes; then Unknown says so.
	Dropped int
	// Unknown is set when the row could not be observed; then nothing else is known.
	Unknown *Problem
}

// GatherInput is everything that decides which keys a pull has.
type GatherInput struct {
	// Sources of the pull, as PullSources returns them.
	Sources []PullSource
	// Access says what the room allows.
	Access Access
	// Listings are the answers to their queries.
	Listings map[Query]Listing
	// Found has the rows that were read. A row without an item has not been read.
	Found map[Row]Found
	// Replies has how it stands with what sources ask for, by their names.
	Replies map[string]Reply
	// Held has the keys that a source gave before, by its name, as HeldBy returns them: what it gave stays when it cannot be
	// asked.
	Held map[string][]string
	// Template makes more keys; nil makes none.
	Template *roomv1alpha1.PullTemplate
}

// HeldBy returns the keys of a ledger by the source that gave them, sorted.
func HeldBy(ledger map[string]Record) map[string][]string {
	held := map[string][]string{}
	for _, key := range slices.Sorted(maps.Keys(ledger)) {
		source := cmp.Or(ledger[key].Source, key)
		held[source] = append(held[source], key)
	}
	return held
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
	// Unsettled is true when a source may give keys that are not known, and Emptied when a find that gave keys finds nothing.
	Unsettled, Emptied bool

	// givers are the sources of each key, and left those that give none, since the room has no such row.
	givers map[string][]string
	left   []leftSource
}

// leftSource is a source without its row.
type leftSource struct {
	PullSource
	row Row
}

// Gather finds the keys of a pull and their values. It returns a Problem when there are too many: then nothing is done.
func Gather(in GatherInput) (Gathered, *Problem) {
	out := Gathered{Observed: map[string]Observed{}, Values: map[string][]byte{}, givers: map[string][]string{}}
	for _, source := range in.Sources {
		in.gather(source, &out)
	}
	for _, left := range out.left {
		in.keepLeft(left, &out)
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
	if source.Asks() {
		in.gatherAnswer(source, out)
		return
	}
	rows, problem := in.lookUp(source)
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

// gatherRow adds the key of an entry, or those that its value has.
func (in GatherInput) gatherRow(source PullSource, row Row, out *Gathered) {
	seen := in.see(source, row)
	if seen == nil && source.extracts() && !in.Access.Allows(row, roomv1alpha1.OperationRead) {
		seen = &Observed{Unknown: deniedRow(row)}
	}
	if seen == nil || seen.Unknown != nil || !seen.Exists {
		in.keep(source, row, seen, out)
		return
	}
	in.takeApart(source, row, in.Found[row].Value, out)
}

// takeApart adds what a value gives.
func (in GatherInput) takeApart(source PullSource, row Row, value []byte, out *Gathered) {
	value, problem := Decode(source.Decode, value)
	members := []Member{{Name: source.Name, Value: append([]byte(source.Prefix), value...)}}
	if problem == nil && source.extracts() {
		members, problem = Extract(source.Extract, value)
	}
	if problem != nil {
		in.keep(source, row, &Observed{Unknown: problem}, out)
		return
	}
	for i, member := range members {
		if !validKey(member.Name) {
			// What is wrong is not quoted: in a value that was meant otherwise it may be the secret.
			out.addUnfit(source, strconv.Itoa(i+1), fmt.Sprintf(
				"Member %d of the value has a name that cannot be a key of a Secret: it may have letters, digits, '-', '_' and '.'. Correct it in the room.", i+1))
			continue
		}
		out.add(source, member.Name, row, &Observed{Exists: true}, member.Value)
	}
}

// see returns what is known of a row; nil when it has not been read.
func (in GatherInput) see(source PullSource, row Row) *Observed {
	found, asked := in.Found[row]
	switch {
	case !asked:
		return nil
	case found.Unknown != nil:
		return &Observed{Unknown: found.Unknown}
	case !found.Exists && source.Query != nil:
		return &Observed{Unknown: &Problem{Reason: roomv1alpha1.ReasonProgressing, Passing: true, Message: "The room lists this room secret and does not have it; it is looked for again."}}
	case !found.Exists:
		return &Observed{}
	case !found.Readable:
		return &Observed{Unknown: unreadable()}
	case source.Query != nil && !source.Query.describes(found.Type, found.Name):
		return &Observed{Unknown: &Problem{Reason: roomv1alpha1.ReasonInvalidValue, Message: "The room lists this room secret with another type or name than it gives it with: write it again, or name its id."}}
	}
	return &Observed{Exists: true}
}

// gatherFound adds the keys of a find.
func (in GatherInput) gatherFound(source PullSource, rows []Row, out *Gathered) {
	out.Emptied = out.Emptied || (len(rows) == 0 && len(in.Held[source.Name]) > 0)
	for _, row := range rows {
		if key := source.key(row); validKey(key) {
			out.add(source, key, row, in.see(source, row), in.Found[row].Value)
			continue
		}
		sum := sha256.Sum256([]byte(row.ID)) // an id may be too long, or too odd, to be shown whole
		out.addUnfit(source, hex.EncodeToString(sum[:8]), fmt.Sprintf(
			"The id %s gives no key that a Secret can have: leave the prefix out with stripPrefix, or name the room secret in entries.", shown(row.ID)))
	}
}

// shown returns an id in quotes, cut short when it is long.
func shown(id string) string {
	if len(id) > maxShown {
		return fmt.Sprintf("%+q…", id[:maxShown])
	}
	return fmt.Sprintf("%+q", id)
}

// keep adds the keys that a source is known to have: its own, or those that it gave before. When these are not known, its
// sign stands for it.
func (in GatherInput) keep(source PullSource, row Row, seen *Observed, out *Gathered) {
	switch {
	case !source.many():
		out.add(source, source.Name, row, seen, nil)
		return
	case seen != nil && seen.Unknown == nil:
		out.left = append(out.left, leftSource{source, row})
		return
	}
	out.Unsettled = true
	for _, key := range in.Held[source.Name] {
		out.add(source, key, row, seen, nil)
	}
	out.add(source, signOf(source.Name), row, seen, nil)
}

// keepLeft adds the keys that a source gave when the room had its row, unless another source gives them now.
func (in GatherInput) keepLeft(left leftSource, out *Gathered) {
	none := true
	for _, key := range in.Held[left.Name] {
		if len(out.givers[key]) == 0 {
			out.add(left.PullSource, key, left.row, &Observed{}, nil)
			none = false
		}
	}
	if none && left.OnMissing == roomv1alpha1.OnMissingFail {
		out.add(left.PullSource, signOf(left.Name), left.row, &Observed{}, nil)
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

// addUnfit adds what can never be a key, so that it is told. It holds up nothing else.
func (g *Gathered) addUnfit(source PullSource, number, message string) {
	problem := &Problem{Reason: roomv1alpha1.ReasonInvalidKey, Message: message}
	g.add(source, signOf(source.Name)+"#"+number, Row{}, &Observed{Unknown: problem}, nil)
}

// add adds a key, unless another source gave it: then none of the values is right.
func (g *Gathered) add(source PullSource, key string, row Row, seen *Observed, value []byte) {
	g.givers[key] = append(g.givers[key], source.Name)
	if len(g.givers[key]) > 1 {
		g.contest(key)
		return
	}
	wanted := PullKey{Key: key, Row: row, OnMissing: source.OnMissing, Match: source.match(), Asked: source.Ask}
	if source.many() {
		wanted.Entry = source.Name
	}
	g.Keys = append(g.Keys, wanted)
	if seen != nil {
		g.Observed[key] = *seen
	}
	if seen != nil && seen.Exists {
		g.Values[key] = append([]byte{}, value...) // never nil: an empty value is a value
	}
}

// contest gives a key to none of its sources.
func (g *Gathered) contest(key string) {
	givers := slices.Sorted(slices.Values(g.givers[key]))
	i := slices.IndexFunc(g.Keys, func(k PullKey) bool { return k.Key == key })
	g.Keys[i] = PullKey{Key: key, OnMissing: roomv1alpha1.OnMissingFail}
	if givers[0] != key {
		g.Keys[i].Entry = givers[0]
	}
	g.Observed[key] = Observed{Unknown: &Problem{Reason: roomv1alpha1.ReasonConflict, Message: fmt.Sprintf(
		"Both %s and %s give the key: leave it out of one of them.", givers[0], givers[1])}}
	delete(g.Values, key)
}

func unreadable() *Problem {
	return &Problem{Reason: roomv1alpha1.ReasonUnsupported, Message: "The room secret exists, but the credential of the room cannot read it: use an API key, or leave out forIdentity."}
}
