// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package protocol

// MaxRoomName is the length of the longest room name, in bytes.
const MaxRoomName = 63

// ValidRoomName reports whether a room can be called so: 1 to 63 lower-case ASCII letters,
// digits and "-", with no "-" at either end (room protocol, section 1.1).
func ValidRoomName(name string) bool {
	if name == "" || len(name) > MaxRoomName || name[0] == '-' || name[len(name)-1] == '-' {
		return false
	}
	for _, r := range name {
		if r != '-' && (r < '0' || r > '9') && (r < 'a' || r > 'z') {
			return false
		}
	}
	return true
}
