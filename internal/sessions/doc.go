// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

// Package sessions keeps the connections to rooms that the controllers share.
//
// A Pool has, for each Room or ClusterRoom, one session for the operator's own identity and, when the room's credential
// is an API key, one for each other identity whose secrets somebody asked for. Controllers never dial: they tell the
// Pool how a room is reached (Ensure) and ask for a Client, which fails at once while there is no connection. Who is
// interested learns of connections and losses through Subscribe.
//
// When the credential of a room changes, or the token of a connection is about to expire, a session makes another
// connection before it closes the one it has, and lets the calls under way end: no call fails, and no Event tells of it. A
// credential that is refused ends the connection that the one before it has made. A room that is withheld loses its
// connections at once.
//
// What others in a room ask the operator's own identity for goes to the Handlers of the pool, and the answers back through
// it: they may take another connection than the request has come by.
//
// Each session also watches, since a room has no change events: once per poll interval it lists the room once and
// reads the rows that somebody tracks, for everybody together. It remembers keyed digests, never values, and wakes only
// the owners of rows that differ from what they have last seen. What a Client reads and writes updates that memory, so
// that nobody is woken by their own work.
package sessions
