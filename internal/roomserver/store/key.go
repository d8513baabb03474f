// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package store

import "bytes"

// Row keys in the file are the four members of a Key one after the other, each ended by a mark. A zero byte
// inside a member is escaped, so no two keys share an encoding, and the escape sorts above the mark, so keys
// sort as their members do: the rows of one owner are one prefix, ordered by id and then delegate.
const (
	zero    = 0x00
	escaped = 0xff // follows a zero byte that belongs to the member
	mark    = 0x01 // follows a zero byte that ends the member
)

// ownerPrefix is what the encoded keys of all rows of one owner in one room begin with.
func ownerPrefix(room, owner string) []byte {
	return appendMember(appendMember(nil, room), owner)
}

func (k Key) encode() []byte {
	return appendMember(appendMember(ownerPrefix(k.Room, k.Owner), k.ID), k.DelegatedTo)
}

// associatedData ties a sealed value to its row: moved to another row, or with its type or name exchanged, it
// no longer opens.
func (i Info) associatedData() []byte { return append(i.encode(), i.encodeAbout()...) }

// encodeAbout is what the file holds of an Info beside the row key that holds the rest.
func (i Info) encodeAbout() []byte { return appendMember(appendMember(nil, i.Type), i.Name) }

func (i *Info) decodeAbout(encoded []byte) error { return decodeMembers(encoded, &i.Type, &i.Name) }

func decodeKey(encoded []byte) (key Key, err error) {
	err = decodeMembers(encoded, &key.Room, &key.Owner, &key.ID, &key.DelegatedTo)
	return key, err
}

func decodeMembers(encoded []byte, members ...*string) error {
	for _, member := range members {
		value, rest, ok := cutMember(encoded)
		if !ok {
			return ErrDamaged
		}
		*member, encoded = value, rest
	}
	if len(encoded) > 0 {
		return ErrDamaged
	}
	return nil
}

func appendMember(to []byte, member string) []byte {
	for i := range len(member) {
		to = append(to, member[i])
		if member[i] == zero {
			to = append(to, escaped)
		}
	}
	return append(to, zero, mark)
}

func cutMember(encoded []byte) (member string, rest []byte, ok bool) {
	var value []byte
	for {
		at := bytes.IndexByte(encoded, zero)
		if at < 0 || at+1 == len(encoded) {
			return "", nil, false
		}
		value = append(value, encoded[:at]...)
		sign := encoded[at+1]
		encoded = encoded[at+2:]
		switch sign {
		case mark:
			return string(value), encoded, true
		case escaped:
			value = append(value, zero)
		default:
			return "", nil, false
		}
	}
}
