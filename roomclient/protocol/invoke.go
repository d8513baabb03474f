// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package protocol

import "encoding/json"

// Invoke is a tool call, the data of a [TypeInvokeTool] message (room protocol,
// section 2.1). Absent and null are the same on receipt; on sending, members that are
// not set are left out, as the TypeScript SDK does.
type Invoke struct {
	Toolkit string
	Tool    string
	Input   Content // nil is Empty

	// ParticipantID addresses a toolkit that a participant registered; nil addresses
	// the room's own toolkits.
	ParticipantID *string
	OnBehalfOfID  *string
	CallerContext json.RawMessage
	ToolCallID    string
}

type invokeHeader struct {
	Toolkit       string          `json:"toolkit"`
	Tool          string          `json:"tool"`
	Arguments     any             `json:"arguments"`
	ParticipantID *string         `json:"participant_id,omitempty"`
	OnBehalfOfID  *string         `json:"on_behalf_of_id,omitempty"`
	CallerContext json.RawMessage `json:"caller_context,omitempty"`
	ToolCallID    string          `json:"tool_call_id,omitempty"`
}

// PackInvoke builds the data of a [TypeInvokeTool] message. The payload is copied.
func PackInvoke(call Invoke) ([]byte, error) {
	input := call.Input
	if input == nil {
		input = Empty{}
	}
	arguments, payload := input.encode()
	return Pack(&invokeHeader{
		Toolkit:       call.Toolkit,
		Tool:          call.Tool,
		Arguments:     arguments,
		ParticipantID: call.ParticipantID,
		OnBehalfOfID:  call.OnBehalfOfID,
		CallerContext: call.CallerContext,
		ToolCallID:    call.ToolCallID,
	}, payload)
}

// UnpackInvoke decodes the data of a [TypeInvokeTool] message and rebuilds the input
// from the arguments and the payload, which aliases data. Errors wrap [ErrMalformed].
func UnpackInvoke(data []byte) (Invoke, error) {
	header, payload, err := Unpack(data)
	if err != nil {
		return Invoke{}, err
	}
	var h struct {
		Toolkit       string          `json:"toolkit"`
		Tool          string          `json:"tool"`
		Arguments     json.RawMessage `json:"arguments"`
		ParticipantID *string         `json:"participant_id"`
		OnBehalfOfID  *string         `json:"on_behalf_of_id"`
		CallerContext json.RawMessage `json:"caller_context"`
		ToolCallID    *string         `json:"tool_call_id"`
	}
	if json.Unmarshal(header, &h) != nil {
		return Invoke{}, malformed("tool call members have unexpected types")
	}
	if kind(h.Arguments) != '{' {
		return Invoke{}, malformed("tool call without arguments")
	}
	input, err := ParseContent(h.Arguments, payload)
	if err != nil {
		return Invoke{}, err
	}
	call := Invoke{
		Toolkit: h.Toolkit, Tool: h.Tool, Input: input,
		ParticipantID: h.ParticipantID, OnBehalfOfID: h.OnBehalfOfID,
	}
	if !isNull(h.CallerContext) {
		call.CallerContext = h.CallerContext
	}
	if h.ToolCallID != nil {
		call.ToolCallID = *h.ToolCallID
	}
	return call, nil
}
