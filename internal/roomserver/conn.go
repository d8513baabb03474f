// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomserver

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/gorilla/websocket"
	"golang.org/x/time/rate"

	"github.com/roomsecrets/roomsecret-operator/roomclient/cork"
	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
)

// conn is one participant's connection. The goroutine that runs serve is its reader.
type conn struct {
	server *Server
	socket *websocket.Conn
	wire   *cork.Conn // below the socket
	who    participant
	url    string // the room's URL as this client reached it

	out    chan protocol.Message // unbuffered: a message handed over is a message being written
	ready  chan struct{}         // closed when the client has been told that it is
	gone   chan struct{}         // closed when the writer has ended
	nextID atomic.Uint64         // of messages that are not responses
	beside sync.WaitGroup        // calls that wait, beside the reader
}

func (s *Server) connection(socket *websocket.Conn, wire *cork.Conn, who participant, r *http.Request) *conn {
	who.waits = newPlaces(s.config.Limits.MaxWaiting)
	return &conn{
		server: s, socket: socket, wire: wire, who: who, url: roomURL(r, who.room),
		out: make(chan protocol.Message), ready: make(chan struct{}), gone: make(chan struct{}),
	}
}

// roomURL is a room's URL for whoever has sent the request.
func roomURL(r *http.Request, room string) string {
	scheme := "ws"
	if r.TLS != nil {
		scheme = "wss"
	}
	return scheme + "://" + r.Host + "/rooms/" + room
}

// serve runs the connection until either side ends it.
func (c *conn) serve(ctx context.Context) {
	s, began := c.server, time.Now()
	s.hub.add(c)
	defer s.hub.remove(c)
	ctx, cancel := context.WithCancel(ctx)
	defer c.beside.Wait()
	defer cancel()
	s.log.Info("participant joined", "participant", c.who)

	end := ending{endedByPanic, websocket.CloseInternalServerErr, "internal error"}
	ended := make(chan ending, 1)
	var writer sync.WaitGroup
	var lost error
	writer.Go(func() { lost = c.write(ended) })
	defer func() { // also when the reader panics: no goroutine and no socket stays behind
		ended <- end
		writer.Wait()
		_ = c.socket.Close()
		if lost != nil {
			end.reason = writeFailure(lost)
		}
		s.metrics.disconnects.WithLabelValues(end.reason).Inc()
		s.log.Info("participant left", "participant", c.who, "reason", end.reason, "duration", time.Since(began))
	}()
	if who := c.who.known; who != nil {
		c.beside.Go(func() { c.tell(ctx, who) })
	}
	end = endingOf(c.read(ctx))
}

// abort ends the connection by force; reader and writer notice.
func (c *conn) abort() { _ = c.socket.Close() }

// read lets the participant in and then carries out what it sends, one message after the other. Its error
// says why it stopped.
func (c *conn) read(ctx context.Context) error {
	limits, faults := c.server.config.Limits, c.server.faults
	pace := newPace(limits.MaxRate)
	assembler := protocol.Assembler{MaxMessage: limits.MaxMessage}
	c.socket.SetReadLimit(protocol.DefaultMaxChunk + packetOverhead)
	c.socket.SetPongHandler(func(string) error { return c.await() })
	if c.server.hub.isLeaving() {
		return errNotReady
	}
	if err := faults.closing(""); err != nil {
		return err
	}
	c.server.roster.join(c) // before the client knows its id: whoever it tells can ask it
	defer c.server.roster.leave(c)
	defer c.server.attendance.leave(c.who)
	if err := c.start(); err != nil {
		return err
	}
	close(c.ready)
	for {
		message, err := c.receive(&assembler)
		if err != nil {
			return err
		}
		if err := pace.Wait(ctx); err != nil {
			return err
		}
		if err := c.respond(ctx, c.server.desk.answer(ctx, c.who, message)); err != nil {
			return err
		}
	}
}

// newPace slows a connection down to that many messages a second; 0 is no limit.
func newPace(perSecond int) *rate.Limiter {
	if perSecond == 0 {
		return rate.NewLimiter(rate.Inf, 0)
	}
	return rate.NewLimiter(rate.Limit(perSecond), perSecond)
}

// respond sends an answer, or sees to it that one that takes time is sent when it is there.
func (c *conn) respond(ctx context.Context, r response) error {
	if err := c.server.faults.closing(r.tool); err != nil {
		return err
	}
	switch {
	case r.later != nil:
		c.beside.Go(func() { c.respondLater(ctx, r) })
		return nil
	case r.message != nil:
		return c.deliver(ctx, r.tool, *r.message)
	default:
		return nil
	}
}

