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

	// Trace is what OpenTelemetry propagates, on receipt only: [WithTrace] sends it. Nil is none.
	Trace map[string]string
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
// from the arguments and the payload. The result aliases data. Errors wrap [ErrMalformed].
func UnpackInvoke(data []byte) (Invoke, error) {
	header, payload, err := Unpack(data)
	if err != nil {
		return Invoke{}, err
	}
	h, err := readInvoke(header)
	if err != nil {
		return Invoke{}, err
	}
	arguments := readMembers(h.arguments)
	input, err := arguments.content(payload)
	if err != nil {
		return Invoke{}, err
	}
	h.call.Input = input
	return h.call, nil
}

// invokeMembers is the header of a call, read.
type invokeMembers struct {
	call      Invoke // without Input
	arguments json.RawMessage
}

func readInvoke(header []byte) (h invokeMembers, err error) {
	valid := true
	optional := func(value json.RawMessage) *string {
		text, ok := stringOf(value)
		valid = valid && (ok || isNull(value))
		if !ok {
			return nil
		}
		return &text
	}
	for name, value := range membersOf(header) {
		switch string(name) {
		case "toolkit":
			h.call.Toolkit = OrEmpty(optional(value))
		case "tool":
			h.call.Tool = OrEmpty(optional(value))
		case "participant_id":
			h.call.ParticipantID = optional(value)
		case "on_behalf_of_id":
			h.call.OnBehalfOfID = optional(value)
		case "tool_call_id":
			h.call.ToolCallID = OrEmpty(optional(value))
		case "caller_context":
			h.call.CallerContext = unlessNull(value)
		case "arguments":
			h.arguments = value
		case traceMember:
			h.call.Trace = traceIn(value)
		}
	}
	switch {
	case !valid:
		return h, malformed("tool call members have unexpected types")
	case kind(h.arguments) != '{':
		return h, malformed("tool call without arguments")
	default:
		return h, nil
	}
}

func unlessNull(value json.RawMessage) json.RawMessage {
	if isNull(value) {
		return nil
	}
	return value
}
