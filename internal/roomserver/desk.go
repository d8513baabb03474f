// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomserver

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
)

// toolkit is a set of tools and who may use them.
type toolkit struct {
	allows func(participant) bool
	tools  map[string]tool
}

// tool carries out one call. An error that is a *toolError goes to the caller as it is; any other is logged and
// the caller learns only that the operation failed.
type tool func(ctx context.Context, call call) (protocol.Content, error)

// call is one use of a tool.
type call struct {
	participant

	input protocol.Content
}

// toolError is an error content in the making. Its text quotes nothing of the call.
type toolError struct {
	code protocol.Code
	text string
}

func (e *toolError) Error() string { return e.text }

func invalid(text string) error  { return &toolError{protocol.CodeInvalidRequest, text} }
func notFound(text string) error { return &toolError{protocol.CodeNotFound, text} }
func denied(text string) error   { return &toolError{protocol.CodePermissionDenied, text} }

// desk carries out messages: it knows the toolkits and nothing of connections.
type desk struct {
	toolkits   map[string]toolkit
	maxMessage int
	metrics    *metrics
	log        *slog.Logger
}

func newDesk(config Config, m *metrics) *desk {
	return &desk{
		toolkits: map[string]toolkit{
			protocol.Toolkit: newSecretsToolkit(config.Store, config.Limits.MaxMessage),
		},
		maxMessage: config.Limits.MaxMessage, metrics: m, log: config.Logger,
	}
}

// unknownTool is the tool label of everything that is no call of a tool there is.
const unknownTool = "unknown"

// answer carries out one message. ok is false for messages that want no answer: attributes, which nobody here
// reads, and responses, because answering an answer could go on for ever.
func (d *desk) answer(ctx context.Context, from participant, message protocol.Message) (reply protocol.Message, ok bool) {
	began := time.Now()
	d.metrics.sizes.WithLabelValues(received).Observe(float64(len(message.Data)))
	label, content, err := unknownTool, protocol.Content(nil), error(nil)
	switch message.Type {
	case protocol.TypeSetAttributes, protocol.TypeResponse:
		return protocol.Message{}, false
	case protocol.TypeInvokeTool:
		label, content, err = d.invoke(ctx, from, message.Data)
	default:
		err = invalid("unknown message type")
	}
	data, code := d.pack(label, content, err)
	d.metrics.answered(label, code, time.Since(began))
	return protocol.Message{ID: message.ID, Type: protocol.TypeResponse, Data: data}, true
}

// invoke finds the tool a message calls and uses it. label is the tool's name once it is known to be one.
func (d *desk) invoke(ctx context.Context, from participant, data []byte) (label string, content protocol.Content, err error) {
	request, err := protocol.UnpackInvoke(data)
	switch {
	case err != nil:
		return unknownTool, nil, invalid("malformed tool call")
	case protocol.OrEmpty(request.ParticipantID) != "":
		return unknownTool, nil, notFound("no participant here has toolkits")
	case protocol.OrEmpty(request.OnBehalfOfID) != "":
		return unknownTool, nil, invalid("calls on behalf of others are not supported")
	}
	kit, ok := d.toolkits[request.Toolkit]
	if !ok {
		return unknownTool, nil, notFound("unknown toolkit")
	}
	use, ok := kit.tools[request.Tool]
	if !ok {
		return unknownTool, nil, notFound("unknown tool")
	}
	if !kit.allows(from) {
		return request.Tool, nil, denied("permission denied: the participant token does not grant this toolkit")
	}
	content, err = use(ctx, call{participant: from, input: request.Input})
	return request.Tool, content, err
}

// pack makes the data of a response. code is 0 for a success.
func (d *desk) pack(label string, content protocol.Content, err error) (data []byte, code protocol.Code) {
	if err == nil {
		data, err = protocol.PackContent(content)
	}
	if err == nil && len(data) > d.maxMessage {
		err = &toolError{protocol.CodeOperationFailed, "the answer is larger than a message may be"}
	}
	if err == nil {
		return data, 0
	}
	var told *toolError
	if !errors.As(err, &told) {
		d.log.Error("tool failed", "tool", label, "error", err)
		told = &toolError{protocol.CodeOperationFailed, "operation failed"}
	}
	data, err = protocol.PackContent(protocol.Error{Text: told.text, Code: told.code})
	if err != nil { // cannot be: a string and a number always encode
		d.log.Error("error content does not encode", "error", err)
	}
	return data, told.code
}
