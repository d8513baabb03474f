// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package protocol

import (
	"encoding/binary"
	"iter"
	"slices"

	"github.com/roomsecrets/roomsecret-operator/roomclient/redact"
)

// Sizes of the framing (room protocol, section 1.4).
const (
	// MaxChunk is the number of data bytes the SDKs put into one packet, and the
	// most this package ever sends in one.
	MaxChunk = 1024

	headerPacketSize = 16 // id, index 0, number of data packets
	dataPacketSize   = 12 // id, index
)

// MaxPacket is the size of the largest data packet this package builds, in bytes.
const MaxPacket = dataPacketSize + MaxChunk

// Message types (room protocol, section 2).
const (
	TypeInvokeTool    = "room.invoke_tool"
	TypeResponse      = "__response__"
	TypeRoomReady     = "room_ready"
	TypeConnected     = "connected"
	TypeRoomStatus    = "room.status"
	TypeSetAttributes = "set_attributes"

	// The two pushes of the secrets toolkit, from the room to the participant who is asked.
	TypeRequestSecret     = "secrets.request_secret"
	TypeRequestOAuthToken = "secrets.request_oauth_token"
)

// Message is what the two sides exchange. Each side numbers its own messages; the
// id of a [TypeResponse] message is the id of the request it answers.
type Message struct {
	ID   uint64
	Type string
	// Data may hold a secret value, so it redacts itself.
	Data redact.Bytes
}

// PacketCount returns how many packets the message travels in, the header packet included.
func (m Message) PacketCount() int { return 1 + m.dataPackets() }

func (m Message) dataPackets() int { return (len(m.Data) + MaxChunk - 1) / MaxChunk }

// AppendPacket appends packet i of the message to dst, 0 <= i < PacketCount().
// Packets are sent in order, each as one binary WebSocket message, and the packets
// of two messages are never mixed on one connection.
func (m Message) AppendPacket(dst []byte, i int) []byte {
	dst = binary.BigEndian.AppendUint64(dst, m.ID)
	dst = binary.BigEndian.AppendUint32(dst, uint32(i)) //nolint:gosec // 2^32 packets would be 4 TiB
	if i == 0 {
		dst = binary.BigEndian.AppendUint32(dst, uint32(m.dataPackets())) //nolint:gosec // as above
		return append(dst, m.Type...)
	}
	rest := m.Data[(i-1)*MaxChunk:]
	return append(dst, rest[:min(len(rest), MaxChunk)]...)
}

// Packets returns the packets of the message in order. The slice is only good until
// the next iteration: its memory is used again.
func (m Message) Packets() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		var buf []byte
		for i := range m.PacketCount() {
			buf = slices.Grow(buf[:0], max(headerPacketSize+len(m.Type), min(MaxPacket, dataPacketSize+len(m.Data))))
			buf = m.AppendPacket(buf, i)
			if !yield(buf) {
				return
			}
		}
	}
}
