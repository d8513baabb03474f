// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
)

// echo is a bare WebSocket connection to a server that sends back what it gets.
type echo struct {
	socket  *websocket.Conn
	packets [][]byte // of one message
}

// newEcho prepares to send the packets of the set_secret call that a room gets.
func newEcho(b *testing.B, size int) *echo {
	b.Helper()
	var upgrader websocket.Upgrader
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		socket, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer func() { _ = socket.Close() }()
		for {
			kind, packet, err := socket.ReadMessage()
			if err != nil {
				return
			}
			if err := socket.WriteMessage(kind, packet); err != nil {
				return
			}
		}
	}))
	socket, response, err := websocket.DefaultDialer.DialContext(b.Context(), "ws"+strings.TrimPrefix(server.URL, "http"), nil)
	if err != nil {
		b.Fatal(err)
	}
	_ = response.Body.Close()
	b.Cleanup(func() {
		_ = socket.Close()
		server.Close()
	})
	data, err := protocol.PackInvoke(protocol.Invoke{
		Toolkit: protocol.Toolkit, Tool: protocol.ToolSetSecret,
		Input: protocol.ObjectWithData(&protocol.SetSecretRequest{
			SecretID: new("api-token"), Type: new("text/plain"), Name: new("API token"), HasData: true,
		}, make([]byte, size)),
	})
	if err != nil {
		b.Fatal(err)
	}
	e := &echo{socket: socket}
	for packet := range (protocol.Message{ID: 1, Type: protocol.TypeInvokeTool, Data: data}).Packets() {
		e.packets = append(e.packets, append([]byte(nil), packet...))
	}
	return e
}

// run sends the message n times, with at most so many on the way, and waits for all of them
// to come back.
func (e *echo) run(n, inFlight int) error {
	places := make(chan struct{}, inFlight)
	sent := make(chan error, 1)
	go func() {
		for range n {
			places <- struct{}{}
			for _, packet := range e.packets {
				if err := e.socket.WriteMessage(websocket.BinaryMessage, packet); err != nil {
					sent <- err
					_ = e.socket.Close()
					return
				}
			}
		}
		sent <- nil
	}()
	for range n {
		for range e.packets {
			if _, _, err := e.socket.ReadMessage(); err != nil {
				return err
			}
		}
		<-places
	}
	return <-sent
}
