// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

// Package protocol is the wire form of MeshAgent rooms: packets, messages,
// contents, tool calls and the shapes of the secrets tools. It is pure: bytes go
// in and bytes come out; there is no socket, clock or logger in it, and the client
// and the server of this module share it so that the wire form is written down once.
//
// A message (id, type, data) travels as a header packet and data packets of at most
// [MaxChunk] bytes, each one binary WebSocket message ([Message.Packets],
// [Assembler]). Its data is usually packed: a JSON header and a payload of plain
// bytes ([Pack], [Unpack]). A [Content] is a packed header that has a type.
//
// Invariants: no input makes a function of this package panic; memory is held only
// for bytes that have really arrived; errors never quote what was received; members
// that are not known are ignored, absent and null mean the same.
//
// Section numbers in comments refer to the room protocol as the public SDKs
// (TypeScript and Python 0.39.9) speak it.
package protocol
