// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomclient

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
)

func golden(t *testing.T, name string, v any) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "golden", name))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, v); err != nil {
		t.Fatal(err)
	}
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// recordedCall is a call of the published SDKs: what was sent, what was answered, and what
// the SDK returned. TypeScript recorded the answer, Python only the result.
type recordedCall struct {
	Name     string `json:"name"`
	Exchange []struct {
		Header     json.RawMessage `json:"header"`
		PayloadHex string          `json:"payload_hex"`
		FramesHex  []string        `json:"frames_hex"`
	} `json:"exchange"`
	Request    json.RawMessage `json:"request"`
	PayloadHex string          `json:"payload_hex"`
	Result     json.RawMessage `json:"result"`
	Error      *struct {
		Message string        `json:"message"`
		Code    protocol.Code `json:"code"`
	} `json:"error"`
}

// TestCallsOfTypeScriptAreMadeAlike plays the room's recorded frames, byte for byte, and
// compares what we send with what the SDK sent and what we return with what it returned.
func TestCallsOfTypeScriptAreMadeAlike(t *testing.T) {
	t.Parallel()
	var file struct {
		Startup []struct {
			FramesHex []string `json:"frames_hex"`
		} `json:"startup"`
		Calls []recordedCall `json:"calls"`
	}
	golden(t, "session.json", &file)
	if len(file.Calls) != 36 {
		t.Errorf("%d recorded calls, want 36", len(file.Calls))
	}
	for _, c := range file.Calls {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			call, ok := ours()[c.Name]
			if !ok {
				t.Fatal("a recorded call that this package does not make")
			}
			sent := make(chan protocol.Message, 1)
			conn := dial(t, serve(t, func(p *peer) {
				for _, message := range file.Startup {
					p.play(message.FramesHex, nil)
				}
				msg, ok := p.receive()
				if !ok {
					return
				}
				sent <- msg
				p.play(c.Exchange[1].FramesHex, &msg.ID)
				_ = p.drain()
			}))
			if conn.ParticipantID() != "participant-1" || conn.RoomName() != "myroom" {
				t.Errorf("participant %q in %q", conn.ParticipantID(), conn.RoomName())
			}
			result, err := call(t.Context(), conn.Secrets())
			wantOutcome(t, c, result, err)
			wantSent(t, c.Exchange[0].Header, c.Exchange[0].PayloadHex, received(t, "call", sent))
		})
	}
}

// play sends recorded packets; id, when it is given, replaces the recorded message id.
func (p *peer) play(framesHex []string, id *uint64) {
	for _, frame := range framesHex {
		packet := unhex(p.t, frame)
		if id != nil {
			copy(packet, protocol.Message{ID: *id}.AppendPacket(nil, 0)[:8])
		}
		p.sendPacket(packet)
	}
}

