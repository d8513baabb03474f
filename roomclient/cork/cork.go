// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

// Package cork gathers small writes to a connection into large ones: a call, like an answer,
// is two WebSocket messages at least, and would be as many system calls and TCP segments.
// It lies below TLS and WebSocket, on both sides.
package cork

import (
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// limit is how many bytes are gathered before they are sent whatever follows.
const limit = 64 << 10

// Conn is a connection whose writes can be held back to go out together. Its methods may be
// called concurrently.
type Conn struct {
	net.Conn
	// Keep is how much memory is kept while nothing is gathered, in bytes. 0: all that was
	// needed, which is not much more than 64 KiB.
	Keep int

	grace atomic.Int64 // of Hurry, as a time.Duration; 0: there is no hurry

	mu      sync.Mutex
	corked  bool
	timeout time.Duration
	buf     []byte
}

// Cork begins to gather. Each write of what is gathered may take as long as timeout.
func (c *Conn) Cork(timeout time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.corked, c.timeout = true, timeout
}

// Uncork sends what was gathered and lets later writes through.
func (c *Conn) Uncork() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.corked = false
	return c.flush()
}

// Write implements [net.Conn]. While the connection is corked, an error may be that of
// earlier bytes.
func (c *Conn) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.corked {
		return c.Conn.Write(p)
	}
	c.buf = append(c.buf, p...)
	if len(c.buf) < limit {
		return len(p), nil
	}
	if err := c.flush(); err != nil {
		return 0, err
	}
	return len(p), nil
}

func (c *Conn) flush() error {
	if len(c.buf) == 0 {
		return nil
	}
	if err := c.setWriteDeadline(time.Now().Add(c.timeout)); err != nil {
		return err
	}
	_, err := c.Conn.Write(c.buf)
	clear(c.buf) // without TLS it held values
	c.buf = c.buf[:0]
	if c.Keep > 0 && cap(c.buf) > c.Keep {
		c.buf = nil
	}
	return err
}

// SetWriteDeadline implements [net.Conn]. It waits for a write that is under way: the
// deadline is for the next one. Whoever reads sets one to answer a ping, and must not cut
// short what the peer takes slowly.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.setWriteDeadline(t)
}

// setWriteDeadline and Hurry may meet: whoever comes last sees the other.
func (c *Conn) setWriteDeadline(t time.Time) error {
	err := c.Conn.SetWriteDeadline(t)
	if grace := time.Duration(c.grace.Load()); grace > 0 {
		return c.Conn.SetWriteDeadline(time.Now().Add(grace))
	}
	return err
}

// Hurry limits every write from now on to the time of grace, whatever deadline is set, and
// one that is under way to so long from now.
func (c *Conn) Hurry(grace time.Duration) {
	c.grace.Store(int64(grace))
	_ = c.Conn.SetWriteDeadline(time.Now().Add(grace))
}
