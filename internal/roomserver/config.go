// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomserver

import (
	"errors"
	"fmt"
	"log/slog"

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
	Registry Registry
	// Audit gets one line for each operation: who, on what, how it ended; never a value. Nil: none is written.
	Audit *slog.Logger
	// Limits bound what clients can make the server hold.
	Limits Limits
	// OAuthOrigins are the origins ("https://login.example.com", "http://127.0.0.1:5556") whose token endpoints the
	// server talks to on behalf of participants. "https://*" stands for every HTTPS server on port 443 of a public
	// address. Nil: only that one. Not nil but empty: none.
	OAuthOrigins []string
	// Faults make the server misbehave, for tests of clients.
	Faults []Fault
}

// Registry takes metrics and gives what they are at the moment; a *prometheus.Registry does.
type Registry interface {
	prometheus.Registerer
	prometheus.Gatherer
}

func (c Config) validate() error {
	if len(c.APIKeys) == 0 {
		return errors.New("roomserver: no API keys: nobody could join")
	}
	if c.Store == nil {
		return errors.New("roomserver: no store")
	}
	for _, room := range c.Rooms {
		if !protocol.ValidRoomName(room) {
			return fmt.Errorf("roomserver: %q is not a room name: 1 to 63 lower-case letters, digits and dashes, no dash at either end", room)
		}
	}
	for _, fault := range c.Faults {
		if err := fault.validate(); err != nil {
			return err
		}
	}
	return c.Limits.validate()
}
