// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomclient

import (
	"errors"
	"time"

	"github.com/gorilla/websocket"
)

const (
	// outboxSize lets calls queue behind a message that is being written.
	outboxSize = 64
	// maxBatch bounds the messages of one batch, so that the first does not wait for long.
	maxBatch = 64
)

// writer owns the sending side of a connection: it sends the packets of one message
// together, pings in between, and ends the connection.
type writer struct {
	*Conn
	ping   *time.Ticker
	packet []byte // memory to use again
}

func (c *Conn) write() {
	defer close(c.done)
	w := writer{Conn: c, ping: time.NewTicker(c.config.PingInterval)}
	defer w.ping.Stop()
	for {
		var err error
		select {
		case msg := <-c.outbox:
			err = w.writeBatch(msg)
		case <-w.ping.C:
			err = w.sendPing()
		case <-c.ending:
			w.sayGoodbye()
			return
		}
		if err != nil {
			w.fail(err)
		}
	}
}

// writeBatch sends a message and those that queue behind it in as few writes as possible.
func (w *writer) writeBatch(msg outgoing) error {
	w.wire.Cork(w.config.WriteTimeout)
	err := w.writeMessage(msg)
	for n := 1; err == nil && n < maxBatch; n++ {
		next, more := w.queued()
		if !more {
			break
		}
		err = w.writeMessage(next)
	}
	return errors.Join(err, w.wire.Uncork())
}

// queued takes the next message if there is one already.
func (w *writer) queued() (outgoing, bool) {
	select {
	case msg := <-w.outbox:
		return msg, true
	default:
		return outgoing{}, false
	}
}

func (w *writer) writeMessage(msg outgoing) error {
	defer msg.memory.release()
	for i := range msg.PacketCount() {
		if err := w.betweenPackets(); err != nil {
			return err
		}
		w.packet = msg.AppendPacket(w.packet[:0], i)
		if err := w.ws.WriteMessage(websocket.BinaryMessage, w.packet); err != nil {
			return err
		}
	}
	return nil
}

// betweenPackets stops when the connection is ending, and pings when it is time: a large
// message over a slow network may take longer than the silence that counts as a loss.
func (w *writer) betweenPackets() error {
	select {
	case <-w.ending:
		return w.err
	case <-w.ping.C:
		return w.sendPing()
	default:
		return nil
	}
}

func (w *writer) sendPing() error {
	return w.ws.WriteControl(websocket.PingMessage, nil, time.Now().Add(w.config.WriteTimeout))
}

// fail ends the connection because of a write. When the peer has closed it, writing fails
// too, and only the reader knows the close code: it gets the time to say so.
func (w *writer) fail(err error) {
	if !isTimeout(err) {
		w.awaitReader()
	}
	w.end(&Error{Op: "write", Kind: ErrClosed, Err: safeCause(err, errNoWebSocket)}, 0)
}

// sayGoodbye tells the peer why, gives it a moment to answer, and drops the connection.
// It runs when the connection is ending, so nothing else is written.
func (w *writer) sayGoodbye() {
	if w.closeCode != 0 {
		frame := websocket.FormatCloseMessage(w.closeCode, "")
		if w.ws.WriteControl(websocket.CloseMessage, frame, time.Now().Add(closeGrace)) == nil {
			w.awaitReader()
		}
	}
	_ = w.ws.Close()
	<-w.readDone
}

func (w *writer) awaitReader() {
	grace := time.NewTimer(closeGrace)
	defer grace.Stop()
	select {
	case <-w.readDone:
	case <-grace.C:
	}
}
