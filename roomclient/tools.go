// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomclient

import (
	"context"
	"encoding/json"
	"time"

	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
)

// What the tools have in common. Tools that are called all the time encode their requests
// into memory that is lent; the others leave that to package protocol.

func (s Secrets) lend() *buffer {
	if s.memory == nil { // the zero value, which calls nobody
		return &buffer{}
	}
	return s.memory.lend()
}

func (s Secrets) request(tool string, data *buffer) request {
	return request{toolkit: protocol.Toolkit, tool: tool, data: data}
}

// packed is a request with any input.
func (s Secrets) packed(tool string, input protocol.Content, wait time.Duration) (request, error) {
	return pack(protocol.Invoke{Toolkit: protocol.Toolkit, Tool: tool, Input: input}, wait)
}

func (s Secrets) call(ctx context.Context, r request) (protocol.Answer, error) {
	if s.through == nil { // the zero value
		return protocol.Answer{}, &Error{Op: r.op(), Kind: ErrNotConnected}
	}
	return s.through.call(ctx, r)
}

// command calls a tool that has nothing to say. Empty and JSON contents are both success,
// and what a JSON content says is ignored, as the SDKs do.
func (s Secrets) command(ctx context.Context, r request) error {
	answer, err := s.call(ctx, r)
	if err != nil {
		return err
	}
	content, err := answer.Content()
	if err != nil {
		return unexpected(r.tool)
	}
	switch content.(type) {
	case protocol.Empty, protocol.JSON:
		return nil
	default:
		return unexpected(r.tool)
	}
}

// question calls a tool that answers with a JSON object.
func (s Secrets) question(ctx context.Context, r request, response any) error {
	answer, err := s.call(ctx, r)
	if err != nil {
		return err
	}
	object, ok := answer.Object()
	if !ok || json.Unmarshal(object, response) != nil {
		return unexpected(r.tool)
	}
	return nil
}

// do is command with any input.
func (s Secrets) do(ctx context.Context, tool string, input protocol.Content) error {
	r, err := s.packed(tool, input, 0)
	if err != nil {
		return err
	}
	return s.command(ctx, r)
}

// ask is question with any object for input. The wait is for somebody else.
func (s Secrets) ask(ctx context.Context, tool string, input, response any, wait time.Duration) error {
	r, err := s.packed(tool, protocol.Object(input), wait)
	if err != nil {
		return err
	}
	return s.question(ctx, r, response)
}
