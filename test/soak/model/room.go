// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package model

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Own is the identity of the operator in a room.
const Own = "roomsecret-operator"

// Row is the address of a row of the room.
type Row struct{ Owner, ID, Delegate string }

// String returns the name of the row in a status.
func (r Row) String() string {
	name := r.ID
	if r.Owner != Own {
		name += "@" + r.Owner
	}
	if r.Delegate != "" {
		name += ">" + r.Delegate
	}
	return name
}

// key is a text that no other row has.
func (r Row) key() string { return r.Owner + ">" + r.ID + ">" + r.Delegate }

// Content is what a row holds.
type Content struct{ Type, Name, Value string }

// Secret is a Kubernetes Secret.
type Secret struct {
	// Maker is the pull that created it, and empty when a person did.
	Maker string
	// Owned is true when it goes with its maker.
	Owned bool
	// Serial tells Secrets apart that persons have created under one name.
	Serial int
	// Data of the Secret.
	Data map[string]string
}

// identity tells Secrets of one name apart, as a UID does.
func (s Secret) identity() string { return s.Maker + "/" + strconv.Itoa(s.Serial) }

// Birth says when a RoomSecret was created.
type Birth struct {
	// Burst decides which of two is the older.
	Burst int
	// Serial is unique.
	Serial int
}

// Room is a room and the namespace of those who use it. It is a value: what changes it returns another one.
type Room struct {
	Rows    map[Row]Content
	Secrets map[string]Secret
	Pushes  map[string]Push
	Pulls   map[string]Pull
	// Unclear is true when it depended on more than is known here who got something.
	Unclear bool
}

// NewRoom returns a room without anything in it.
func NewRoom() Room {
	return Room{Rows: map[Row]Content{}, Secrets: map[string]Secret{}, Pushes: map[string]Push{}, Pulls: map[string]Pull{}}
}

// clone returns a copy whose maps can be changed. What is in them is never changed, but replaced.
func (r Room) clone() Room {
	return Room{maps.Clone(r.Rows), maps.Clone(r.Secrets), maps.Clone(r.Pushes), maps.Clone(r.Pulls), r.Unclear}
}

// collector is the actor that deletes Secrets whose owner is gone.
const collector = "garbage collector"

// Actors returns who may change the room by itself: the RoomSecrets, by their names, and the garbage collector.
func (r Room) Actors() []string {
	return append(slices.Concat(slices.Sorted(maps.Keys(r.Pushes)), slices.Sorted(maps.Keys(r.Pulls))), collector)
}

// Act returns the room after the operator has looked after a RoomSecret, and the reason that its status then has.
func (r Room) Act(name string) (Room, string) {
	r = r.clone()
	if name == collector {
		return r.collect(), ""
	}
	if _, is := r.Pushes[name]; is {
		return r.push(name)
	}
	return r.pull(name)
}

// collect deletes the Secrets whose owner is gone.
func (r Room) collect() Room {
	for name, secret := range r.Secrets {
		if secret.Owned && !r.lives(secret.Maker) {
			delete(r.Secrets, name)
		}
	}
	return r
}

func (r Room) lives(uid string) bool {
	for name, pull := range r.Pulls {
		if pull.uid(name) == uid {
			return true
		}
	}
	return false
}

// Reasons returns the reason of each RoomSecret's status, when nothing is left to do.
func (r Room) Reasons() map[string]string {
	reasons := map[string]string{}
	for _, name := range r.Actors() {
		if name != collector {
			_, reasons[name] = r.Act(name)
		}
	}
	return reasons
}

// key is a text that two rooms to which the same has been done have in common exactly when they are equal: what somebody asks
// for is the same in both.
func (r Room) key() string {
	var b strings.Builder
	b.WriteString(strconv.FormatBool(r.Unclear))
	each(&b, r.Rows, Row.key, func(c Content) { write(&b, c.Type, c.Name, c.Value) })
	each(&b, r.Secrets, same, func(s Secret) {
		write(&b, s.identity())
		each(&b, s.Data, same, func(value string) { write(&b, value) })
	})
	each(&b, r.Pushes, same, func(p Push) {
		write(&b, strconv.FormatBool(p.Held), strconv.FormatBool(p.Leaving))
		each(&b, p.Ours, Row.key, func(c Content) { write(&b, c.Type, c.Name, c.Value) })
	})
	each(&b, r.Pulls, same, func(p Pull) {
		write(&b, strconv.FormatBool(p.Held), strconv.FormatBool(p.Leaving), p.Of)
		each(&b, p.Ours, same, func(bool) {})
	})
	return b.String()
}

func same(s string) string { return s }

func write(b *strings.Builder, texts ...string) {
	for _, text := range texts {
		b.WriteString(text)
		b.WriteByte('|')
	}
}

// each writes a map in the order of its keys' names.
func each[K comparable, V any](b *strings.Builder, m map[K]V, name func(K) string, value func(V)) {
	keys := make(map[string]K, len(m))
	for key := range m {
		keys[name(key)] = key
	}
	for _, text := range slices.Sorted(maps.Keys(keys)) {
		write(b, text)
		value(m[keys[text]])
	}
	b.WriteByte('\n')
}
