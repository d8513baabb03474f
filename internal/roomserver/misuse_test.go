// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomserver_test

import (
	"encoding/binary"
	"encoding/hex"
	"net"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/roomsecrets/roomsecret-operator/internal/roomserver"
	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
)

// header is a header packet; data is a data packet.
func header(id uint64, count uint32, kind string) []byte {
	packet := binary.BigEndian.AppendUint64(nil, id)
	packet = binary.BigEndian.AppendUint32(packet, 0)
	packet = binary.BigEndian.AppendUint32(packet, count)
	return append(packet, kind...)
}

func data(id uint64, index uint32, size int) []byte {
	packet := binary.BigEndian.AppendUint64(nil, id)
	packet = binary.BigEndian.AppendUint32(packet, index)
	return append(packet, make([]byte, size)...)
}

func TestWhatBreaksTheFramingEndsTheConnection(t *testing.T) {
	t.Parallel()
	invoke := protocol.TypeInvokeTool
	cases := map[string]struct {
		packets [][]byte
		want    int
	}{
		"a packet too short for an index":      {[][]byte{{1, 2, 3}}, websocket.CloseProtocolError},
		"an empty packet":                      {[][]byte{{}}, websocket.CloseProtocolError},
		"a header packet cut short":            {[][]byte{header(1, 1, "")[:15]}, websocket.CloseProtocolError},
		"a data packet while idle":             {[][]byte{data(1, 1, 5)}, websocket.CloseProtocolError},
		"a packet left out":                    {[][]byte{header(1, 3, invoke), data(1, 1, 1024), data(1, 3, 5)}, websocket.CloseProtocolError},
		"a packet sent twice":                  {[][]byte{header(1, 3, invoke), data(1, 1, 1024), data(1, 1, 5)}, websocket.CloseProtocolError},
		"a header inside a message":            {[][]byte{header(1, 2, invoke), data(1, 1, 5), header(2, 0, invoke)}, websocket.CloseProtocolError},
		"another id inside a message":          {[][]byte{header(1, 2, invoke), data(2, 1, 5)}, websocket.CloseProtocolError},
		"a type name that is not UTF-8":        {[][]byte{header(1, 0, "\xff\xfe")}, websocket.CloseProtocolError},
		"a type name without end":              {[][]byte{header(1, 0, string(make([]byte, 300)))}, websocket.CloseMessageTooBig},
		"four billion packets announced":       {[][]byte{header(1, 0xffffffff, invoke)}, websocket.CloseMessageTooBig},
		"one packet over the WebSocket limit":  {[][]byte{data(1, 1, 2<<20)}, websocket.CloseMessageTooBig},
		"more data than the limit for packets": {[][]byte{header(1, 1, invoke), data(1, 1, 1<<20+1)}, websocket.CloseMessageTooBig},
		"a message over the limit": {[][]byte{
			header(1, 5, invoke), data(1, 1, 1<<20), data(1, 2, 1<<20), data(1, 3, 1<<20), data(1, 4, 1<<20), data(1, 5, 1),
		}, websocket.CloseMessageTooBig},
	}
	s := serve(t)
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := s.dial(t, "alice", "myroom", plainGrant)
			for _, packet := range c.packets {
				if err := p.socket.WriteMessage(websocket.BinaryMessage, packet); err != nil {
					t.Fatal(err)
				}
			}
			if got := p.closed(); got != c.want {
				t.Errorf("close code %d, want %d", got, c.want)
			}
		})
	}
}

func TestTextMessagesEndTheConnection(t *testing.T) {
	t.Parallel()
	p := serve(t).dial(t, "alice", "myroom", plainGrant)
	if err := p.socket.WriteMessage(websocket.TextMessage, []byte("hello")); err != nil {
		t.Fatal(err)
	}
	if got := p.closed(); got != websocket.CloseUnsupportedData {
		t.Errorf("close code %d", got)
	}
}

func TestTheCloseFrameArrivesThoughTheClientKeepsSending(t *testing.T) {
	t.Parallel()
	p := serve(t).dial(t, "alice", "myroom", plainGrant)
	if err := p.socket.WriteMessage(websocket.BinaryMessage, []byte{1}); err != nil {
		t.Fatal(err)
	}
	for range 100 { // data the server never reads as packets must not make it reset the connection
		if err := p.socket.WriteMessage(websocket.BinaryMessage, data(1, 1, 1024)); err != nil {
			t.Fatal(err)
		}
	}
	if got := p.closed(); got != websocket.CloseProtocolError {
		t.Errorf("close code %d", got)
	}
}

