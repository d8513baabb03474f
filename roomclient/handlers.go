// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomclient

import (
	"context"
	"time"

	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
)

const (
	// rememberedRequests is how many requests a repetition is recognised of.
	rememberedRequests = 1024
	// maxRequestID bounds what remembering takes, in bytes; the SDKs' ids are UUIDs.
	maxRequestID = 256
)

// requests is what this participant is asked for on one connection: each request once, and
// not too many at a time. The reader alone takes requests up.
type requests struct {
	places chan struct{} // a semaphore: one for each handler that runs
	seen   map[string]struct{}
	order  []string // a ring once it is full
	next   int
}

func newRequests(limit int) requests {
	return requests{places: make(chan struct{}, limit), seen: make(map[string]struct{})}
}

// take reserves a place for the request, or says why not.
func (r *requests) take(id string) (refusal string) {
	if len(id) > maxRequestID {
		return "its id is too long"
	}
	if _, ok := r.seen[id]; ok {
		return "it is a repetition"
	}
	select {
	case r.places <- struct{}{}:
	default:
		return "all handlers are busy"
	}
	r.remember(id)
	return ""
}

func (r *requests) remember(id string) {
	r.seen[id] = struct{}{}
	if len(r.order) < rememberedRequests {
		r.order = append(r.order, id)
		return
	}
	delete(r.seen, r.order[r.next])
	r.order[r.next] = id
	r.next = (r.next + 1) % rememberedRequests
}

// release gives the place of a request back. It may be called from any goroutine.
func (r *requests) release() { <-r.places }

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
	c.handle(ctx, request.ID, request.Timeout, func(ctx context.Context) { handle(ctx, request) })
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
	c.handle(ctx, request.ID, request.Timeout, func(ctx context.Context) { handle(ctx, request) })
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

// handle runs the handler of a request; it never waits for it, and neither does the end of
// the connection.
func (c *Conn) handle(ctx context.Context, id string, timeout time.Duration, handler func(context.Context)) {
	if refusal := c.asked.take(id); refusal != "" {
		c.log.Debug("ignored a request", "reason", refusal)
		return
	}
	go func() {
		defer c.asked.release()
		ctx, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		handler(ctx)
	}()
}
