// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package protocol

import (
	"bytes"
	"encoding/json"
)

// MessagingToolkit is the name of the room's toolkit by which participants make themselves
// known to each other.
const MessagingToolkit = "messaging"

// Tools of the messaging toolkit. Their input is an empty JSON object and nothing is
// answered: the answer to enable is a [MessagingEnabled] push. The names are those that the
// published SDKs use.
const (
	ToolEnable  = "enable"
	ToolDisable = "disable"
)

// TypeMessagingSend is the type of the messages that tell of other participants, from the
// room. Their header is a [MessagingSend].
const TypeMessagingSend = "messaging.send"

// What a [MessagingSend] tells. Everything else is a message of another participant's.
const (
	// MessagingEnabled has the participants that have made themselves known, in the member
	// participants, each as a [ParticipantInfo]. It replaces what was known before.
	MessagingEnabled = "messaging.enabled"
	// ParticipantEnabled has a participant who has made itself known, as a [ParticipantInfo].
	ParticipantEnabled = "participant.enabled"
	// ParticipantDisabled has the id of a participant who is no longer there.
	ParticipantDisabled = "participant.disabled"
	// ParticipantAttributes has attributes of the participant that it comes from, in the
	// member attributes; those that it does not have stay what they were.
	ParticipantAttributes = "participant.attributes"
)

// MessagingSend is the header of a [TypeMessagingSend] message.
type MessagingSend struct {
	FromParticipantID string          `json:"from_participant_id"`
	Type              string          `json:"type"`
	Message           json.RawMessage `json:"message"`
}

// ParticipantInfo describes a participant. Attributes is an object whose member name is
// usually the identity.
type ParticipantInfo struct {
	ID         string          `json:"id"`
	Role       string          `json:"role,omitempty"`
	Attributes json.RawMessage `json:"attributes,omitempty"`
}

// Name returns the attribute name, or "" when there is none, or none that is a text.
func (p ParticipantInfo) Name() string {
	var attributes struct {
		Name any `json:"name"`
	}
	if json.Unmarshal(p.Attributes, &attributes) != nil {
		return ""
	}
	name, _ := attributes.Name.(string)
	return name
}

// UnpackParticipants reads the message of a [MessagingEnabled], as many participants of it as
// the limit says. Errors wrap [ErrMalformed].
func UnpackParticipants(message json.RawMessage, limit int) ([]ParticipantInfo, error) {
	var list struct {
		Participants json.RawMessage `json:"participants"`
	}
	if json.Unmarshal(message, &list) != nil || kind(list.Participants) != '[' {
		return nil, malformed("a list of participants without participants")
	}
	var infos []ParticipantInfo
	elements := json.NewDecoder(bytes.NewReader(list.Participants))
	if _, err := elements.Token(); err != nil {
		return nil, malformed("participants are no list")
	}
	for len(infos) < limit && elements.More() {
		var info ParticipantInfo
		if elements.Decode(&info) != nil {
			return nil, malformed("a participant that is no object")
		}
		infos = append(infos, info)
	}
	return infos, nil
}
