// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomclient

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"unicode"

	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
)

// Ticket is what it takes to connect to a room.
type Ticket struct {
	// URL is the complete URL of the room.
	URL string
	// Token is a participant token; how long it is good for is the service's matter.
	Token Bytes
	// Room and ProjectID are what the service calls them.
	Room, ProjectID string
}

// TicketSource gives a room's URL and a participant token together. The rules of
// [TokenSource] are its rules.
type TicketSource func(ctx context.Context) (Ticket, error)

// Connect asks for a ticket to the room; nothing is connected by it (room protocol, section
// 6.4). The token has the rights of whoever the bearer token belongs to.
func (r *REST) Connect(ctx context.Context, room string) (Ticket, error) {
	const name = "connect"
	var answer protocol.ConnectResponse
	err := r.do(ctx, restCall{name: name, method: http.MethodPost, room: room, path: "/connect", body: struct{}{}}, &answer)
	if err != nil {
		return Ticket{}, err
	}
	if answer.JWT == "" || answer.RoomURL == "" {
		return Ticket{}, unexpectedAnswer("rest." + name)
	}
	return Ticket{URL: answer.RoomURL, Token: Bytes(answer.JWT), Room: answer.RoomName, ProjectID: answer.ProjectID}, nil
}

// Tickets asks for a fresh ticket to the room for every attempt to connect. It is meant for
// Config.Ticket.
func (r *REST) Tickets(room string) TicketSource {
	return func(ctx context.Context) (Ticket, error) { return r.Connect(ctx, room) }
}

const opToken = "token"

// tokenFrom asks a source, which may be anybody's.
func tokenFrom(ctx context.Context, source TokenSource) (string, error) {
	token, err := source(ctx)
	switch {
	case err != nil:
		return "", because(opToken, err)
	case token == "":
		err = errors.New("the token source gave an empty token")
	case strings.ContainsFunc(token, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }):
		err = errors.New("the token source gave a token with white space or a control character in it")
	default:
		return token, nil
	}
	return "", &Error{Op: opToken, Kind: ErrInvalid, Err: err, terminal: true}
}

// admission is where to connect to and with which token. The endpoint is that of the config
// unless the ticket says where.
func admission(ctx context.Context, config Config, target endpoint) (endpoint, string, error) {
	if config.Ticket == nil {
		token, err := tokenFrom(ctx, config.Token)
		return target, token, err
	}
	ticket, err := config.Ticket(ctx)
	if err != nil {
		return endpoint{}, "", because(opToken, err)
	}
	if len(ticket.Token) == 0 {
		return endpoint{}, "", &Error{Op: opToken, Kind: ErrInvalid, Err: errors.New("the ticket has no token"), terminal: true}
	}
	target, err = parseEndpoint(ticket.URL, config.Room)
	if err != nil {
		return endpoint{}, "", &Error{Op: opToken, Kind: ErrProtocol, Err: err}
	}
	return target, string(ticket.Token), nil
}

// because makes an error of one that may be ours, and keeps what a caller goes by.
func because(op string, err error) *Error {
	return &Error{Op: op, Err: err, RetryAfter: askedDelay(err), terminal: IsTerminal(err)}
}
