// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomserver_test

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/roomsecrets/roomsecret-operator/internal/roomserver"
	"github.com/roomsecrets/roomsecret-operator/internal/roomserver/store"
	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
	"github.com/roomsecrets/roomsecret-operator/roomclient/token"
)

// pipes is a listener in memory: fuzzing would use up all ports of the machine.
type pipes struct {
	accepted chan net.Conn
	closed   chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.accepted:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	select {
	case <-p.closed:
	default:
		close(p.closed)
	}
	return nil
}

func (*pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	here, there := net.Pipe()
	select {
	case p.accepted <- there:
		return here, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func servePipes(f *testing.F) (*service, *websocket.Dialer) {
	f.Helper()
	key, err := token.NewAPIKey()
	if err != nil {
		f.Fatal(err)
	}
	server, err := roomserver.New(roomserver.Config{
		APIKeys: []token.APIKey{key}, Store: store.NewMemory(0), Limits: roomserver.Limits{WriteTimeout: time.Second},
	})
	if err != nil {
		f.Fatal(err)
	}
	listener := &pipes{accepted: make(chan net.Conn), closed: make(chan struct{})}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(ctx, listener) }()
	f.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			f.Error(err)
		}
	})
	return &service{address: "pipe", key: key}, &websocket.Dialer{NetDialContext: listener.dial}
}

// FuzzConnection lets a participant write anything: bytes in place of WebSocket frames, or packets in place of the
// protocol's. Another participant must not notice.
func FuzzConnection(f *testing.F) {
	s, dialer := servePipes(f)
	for _, packet := range [][]byte{{}, {1, 2, 3}, header(1, 0, "ping"), header(1, 4, protocol.TypeInvokeTool), data(1, 1, 100)} {
		f.Add(true, packet)
		f.Add(false, append([]byte{byte(len(packet))}, packet...))
	}
	f.Add(true, []byte{0x82, 0x80, 0, 0, 0, 0})                                                      // an empty binary message
	f.Add(true, []byte{0x82, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 'x'}) // one without end
	f.Add(true, []byte{0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8, 0x89, 0x80, 0, 0, 0, 0})                  // a close and a ping after it
	f.Add(false, call(f, protocol.ToolListSecrets, fields{}))
	f.Add(false, call(f, protocol.ToolRequestSecret, fields{"url": "u", "type": "t", "participant_id": "p", "timeout": 1}))
	f.Add(false, call(f, protocol.ToolGetOfflineOAuthToken, fields{"oauth": nil, "connector": nil}))
	witness := connect(f, dialer, s.roomURL("myroom", s.token(f, "bob", "myroom", plainGrant)), nil)
	jwt := s.token(f, "alice", "myroom", plainGrant)
	f.Fuzz(func(t *testing.T, raw bool, input []byte) {
		hostile := connect(t, dialer, s.roomURL("myroom", jwt), nil)
		wire := hostile.socket.NetConn()
		read := make(chan struct{})
		go func() {
			defer close(read)
			_, _ = io.Copy(io.Discard, wire)
		}()
		if err := wire.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
			t.Fatal(err)
		}
		if raw {
			_, _ = wire.Write(input)
		} else {
			writePackets(hostile.socket, input)
		}
		_ = wire.Close()
		<-read
		if err := witness.socket.SetReadDeadline(time.Now().Add(patience)); err != nil {
			t.Fatal(err)
		}
		witness.t = t
		witness.listed()
	})
}

// call is a call as an input of FuzzConnection: packets, each after its length.
func call(f *testing.F, tool string, input fields) []byte {
	f.Helper()
	packed, err := protocol.PackInvoke(protocol.Invoke{Toolkit: protocol.Toolkit, Tool: tool, Input: input.json(f)})
	if err != nil {
		f.Fatal(err)
	}
	var sequence []byte
	for packet := range (protocol.Message{ID: 1, Type: protocol.TypeInvokeTool, Data: packed}).Packets() {
		if len(packet) > 255 {
			f.Fatal("a seed is too long for its length")
		}
		sequence = append(append(sequence, byte(len(packet))), packet...)
	}
	return sequence
}

