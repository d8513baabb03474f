// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/roomsecrets/roomsecret-operator/roomclient"
	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
)

// BenchmarkAllocations counts what a small call allocates on the client: the peer is a
// replay that allocates nothing. Six are the WebSocket library's: three for each of the two
// messages, to write it, to mask it and to read it. The two more of get are what it returns,
// the name and the value.
func BenchmarkAllocations(b *testing.B) {
	for name, c := range map[string]struct {
		answer protocol.Content
		call   func(context.Context, *room) error
	}{
		"set": {protocol.Empty{}, func(ctx context.Context, r *room) error { return r.set(ctx) }},
		"get": {
			protocol.File{Name: "API token", MIMEType: "text/plain", Data: make([]byte, 100)},
			func(ctx context.Context, r *room) error { return r.get(ctx) },
		},
		"exists": {protocol.JSON{Value: json.RawMessage(`{"exists":true}`)}, func(ctx context.Context, r *room) error {
			_, err := r.secrets.Exists(ctx, roomclient.ExistsQuery{ID: "api-token"})
			return err
		}},
		"delete": {protocol.Empty{}, func(ctx context.Context, r *room) error {
			return r.secrets.DeleteSecret(ctx, "api-token", "")
		}},
	} {
		b.Run(name, func(b *testing.B) {
			r := &room{secrets: replaying(b, c.answer), value: make([]byte, 100)}
			ctx := b.Context()
			b.ReportAllocs()
			for b.Loop() {
				if err := c.call(ctx, r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// replaying connects to a room that gives every call the same answer.
func replaying(b *testing.B, answer protocol.Content) roomclient.Secrets {
	b.Helper()
	var upgrader websocket.Upgrader
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		socket, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer func() { _ = socket.Close() }()
		for kind, header := range map[string]any{
			protocol.TypeRoomReady: protocol.RoomReady{RoomName: "myroom"},
			protocol.TypeConnected: protocol.Connected{Type: protocol.ConnectedInit, ParticipantID: "p"},
		} {
			data, _ := protocol.Pack(header, nil)
			for packet := range (protocol.Message{Type: kind, Data: data}).Packets() {
				_ = socket.WriteMessage(websocket.BinaryMessage, packet)
			}
		}
		data, _ := protocol.PackContent(answer)
		_ = replay(socket.NetConn(), protocol.Message{Type: protocol.TypeResponse, Data: data})
	}))
	conn, err := roomclient.Dial(b.Context(), roomclient.Config{URL: server.URL, Room: "myroom", Token: roomclient.StaticToken("t")})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = conn.Close()
		server.Close()
	})
	return conn.Secrets()
}

// replay answers every second frame, because a small call has two packets. It speaks
// WebSocket by itself: a library would allocate.
func replay(conn net.Conn, answer protocol.Message) error {
	var frames []byte
	var ids []int
	for packet := range answer.Packets() {
		frames = append(frames, 0x82, 126)
		frames = binary.BigEndian.AppendUint16(frames, uint16(len(packet)))
		ids = append(ids, len(frames))
		frames = append(frames, packet...)
	}
	r := bufio.NewReader(conn)
	for {
		_, err := skipFrame(r)
		if err != nil {
			return err
		}
		id, err := skipFrame(r)
		if err != nil {
			return err
		}
		for _, i := range ids {
			binary.BigEndian.PutUint64(frames[i:], id)
		}
		if _, err := conn.Write(frames); err != nil {
			return err
		}
	}
}

// skipFrame returns the message id of a masked frame.
func skipFrame(r *bufio.Reader) (id uint64, err error) {
	head, err := r.Peek(2)
	if err != nil {
		return 0, err
	}
	size, extra := int(head[1]&0x7f), 0
	if size == 126 {
		if head, err = r.Peek(4); err != nil {
			return 0, err
		}
		size, extra = int(binary.BigEndian.Uint16(head[2:])), 2
	}
	frame, err := r.Peek(2 + extra + 4 + size)
	if err != nil {
		return 0, err
	}
	mask, payload := frame[2+extra:6+extra], frame[6+extra:]
	for i := range min(8, size) {
		id = id<<8 | uint64(payload[i]^mask[i%4])
	}
	_, err = r.Discard(len(frame))
	return id, err
}
