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

// members are those of all content headers together. They are looked at one by one
// because a member that the content's type does not have is ignored, whatever it holds.
type members struct {
	Type       string          `json:"type"`
	JSON       json.RawMessage `json:"json"`
	Text       json.RawMessage `json:"text"`
	Name       json.RawMessage `json:"name"`
	MIMEType   json.RawMessage `json:"mime_type"`
	URL        json.RawMessage `json:"url"`
	Headers    json.RawMessage `json:"headers"`
	Code       json.RawMessage `json:"code"`
	Method     json.RawMessage `json:"method"`
	StatusCode json.RawMessage `json:"status_code"`
	Message    json.RawMessage `json:"message"`
	Outputs    json.RawMessage `json:"outputs"`
}

// UnpackContent decodes message data as a content. The payload of the result aliases
// data. Errors wrap [ErrMalformed]; an unknown type is one of them.
func UnpackContent(data []byte) (Content, error) {
	header, payload, err := Unpack(data)
	if err != nil {
		return nil, err
	}
	return ParseContent(header, payload)
}

// ParseContent makes a content of a header that has been unpacked already, or that was
// found inside another one (the arguments of a tool call). The payload is not copied.
func ParseContent(header json.RawMessage, payload []byte) (Content, error) {
	var m members
	if json.Unmarshal(header, &m) != nil {
		return nil, malformed("content without a type")
	}
	switch m.Type {
	case "json":
		return m.json()
	case "text":
		return m.text()
	case "file":
		return m.file(payload)
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
		return nil, malformed("unknown content type")
	}
}

func (m *members) json() (Content, error) {
	if kind(m.JSON) != '{' {
		return nil, malformed("json content without an object")
	}
	return JSON{Value: m.JSON}, nil
}

func (m *members) text() (Content, error) {
	text, ok := stringOf(m.Text)
	if !ok {
		return nil, malformed("text content without text")
	}
	return Text{Text: text}, nil
}

func (m *members) file(payload []byte) (Content, error) {
	name, named := stringOf(m.Name)
	mimeType, typed := stringOf(m.MIMEType)
	if !named || !typed {
		return nil, malformed("file content without name or mime_type")
	}
	return File{Name: name, MIMEType: mimeType, Data: payload}, nil
}

func (m *members) link() (Content, error) {
	name, named := stringOf(m.Name)
	url, located := stringOf(m.URL)
	if !named || !located {
		return nil, malformed("link content without name or url")
	}
	return Link{Name: name, URL: url}, nil
}

// binary reads headers that are not an object as an empty one, as both SDKs do.
func (m *members) binary(payload []byte) Content {
	if kind(m.Headers) != '{' {
		return Binary{Headers: json.RawMessage("{}"), Data: payload}
	}
	return Binary{Headers: m.Headers, Data: payload}
}

// failure is lenient: an error must stay an error whatever its members look like.
func (m *members) failure() Content {
	text, _ := stringOf(m.Text)
	return Error{Text: text, Code: codeOf(m.Code)}
}

func (m *members) control() (Content, error) {
	method, _ := stringOf(m.Method)
	switch method {
	case ControlOpen:
		return Control{Method: ControlOpen}, nil
	case ControlClose:
		control := Control{Method: ControlClose, StatusCode: normalClose}
		if !isNull(m.StatusCode) && json.Unmarshal(m.StatusCode, &control.StatusCode) != nil {
			return nil, malformed("control status_code is not a number")
		}
		control.Message, _ = stringOf(m.Message)
		return control, nil
	default:
		return nil, malformed("unknown control method")
	}
}

func (m *members) raw() (Content, error) {
	if kind(m.Outputs) != '[' {
		return nil, malformed("raw content without a list of outputs")
	}
	return Raw{Outputs: m.Outputs}, nil
}

// stringOf reports false for a member that is absent, null or no string.
func stringOf(raw json.RawMessage) (string, bool) {
	if kind(raw) != '"' {
		return "", false
	}
	if !bytes.ContainsRune(raw, '\\') && utf8.Valid(raw) {
		return string(raw[1 : len(raw)-1]), true // nothing to decode
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
