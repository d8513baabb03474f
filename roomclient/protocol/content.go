// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package protocol

import (
	"encoding/json"

	"github.com/roomsecrets/roomsecret-operator/roomclient/redact"
)

// Content is the answer to a request, or the input of a tool call (room protocol,
// section 3.2). The set is closed: JSON, Text, File, Link, Binary, Empty, Error,
// Control and Raw, always as values and never as pointers.
type Content interface {
	// Type returns the name the content has on the wire.
	Type() string
	// encode returns the header, ready for encoding/json, and the payload.
	encode() (header any, payload []byte)
}

// JSON is a JSON object.
type JSON struct{ Value json.RawMessage }

// Text is plain text.
type Text struct{ Text string }

// File is named bytes; the answer of get_secret.
type File struct {
	Name     string
	MIMEType string
	Data     redact.Bytes
}

// Link names a URL.
type Link struct{ Name, URL string }

// Binary is bytes with a JSON object that describes them; the input of set_secret.
// Nil Headers are an empty object.
type Binary struct {
	Headers json.RawMessage
	Data    redact.Bytes
}

// Empty is the answer of a tool that has nothing to say.
type Empty struct{}

// Error fails the request it answers. Code 0 means none was given. Text is free text
// of the peer and could repeat what was sent to it: do not log it.
type Error struct {
	Text string
	Code Code
}

// Methods of a Control.
const (
	ControlOpen  = "open"
	ControlClose = "close"
)

// Control opens or closes a stream. StatusCode and Message belong to ControlClose.
type Control struct {
	Method     string
	StatusCode int
	Message    string
}

// Raw is a list of outputs; only the Python SDK knows it.
type Raw struct{ Outputs json.RawMessage }

// Type implements [Content].
func (JSON) Type() string { return "json" }

// Type implements [Content].
func (Text) Type() string { return "text" }

// Type implements [Content].
func (File) Type() string { return "file" }

// Type implements [Content].
func (Link) Type() string { return "link" }

// Type implements [Content].
func (Binary) Type() string { return "binary" }

// Type implements [Content].
func (Empty) Type() string { return "empty" }

// Type implements [Content].
func (Error) Type() string { return "error" }

// Type implements [Content].
func (Control) Type() string { return "control" }

// Type implements [Content].
func (Raw) Type() string { return "raw" }

// NewJSON encodes v, which must become a JSON object, as a JSON content.
func NewJSON(v any) (JSON, error) {
	value, err := json.Marshal(v)
	return JSON{Value: value}, err
}

// Object is a JSON content to send: v, which must become a JSON object, is encoded only
// when the content is packed. It is received as [JSON].
func Object(v any) Content { return object{v} }

// ObjectWithData is a Binary content to send whose headers, which must become a JSON
// object, are encoded only when it is packed. It is received as [Binary].
func ObjectWithData(headers any, data []byte) Content { return objectWithData{headers, data} }

type object struct{ value any }

type objectWithData struct {
	headers any
	data    redact.Bytes
}

// Type implements [Content].
func (object) Type() string { return JSON{}.Type() }

// Type implements [Content].
func (objectWithData) Type() string { return Binary{}.Type() }
