// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomserver

import (
	"bufio"
	"net"
	"net/http"
	"sync"
	"time"
)

// corkedConn gathers the packets of a message into one write: an answer is two WebSocket messages at least, and
// without this as many system calls and TCP segments.
type corkedConn struct {
	net.Conn

	mu      sync.Mutex
	corked  bool
	timeout time.Duration // of each write of what was gathered
	buf     []byte
}

const (
	corkLimit = 64 << 10 // gathered at most
	corkKeep  = 4 << 10  // kept at most of the memory for it, while nothing is sent
)

// cork begins to gather, and uncork sends what was gathered.
func (c *corkedConn) cork(timeout time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.corked, c.timeout = true, timeout
}

func (c *corkedConn) uncork() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.corked = false
	return c.flush()
}

// Write implements net.Conn.
func (c *corkedConn) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.corked {
		return c.Conn.Write(p)
	}
	c.buf = append(c.buf, p...)
	if len(c.buf) < corkLimit {
		return len(p), nil
	}
	if err := c.flush(); err != nil {
		return 0, err
	}
	return len(p), nil
}

func (c *corkedConn) flush() error {
	if len(c.buf) == 0 {
		return nil
	}
	if err := c.Conn.SetWriteDeadline(time.Now().Add(c.timeout)); err != nil {
		return err
	}
	_, err := c.Conn.Write(c.buf)
	clear(c.buf) // it may have held a value
	c.buf = c.buf[:0]
	if cap(c.buf) > corkKeep {
		c.buf = nil
	}
	return err
}

// SetWriteDeadline implements net.Conn. It waits for a write that is under way: the deadline is for the next one.
// The reader sets one when it answers a ping, and must not cut a slow client's answer short.
func (c *corkedConn) SetWriteDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.Conn.SetWriteDeadline(t)
}

// corker makes the connection that is hijacked from a request one that can be corked.
type corker struct {
	http.ResponseWriter

	conn *corkedConn
}

// Hijack implements http.Hijacker.
func (c *corker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffers, err := http.NewResponseController(c.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	c.conn = &corkedConn{Conn: conn}
	return c.conn, buffers, nil
}
