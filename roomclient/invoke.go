// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomclient

import (
	"context"
	"fmt"
	"time"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
)

// request is a tool call that is ready to be sent. Its memory belongs to whom it is given.
type request struct {
	toolkit, tool string
	data          *buffer
	// wait is added to Config.RequestTimeout, because somebody is being asked.
	wait time.Duration
}

func (r request) op() string { return r.toolkit + "." + r.tool }

// pack makes a request of a call.
func pack(call protocol.Invoke, wait time.Duration) (request, error) {
	r := request{toolkit: call.Toolkit, tool: call.Tool, wait: wait}
	data, err := protocol.PackInvoke(call)
	if err != nil {
		return r, &Error{Op: r.op(), Kind: ErrInvalid, Err: err, terminal: true}
	}
	r.data = &buffer{bytes: data}
	return r, nil
}

// outgoing is a message on its way to the writer, and the memory that its data is in.
type outgoing struct {
	protocol.Message
	memory *buffer
}

// Invoke calls a tool and returns the content it answers with, which is never a
// [protocol.Error]: that becomes an [*Error]. It fails with [ErrTooLarge] before anything
// is sent, with [ErrClosed] when the connection ends first, and with the error of the
// context or [context.DeadlineExceeded] when no answer comes in time; in these last two
// cases the call may have taken effect.
func (c *Conn) Invoke(ctx context.Context, call protocol.Invoke) (protocol.Content, error) {
	return invoke(ctx, c, call)
}

func invoke(ctx context.Context, through caller, call protocol.Invoke) (protocol.Content, error) {
	r, err := pack(call, 0)
	if err != nil {
		return nil, err
	}
	answer, err := through.call(ctx, r)
	if err != nil {
		return nil, err
	}
	content, err := answer.Content()
	if err != nil {
		return nil, &Error{Op: r.op(), Kind: ErrProtocol, Err: err}
	}
	return content, nil
}

// call sends a request and reads the answer, which is not an error content.
func (c *Conn) call(ctx context.Context, r request) (protocol.Answer, error) {
	data, err := c.exchange(ctx, r)
	if err != nil {
		return protocol.Answer{}, err
	}
	answer, err := protocol.UnpackAnswer(data)
	if err != nil {
		return protocol.Answer{}, &Error{Op: r.op(), Kind: ErrProtocol, Err: err}
	}
	if failure, ok := answer.Error(); ok {
		return protocol.Answer{}, contentError(r.op(), failure)
	}
	return answer, nil
}

// tellTrace tells the room of the trace that a request is part of, if it is part of one.
func (r request) tellTrace(ctx context.Context) error {
	if !trace.SpanContextFromContext(ctx).IsValid() {
		return nil
	}
	fields := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, fields)
	data, err := protocol.WithTrace(r.data.bytes, fields)
	if err != nil {
		return &Error{Op: r.op(), Kind: ErrInvalid, Err: err, terminal: true}
	}
	r.data.bytes = data
	return nil
}

// exchange waits for a place, sends a request, and waits for the data of the response to it.
func (c *Conn) exchange(ctx context.Context, r request) ([]byte, error) {
	if err := r.tellTrace(ctx); err != nil {
		r.data.release()
		return nil, err
	}
	if size := len(r.data.bytes); size > c.config.MaxMessage {
		err := fmt.Errorf("%d bytes, the limit is %d", size, c.config.MaxMessage)
		r.data.release()
		return nil, &Error{Op: r.op(), Kind: ErrTooLarge, Err: err, terminal: true}
	}
	select {
	case c.places <- struct{}{}:
		defer func() { <-c.places }()
	case <-ctx.Done():
		r.data.release()
		return nil, interrupted(ctx, r.op())
	case <-c.ending:
		r.data.release()
		return nil, callError(r.op(), c.err)
	}
	data, err := c.await(ctx, r)
	if err != nil {
		return nil, callError(r.op(), err)
	}
	return data, nil
}

func (c *Conn) await(ctx context.Context, r request) ([]byte, error) {
	id, w, err := c.calls.add(c.config.RequestTimeout + r.wait)
	if err != nil {
		r.data.release()
		return nil, err
	}
	defer c.calls.remove(id, w)
	message := protocol.Message{ID: id, Type: protocol.TypeInvokeTool, Data: r.data.bytes}
	select {
	case c.outbox <- outgoing{message, r.data}: // now the memory is the writer's
	case <-ctx.Done():
		r.data.release()
		return nil, ctx.Err()
	case <-w.timer.C:
		r.data.release()
		return nil, context.DeadlineExceeded
	case <-c.ending:
		r.data.release()
		return nil, c.err
	}
	select {
	case answer := <-w.replies:
		return answer.data, answer.err
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-w.timer.C:
		return nil, context.DeadlineExceeded
	}
}
