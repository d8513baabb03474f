// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomclient

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"
)

func TestTicketsLeadToARoom(t *testing.T) {
	t.Parallel()
	tokens := make(chan string, 2)
	config := serve(t, func(p *peer) { obliging(p) })
	issued := 0
	config.Token, config.Room = nil, ""
	address := config.URL + "/rooms/myroom"
	config.URL = ""
	config.Ticket = func(context.Context) (Ticket, error) {
		issued++
		jwt := fmt.Sprint("ticket-", issued)
		tokens <- jwt
		return Ticket{URL: address, Token: Bytes(jwt)}, nil
	}
	for range 2 {
		if conn := dial(t, config); conn.RoomName() != "myroom" {
			t.Errorf("the room is called %q", conn.RoomName())
		}
	}
	if first, second := <-tokens, <-tokens; first != "ticket-1" || second != "ticket-2" {
		t.Errorf("got %s and %s", first, second)
	}
}

func TestTicketsThatLeadNowhereAreErrors(t *testing.T) {
	t.Parallel()
	busy := &Error{Op: "rest.connect", Status: 503, RetryAfter: time.Minute}
	for name, c := range map[string]struct {
		ticket Ticket
		err    error
		want   error
	}{
		"no token":         {Ticket{URL: "ws://h/rooms/myroom"}, nil, ErrInvalid},
		"another room":     {Ticket{URL: "ws://h/rooms/other", Token: Bytes(testToken)}, nil, ErrProtocol},
		"no URL of a room": {Ticket{URL: "ftp://h?" + testToken, Token: Bytes(testToken)}, nil, ErrProtocol},
		"an error":         {Ticket{}, busy, busy},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Dial(t.Context(), Config{Room: "myroom", Ticket: func(context.Context) (Ticket, error) { return c.ticket, c.err }})
			e := judge(t, err, c.want)
			if e.Op != "token" || c.err != nil && (e.RetryAfter != time.Minute || e.Terminal()) {
				t.Errorf("got %+v", *e)
			}
		})
	}
	for name, change := range map[string]func(*Config){
		"a URL beside":       func(c *Config) { c.URL = "ws://h" },
		"a token beside":     func(c *Config) { c.Token = StaticToken("t") },
		"an impossible room": func(c *Config) { c.Room = "A" },
	} {
		config := Config{Ticket: func(context.Context) (Ticket, error) { return Ticket{}, nil }}
		change(&config)
		if _, err := Dial(t.Context(), config); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: got error %v", name, err)
		}
	}
}
