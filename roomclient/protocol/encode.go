// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package protocol

import "encoding/json"

// PackContent builds the data of a message that is the content. The payload is copied.
func PackContent(c Content) ([]byte, error) {
	header, payload := c.encode()
	return Pack(header, payload)
}

type jsonHeader struct {
	Type string          `json:"type"`
	JSON json.RawMessage `json:"json"`
}

type objectHeader struct {
	Type string `json:"type"`
	JSON any    `json:"json"`
}

type objectWithDataHeader struct {
	Type    string `json:"type"`
	Headers any    `json:"headers"`
}

type textHeader struct {
	Type string `json:"type"`
	Text string `json:"text"`
}

type fileHeader struct {
	Type     string `json:"type"`
	Name     string `json:"name"`
	MIMEType string `json:"mime_type"`
}

type linkHeader struct {
	Type string `json:"type"`
	Name string `json:"name"`
	URL  string `json:"url"`
}

type binaryHeader struct {
	Type    string          `json:"type"`
	Headers json.RawMessage `json:"headers"`
}

type emptyHeader struct {
	Type string `json:"type"`
}

type errorHeader struct {
	Type string `json:"type"`
	Text string `json:"text"`
	Code Code   `json:"code,omitempty"`
}

type controlHeader struct {
	Type       string `json:"type"`
	Method     string `json:"method"`
	StatusCode int    `json:"status_code,omitempty"`
	Message    string `json:"message,omitempty"`
}

type rawHeader struct {
	Type    string          `json:"type"`
	Outputs json.RawMessage `json:"outputs"`
}

func (c JSON) encode() (any, []byte) {
	return jsonHeader{Type: c.Type(), JSON: orDefault(c.Value, "{}")}, nil
}

func (c object) encode() (any, []byte) {
	return &objectHeader{Type: c.Type(), JSON: c.value}, nil
}

func (c objectWithData) encode() (any, []byte) {
	return &objectWithDataHeader{Type: c.Type(), Headers: c.headers}, c.data
}

func (c Text) encode() (any, []byte) { return textHeader{Type: c.Type(), Text: c.Text}, nil }

func (c File) encode() (any, []byte) {
	return fileHeader{Type: c.Type(), Name: c.Name, MIMEType: c.MIMEType}, c.Data
}

func (c Link) encode() (any, []byte) {
	return linkHeader{Type: c.Type(), Name: c.Name, URL: c.URL}, nil
}

func (c Binary) encode() (any, []byte) {
	return binaryHeader{Type: c.Type(), Headers: orDefault(c.Headers, "{}")}, c.Data
}

func (c Empty) encode() (any, []byte) { return emptyHeader{Type: c.Type()}, nil }

func (c Error) encode() (any, []byte) {
	return errorHeader{Type: c.Type(), Text: c.Text, Code: c.Code}, nil
}

func (c Control) encode() (any, []byte) {
	header := controlHeader{Type: c.Type(), Method: c.Method}
	if c.Method == ControlClose {
		header.StatusCode, header.Message = c.StatusCode, c.Message
	}
	return header, nil
}

func (c Raw) encode() (any, []byte) {
	return rawHeader{Type: c.Type(), Outputs: orDefault(c.Outputs, "[]")}, nil
}

func orDefault(raw json.RawMessage, standard string) json.RawMessage {
	if len(raw) == 0 {
		return json.RawMessage(standard)
	}
	return raw
}
