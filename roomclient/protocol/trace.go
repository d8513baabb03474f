// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package protocol

import (
	"encoding/binary"
	"encoding/json"
	"slices"
)

// traceMember is the member of a header that carries the trace that a message is part of (room protocol, section 3.1). The Python SDK
// writes it always, the TypeScript SDK never, and everybody ignores what they cannot read of it.
const traceMember = "__meshagent__"

type envelope struct {
	Version int               `json:"v"`
	Trace   map[string]string `json:"otel"`
}

// WithTrace returns data as [Pack] makes it, with a trace added to its header: the propagation fields of OpenTelemetry, traceparent and
// tracestate. The memory of data is used again, and its header must have members and no trace.
func WithTrace(data []byte, trace map[string]string) ([]byte, error) {
	header, payload, err := Unpack(data)
	if err != nil {
		return nil, err
	}
	member, err := json.Marshal(map[string]envelope{traceMember: {Version: 1, Trace: trace}})
	if err != nil {
		return nil, err
	}
	end := lengthPrefix + len(header) - 1
	if data[end] != '}' || len(header) == len("{}") {
		return nil, malformed("header has no members, or something after them")
	}
	member[0] = ',' // it goes on where the header ends, and ends it as it ended
	data = slices.Replace(data, end, end+1, member...)
	binary.BigEndian.PutUint64(data, uint64(len(data[lengthPrefix:len(data)-len(payload)])))
	return data, nil
}

// traceIn reads the member of a header that carries a trace: nil when there is none, or none that can be read.
func traceIn(member json.RawMessage) map[string]string {
	var e envelope
	if json.Unmarshal(member, &e) != nil || len(e.Trace) == 0 {
		return nil
	}
	return e.Trace
}
