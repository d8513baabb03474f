// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomserver

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/roomsecrets/roomsecret-operator/internal/roomserver/store"
	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
	"github.com/roomsecrets/roomsecret-operator/roomclient/token"
)

// Config is everything a Server needs. APIKeys and Store are required.
type Config struct {
	// APIKeys are the keys whose participant tokens are let in. A token names its key; one that names no key
	// or another is refused. All keys open the same rooms.
	APIKeys []token.APIKey
	// Rooms are the rooms that exist. Empty: every valid name does, once somebody with a valid token joins.
	Rooms []string
	// Store keeps the secrets. The caller closes it, after the Server.
	Store store.Store
	// Logger gets who joins and leaves and what fails; never a value, a token or a query. Nil: nothing is logged.
	Logger *slog.Logger
	// Registry gets the server's metrics and is what /metrics shows. Nil: a registry of its own.
	Registry *prometheus.Registry
	// Limits bound what clients can make the server hold.
	Limits Limits
}

// Limits bound one server. The zero value means the defaults.
type Limits struct {
	// MaxMessage is the largest message in bytes, in either direction. Default 4 MiB, at least 64 KiB.
	MaxMessage int
	// MaxConnections is how many participants may be connected at once. Default 1024.
	MaxConnections int
	// WriteTimeout is how long one packet to a client may take. Default 10 s.
	WriteTimeout time.Duration
	// PingInterval is how often clients are pinged; one that sends nothing, not even a pong, for two intervals
	// is dropped. Default 30 s.
	PingInterval time.Duration
}

const minMaxMessage = 64 << 10

func (l Limits) withDefaults() Limits {
	if l.MaxMessage == 0 {
		l.MaxMessage = protocol.DefaultMaxMessage
	}
	if l.MaxConnections == 0 {
		l.MaxConnections = 1024
	}
	if l.WriteTimeout == 0 {
		l.WriteTimeout = 10 * time.Second
	}
	if l.PingInterval == 0 {
		l.PingInterval = 30 * time.Second
	}
	return l
}

func (c Config) validate() error {
	if len(c.APIKeys) == 0 {
		return errors.New("roomserver: no API keys: nobody could join")
	}
	if c.Store == nil {
		return errors.New("roomserver: no store")
	}
	for _, room := range c.Rooms {
		if !ValidRoomName(room) {
			return fmt.Errorf("roomserver: %q is not a room name: 1 to 63 lower-case letters, digits and dashes, no dash at either end", room)
		}
	}
	switch {
	case c.Limits.MaxMessage < minMaxMessage:
		return fmt.Errorf("roomserver: message limit of %d bytes is below %d", c.Limits.MaxMessage, minMaxMessage)
	case c.Limits.MaxConnections < 0, c.Limits.WriteTimeout < 0, c.Limits.PingInterval < 0:
		return errors.New("roomserver: negative limit")
	}
	return nil
}

// ValidRoomName reports whether a room may be called that. It follows the SDKs: 1 to 63 characters, lower-case ASCII letters, digits and dashes, neither end a
// dash (room protocol, section 1.1).
func ValidRoomName(name string) bool {
	if name == "" || len(name) > 63 || name[0] == '-' || name[len(name)-1] == '-' {
		return false
	}
	for _, c := range []byte(name) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}
