// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package interop_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/roomsecrets/roomsecret-operator/internal/roomserver"
)

// TestTheEnvironmentLeadsToTheRoom joins without arguments, as an application in a room's container does.
func TestTheEnvironmentLeadsToTheRoom(t *testing.T) {
	t.Parallel()
	server := serve(t)
	sdk, room := sdks[newest].sdk(t), newRoom()
	alice := sdk.joinWith(t, args{"environment": map[string]string{
		"MESHAGENT_ROOM_URL": "http://" + server.address,
		"MESHAGENT_ROOM":     room,
		"MESHAGENT_TOKEN":    server.token(t, "alice", room, user),
	}})
	if alice.me.Name != "alice" || alice.me.RoomName != room {
		t.Errorf("joined as %+v", alice.me)
	}
}

// TestTheClientComesBackAfterARestart is the newer version's: it reconnects by itself, and finds what it stored.
func TestTheClientComesBackAfterARestart(t *testing.T) {
	t.Parallel()
	server := serve(t)
	alice := sdks[newest].sdk(t).join(t, server, "alice", newRoom(), user)
	alice.set(t, "s", "v")

	server.stop()
	alice.next(t, "disconnected")
	err := alice.call("getSecret", args{"secretId": "s"}, nil)
	if failure, ok := errors.AsType[*sdkError](err); !ok || !strings.HasPrefix(failure.Message, "room connection is disconnected") {
		t.Errorf("a call without a connection: %v", err)
	}

	server.start(t)
	alice.next(t, "reconnected")
	alice.wantValue(t, args{"secretId": "s"}, "v")
	alice.set(t, "s", "after")
	alice.wantValue(t, args{"secretId": "s"}, "after")
}

// TestTheOlderClientIsToldThatItsConnectionEnded is what an application builds its own reconnecting on.
func TestTheOlderClientIsToldThatItsConnectionEnded(t *testing.T) {
	t.Parallel()
	server := serve(t)
	sdk, room := sdks[older].sdk(t), newRoom()
	alice := sdk.join(t, server, "alice", room, user)
	alice.set(t, "s", "v")
	server.stop()
	alice.next(t, "ended")
	server.start(t)
	sdk.join(t, server, "alice", room, user).wantValue(t, args{"secretId": "s"}, "v")
}

// TestAMessageThatIsTooLargeCostsTheConnection: the newer version comes back from that, too.
func TestAMessageThatIsTooLargeCostsTheConnection(t *testing.T) {
	t.Parallel()
	server := serve(t, func(c *roomserver.Config) { c.Limits.MaxMessage = 64 << 10 })
	eachVersion(t, func(t *testing.T, sdk *sdk) {
		alice := sdk.join(t, server, "alice", newRoom(), user)
		alice.set(t, "s", "v")
		switch sdk.version {
		case newest:
			if err := alice.call("setSecret", args{"secretId": "s", "data": blob(pattern(70 << 10))}, nil); err == nil {
				t.Error("a message over the limit was taken")
			}
			alice.next(t, "reconnected")
			alice.wantValue(t, args{"secretId": "s"}, "v")
		case older: // its call is never answered
			if _, err := sdk.send("secrets", args{"room": alice.name, "method": "setSecret", "args": args{"secretId": "s", "data": blob(pattern(70 << 10))}}); err != nil {
				t.Fatal(err)
			}
			alice.next(t, "ended")
		}
	})
}

// TestAServerThatIsNotReadyIsTriedAgain is the newer version's: it takes neither for the last word.
func TestAServerThatIsNotReadyIsTriedAgain(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]roomserver.Fault{
		"too busy":        {Kind: roomserver.FaultRefuse, Status: http.StatusServiceUnavailable, Times: 1},
		"still starting":  {Kind: roomserver.FaultClose, Status: websocket.CloseTryAgainLater, Times: 1},
		"asking for time": {Kind: roomserver.FaultRefuse, Status: http.StatusTooManyRequests, Times: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := serve(t, func(c *roomserver.Config) { c.Faults = []roomserver.Fault{fault} })
			alice := sdks[newest].sdk(t).join(t, server, "alice", newRoom(), user)
			alice.set(t, "s", "v")
			alice.wantValue(t, args{"secretId": "s"}, "v")
		})
	}
}