func TestAnswersComeBeforeTheEnd(t *testing.T) {
	t.Parallel()
	p := serve(t).dial(t, "alice", "myroom", plainGrant)
	call, err := protocol.PackInvoke(protocol.Invoke{Toolkit: protocol.Toolkit, Tool: protocol.ToolListSecrets, Input: protocol.JSON{Value: []byte("{}")}})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.send(protocol.Message{ID: 7, Type: protocol.TypeInvokeTool, Data: call}); err != nil {
		t.Fatal(err)
	}
	if err := p.socket.WriteMessage(websocket.BinaryMessage, []byte{1}); err != nil {
		t.Fatal(err)
	}
	p.answer(7)
	if got := p.closed(); got != websocket.CloseProtocolError {
		t.Errorf("close code %d", got)
	}
}

func TestMessagesThatCannotBeCarriedOutAreAnsweredWithErrors(t *testing.T) {
	t.Parallel()
	packed := func(header string) []byte {
		return append(binary.BigEndian.AppendUint64(nil, uint64(len(header))), header...)
	}
	cases := map[string]struct {
		kind string
		data []byte
		want protocol.Code
	}{
		"an unknown type":            {"room.list_toolkits", packed("{}"), protocol.CodeInvalidRequest},
		"an unknown type, no data":   {"ping", nil, protocol.CodeInvalidRequest},
		"no type":                    {"", nil, protocol.CodeInvalidRequest},
		"the legacy form of a call":  {"secrets.set_secret", packed(`{"secret_id":"s"}`), protocol.CodeInvalidRequest},
		"no data":                    {protocol.TypeInvokeTool, nil, protocol.CodeInvalidRequest},
		"data shorter than a length": {protocol.TypeInvokeTool, []byte{0, 0, 0}, protocol.CodeInvalidRequest},
		"a header beyond the data":   {protocol.TypeInvokeTool, []byte("\xff\xff\xff\xff\xff\xff\xff\xff{}"), protocol.CodeInvalidRequest},
		"not JSON":                   {protocol.TypeInvokeTool, packed("{"), protocol.CodeInvalidRequest},
		"not an object":              {protocol.TypeInvokeTool, packed("[]"), protocol.CodeInvalidRequest},
		"a number for a tool":        {protocol.TypeInvokeTool, packed(`{"toolkit":"secrets","tool":1,"arguments":{"type":"empty"}}`), protocol.CodeInvalidRequest},
		"no arguments":               {protocol.TypeInvokeTool, packed(`{"toolkit":"secrets","tool":"exists"}`), protocol.CodeInvalidRequest},
		"arguments without a type":   {protocol.TypeInvokeTool, packed(`{"toolkit":"secrets","tool":"exists","arguments":{}}`), protocol.CodeInvalidRequest},
		"arguments of unknown type":  {protocol.TypeInvokeTool, packed(`{"toolkit":"secrets","tool":"exists","arguments":{"type":"x"}}`), protocol.CodeInvalidRequest},
		"json that is a list":        {protocol.TypeInvokeTool, packed(`{"toolkit":"secrets","tool":"exists","arguments":{"type":"json","json":[]}}`), protocol.CodeInvalidRequest},
		"control arguments":          {protocol.TypeInvokeTool, packed(`{"toolkit":"secrets","tool":"exists","arguments":{"type":"control","method":"open"},"tool_call_id":"x"}`), protocol.CodeInvalidRequest},
		"an unknown toolkit":         {protocol.TypeInvokeTool, packed(`{"toolkit":"storage","tool":"exists","arguments":{"type":"empty"}}`), protocol.CodeNotFound},
		"no toolkit":                 {protocol.TypeInvokeTool, packed(`{"tool":"exists","arguments":{"type":"empty"}}`), protocol.CodeNotFound},
		"an unknown tool":            {protocol.TypeInvokeTool, packed(`{"toolkit":"secrets","tool":"rename_secret","arguments":{"type":"empty"}}`), protocol.CodeNotFound},
		"a toolkit of a participant": {protocol.TypeInvokeTool, packed(`{"toolkit":"secrets","tool":"exists","participant_id":"p","arguments":{"type":"empty"}}`), protocol.CodeNotFound},
		"a chunk of a streamed call": {"room.tool_call_request_chunk", packed(`{"tool_call_id":"x","chunk":{"type":"empty"}}`), protocol.CodeInvalidRequest},
	}
	s := serve(t)
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := s.dial(t, "alice", "myroom", adminGrant)
			wantError(t, p.ask(c.kind, c.data), c.want)
			p.listed() // the connection lives
		})
	}
}