// TestCallsOfPythonAreMadeAlike does the same with the other SDK, whose vectors have the
// requests and results but not the answers in between; those are made of the results.
func TestCallsOfPythonAreMadeAlike(t *testing.T) {
	t.Parallel()
	var file struct {
		Calls []recordedCall `json:"calls"`
	}
	golden(t, "python.json", &file)
	answers := map[string]protocol.Content{
		"get_secret by id":                 protocol.File{Name: "My Secret", MIMEType: "text/plain", Data: []byte("secret-value")},
		"get_secret unexpected":            protocol.JSON{},
		"list_secrets (extra key ignored)": protocol.JSON{Value: json.RawMessage(`{"secrets":[{"id":"my-secret","type":"text/plain","name":"My Secret","delegated_to":null,"extra":1}]}`)},
		"list_secrets null name rejected":  protocol.JSON{Value: json.RawMessage(`{"secrets":[{"id":"x","type":"t","name":null}]}`)},
		"exists":                           protocol.JSON{Value: json.RawMessage(`{"exists":true}`)},
		"request_secret":                   protocol.File{Name: "s", MIMEType: "application/octet-stream", Data: []byte("secret-value")},
		"request_oauth_token":              protocol.JSON{Value: json.RawMessage(`{"access_token":"oauth-token"}`)},
		"request_oauth_token connector":    protocol.JSON{Value: json.RawMessage(`{"access_token":"oauth-token"}`)},
		"get_offline_oauth_token none":     protocol.JSON{Value: json.RawMessage(`{"access_token":null}`)},
	}
	for _, c := range file.Calls {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			call, ok := ours()[c.Name]
			if !ok {
				t.Fatal("a recorded call that this package does not make")
			}
			sent := make(chan protocol.Message, 1)
			conn := dial(t, serve(t, func(p *peer) {
				p.begin()
				msg, ok := p.receive()
				if !ok {
					return
				}
				sent <- msg
				content, ok := answers[c.Name]
				if !ok {
					content = protocol.Empty{}
				}
				p.respond(msg.ID, content)
				_ = p.drain()
			}))
			result, err := call(t.Context(), conn.Secrets())
			wantOutcome(t, c, result, err)
			if len(c.Request) > 0 {
				wantSent(t, c.Request, c.PayloadHex, received(t, "call", sent))
			}
		})
	}
}

