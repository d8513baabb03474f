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

// toolkit is a set of tools and who may use them. Tools are carried out at once and in order; slow tools wait for
// somebody, and must not hold up the calls that come after them.
type toolkit struct {
	allows func(participant) bool
	tools  map[string]tool
	slow   map[string]slowTool
}

// tool carries out one call. An error that is a *toolError goes to the caller as it is; any other is logged and
// the caller learns only that the operation failed.
type tool func(ctx context.Context, call call) (protocol.Content, error)

// slowTool reads a call, in order, and returns the rest of the work. The rest keeps nothing of the message.
type slowTool func(ctx context.Context, call call) (rest, error)

// rest is what is left to do of a call, beside others. ctx ends with the caller's connection.
type rest func(ctx context.Context) (protocol.Content, error)

// call is one use of a tool.
type call struct {
	participant

	input protocol.Content
	about *about
}

func newCall(op *operation, input protocol.Content) call {
	return call{participant: op.who, input: input, about: &op.about}
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
func failed(text string) error   { return &toolError{protocol.CodeOperationFailed, text} }

// desk carries out messages: it knows the toolkits and nothing of connections.
type desk struct {
	toolkits   map[string]toolkit
	attendance *attendance
	maxMessage int
	metrics    *metrics
	log        *slog.Logger
	audit      *audit
}

func newDesk(s *Server, endpoints *endpoints) *desk {
	limits := s.config.Limits
	questions := &inquiries{roster: s.roster, pending: newPending(limits), maxTimeout: limits.MaxTimeout}
	return &desk{
		toolkits: map[string]toolkit{
			protocol.Toolkit:          newSecretsToolkit(s.config.Store, limits.MaxMessage, questions, endpoints),
			protocol.MessagingToolkit: newMessagingToolkit(s.attendance),
		},
		attendance: s.attendance, maxMessage: limits.MaxMessage, metrics: s.metrics, log: s.log, audit: s.audit,
	}
}

// response is what becomes of a message: an answer, an answer to come, or neither.
type response struct {
	tool    string
	message *protocol.Message
	later   func(ctx context.Context) protocol.Message
}

// answer carries out one message. There is no response to messages that want none: attributes, and responses,
// because answering an answer could go on for ever. A response that comes later takes one of the caller's places
// to wait until it is there.
func (d *desk) answer(ctx context.Context, from participant, message protocol.Message) response {
	d.metrics.sizes.WithLabelValues(received).Observe(float64(len(message.Data)))
	op := &operation{who: from, id: message.ID, tool: unknownTool, began: time.Now()}
	var content protocol.Content
	var wait rest
	var err error
	switch message.Type {
	case protocol.TypeResponse:
		return response{}
	case protocol.TypeSetAttributes:
		d.attendance.describe(from, message.Data)
		return response{}
	case protocol.TypeInvokeTool:
		content, wait, err = d.invoke(ctx, op, message.Data)
	default:
		err = invalid("unknown message type")
	}
	if wait == nil {
		done := d.finish(ctx, op, content, err)
		return response{tool: op.tool, message: &done}
	}
	return response{tool: op.tool, later: func(ctx context.Context) protocol.Message {
		defer from.waits.release()
		content, err := wait(ctx)
		return d.finish(ctx, op, content, err)
	}}
}

// invoke finds the tool a message calls and uses it.
func (d *desk) invoke(ctx context.Context, op *operation, data []byte) (protocol.Content, rest, error) {
	request, err := protocol.UnpackInvoke(data)
	op.about.trace = traceOf(ctx, request.Trace)
	switch {
	case err != nil:
		return nil, nil, invalid("malformed tool call")
	case protocol.OrEmpty(request.ParticipantID) != "":
		return nil, nil, notFound("no participant here has toolkits")
	case protocol.OrEmpty(request.OnBehalfOfID) != "":
		return nil, nil, invalid("calls on behalf of others are not supported")
	}
	kit, ok := d.toolkits[request.Toolkit]
	if !ok {
		return nil, nil, notFound("unknown toolkit")
	}
	use, quick := kit.tools[request.Tool]
	begin, slow := kit.slow[request.Tool]
	if !quick && !slow {
		return nil, nil, notFound("unknown tool")
	}
	op.tool = request.Tool
	if !kit.allows(op.who) {
		return nil, nil, denied("permission denied: the participant token does not grant this toolkit")
	}
	this := newCall(op, request.Input)
	if quick {
		content, err := use(ctx, this)
		return content, nil, err
	}
	wait, err := d.begin(ctx, begin, this)
	return nil, wait, err
}

func (d *desk) begin(ctx context.Context, tool slowTool, call call) (rest, error) {
	if !call.waits.take() {
		return nil, failed("too many calls of this connection wait: try again when some have been answered")
	}
	wait, err := tool(ctx, call)
	if err != nil {
		call.waits.release()
		return nil, err
	}
	return wait, nil
}

// finish makes the message that answers an operation, and writes down how it went.
func (d *desk) finish(ctx context.Context, op *operation, content protocol.Content, err error) protocol.Message {
	data, code := d.pack(op.tool, content, err)
	took := time.Since(op.began)
	d.metrics.answered(op.tool, code, took)
	d.audit.write(ctx, op, outcomeOf(code), took)
	return protocol.Message{ID: op.id, Type: protocol.TypeResponse, Data: data}
}

// pack makes the data of a response. code is 0 for a success.
func (d *desk) pack(label string, content protocol.Content, err error) (data []byte, code protocol.Code) {
	if err == nil {
		data, err = protocol.PackContent(content)
	}
	if err == nil && len(data) > d.maxMessage {
		err = failed("the answer is larger than a message may be")
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
