// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package store

import (
	"bytes"
	"cmp"
	"testing"
)

// FuzzKey checks that the encoding of keys is reversible and keeps their order.
func FuzzKey(f *testing.F) {
	f.Add("r", "a", "id", "", "r", "a", "id", "b")
	f.Add("r", "a", "x\x00", "", "r", "a", "x", "\x00")
	f.Add("", "\x00\x01", "\xff", "", "\x00", "\x01", "", "")
	f.Fuzz(func(t *testing.T, r1, o1, i1, d1, r2, o2, i2, d2 string) {
		one, two := Key{r1, o1, i1, d1}, Key{r2, o2, i2, d2}
		encoded := one.encode()
		if got, err := decodeKey(encoded); err != nil || got != one {
			t.Errorf("%+v came back as %+v, %v", one, got, err)
		}
		if !bytes.HasPrefix(encoded, ownerPrefix(r1, o1)) {
			t.Error("a key does not begin with its owner's prefix")
		}
		if (r1 != r2 || o1 != o2) && bytes.HasPrefix(encoded, ownerPrefix(r2, o2)) {
			t.Errorf("%+v is in the prefix of room %q, owner %q", one, r2, o2)
		}
		want := cmp.Or(cmp.Compare(r1, r2), cmp.Compare(o1, o2), one.Compare(two))
		if got := bytes.Compare(encoded, two.encode()); got != want {
			t.Errorf("%+v against %+v: encoded order %d, want %d", one, two, got, want)
		}
	})
}

// FuzzDecodeKey checks that a key in a damaged file is an error or a key that encodes to the same bytes.
func FuzzDecodeKey(f *testing.F) {
	f.Add([]byte(nil))
	f.Add([]byte{0})
	f.Add([]byte{0, 2})
	f.Add(append(Key{"r", "o", "i", "d"}.encode(), 'x'))
	f.Fuzz(func(t *testing.T, encoded []byte) {
		if key, err := decodeKey(encoded); err == nil && !bytes.Equal(key.encode(), encoded) {
			t.Errorf("%x decodes to %+v", encoded, key)
		}
	})
}
