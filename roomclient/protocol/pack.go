// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package protocol

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
)

// ErrMalformed is wrapped by every error about data that is not what the protocol
// says. The text around it names the fault and never quotes the data.
var ErrMalformed = errors.New("protocol: malformed message")

// lengthPrefix is the size of the header length that precedes a packed header.
const lengthPrefix = 8

// Pack builds message data: the length of the JSON header, the header, the payload
// (room protocol, section 3.1). header must encode to a JSON object. The payload is copied.
func Pack(header any, payload []byte) ([]byte, error) {
	var buf bytes.Buffer
	buf.Grow(256 + len(payload))
	buf.Write(make([]byte, lengthPrefix))
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(header); err != nil {
		return nil, fmt.Errorf("protocol: encode header: %w", err)
	}
	buf.Truncate(buf.Len() - 1) // the newline that Encode adds
	packed := buf.Bytes()
	if packed[lengthPrefix] != '{' {
		return nil, errors.New("protocol: encode header: not a JSON object")
	}
	binary.BigEndian.PutUint64(packed, uint64(len(packed[lengthPrefix:])))
	buf.Write(payload)
	return buf.Bytes(), nil
}

// Unpack splits message data into its header, which is a JSON object whose members
// are not looked at, and the payload. Both alias data. Errors wrap [ErrMalformed].
func Unpack(data []byte) (header json.RawMessage, payload []byte, err error) {
	if len(data) < lengthPrefix {
		return nil, nil, malformed("shorter than a header length")
	}
	length := binary.BigEndian.Uint64(data)
	rest := data[lengthPrefix:]
	if length > uint64(len(rest)) {
		return nil, nil, malformed("header goes beyond the data")
	}
	header, payload = json.RawMessage(rest[:length:length]), rest[length:]
	if !isObject(header) {
		return nil, nil, malformed("header is not a JSON object")
	}
	return header, payload, nil
}

// UnpackHeader decodes the header of message data into v and ignores the payload: the
// form of the start-up messages. Errors wrap [ErrMalformed].
func UnpackHeader(data []byte, v any) error {
	header, _, err := Unpack(data)
	if err != nil {
		return err
	}
	if json.Unmarshal(header, v) != nil {
		return malformed("header members have unexpected types")
	}
	return nil
}

func isObject(raw json.RawMessage) bool {
	return kind(raw) == '{' && json.Valid(raw)
}

func isNull(raw json.RawMessage) bool {
	return len(raw) == 0 || kind(raw) == 'n'
}

// kind returns the first byte of the JSON value, which tells what it is; 0 when empty.
func kind(raw json.RawMessage) byte {
	trimmed := bytes.TrimLeft(raw, " \t\r\n")
	if len(trimmed) == 0 {
		return 0
	}
	return trimmed[0]
}

func malformed(what string) error { return fmt.Errorf("%w: %s", ErrMalformed, what) }
