// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomclient

import (
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// corkLimit is how many bytes are gathered before they are sent whatever follows.
const corkLimit = 64 << 10

// corkedConn gathers the packets of a message, and of the messages behind it, into one
// write. A call is two WebSocket messages, and without this two system calls and two TCP
// segments. It lies below TLS, so it works for both.
type corkedConn struct {
	net.Conn
	closing atomic.Bool

	mu      sync.Mutex
	corked  bool
	timeout time.Duration
	buf     []byte
}

// cork begins gathering. Each write of what is gathered may take as long as timeout.
func (c *corkedConn) cork(timeout time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.corked, c.timeout = true, timeout
}

// uncork sends what was gathered and lets later writes through.
func (c *corkedConn) uncork() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.corked = false
	return c.flush()
}

// Write implements [net.Conn].
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
	if err := c.SetWriteDeadline(time.Now().Add(c.timeout)); err != nil {
		return err
	}
	_, err := c.Conn.Write(c.buf)
	clear(c.buf) // over a plain connection it held values
	c.buf = c.buf[:0]
	return err
}

// hurry limits all writes, the one under way as well, to closeGrace from now.
func (c *corkedConn) hurry() {
	c.closing.Store(true)
	_ = c.SetWriteDeadline(time.Time{})
}

// SetWriteDeadline implements [net.Conn]. Whoever comes last, it or hurry, sees the other.
func (c *corkedConn) SetWriteDeadline(t time.Time) error {
	err := c.Conn.SetWriteDeadline(t)
	if c.closing.Load() {
		return c.Conn.SetWriteDeadline(time.Now().Add(closeGrace))
	}
	return err
}
