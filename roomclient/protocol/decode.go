// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package protocol

import (
	"bytes"
	"encoding/json"
	"strconv"
	"unicode/utf8"
)

// normalClose is the status of a Control that closes and gives none.
const normalClose = 1000

// members are those of all content headers together, as they stand. They are looked at one
// by one because a member that the content's type does not have is ignored, whatever it
// holds. All alias the header.
type members struct {
	contentType, json, text, name, mimeType, url, headers, code, method, statusCode, message, outputs json.RawMessage
}

// readMembers reads a header that is known to be a valid JSON object. Of members of the
// same name the last one counts, as everywhere.
func readMembers(header []byte) (m members) {
	for name, value := range membersOf(header) {
		if member := m.named(name); member != nil {
			*member = value
		}
	}
	return m
}

func (m *members) named(name []byte) *json.RawMessage {
	switch string(name) {
	case "type":
		return &m.contentType
	case "json":
		return &m.json
	case "text":
		return &m.text
	case "name":
		return &m.name
	case "mime_type":
		return &m.mimeType
	case "url":
		return &m.url
	case "headers":
		return &m.headers
	case "code":
		return &m.code
	case "method":
		return &m.method
	case "status_code":
		return &m.statusCode
	case "message":
		return &m.message
	case "outputs":
		return &m.outputs
	default:
		return nil
	}
}

// UnpackContent decodes message data as a content, which aliases data. Errors wrap
// [ErrMalformed]; an unknown type is one of them.
func UnpackContent(data []byte) (Content, error) {
	answer, err := UnpackAnswer(data)
	if err != nil {
		return nil, err
	}
	return answer.Content()
}

// ParseContent makes a content of a header that was found inside another one (the arguments
// of a tool call). It aliases both. Errors are those of [UnpackContent].
func ParseContent(header json.RawMessage, payload []byte) (Content, error) {
	if !isObject(header) {
		return nil, malformed("content that is no JSON object")
	}
	m := readMembers(header)
	return m.content(payload)
}

// kind returns the type as a constant, or the empty string for one that we do not know.
func (m *members) kind() string {
	for _, known := range [...]string{"empty", "json", "file", "text", "error", "binary", "link", "control", "raw"} {
		if kind(m.contentType) == '"' && string(unquote(m.contentType)) == known {
			return known
		}
	}
	return ""
}

func (m *members) content(payload []byte) (Content, error) {
	switch m.kind() {
	case "json":
		return m.object()
	case "text":
		return m.plain()
	case "file":
		file, ok := m.file(payload)
		if !ok {
			return nil, malformed("file content without name or mime_type")
		}
		return file, nil
	case "link":
		return m.link()
	case "binary":
		return m.binary(payload), nil
	case "empty":
		return Empty{}, nil
	case "error":
		return m.failure(), nil
	case "control":
		return m.control()
	case "raw":
		return m.raw()
	default:
		return nil, malformed("content without a type that is known")
	}
}

func (m *members) object() (Content, error) {
	if kind(m.json) != '{' {
		return nil, malformed("json content without an object")
	}
	return JSON{Value: m.json}, nil
}

func (m *members) plain() (Content, error) {
	text, ok := stringOf(m.text)
	if !ok {
		return nil, malformed("text content without text")
	}
	return Text{Text: text}, nil
}

// file returns false when a member is missing.
func (m *members) file(payload []byte) (File, bool) {
	name, named := stringOf(m.name)
	mimeType, typed := stringOf(m.mimeType)
	return File{Name: name, MIMEType: mimeType, Data: payload}, named && typed
}

func (m *members) link() (Content, error) {
	name, named := stringOf(m.name)
	url, located := stringOf(m.url)
	if !named || !located {
		return nil, malformed("link content without name or url")
	}
	return Link{Name: name, URL: url}, nil
}

// binary reads headers that are not an object as an empty one, as both SDKs do.
func (m *members) binary(payload []byte) Content {
	if kind(m.headers) != '{' {
		return Binary{Headers: json.RawMessage("{}"), Data: payload}
	}
	return Binary{Headers: m.headers, Data: payload}
}

// failure is lenient: an error must stay an error whatever its members look like.
func (m *members) failure() Error {
	text, _ := stringOf(m.text)
	return Error{Text: text, Code: codeOf(m.code)}
}

func (m *members) control() (Content, error) {
	method, _ := stringOf(m.method)
	switch method {
	case ControlOpen:
		return Control{Method: ControlOpen}, nil
	case ControlClose:
		control := Control{Method: ControlClose, StatusCode: normalClose}
		if !isNull(m.statusCode) && json.Unmarshal(m.statusCode, &control.StatusCode) != nil {
			return nil, malformed("control status_code is not a number")
		}
		control.Message, _ = stringOf(m.message)
		return control, nil
	default:
		return nil, malformed("unknown control method")
	}
}

func (m *members) raw() (Content, error) {
	if kind(m.outputs) != '[' {
		return nil, malformed("raw content without a list of outputs")
	}
	return Raw{Outputs: m.outputs}, nil
}

// stringOf reports false for a member that is absent, null or no string.
func stringOf(raw json.RawMessage) (string, bool) {
	if kind(raw) != '"' {
		return "", false
	}
	if bytes.IndexByte(raw, '\\') < 0 && utf8.Valid(raw) {
		return constant(raw[1 : len(raw)-1]), true // nothing to decode
	}
	var s string
	err := json.Unmarshal(raw, &s)
	return s, err == nil
}

// codeOf reads a number or a numeric string; anything else counts as absent.
func codeOf(raw json.RawMessage) Code {
	number, ok := stringOf(raw)
	if !ok {
		number = string(raw)
	}
	code, err := strconv.ParseInt(number, 10, 32)
	if err != nil {
		return 0
	}
	return Code(code)
}

// constant returns the text as a string, without taking memory for what comes all the time.
func constant(text []byte) string {
	switch string(text) {
	case Toolkit:
		return Toolkit
	case ToolGetSecret:
		return ToolGetSecret
	case ToolSetSecret:
		return ToolSetSecret
	case "text/plain":
		return "text/plain"
	case "application/octet-stream":
		return "application/octet-stream"
	default:
		return string(text)
	}
}
