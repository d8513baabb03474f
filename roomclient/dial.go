// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomclient

import (
	"context"
	"net"
	"net/http"
	"time"

	"github.com/gorilla/websocket"

	"github.com/roomsecrets/roomsecret-operator/roomclient/cork"
	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
)

// Dial connects to a room and returns when the room is ready for calls. The context
// bounds the attempt, not the life of the connection; the caller closes the connection.
// One call is one attempt: a [Session] tries again.
func Dial(ctx context.Context, config Config) (*Conn, error) {
	config, target, err := config.resolve()
	if err != nil {
		return nil, err
	}
	c, err := connect(ctx, config, target)
	if err != nil {
		return nil, err
	}
	if err := c.awaitReady(ctx, config.StartTimeout); err != nil {
		_ = c.Close()
		return nil, err
	}
	return c, nil
}

// connect makes the WebSocket connection: token, TCP, TLS, upgrade.
func connect(ctx context.Context, config Config, target endpoint) (*Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, config.DialTimeout)
	defer cancel()
	target, token, err := admission(ctx, config, target)
	if err != nil {
		return nil, err
	}
	config.Room = target.room
	dialing := dialing{config: config}
	address, headers := target.request(token, config.TokenIn)
	ws, response, err := dialing.dialer().DialContext(ctx, address, headers)
	if response != nil {
		defer func() { _ = response.Body.Close() }()
	}
	if dialing.interrupted() {
		return nil, interrupted(ctx, opDial)
	}
	switch {
	case err == nil:
		return newConn(ctx, config, ws, dialing.wire), nil
	case dialing.err != nil:
		return nil, because(opDial, dialing.err)
	case response != nil:
		return nil, refused(opDial, statusVerdict(response.StatusCode), response, time.Now())
	default:
		return nil, &Error{Op: opDial, Err: safeCause(err, errNoWebSocket)}
	}
}

// dialing is one attempt; it remembers the connection below the WebSocket.
type dialing struct {
	config Config
	wire   *cork.Conn
	err    error // of NetDial; its text is nobody's but its own
	stop   func() bool
}

func (d *dialing) dialer() *websocket.Dialer {
	return &websocket.Dialer{
		Proxy:           http.ProxyFromEnvironment,
		TLSClientConfig: d.config.TLS,
		NetDialContext:  d.netDial,
	}
}

func (d *dialing) netDial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := d.config.NetDial(ctx, network, address)
	if err != nil {
		d.err = err
		return nil, err
	}
	d.wire = &cork.Conn{Conn: conn}
	// gorilla heeds the deadline of the context during the upgrade but no cancellation.
	d.stop = context.AfterFunc(ctx, func() { _ = conn.Close() })
	return d.wire, nil
}

// interrupted ends the attempt's watch and reports whether the context ended first.
func (d *dialing) interrupted() bool { return d.stop != nil && !d.stop() }

// awaitReady waits for the start-up sequence, which the reader goes through.
func (c *Conn) awaitReady(ctx context.Context, timeout time.Duration) error {
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	select {
	case <-c.ready:
		return nil
	case <-c.ending:
		return c.Err()
	case <-ctx.Done():
		return interrupted(ctx, opStart)
	case <-timer.C:
		return &Error{Op: opStart, Err: context.DeadlineExceeded}
	}
}

// startup is what the start-up sequence has told so far. It belongs to the reader until
// the connection is ready, and does not change afterwards.
type startup struct {
	room          protocol.RoomReady
	participantID string
	attributes    map[string]any

	seenReady, seenConnected bool
}

// take looks at a message that may belong to the start-up (room protocol, section 1.6) and
// reports whether it was the one that completes it.
func (s *startup) take(msg protocol.Message) (complete bool, err error) {
	if s.seenReady && s.seenConnected {
		return false, nil // a repetition changes nothing
	}
	switch msg.Type {
	case protocol.TypeRoomReady:
		err = protocol.UnpackHeader(msg.Data, &s.room)
		s.seenReady = err == nil
	case protocol.TypeConnected:
		var connected protocol.Connected
		err = protocol.UnpackHeader(msg.Data, &connected)
		if connected.Type == protocol.ConnectedInit {
			s.participantID, s.attributes = connected.ParticipantID, connected.Attributes
			s.seenConnected = err == nil
		}
	}
	return s.seenReady && s.seenConnected, err
}
