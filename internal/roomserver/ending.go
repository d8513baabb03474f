// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomserver

import (
	"errors"
	"net"

	"github.com/gorilla/websocket"

	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
)

// ending is why a connection ended and what the peer is told.
type ending struct {
	reason string // label of a metric
	code   int    // close code; 0: nothing is said, the peer has gone or does not listen
	text   string
}

// What the reader finds besides the errors of the socket and of the protocol.
var (
	errLeaving  = errors.New("roomserver: closing")
	errNotReady = errors.New("roomserver: closing before the room was ready")
	errText     = errors.New("roomserver: text message")
	errGone     = errors.New("roomserver: writer has ended")
)

// endingOf says how to end a connection after an error of its reader.
//
// At shutdown clients shall come back. By the table in section 1.7 of the room protocol the TypeScript SDK
// reconnects after any code but 1000, and the Python SDK only after 1013, and only before the room is ready.
// So it is 1013 (try again later) before, and 1012 (service restart) after: the code that says what happens.
func endingOf(err error) ending {
	var framing *protocol.FramingError
	var closed *websocket.CloseError
	var network net.Error
	var fault *closeError
	switch {
	case errors.As(err, &fault):
		return ending{"fault", fault.code, "fault injected for a test"}
	case errors.Is(err, errLeaving):
		return ending{"shutdown", websocket.CloseServiceRestart, "server restarts"}
	case errors.Is(err, errNotReady):
		return ending{"shutdown", websocket.CloseTryAgainLater, "server restarts"}
	case errors.Is(err, errText):
		return ending{"protocol", websocket.CloseUnsupportedData, "text messages are not part of the protocol"}
	case errors.As(err, &framing):
		return ending{"protocol", websocket.CloseProtocolError, framing.Reason}
	case errors.Is(err, protocol.ErrTooLarge), errors.Is(err, websocket.ErrReadLimit):
		return ending{"too_large", websocket.CloseMessageTooBig, "message too large"}
	case errors.As(err, &closed) && closed.Code != websocket.CloseAbnormalClosure: // that is the end of the stream
		return ending{"peer", 0, ""}
	case errors.As(err, &network) && network.Timeout():
		return ending{"timeout", 0, ""}
	case closed != nil, network != nil, errors.Is(err, errGone):
		return ending{"lost", 0, ""}
	default: // what is left is the library's complaint about a frame, which it has told the peer
		return ending{"protocol", websocket.CloseProtocolError, "invalid frame"}
	}
}