// wantOutcome compares with what the SDK returned. The server's text and code are in fields
// here; the SDKs' own message is the end of ours.
func wantOutcome(t *testing.T, c recordedCall, result any, err error) {
	t.Helper()
	if c.Error == nil {
		if err != nil {
			t.Fatalf("got error %v", err)
		}
		var want any
		if len(c.Result) > 0 {
			if err := json.Unmarshal(c.Result, &want); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff(want, result); diff != "" {
			t.Errorf("result (-want +got):\n%s", diff)
		}
		return
	}
	e := judge(t, err, nil)
	if c.Name == "list_secrets null name rejected" {
		// Python's validation library has words of its own here; TypeScript's are ours.
		c.Error.Message = "unexpected return type from secrets.list_secrets"
	}
	if e.Text != c.Error.Message && (e.Err == nil || e.Err.Error() != c.Error.Message) {
		t.Errorf("got error %v with text %q, want %q", e, e.Text, c.Error.Message)
	}
	if c.Error.Code != 0 && e.Code != c.Error.Code {
		t.Errorf("got code %d, want %d", e.Code, c.Error.Code)
	}
}

// wantSent compares a request with the recorded one, decoded. Members that only Python
// sends are not ours to send.
func wantSent(t *testing.T, header json.RawMessage, payloadHex string, msg protocol.Message) {
	t.Helper()
	got, payload, err := protocol.Unpack(msg.Data)
	if err != nil {
		t.Fatal(err)
	}
	var wantHeader, gotHeader map[string]any
	for raw, into := range map[*json.RawMessage]*map[string]any{&header: &wantHeader, &got: &gotHeader} {
		if err := json.Unmarshal(*raw, into); err != nil {
			t.Fatal(err)
		}
	}
	for _, python := range []string{"participant_id", "on_behalf_of_id", "tool_call_id"} {
		delete(wantHeader, python)
	}
	if diff := cmp.Diff(wantHeader, gotHeader); diff != "" {
		t.Errorf("sent (-want +got):\n%s", diff)
	}
	if msg.Type != protocol.TypeInvokeTool || hex.EncodeToString(payload) != payloadHex {
		t.Errorf("sent %s with payload %x, want %s", msg.Type, payload, payloadHex)
	}
}

// connectionCase is how the TypeScript SDK took a refusal or a close.
type connectionCase struct {
	Name      string `json:"name"`
	Attempts  int    `json:"attempts"`
	Connected bool   `json:"connected"`
	Timeout   int    `json:"reconnect_timeout_ms"`
}

// connectionPolicy is ours, by the name of the case: whether we try again, and why where
// that differs from the SDK.
func connectionPolicy() map[string]struct {
	retried bool
	differs string
} {
	type policy = struct {
		retried bool
		differs string
	}
	const nothingChanges = "the SDK retries; nothing changes by itself, and whoever changes it calls Retry"
	const noTimeout = "the SDK was told not to reconnect; a Session always does, a Conn never"
	return map[string]policy{
		"handshake 401":                            {false, nothingChanges},
		"handshake 403":                            {false, ""},
		"handshake 404":                            {false, ""},
		"handshake 423":                            {false, nothingChanges + "; the SDK gives up too from 0.50"},
		"handshake 429":                            {true, ""},
		"handshake 500":                            {true, ""},
		"handshake 503":                            {true, ""},
		"handshake 503 then ok":                    {true, ""},
		"handshake 401, reconnectTimeout 0":        {false, ""},
		"close 1000 before ready":                  {false, ""},
		"close 1001 before ready":                  {true, ""},
		"close 1008 before ready":                  {false, nothingChanges + "; it is how a server refuses whom it has upgraded already"},
		"close 1011 before ready":                  {true, ""},
		"close 1012 before ready":                  {true, ""},
		"close 1013 before ready":                  {true, ""},
		"close 4000 before ready":                  {true, ""},
		"close 4001 before ready":                  {true, ""},
		"close 1000 reason 1013 before ready":      {false, ""},
		"close 1000 after ready, then accept":      {false, ""},
		"close 1001 after ready, then accept":      {true, ""},
		"close 1008 after ready, then accept":      {true, ""},
		"close 1011 after ready, then accept":      {true, ""},
		"close 1013 after ready, then accept":      {true, ""},
		"close 4001 after ready, then accept":      {true, ""},
		"tcp drop after ready, then accept":        {true, ""},
		"tcp drop after ready, then 403":           {true, ""},
		"tcp drop after ready, reconnectTimeout 0": {true, noTimeout},
	}
}

// TestConnectionsAreRetriedAsTheSDKDoes produces each recorded case on a real server and
// checks what a Session makes of it, and that every difference to the SDK is a known one.
func TestConnectionsAreRetriedAsTheSDKDoes(t *testing.T) {
	t.Parallel()
	var file struct {
		Cases []connectionCase `json:"cases"`
	}
	golden(t, "connection.json", &file)
	if len(file.Cases) != len(connectionPolicy()) {
		t.Fatalf("got %d cases, want %d", len(file.Cases), len(connectionPolicy()))
	}
	for _, c := range file.Cases {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			policy, ok := connectionPolicy()[c.Name]
			if !ok {
				t.Fatal("a case without a policy of ours")
			}
			// The SDK retried when it made more attempts than the one that failed.
			if sdkRetried := c.Attempts > 1; (sdkRetried != policy.retried) != (policy.differs != "") {
				t.Errorf("the SDK retried: %v, we do: %v, known difference: %q", sdkRetried, policy.retried, policy.differs)
			}
			phase, err := firstFailure(t, scenario(t, c.Name))
			want := PhaseFailed
			if policy.retried {
				want = PhaseWaiting
			}
			if phase != want || IsTerminal(err) == policy.retried {
				t.Errorf("the session is %s because of %v, want %s", phase, err, want)
			}
			wantError(t, err, nil)
		})
	}
}

// firstFailure runs a session until something has gone wrong with it.
func firstFailure(t *testing.T, config Config) (Phase, error) {
	t.Helper()
	states := make(chan State, 100)
	session, err := NewSession(t.Context(), SessionConfig{
		Config: config, OnChange: func(s State) { states <- s },
		rnd: func() float64 { return 0.99 }, // the next attempt is late enough to see the waiting
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = session.Close() }()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	for {
		select {
		case state := <-states:
			if state.Phase == PhaseWaiting || state.Phase == PhaseFailed {
				return state.Phase, state.Err
			}
		case <-deadline.C:
			t.Fatal("nothing went wrong")
		}
	}
}
