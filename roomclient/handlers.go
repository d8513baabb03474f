// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomclient

import (
	"context"
	"time"

	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
)

// secretRequested starts the handler of a request for a secret.
func (c *Conn) secretRequested(ctx context.Context, msg protocol.Message) {
	var push protocol.SecretRequestPush
	handle := c.config.OnSecretRequest
	if !c.concerns(msg, handle != nil, &push) {
		return
	}
	request := PendingSecretRequest{ID: push.RequestID, Asker: askerOf(push.Asker), secrets: c.Secrets(), SecretRequest: SecretRequest{
		URL: push.Request.URL, Type: push.Request.Type,
		ParticipantID: push.Request.ParticipantID,
		DelegateTo:    protocol.OrEmpty(push.Request.DelegateTo),
		Timeout:       protocol.RequestTimeout(push.Request.Timeout),
	}}
	c.handle(ctx, arrival{request.ID, request.Timeout, len(msg.Data)}, func(ctx context.Context) { handle(ctx, request) })
}

// oauthRequested starts the handler of a request for an authorization.
func (c *Conn) oauthRequested(ctx context.Context, msg protocol.Message) {
	var push protocol.OAuthRequestPush
	handle := c.config.OnOAuthRequest
	if !c.concerns(msg, handle != nil, &push) {
		return
	}
	request := PendingOAuthRequest{
		ID: push.RequestID, Asker: askerOf(push.Asker), Challenge: protocol.OrEmpty(push.Challenge), secrets: c.Secrets(),
		OAuthRequest: OAuthRequest{
			Connector: connectorOf(push.Request.Connector), Client: clientOf(push.Request.OAuth),
			RedirectURI:   push.Request.RedirectURI,
			ParticipantID: push.Request.ParticipantID,
			DelegateTo:    protocol.OrEmpty(push.Request.DelegateTo),
			Timeout:       protocol.RequestTimeout(push.Request.Timeout),
		},
	}
	c.handle(ctx, arrival{request.ID, request.Timeout, len(msg.Data)}, func(ctx context.Context) { handle(ctx, request) })
}

// concerns reads a push into the header unless there is no handler. A push that makes no
// sense is ignored, as the SDKs do: it is the fault of the participant who asks, not of the
// room.
func (c *Conn) concerns(msg protocol.Message, handled bool, header any) bool {
	if !handled {
		c.log.Debug("ignored a request because there is no handler for it", "type", msg.Type)
		return false
	}
	if err := protocol.UnpackHeader(msg.Data, header); err != nil {
		c.log.Debug("ignored a request that makes no sense", "type", msg.Type)
		return false
	}
	return true
}

// handle has the handler of a request run, at once or when it is its turn; neither the reader
// nor the end of the connection waits for it.
func (c *Conn) handle(ctx context.Context, push arrival, handler func(context.Context)) {
	deadline := time.Now().Add(push.timeout)
	refusal := c.asked.take(push.id, push.size, func() {
		ctx, cancel := context.WithDeadline(ctx, deadline)
		defer cancel()
		if ctx.Err() == nil { // else nobody waits any more
			handler(ctx)
		}
	})
	if refusal != "" {
		c.log.Debug("ignored a request", "reason", refusal)
	}
}

// arrival is what matters of a request to whoever has it handled. The size is that of the
// message, in bytes.
type arrival struct {
	id      string
	timeout time.Duration
	size    int
}
