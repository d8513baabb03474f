// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomserver

import (
	"bufio"
	"net"
	"net/http"

	"github.com/roomsecrets/roomsecret-operator/roomclient/cork"
)

// corkKeep is how much memory each of many connections keeps for what it is going to send, in bytes.
const corkKeep = 4 << 10

// corker makes the connection that is hijacked from a request one that can be corked.
type corker struct {
	http.ResponseWriter

	conn *cork.Conn
}

// Hijack implements http.Hijacker.
func (c *corker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffers, err := http.NewResponseController(c.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	c.conn = &cork.Conn{Conn: conn, Keep: corkKeep}
	return c.conn, buffers, nil
}
