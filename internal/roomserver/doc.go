// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

// Package roomserver is a room server: it speaks the room protocol to the published SDKs and keeps room
// secrets. It is the real peer of the tests and of the demo, and a self-hosted service.
//
//	server, err := roomserver.New(roomserver.Config{
//		APIKeys: []token.APIKey{key},
//		Store:   store.NewMemory(0),
//	})
//	err = server.Serve(ctx, listener)   // until ctx is done
//
// A [Server] is also an [http.Handler]: WebSocket at /rooms/{room}, the REST side below /accounts, /backup, and
// /healthz, /readyz and /metrics.
//
// How it is built: each connection has one reader, which assembles messages and carries out calls one after the
// other, and one writer, which owns the socket. The reader hands each answer to the writer and waits until it
// is taken. So a connection never holds more than the message coming in, the answer going out and the next
// answer, calls of one connection take effect in the order they were sent, and a client that does not read
// stops being read from and is dropped when a write takes longer than the write timeout. Nobody else notices.
//
// Calls that wait for another participant or for a token endpoint are begun by the reader and finished by a
// goroutine of their own. They are few, keep nothing of the message, and end with their connection. Requests for
// a participant's answer are in one table; the roster says which connections to push them to.
//
// Where the real service's behaviour is not known, docs/roomserver.md lists what this one does.
package roomserver