func TestMessagesThatWantNoAnswerGetNone(t *testing.T) {
	t.Parallel()
	p := serve(t).dial(t, "alice", "myroom", plainGrant)
	for _, m := range []protocol.Message{
		{ID: 90, Type: protocol.TypeSetAttributes, Data: []byte("garbage")},
		{ID: 91, Type: protocol.TypeResponse},
	} {
		if err := p.send(m); err != nil {
			t.Fatal(err)
		}
	}
	p.listed() // fails when another answer comes first
}

func TestAFrameThatIsNoWebSocketFrameEndsOnlyThatConnection(t *testing.T) {
	t.Parallel()
	s := serve(t)
	other := s.dial(t, "bob", "myroom", plainGrant)
	p := s.dial(t, "alice", "myroom", plainGrant)
	garbage, err := hex.DecodeString("ffffffffffffffffffffffffffffffff")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.socket.NetConn().Write(garbage); err != nil {
		t.Fatal(err)
	}
	if got := p.closed(); got != websocket.CloseProtocolError {
		t.Errorf("close code %d", got)
	}
	s.eventually(t, `roomserver_disconnects_total{reason="protocol"} 1`)
	other.listed()
}

// TestAClientThatDoesNotReadIsDroppedAlone fills the sockets between a client and the server.
func TestAClientThatDoesNotReadIsDroppedAlone(t *testing.T) {
	t.Parallel()
	s := serve(t, func(c *roomserver.Config) { c.Limits.WriteTimeout = 200 * time.Millisecond })
	slow, other := s.dial(t, "alice", "myroom", plainGrant), s.dial(t, "bob", "myroom", plainGrant)
	wantEmpty(t, slow.set(fields{"secret_id": "s"}, string(make([]byte, 2<<20))))
	call, err := protocol.PackInvoke(protocol.Invoke{
		Toolkit: protocol.Toolkit, Tool: protocol.ToolGetSecret, Input: fields{"secret_id": "s"}.json(t),
	})
	if err != nil {
		t.Fatal(err)
	}
	for id := range uint64(20) {
		if slow.send(protocol.Message{ID: id, Type: protocol.TypeInvokeTool, Data: call}) != nil {
			break // dropped already
		}
		other.listed()
	}
	s.eventually(t, `roomserver_disconnects_total{reason="slow"} 1`)
	s.eventually(t, `roomserver_connections 1`)
	other.listed()
}

func TestAClientThatFallsSilentIsDropped(t *testing.T) {
	t.Parallel()
	s := serve(t, func(c *roomserver.Config) { c.Limits.PingInterval = time.Second })
	silent, awake := s.dial(t, "alice", "myroom", plainGrant), s.dial(t, "bob", "myroom", plainGrant)
	pinged := make(chan struct{}, 1)
	awake.socket.SetPingHandler(func(text string) error {
		select {
		case pinged <- struct{}{}:
		default:
		}
		return awake.socket.WriteControl(websocket.PongMessage, []byte(text), time.Now().Add(patience))
	})
	go func() { _, _ = awake.next() }() // reads, and so answers pings
	<-pinged
	s.eventually(t, `roomserver_disconnects_total{reason="timeout"} 1`)
	s.eventually(t, `roomserver_connections 1`)
	_ = silent
}

func TestAHandshakeThatNeverFinishesHoldsNothingOfARoom(t *testing.T) {
	t.Parallel()
	s := serve(t, func(c *roomserver.Config) { c.Limits.MaxConnections = 1 })
	raw, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = raw.Close() })
	if _, err := raw.Write([]byte("GET /rooms/myroom HTTP/1.1\r\nHost: x\r\n")); err != nil {
		t.Fatal(err)
	}
	s.dial(t, "alice", "myroom", plainGrant).listed()
}
