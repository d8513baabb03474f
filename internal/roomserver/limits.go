// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomserver

import (
	"errors"
	"fmt"
	"time"

	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
)

// Limits bound one server. The zero value means the defaults.
type Limits struct {
	// MaxMessage is the largest message in bytes, in either direction. Default 4 MiB, at least 64 KiB.
	MaxMessage int
	// MaxConnections is how many participants may be connected at once. Default 1024.
	MaxConnections int
	// MaxRate is how many messages a second are taken from one connection, with bursts of as many; those beyond
	// wait, and with them whatever the client sends after them. Default 0: as many as the server can do.
	MaxRate int
	// MaxWaiting is how many calls of one connection may wait, for somebody's answer or for a token endpoint, while
	// the others go on. Default 64.
	MaxWaiting int
	// MaxPendingEach is how many requests of one identity in one room may wait for somebody's answer. Default 64.
	MaxPendingEach int
	// MaxPending is how many requests may wait for somebody's answer in all. Default 4096.
	MaxPending int
	// MaxTimeout is the longest a request waits for somebody's answer, whatever it asks for. Default 1 h.
	MaxTimeout time.Duration
	// WriteTimeout is how long one packet to a client may take. Default 10 s.
	WriteTimeout time.Duration
	// PingInterval is how often clients are pinged; one that sends nothing, not even a pong, for two intervals
	// is dropped. Default 30 s.
	PingInterval time.Duration
}

const minMaxMessage = 64 << 10

func (l Limits) withDefaults() Limits {
	fill(&l.MaxMessage, protocol.DefaultMaxMessage)
	fill(&l.MaxConnections, 1024)
	fill(&l.MaxWaiting, 64)
	fill(&l.MaxPendingEach, 64)
	fill(&l.MaxPending, 4096)
	fill(&l.MaxTimeout, time.Hour)
	fill(&l.WriteTimeout, 10*time.Second)
	fill(&l.PingInterval, 30*time.Second)
	return l
}

func fill[T int | time.Duration](limit *T, value T) {
	if *limit == 0 {
		*limit = value
	}
}

func (l Limits) validate() error {
	if l.MaxMessage < minMaxMessage {
		return fmt.Errorf("roomserver: message limit of %d bytes is below %d", l.MaxMessage, minMaxMessage)
	}
	if min(l.MaxConnections, l.MaxRate, l.MaxWaiting, l.MaxPendingEach, l.MaxPending) < 0 ||
		min(l.MaxTimeout, l.WriteTimeout, l.PingInterval) < 0 {
		return errors.New("roomserver: negative limit")
	}
	return nil
}
