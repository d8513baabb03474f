// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomclient

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
)

// DefaultURL is the hosted room service.
const DefaultURL = "wss://api.meshagent.com"

// TokenPlacement says where the participant token goes in the upgrade request.
type TokenPlacement int

const (
	// TokenInQueryAndHeader satisfies servers of every age: until SDK 0.42 the token
	// was a query parameter, since 0.43 it is a bearer header (room protocol, section 1.2).
	TokenInQueryAndHeader TokenPlacement = iota
	// TokenInHeader keeps the token out of the URL, which proxies and access logs see.
	TokenInHeader
)

// Config says how to reach a room. Required are Token and one of Room and a complete room
// URL, or Ticket alone. The zero value of every other field means the default that is named.
type Config struct {
	// URL is a ws, wss, http or https base such as DefaultURL, which it is by default, or
	// a complete room URL that ends in /rooms/<room>. Query parameters are kept.
	URL string
	// Room is the name of the room: 1 to 63 lower-case letters, digits and "-", neither
	// first nor last a "-". It may be empty when URL is complete.
	Room string
	// Token gives the participant token; it is asked once for every attempt to connect.
	Token TokenSource
	// Ticket gives the URL and the token together, for every attempt to connect, in place of
	// URL and Token. If Room is not empty the URL must lead to it.
	Ticket TicketSource
	// TokenIn says where the token is sent.
	TokenIn TokenPlacement
	// TLS is used for wss; nil means the system's roots.
	TLS *tls.Config
	// NetDial opens the connection that the WebSocket runs over, to the room or to the proxy
	// that the environment names; nil means a [net.Dialer]. Its errors are temporary unless
	// [IsTerminal] says otherwise, and their text becomes part of ours.
	NetDial func(ctx context.Context, network, address string) (net.Conn, error)

	// OnSecretRequest is told of a secret that another participant asks this one for, and
	// OnOAuthRequest of an authorization. Each request has a goroutine of its own and comes
	// once on a connection; the context ends with the connection, or when the one who asks
	// waits no more. Answer with the methods of the request, and answer always: nobody else
	// tells the other one not to wait. Without a handler requests are not answered.
	OnSecretRequest func(ctx context.Context, request PendingSecretRequest)
	OnOAuthRequest  func(ctx context.Context, request PendingOAuthRequest)
	// MaxHandlers is how many of them may run at a time, on one connection. Requests beyond
	// it wait for their turn, in the order of their arrival and no longer than the one who
	// asks; 16384 of them, or 32 MiB. What comes then is not answered. Whoever is asked for
	// more than handlers can answer returns from them at once and answers later, with
	// [Secrets.ProvideSecret] and the ID of the request. 0: 16.
	MaxHandlers int

	// MaxMessage is the most data bytes of a message in either direction; 0: 4 MiB.
	MaxMessage int
	// MaxInFlight is how many calls may wait for their answers at a time; further ones
	// wait for a place until their context ends. 0: 256.
	MaxInFlight int

	// DialTimeout bounds the token source, TCP, TLS and the upgrade together; 0: 20 s.
	DialTimeout time.Duration
	// StartTimeout bounds the wait for the room to be ready, which can take long when
	// the room has to be started; 0: 60 s.
	StartTimeout time.Duration
	// RequestTimeout bounds every call, beside the caller's context; 0: 30 s. A call that
	// waits for another participant may take the time of that waiting longer.
	RequestTimeout time.Duration
	// WriteTimeout bounds how long the peer may refuse to take bytes; 0: 10 s.
	WriteTimeout time.Duration
	// PingInterval is the time between our pings; 0: 30 s.
	PingInterval time.Duration
	// ReadTimeout is the longest silence, pongs included, after which the connection
	// counts as lost; it must be longer than PingInterval. 0: 60 s.
	ReadTimeout time.Duration

	// Logger gets what happens at debug level; nil means silence. Neither tokens, URLs
	// with a query nor contents are logged.
	Logger *slog.Logger

	// moved is called when the list of participants changes; it must not block.
	moved func()
}

// resolve returns the config with defaults filled in, and where it leads.
func (c Config) resolve() (Config, endpoint, error) {
	c.MaxMessage = cmp.Or(c.MaxMessage, protocol.DefaultMaxMessage)
	c.MaxInFlight = cmp.Or(c.MaxInFlight, 256)
	c.MaxHandlers = cmp.Or(c.MaxHandlers, 16)
	c.DialTimeout = cmp.Or(c.DialTimeout, 20*time.Second)
	c.StartTimeout = cmp.Or(c.StartTimeout, time.Minute)
	c.RequestTimeout = cmp.Or(c.RequestTimeout, 30*time.Second)
	c.WriteTimeout = cmp.Or(c.WriteTimeout, 10*time.Second)
	c.PingInterval = cmp.Or(c.PingInterval, 30*time.Second)
	c.ReadTimeout = cmp.Or(c.ReadTimeout, time.Minute)
	if c.NetDial == nil {
		c.NetDial = (&net.Dialer{}).DialContext
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	target, err := c.validate()
	if err != nil {
		return Config{}, endpoint{}, &Error{Op: "config", Kind: ErrInvalid, Err: err, terminal: true}
	}
	c.Room = target.room
	return c, target, nil
}

func (c Config) validate() (endpoint, error) {
	switch {
	case c.Token == nil && c.Ticket == nil:
		return endpoint{}, errors.New("a Token is required")
	case c.Ticket != nil && (c.Token != nil || c.URL != ""):
		return endpoint{}, errors.New("a Ticket comes in place of URL and Token")
	}
	if c.TokenIn != TokenInQueryAndHeader && c.TokenIn != TokenInHeader {
		return endpoint{}, fmt.Errorf("TokenIn is %d, which is none of the placements", c.TokenIn)
	}
	for name, value := range map[string]int64{
		"MaxMessage": int64(c.MaxMessage), "MaxInFlight": int64(c.MaxInFlight), "MaxHandlers": int64(c.MaxHandlers),
		"DialTimeout": int64(c.DialTimeout), "StartTimeout": int64(c.StartTimeout),
		"RequestTimeout": int64(c.RequestTimeout), "WriteTimeout": int64(c.WriteTimeout),
		"PingInterval": int64(c.PingInterval), "ReadTimeout": int64(c.ReadTimeout),
	} {
		if value < 0 {
			return endpoint{}, fmt.Errorf("%s must not be negative", name)
		}
	}
	if c.ReadTimeout <= c.PingInterval {
		return endpoint{}, errors.New("ReadTimeout must be longer than PingInterval")
	}
	if c.Ticket != nil && c.Room != "" && !protocol.ValidRoomName(c.Room) {
		return endpoint{}, badRoomName(c.Room)
	}
	if c.Ticket != nil {
		return endpoint{room: c.Room}, nil // the ticket says where to
	}
	return parseEndpoint(cmp.Or(c.URL, DefaultURL), c.Room)
}
