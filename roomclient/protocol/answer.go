// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package protocol

import "encoding/json"

// Answer is the data of a response whose header has been read and not yet interpreted. It
// exists so that what answers most calls can be had without a [Content], which takes memory
// of its own.
type Answer struct {
	header  members
	payload []byte
}

// UnpackAnswer reads the header of message data that is a content. The result aliases data.
// Errors wrap [ErrMalformed].
func UnpackAnswer(data []byte) (Answer, error) {
	header, payload, err := Unpack(data)
	if err != nil {
		return Answer{}, err
	}
	return Answer{header: readMembers(header), payload: payload}, nil
}

// Content returns what the answer is. Errors wrap [ErrMalformed]; an unknown type is one of
// them.
func (a *Answer) Content() (Content, error) { return a.header.content(a.payload) }

// File returns the content and true if it is a complete [File].
func (a *Answer) File() (File, bool) {
	if a.header.kind() != (File{}).Type() {
		return File{}, false
	}
	return a.header.file(a.payload)
}

// Object returns the object of a [JSON] content, and false if the answer is none.
func (a *Answer) Object() (json.RawMessage, bool) {
	if a.header.kind() != (JSON{}).Type() || kind(a.header.json) != '{' {
		return nil, false
	}
	return a.header.json, true
}

// Error returns the content and true if it is an [Error].
func (a *Answer) Error() (Error, bool) {
	if a.header.kind() != (Error{}).Type() {
		return Error{}, false
	}
	return a.header.failure(), true
}
