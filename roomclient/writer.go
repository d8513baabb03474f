// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomclient

import (
	"errors"
	"time"

	"github.com/gorilla/websocket"

	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
)

const (
	// outboxSize lets calls queue behind a message that is being written.
	outboxSize = 64
	// maxBatch bounds the messages of one batch, so that pings get their turn.
	maxBatch = 64
)

// write owns the sending side: it sends the packets of one message together, pings, and
// ends the connection.
func (c *Conn) write() {
	defer close(c.done)
	ping := time.NewTicker(c.config.PingInterval)
	defer ping.Stop()
	var packet []byte
	for {
		var err error
		select {
		case msg := <-c.outbox:
			packet, err = c.writeBatch(msg, packet)
		case <-ping.C:
			err = c.ws.WriteControl(websocket.PingMessage, nil, time.Now().Add(c.config.WriteTimeout))
		case <-c.ending:
			c.sayGoodbye()
			return
		}
		if err != nil {
			c.end(&Error{Op: "write", Kind: ErrClosed, Err: safeCause(err)}, 0)
		}
	}
}

// writeBatch sends a message and those that queue behind it in as few writes as possible.
// packet is memory to use again.
func (c *Conn) writeBatch(msg protocol.Message, packet []byte) ([]byte, error) {
	deadline := time.Now().Add(c.config.WriteTimeout)
	if err := c.ws.SetWriteDeadline(deadline); err != nil {
		return packet, err
	}
	c.cork.cork(deadline)
	packet, err := c.writeMessage(msg, packet)
	for n := 1; err == nil && n < maxBatch; n++ {
		next, more := c.queued()
		if !more {
			break
		}
		packet, err = c.writeMessage(next, packet)
	}
	return packet, errors.Join(err, c.cork.uncork())
}

// queued takes the next message if there is one already.
func (c *Conn) queued() (protocol.Message, bool) {
	select {
	case msg := <-c.outbox:
		return msg, true
	default:
		return protocol.Message{}, false
	}
}

// writeMessage stops between packets when the connection is ending.
func (c *Conn) writeMessage(msg protocol.Message, packet []byte) ([]byte, error) {
	for i := range msg.PacketCount() {
		if err := c.Err(); err != nil {
			return packet, err
		}
		packet = msg.AppendPacket(packet[:0], i)
		if err := c.ws.WriteMessage(websocket.BinaryMessage, packet); err != nil {
			return packet, err
		}
	}
	return packet, nil
}

// sayGoodbye tells the peer why, gives it a moment to answer, and drops the connection.
// It runs when the connection is ending, so nothing else is written.
func (c *Conn) sayGoodbye() {
	if c.closeCode != 0 {
		frame := websocket.FormatCloseMessage(c.closeCode, "")
		if c.ws.WriteControl(websocket.CloseMessage, frame, time.Now().Add(closeGrace)) == nil {
			c.awaitReader()
		}
	}
	_ = c.ws.Close()
	<-c.readDone
}

func (c *Conn) awaitReader() {
	grace := time.NewTimer(closeGrace)
	defer grace.Stop()
	select {
	case <-c.readDone:
	case <-grace.C:
	}
}
