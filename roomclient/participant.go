// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomclient

import "github.com/roomsecrets/roomsecret-operator/roomclient/protocol"

// Participant is somebody in the room, as one of their connections.
type Participant struct {
	// ID is the connection's. Somebody who connects again has another one.
	ID string
	// Name is the identity that the token names. Several participants may have the same.
	Name string
	// Role is what the token says they are, such as "user" or "agent"; empty when nobody said.
	Role string
}

// maxParticipantText is the longest id, name or role that is kept, in bytes.
const maxParticipantText = 512

// askerOf leaves out who asks when what the service says about it is too long to keep.
func askerOf(from protocol.Asker) Participant {
	if max(len(from.FromParticipantID), len(from.FromParticipantName)) > maxParticipantText {
		return Participant{}
	}
	return Participant{ID: from.FromParticipantID, Name: from.FromParticipantName}
}
