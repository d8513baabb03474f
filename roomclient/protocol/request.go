// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package protocol

import (
	"encoding/json"
	"math"
	"time"
)

// DefaultRequestTimeout is how long the room waits for the participant who is asked when
// the request does not say (room protocol, sections 4.7 and 4.10).
const DefaultRequestTimeout = 300 * time.Second

// RequestTimeout reads the timeout member of a request, which is in seconds: nil is
// [DefaultRequestTimeout], and less than nothing is nothing.
func RequestTimeout(seconds *int) time.Duration {
	if seconds == nil {
		return DefaultRequestTimeout
	}
	return time.Duration(min(max(*seconds, 0), math.MaxInt32)) * time.Second
}

// DeleteRequestedSecret is the JSON input of delete_requested_secret; nothing is answered
// (room protocol, section 4.6).
type DeleteRequestedSecret struct {
	URL         string  `json:"url"`
	Type        string  `json:"type"`
	DelegatedTo *string `json:"delegated_to"`
}

// RequestSecret is the JSON input of request_secret; the answer is a [File] (room
// protocol, section 4.7). Timeout is in seconds and always set in what the SDKs send; read
// it with [RequestTimeout].
type RequestSecret struct {
	URL           string  `json:"url"`
	Type          string  `json:"type"`
	ParticipantID string  `json:"participant_id"`
	Timeout       *int    `json:"timeout"`
	DelegateTo    *string `json:"delegate_to"`
}

// ProvideSecret is the headers of the binary input of provide_secret. Error is null and
// the payload the value, or Error is the reason of a refusal and the payload empty (room
// protocol, section 4.8). Nothing is answered.
type ProvideSecret struct {
	RequestID string  `json:"request_id"`
	Error     *string `json:"error"`
}

// Asker says who asks for what a push requests. It is an extension of our room server: the
// SDKs ignore both members, and other services leave them out.
type Asker struct {
	FromParticipantID   string `json:"from_participant_id,omitempty"`
	FromParticipantName string `json:"from_participant_name,omitempty"`
}

// SecretRequestPush is the header of a [TypeRequestSecret] message. It is answered by a
// provide_secret call with its RequestID (room protocol, section 4.9).
type SecretRequestPush struct {
	RequestID string        `json:"request_id"`
	Request   RequestSecret `json:"request"`
	Asker
}

// UnmarshalJSON fails when it is unclear what is asked for, or what to answer to.
func (p *SecretRequestPush) UnmarshalJSON(data []byte) error {
	type wire SecretRequestPush // without this method
	var w wire
	if err := json.Unmarshal(data, &w); err != nil {
		return err
	}
	if w.RequestID == "" || w.Request.URL == "" || w.Request.Type == "" {
		return malformed("a request for a secret without request_id, url or type")
	}
	*p = SecretRequestPush(w)
	return nil
}
