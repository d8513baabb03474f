// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomserver

import (
	"encoding/json"

	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
)

// change is what has become of a participant since somebody was last told of it.
type change int

const (
	nothing  change = iota
	joined          // was unknown and is known
	rejoined        // was known, was unknown in between, and is known again
	changed         // has other attributes
	left            // was known and is unknown
)

// then is what two changes come to for somebody who was told of neither.
func (was change) then(is change) change {
	switch {
	case was == joined && is == left:
		return nothing
	case was == left && is == joined:
		return rejoined
	case is == changed && was != nothing:
		return was
	default:
		return is
	}
}

// news is something to be told about a participant.
type news struct {
	about *card
	what  change
}

func (n news) message() protocol.MessagingSend {
	message := protocol.MessagingSend{FromParticipantID: n.about.id}
	switch n.what {
	case left:
		message.Type, message.Message = protocol.ParticipantDisabled, encoded(map[string]string{"id": n.about.id})
	case changed:
		message.Type, message.Message = protocol.ParticipantAttributes, encoded(map[string]json.RawMessage{"attributes": n.about.attributes})
	case nothing, joined, rejoined:
		message.Type, message.Message = protocol.ParticipantEnabled, n.about.entry
	}
	return message
}