func (c *conn) respondLater(ctx context.Context, r response) {
	defer c.contain(r.tool)
	if err := c.deliver(ctx, r.tool, r.later(ctx)); err != nil {
		c.abort()
	}
}

// contain is deferred by what runs beside the reader: only this connection pays when it panics, as net/http sees to
// for the reader.
func (c *conn) contain(tool string) {
	if cause := recover(); cause != nil {
		c.server.log.Error("a call panicked", "tool", tool, "panic", cause, "stack", string(debug.Stack()))
		c.abort()
	}
}

// tell pushes what there is to be told of other participants, as fast as this one takes it.
func (c *conn) tell(ctx context.Context, who *attendee) {
	defer c.contain(protocol.ToolEnable)
	for {
		select {
		case <-who.wake:
		case <-ctx.Done():
			return
		}
		for ctx.Err() == nil {
			news, ok := c.server.attendance.next(c.who)
			if !ok {
				break
			}
			data, err := protocol.Pack(news, nil)
			if err != nil { // cannot be: all of it was encoded before
				c.server.log.Error("news of participants do not encode", "error", err)
				break
			}
			c.push(ctx, protocol.TypeMessagingSend, data)
		}
	}
}

// deliver sends the answer to a call of a tool, unless a fault delays it or loses it.
func (c *conn) deliver(ctx context.Context, tool string, answer protocol.Message) error {
	if err := c.server.faults.delaying(ctx, tool); err != nil {
		return err
	}
	if c.server.faults.dropping(tool) {
		return nil
	}
	return c.send(answer)
}

// push sends a message of our own to a participant who did not ask for it, once they are ready. It gives up when
// ctx is done.
func (c *conn) push(ctx context.Context, kind string, data []byte) {
	select {
	case <-c.ready:
	case <-c.gone:
		return
	case <-ctx.Done():
		return
	}
	message := protocol.Message{ID: c.nextID.Add(1) - 1, Type: kind, Data: data}
	select {
	case c.out <- message:
	case <-c.gone:
	case <-ctx.Done():
	}
}

// packetOverhead is more than the bytes of a packet that are not data.
const packetOverhead = 512

// start tells the client that the room is ready and who it is (room protocol, section 1.6).
func (c *conn) start() error {
	session := uuid.NewSHA1(c.server.session, []byte(c.who.room)).String()
	return errors.Join(
		c.announce(protocol.TypeRoomReady, protocol.RoomReady{RoomName: c.who.room, RoomURL: c.url, SessionID: session}),
		c.announce(protocol.TypeConnected, protocol.Connected{
			Type: protocol.ConnectedInit, ParticipantID: c.who.id, Attributes: map[string]any{"name": c.who.identity},
		}),
	)
}

// announce sends a message of our own, which nobody answers.
func (c *conn) announce(kind string, header any) error {
	data, err := protocol.Pack(header, nil)
	if err != nil {
		return err
	}
	return c.send(protocol.Message{ID: c.nextID.Add(1) - 1, Type: kind, Data: data})
}

// receive reads packets until a message is complete.
func (c *conn) receive(assembler *protocol.Assembler) (protocol.Message, error) {
	for {
		if err := c.await(); err != nil {
			return protocol.Message{}, err
		}
		kind, packet, err := c.socket.ReadMessage()
		switch {
		case err != nil && c.server.hub.isLeaving():
			return protocol.Message{}, errLeaving
		case err != nil:
			return protocol.Message{}, err
		case kind != websocket.BinaryMessage:
			return protocol.Message{}, errText
		}
		message, complete, err := assembler.Add(packet)
		if err != nil || complete {
			return message, err
		}
	}
}

// await allows the peer two ping intervals of silence from now on. It fails once the server is closing: the
// writer wakes a reader that waits at that time, and this check catches one that was busy.
func (c *conn) await() error {
	silence := 2 * c.server.config.Limits.PingInterval
	if err := c.socket.SetReadDeadline(time.Now().Add(silence)); err != nil {
		return err
	}
	if c.server.hub.isLeaving() {
		return errLeaving
	}
	return nil
}

// send hands a message to the writer and waits until it has taken it.
func (c *conn) send(message protocol.Message) error {
	select {
	case c.out <- message:
		return nil
	case <-c.gone:
		return errGone
	}
}

// drain reads what the peer has sent before it got our close frame. Closing a socket with unread bytes would
// reset it, and the reset can overtake the close frame.
func drain(socket net.Conn) {
	if socket.SetReadDeadline(time.Now().Add(drainTime)) == nil {
		_, _ = io.CopyN(io.Discard, socket, drainBytes)
	}
}

const (
	drainTime  = time.Second
	drainBytes = 8 << 20
)
