// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomserver

import (
	"errors"
	"net"
	"time"

	"github.com/gorilla/websocket"

	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
)

// write owns the sending side of the socket until the reader has ended or a write fails. It returns the
// error of a write; then the socket is closed, which ends the reader.
func (c *conn) write(ended <-chan ending) error {
	defer close(c.gone)
	ping := time.NewTicker(c.server.config.Limits.PingInterval)
	defer ping.Stop()
	leaving := c.server.hub.leaving
	for {
		var err error
		select {
		case message := <-c.out:
			err = c.writeMessage(message)
		case <-ping.C:
			err = c.socket.WriteControl(websocket.PingMessage, nil, c.writeDeadline())
		case <-leaving:
			leaving = nil                              // once is enough
			err = c.socket.SetReadDeadline(time.Now()) // wakes the reader
		case end := <-ended:
			c.farewell(end)
			return nil
		}
		if err != nil {
			c.abort()
			return err
		}
	}
}

// writeMessage sends all packets of a message; nothing comes between them because nobody else writes.
func (c *conn) writeMessage(message protocol.Message) error {
	c.server.metrics.sizes.WithLabelValues(sent).Observe(float64(len(message.Data)))
	c.wire.Cork(c.server.config.Limits.WriteTimeout)
	for packet := range message.Packets() {
		if err := c.socket.WriteMessage(websocket.BinaryMessage, packet); err != nil {
			return err
		}
	}
	return c.wire.Uncork()
}

func (c *conn) writeDeadline() time.Time {
	return time.Now().Add(c.server.config.Limits.WriteTimeout)
}

// farewell says goodbye to a peer that may still listen.
func (c *conn) farewell(end ending) {
	if end.code == 0 {
		return
	}
	goodbye := websocket.FormatCloseMessage(end.code, end.text)
	err := c.socket.WriteControl(websocket.CloseMessage, goodbye, c.writeDeadline())
	if err == nil || errors.Is(err, websocket.ErrCloseSent) { // sent by the library, for a message over its limit
		drain(c.socket.NetConn())
	}
}

// writeFailure is the reason label of a connection that ended because of a failed write.
func writeFailure(err error) string {
	var network net.Error
	if errors.As(err, &network) && network.Timeout() {
		return "slow"
	}
	return "lost"
}
