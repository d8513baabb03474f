// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package protocol

import (
	"encoding/json"
	"strconv"
)

// normalClose is the status of a Control that closes and gives none.
const normalClose = 1000

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
	var head struct {
		Type string `json:"type"`
	}
	if json.Unmarshal(header, &head) != nil {
		return nil, malformed("content without a type")
	}
	switch head.Type {
	case "json":
		return parseJSON(header)
	case "text":
		return parseText(header)
	case "file":
		return parseFile(header, payload)
	case "link":
		return parseLink(header)
	case "binary":
		return parseBinary(header, payload)
	case "empty":
		return Empty{}, nil
	case "error":
		return parseError(header)
	case "control":
		return parseControl(header)
	case "raw":
		return parseRaw(header)
	default:
		return nil, malformed("unknown content type")
	}
}

func parseJSON(header json.RawMessage) (Content, error) {
	var h jsonHeader
	if json.Unmarshal(header, &h) != nil || kind(h.JSON) != '{' {
		return nil, malformed("json content without an object")
	}
	return JSON{Value: h.JSON}, nil
}

func parseText(header json.RawMessage) (Content, error) {
	var h struct {
		Text *string `json:"text"`
	}
	if json.Unmarshal(header, &h) != nil || h.Text == nil {
		return nil, malformed("text content without text")
	}
	return Text{Text: *h.Text}, nil
}

func parseFile(header json.RawMessage, payload []byte) (Content, error) {
	var h struct {
		Name     *string `json:"name"`
		MIMEType *string `json:"mime_type"`
	}
	if json.Unmarshal(header, &h) != nil || h.Name == nil || h.MIMEType == nil {
		return nil, malformed("file content without name or mime_type")
	}
	return File{Name: *h.Name, MIMEType: *h.MIMEType, Data: payload}, nil
}

func parseLink(header json.RawMessage) (Content, error) {
	var h struct {
		Name *string `json:"name"`
		URL  *string `json:"url"`
	}
	if json.Unmarshal(header, &h) != nil || h.Name == nil || h.URL == nil {
		return nil, malformed("link content without name or url")
	}
	return Link{Name: *h.Name, URL: *h.URL}, nil
}

// parseBinary reads headers that are not an object as an empty one, as both SDKs do.
func parseBinary(header json.RawMessage, payload []byte) (Content, error) {
	var h binaryHeader
	if json.Unmarshal(header, &h) != nil {
		return nil, malformed("binary content")
	}
	if kind(h.Headers) != '{' {
		h.Headers = json.RawMessage("{}")
	}
	return Binary{Headers: h.Headers, Data: payload}, nil
}

// parseError is lenient: a failure must stay a failure whatever its members look like.
// A code may be a numeric string; anything else counts as absent.
func parseError(header json.RawMessage) (Content, error) {
	var h struct {
		Text json.RawMessage `json:"text"`
		Code json.RawMessage `json:"code"`
	}
	if json.Unmarshal(header, &h) != nil {
		return nil, malformed("error content")
	}
	var text string
	_ = json.Unmarshal(h.Text, &text)
	return Error{Text: text, Code: parseCode(h.Code)}, nil
}

func parseCode(raw json.RawMessage) Code {
	number := string(raw)
	if kind(raw) == '"' && json.Unmarshal(raw, &number) != nil {
		return 0
	}
	code, err := strconv.ParseInt(number, 10, 32)
	if err != nil {
		return 0
	}
	return Code(code)
}

func parseControl(header json.RawMessage) (Content, error) {
	var h struct {
		Method     string  `json:"method"`
		StatusCode *int    `json:"status_code"`
		Message    *string `json:"message"`
	}
	if json.Unmarshal(header, &h) != nil {
		return nil, malformed("control content")
	}
	switch h.Method {
	case ControlOpen:
		return Control{Method: ControlOpen}, nil
	case ControlClose:
		control := Control{Method: ControlClose, StatusCode: normalClose}
		if h.StatusCode != nil {
			control.StatusCode = *h.StatusCode
		}
		if h.Message != nil {
			control.Message = *h.Message
		}
		return control, nil
	default:
		return nil, malformed("unknown control method")
	}
}

func parseRaw(header json.RawMessage) (Content, error) {
	var h rawHeader
	if json.Unmarshal(header, &h) != nil || kind(h.Outputs) != '[' {
		return nil, malformed("raw content without a list of outputs")
	}
	return Raw{Outputs: h.Outputs}, nil
}