func writePackets(socket *websocket.Conn, input []byte) {
	for len(input) > 0 {
		size := min(int(input[0]), len(input)-1)
		if socket.WriteMessage(websocket.BinaryMessage, input[1:1+size]) != nil {
			return
		}
		input = input[1+size:]
	}
}

// FuzzREST sends anything to the REST side: without the key it is refused, with it the answer is JSON and no
// failure of the server.
func FuzzREST(f *testing.F) {
	key, err := token.NewAPIKey()
	if err != nil {
		f.Fatal(err)
	}
	server, err := roomserver.New(roomserver.Config{APIKeys: []token.APIKey{key}, Store: store.NewMemory(0)})
	if err != nil {
		f.Fatal(err)
	}
	bearer := "Bearer " + key.Encode()
	root := "/accounts/projects/" + key.ProjectID.String() + "/rooms/"
	f.Add("POST", "myroom/connect", "{}", true)
	f.Add("POST", "myroom/secrets", `{"data_base64":"djE=","secret_id":"s","name":"n","type":"t","delegated_to":"d","for_identity":"o"}`, true)
	f.Add("PUT", "myroom/secrets/s", `{"data_base64":null}`, true)
	f.Add("GET", "myroom/secrets/%2F%00?delegated_to=a&for_identity=%ff", "", true)
	f.Add("GET", "myroom/secrets?for_identity=;", "", true)
	f.Add("DELETE", "My_Room/secrets/..", "[", true)
	f.Add("GET", "myroom/secrets", "", false)
	f.Fuzz(func(t *testing.T, method, path, body string, known bool) {
		request, err := http.NewRequestWithContext(t.Context(), method, root+path, strings.NewReader(body))
		if err != nil {
			t.Skip("no request")
		}
		if known {
			request.Header.Set("Authorization", bearer)
		}
		answer := httptest.NewRecorder()
		server.ServeHTTP(answer, request)
		if answer.Code >= 500 || (!known && answer.Code < 300) {
			t.Errorf("status %d: %s", answer.Code, answer.Body)
		}
		if answer.Header().Get("Content-Type") == "application/json" && !json.Valid(answer.Body.Bytes()) {
			t.Errorf("no JSON: %q", answer.Body)
		}
	})
}

// FuzzToken shows anything in place of a token: whoever gets in is who a token was made for.
func FuzzToken(f *testing.F) {
	s, _ := servePipes(f)
	server, err := roomserver.New(roomserver.Config{APIKeys: []token.APIKey{s.key}, Store: store.NewMemory(0)})
	if err != nil {
		f.Fatal(err)
	}
	good := s.token(f, "alice", "myroom", plainGrant)
	for _, seed := range []string{
		"", good, good + "=", good[:len(good)-1], strings.ToUpper(good), "a.b.c", ".." + good, s.key.Encode(),
		"eyJhbGciOiJub25lIn0." + strings.Split(good, ".")[1] + ".", s.token(f, "alice", "other", adminGrant),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, jwt string) {
		request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/rooms/myroom", http.NoBody)
		request.Header.Set("Authorization", "Bearer "+jwt)
		answer := httptest.NewRecorder()
		server.ServeHTTP(answer, request) // no upgrade: whoever is let in gets 400
		switch answer.Code {
		case http.StatusUnauthorized, http.StatusForbidden:
		case http.StatusBadRequest:
			claims, err := token.Decode(strings.TrimSpace(jwt))
			if err != nil || claims.Name != "alice" || claims.Room() != "myroom" || claims.KeyID != s.key.ID.String() {
				t.Errorf("let in with %q", jwt)
			}
		default:
			t.Errorf("status %d", answer.Code)
		}
	})
}

// FuzzParseFault checks that what is accepted can be used.
func FuzzParseFault(f *testing.F) {
	for _, seed := range []string{"refuse=503,rate=0.5", "delay=200ms,tool=x", "drop=*,times=1", "close=1013", "", ",", "close=1e9", "drop=x,rate=NaN"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		fault, err := roomserver.ParseFault(text)
		if err == nil && (fault.Rate < 0 || fault.Rate > 1 || fault.Times < 0 || fault.Kind == "") {
			t.Errorf("%q is %+v", text, fault)
		}
	})
}
