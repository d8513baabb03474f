// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package protocol

// RoomReady is the header of a [TypeRoomReady] message (room protocol, section 1.6).
type RoomReady struct {
	RoomName  string `json:"room_name"`
	RoomURL   string `json:"room_url"`
	SessionID string `json:"session_id"`
}

// ConnectedInit is the only [Connected] type that has a meaning; others are ignored.
const ConnectedInit = "init"

// Connected is the header of a [TypeConnected] message. A client is ready when it has
// seen both this and [RoomReady], in either order (room protocol, section 1.6).
type Connected struct {
	Type          string         `json:"type"`
	ParticipantID string         `json:"participantId"`
	Attributes    map[string]any `json:"attributes"`
}

// RoomStatus is the header of a [TypeRoomStatus] message: progress while a room
// starts. It is informational and never ends the start-up.
type RoomStatus struct {
	Status  string `json:"status"`
	Message string `json:"message"`
}
