// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomclient

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
)

// What can go wrong, for [errors.Is]. Every error of this package is an [*Error] that
// wraps at most one of these and, where there is one, the cause; a call that ends with
// its context also wraps the error of the context.
var (
	// ErrClosed: the connection ended, or was closed by us, before the answer came. The
	// call may or may not have taken effect.
	ErrClosed = errors.New("connection closed")
	// ErrNotConnected: the session is not connected; nothing was sent.
	ErrNotConnected = errors.New("not connected")
	// ErrUnauthorized: the room, or the REST API, does not accept the token (status 401).
	ErrUnauthorized = errors.New("unauthorized")
	// ErrForbidden: the token does not allow it: status 403, a connection refused with
	// close code 1008, or error code 1001.
	ErrForbidden = errors.New("forbidden")
	// ErrRoomNotFound: there is no such room (status 404 or 410).
	ErrRoomNotFound = errors.New("room not found")
	// ErrRoomDisabled: the room exists and is switched off (status 423).
	ErrRoomDisabled = errors.New("room disabled")
	// ErrNotFound: the room says that it has no such secret, no token, no such participant
	// to ask, or no such request that waits for an answer. It is a positive answer, and
	// nothing else ever becomes this error.
	ErrNotFound = errors.New("not found")
	// ErrUnsupported: the room does not offer the tool (error code 1003 from a tool that
	// says "no such secret" in another way).
	ErrUnsupported = errors.New("not supported by the room")
	// ErrInvalid: what was asked for makes no sense: a bad Config or request, status 400
	// or error code 1002.
	ErrInvalid = errors.New("invalid")
	// ErrTooLarge: the request is larger than MaxMessage or MaxBody and was not sent, or than
	// the service takes (status 413), or the answer is larger than MaxMessage.
	ErrTooLarge = errors.New("too large")
	// ErrProtocol: the peer does not speak the room protocol as we know it.
	ErrProtocol = errors.New("protocol error")
)

// Error is every error of this package. Its text never contains a token, a URL or
// anything the server wrote.
type Error struct {
	// Op is what was being done: "config", "token", "dial", "start", "read", "write",
	// "close", "wait", "authorize", a tool such as "secrets.get_secret", or a REST call such
	// as "rest.get_secret".
	Op string
	// Kind is one of the Err values above, or nil for what is none of them: a network
	// error, a deadline, a server that is busy.
	Kind error
	// Code is the code of an error content; 0: none.
	Code protocol.Code
	// Status is the HTTP status of a refused upgrade or REST call; 0: none.
	Status int
	// CloseCode is the WebSocket close code that ended the connection; 0: none.
	CloseCode int
	// RetryAfter is how long the server asked us to wait; 0: it did not.
	RetryAfter time.Duration
	// Text is what the server wrote about it, at most 200 printable characters. It is not
	// part of Error() because a server may repeat what was sent to it.
	Text string
	// Err is the cause; its text is part of Error().
	Err error

	terminal bool
}

// Error implements error.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("roomclient: " + e.Op)
	for _, part := range []error{e.Kind, e.Err} {
		if part != nil {
			b.WriteString(": " + strings.TrimPrefix(part.Error(), "roomclient: "))
		}
	}
	if e.Status != 0 {
		b.WriteString(": ")
		if e.Op == opDial {
			b.WriteString("websocket connect failed with ")
		}
		fmt.Fprintf(&b, "status %d", e.Status)
	}
	if e.CloseCode != 0 {
		fmt.Fprintf(&b, ": closed with code %d", e.CloseCode)
	}
	if e.Code != 0 {
		fmt.Fprintf(&b, ": error content with code %d (%s)", int(e.Code), e.Code)
	}
	return b.String()
}

// Unwrap gives the kind and the cause to [errors.Is] and [errors.As].
func (e *Error) Unwrap() []error {
	wrapped := make([]error, 0, 2)
	for _, part := range []error{e.Kind, e.Err} {
		if part != nil {
			wrapped = append(wrapped, part)
		}
	}
	return wrapped
}

// Terminal reports that the same thing would fail in the same way again, until somebody
// changes the configuration, the credentials or the room. Everything else is temporary
// and worth another try after a while.
func (e *Error) Terminal() bool { return e.terminal }

// IsTerminal reports whether err is an [*Error] that is terminal.
func IsTerminal(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.terminal
}
