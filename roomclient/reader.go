// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomclient

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/gorilla/websocket"

	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
)

// maxPacket is the largest WebSocket message we take, in bytes: peers send packets of a
// little more than 1 KiB, and more is tolerated.
const maxPacket = protocol.DefaultMaxChunk + 1024

// maxSkip is the most data bytes of a message beyond MaxMessage that we read, without keeping
// them, for the sake of the other calls of the connection.
const maxSkip = 64 << 20

// read owns the receiving side until the connection ends.
func (c *Conn) read(ctx context.Context) {
	defer close(c.readDone)
	c.ws.SetReadLimit(maxPacket)
	c.ws.SetPongHandler(func(string) error { return c.heard() })
	answer := c.ws.PingHandler()
	c.ws.SetPingHandler(func(data string) error { return errors.Join(c.heard(), answer(data)) })
	err := c.receive(ctx)
	c.end(readError(c.phase(), err), closeCodeFor(err))
}

const (
	opDial  = "dial"
	opStart = "start"
	opRead  = "read"
)

// phase names what a failure interrupts.
func (c *Conn) phase() string {
	select {
	case <-c.ready:
		return opRead
	default:
		return opStart
	}
}

// receive puts packets together and dispatches messages until something fails.
func (c *Conn) receive(ctx context.Context) error {
	assembler := protocol.Assembler{MaxMessage: c.config.MaxMessage, MaxSkip: maxSkip}
	var packet []byte
	for {
		if err := c.heard(); err != nil {
			return err
		}
		kind, r, err := c.ws.NextReader()
		if err != nil {
			return err
		}
		if kind != websocket.BinaryMessage {
			return &protocol.FramingError{Reason: "text message"}
		}
		if packet, err = readInto(packet[:0], r); err != nil {
			return err
		}
		msg, complete, err := assembler.Add(packet)
		switch {
		case complete && errors.Is(err, protocol.ErrTooLarge):
			c.passedOver(msg)
			continue
		case err != nil:
			return err
		case !complete:
			continue
		}
		if err := c.dispatch(ctx, msg); err != nil {
			return err
		}
	}
}

// passedOver ends the call whose answer was larger than MaxMessage. Other messages of that size
// are of no use without their data, and concern nobody.
func (c *Conn) passedOver(msg protocol.Message) {
	if msg.Type == protocol.TypeResponse && c.calls.refuse(msg.ID) {
		return
	}
	c.log.Debug("ignored a message beyond MaxMessage", "id", msg.ID)
}

// heard puts off the moment at which silence means that the connection is lost.
func (c *Conn) heard() error {
	return c.ws.SetReadDeadline(time.Now().Add(c.config.ReadTimeout))
}

// dispatch hands a message to whom it concerns. Unknown types and responses that nobody
// waits for are ignored, as the protocol wants (sections 2 and 2.2).
func (c *Conn) dispatch(ctx context.Context, msg protocol.Message) error {
	switch msg.Type {
	case protocol.TypeResponse:
		if !c.calls.deliver(msg.ID, msg.Data) {
			c.log.Debug("ignored a response that nobody waits for", "id", msg.ID)
		}
	case protocol.TypeRoomReady, protocol.TypeConnected:
		complete, err := c.startup.take(msg)
		if complete {
			close(c.ready)
		}
		return err
	case protocol.TypeRequestSecret:
		c.secretRequested(ctx, msg)
	case protocol.TypeRequestOAuthToken:
		c.oauthRequested(ctx, msg)
	case protocol.TypeMessagingSend:
		c.participantsTold(msg)
	case protocol.TypeRoomStatus:
		c.log.Debug("the room is starting")
	default:
		c.log.Debug("ignored a message of unknown type", "type", msg.Type)
	}
	return nil
}

// closeCodeFor is the close code by which the peer learns of its fault; 0 when it cannot
// be told or, as gorilla has then done it, has been.
func closeCodeFor(err error) int {
	_, framing := errors.AsType[*protocol.FramingError](err)
	switch {
	case framing:
		return websocket.CloseProtocolError
	case errors.Is(err, protocol.ErrMalformed):
		return websocket.CloseInvalidFramePayloadData
	case errors.Is(err, protocol.ErrTooLarge):
		return websocket.CloseMessageTooBig
	default:
		return 0
	}
}

// readInto is [io.ReadAll] into memory that is used again.
func readInto(buf []byte, r io.Reader) ([]byte, error) {
	for {
		if len(buf) == cap(buf) {
			buf = append(buf, 0)[:len(buf)]
		}
		n, err := r.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if errors.Is(err, io.EOF) {
			return buf, nil
		}
		if err != nil {
			return buf, err
		}
	}
}
