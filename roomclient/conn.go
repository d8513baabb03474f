// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomclient

import (
	"context"
	"log/slog"
	"maps"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"github.com/roomsecrets/roomsecret-operator/roomclient/cork"
)

// closeGrace is how long a connection that is being closed waits for a peer that is slow
// to take the close frame, and then for its answer.
const closeGrace = time.Second

// Conn is one connection to a room. It is ready when [Dial] returns it, and once it has
// ended it stays so: nothing is sent again inside it. It is safe for concurrent use.
type Conn struct {
	config Config
	ws     *websocket.Conn
	wire   *cork.Conn // below the WebSocket
	log    *slog.Logger

	calls  callTable
	places chan struct{} // a semaphore: one for each call in flight
	memory buffers
	outbox chan outgoing

	startup startup
	ready   chan struct{} // closed when startup is complete
	asked   *requests
	others  *presence

	endOnce   sync.Once
	cancel    context.CancelFunc // of the context of the handlers
	ending    chan struct{}      // closed when err and closeCode are set
	err       error
	closeCode int           // what the peer is told; 0: nothing, the connection is broken
	readDone  chan struct{} // closed when the reader has ended
	done      chan struct{} // closed when both goroutines have ended
}

// newConn starts the goroutines of a connection. The context is only a source of values.
func newConn(ctx context.Context, config Config, ws *websocket.Conn, wire *cork.Conn) *Conn {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	c := &Conn{
		config: config, ws: ws, wire: wire, cancel: cancel,
		log:      config.Logger.With("room", config.Room),
		calls:    callTable{waiting: make(map[uint64]*waiter)},
		places:   make(chan struct{}, config.MaxInFlight),
		outbox:   make(chan outgoing, outboxSize),
		asked:    newRequests(config.MaxHandlers),
		others:   newPresence(config.moved),
		ready:    make(chan struct{}),
		ending:   make(chan struct{}),
		readDone: make(chan struct{}),
		done:     make(chan struct{}),
	}
	go c.read(ctx)
	go c.write()
	return c
}

// ParticipantID is the id by which other participants know this connection.
func (c *Conn) ParticipantID() string { return c.startup.participantID }

// RoomName is the name the room gave itself, or the configured one when it gave none.
func (c *Conn) RoomName() string {
	if name := c.startup.room.RoomName; name != "" {
		return name
	}
	return c.config.Room
}

// Attributes are the attributes the room gave this participant; "name" is usually the
// identity of the token. The map is a copy.
func (c *Conn) Attributes() map[string]any { return maps.Clone(c.startup.attributes) }

// Done is closed when the connection has ended and its goroutines with it.
func (c *Conn) Done() <-chan struct{} { return c.done }

// Err returns nil while the connection lives and the reason once it ends: an [*Error],
// which wraps [ErrClosed] alone after Close.
func (c *Conn) Err() error {
	select {
	case <-c.ending:
		return c.err
	default:
		return nil
	}
}

// Close ends the connection with close code 1000, fails the calls in flight with
// [ErrClosed], and returns when both goroutines have ended: within a few seconds, whatever
// the peer does. It may be called any number of times and always returns nil.
func (c *Conn) Close() error {
	c.end(&Error{Op: "close", Kind: ErrClosed}, websocket.CloseNormalClosure)
	<-c.done
	return nil
}

// end makes the connection end: it records why, fails all calls, and has the writer tell
// the peer. Only the first reason counts.
func (c *Conn) end(err *Error, closeCode int) {
	c.endOnce.Do(func() {
		c.err, c.closeCode = err, closeCode
		close(c.ending) // first, so that a call that fails finds Err set
		c.calls.fail(err)
		c.cancel()
		c.wire.Hurry(closeGrace)
	})
}
