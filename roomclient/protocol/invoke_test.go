// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package protocol_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
)

type pythonCall struct {
	Name       string          `json:"name"`
	MessageID  uint64          `json:"message_id"`
	Request    json.RawMessage `json:"request"`
	PayloadHex string          `json:"payload_hex"`
	FramesHex  []string        `json:"frames_hex"`
}

func TestCallsOfPythonAreRead(t *testing.T) {
	t.Parallel()
	var file struct {
		Calls []pythonCall `json:"calls"`
	}
	golden(t, "python.json", &file)
	for _, c := range file.Calls {
		if len(c.FramesHex) == 0 {
			continue // refused by the SDK before anything was sent
		}
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			msg := assemble(t, &protocol.Assembler{}, c.FramesHex)
			if msg.ID != c.MessageID || msg.Type != protocol.TypeInvokeTool {
				t.Errorf("got message %d %s", msg.ID, msg.Type)
			}
			sameCall(t, c.Request, c.PayloadHex, msg.Data)
		})
	}
}

func TestCallsOfTypeScriptAreRead(t *testing.T) {
	t.Parallel()
	var file struct {
		Calls []struct {
			Name     string `json:"name"`
			Exchange []struct {
				Header     json.RawMessage `json:"header"`
				PayloadHex string          `json:"payload_hex"`
				FramesHex  []string        `json:"frames_hex"`
			} `json:"exchange"`
		} `json:"calls"`
	}
	golden(t, "session.json", &file)
	if len(file.Calls) != 36 {
		t.Fatalf("got %d calls, want 36", len(file.Calls))
	}
	for _, c := range file.Calls {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			request := c.Exchange[0]
			msg := assemble(t, &protocol.Assembler{}, request.FramesHex)
			sameCall(t, request.Header, request.PayloadHex, msg.Data)
		})
	}
}

// sameCall reads a recorded call and writes it again; both must mean the same. The
// members that only Python sends, always null, are left out when they are written.
func sameCall(t *testing.T, header json.RawMessage, payloadHex string, data []byte) {
	t.Helper()
	call, err := protocol.UnpackInvoke(data)
	if err != nil {
		t.Fatal(err)
	}
	packed, err := protocol.PackInvoke(call)
	if err != nil {
		t.Fatal(err)
	}
	got, payload, err := protocol.Unpack(packed)
	if err != nil {
		t.Fatal(err)
	}
	want, ok := decoded(t, header).(map[string]any)
	if !ok {
		t.Fatalf("header %s", header)
	}
	for _, optional := range []string{"participant_id", "on_behalf_of_id"} {
		if value, present := want[optional]; present && value == nil {
			delete(want, optional)
		}
	}
	if diff := cmp.Diff(any(want), decoded(t, got)); diff != "" {
		t.Errorf("header (-want +got):\n%s", diff)
	}
	if hex.EncodeToString(payload) != payloadHex && payloadHex != "" {
		t.Errorf("payload %x, want %s", payload, payloadHex)
	}
}

func TestInvokeKeepsEveryMember(t *testing.T) {
	t.Parallel()
	participant, behalf := "p1", "p2"
	want := protocol.Invoke{
		Toolkit: "t", Tool: "u", Input: protocol.Text{Text: "x"},
		ParticipantID: &participant, OnBehalfOfID: &behalf,
		CallerContext: json.RawMessage(`{"a":1}`), ToolCallID: "id",
	}
	packed, err := protocol.PackInvoke(want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := protocol.UnpackInvoke(packed)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestInvokeWithoutInputIsEmpty(t *testing.T) {
	t.Parallel()
	packed, err := protocol.PackInvoke(protocol.Invoke{Toolkit: "t", Tool: "u"})
	if err != nil {
		t.Fatal(err)
	}
	got, err := protocol.UnpackInvoke(packed)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(protocol.Invoke{Toolkit: "t", Tool: "u", Input: protocol.Empty{}}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestMalformedCallsAreRefused(t *testing.T) {
	t.Parallel()
	for name, header := range map[string]string{
		"no arguments":               `{"toolkit":"secrets","tool":"exists"}`,
		"null arguments":             `{"toolkit":"secrets","tool":"exists","arguments":null}`,
		"arguments that are a list":  `{"toolkit":"secrets","tool":"exists","arguments":[]}`,
		"arguments without a type":   `{"toolkit":"secrets","tool":"exists","arguments":{}}`,
		"a toolkit that is a number": `{"toolkit":1,"tool":"exists","arguments":{"type":"empty"}}`,
		"a call id that is a number": `{"toolkit":"s","tool":"t","tool_call_id":1,"arguments":{"type":"empty"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if call, err := protocol.UnpackInvoke([]byte(pack(t, header))); !errors.Is(err, protocol.ErrMalformed) {
				t.Errorf("got %+v and error %v, want ErrMalformed", call, err)
			}
		})
	}
}

func FuzzMessages(f *testing.F) {
	for _, header := range []string{
		`{"toolkit":"secrets","tool":"exists","arguments":{"type":"json","json":{"secret_id":"a"}}}`,
		`{"toolkit":"secrets","tool":"set_secret","arguments":{"type":"binary","headers":null},"tool_call_id":"x","participant_id":null}`,
		`{"toolkit":"","tool":"","arguments":{"type":"empty"},"caller_context":{"a":[1]},"__meshagent__":{"v":1}}`,
	} {
		packed, err := protocol.Pack(json.RawMessage(header), []byte("payload"))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(packed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		header, payload, err := protocol.Unpack(data)
		if err != nil {
			if !errors.Is(err, protocol.ErrMalformed) {
				t.Fatalf("unexpected error %v", err)
			}
			return
		}
		if len(header)+len(payload)+8 != len(data) || !json.Valid(header) {
			t.Fatalf("unpacked %d and %d bytes of %d", len(header), len(payload), len(data))
		}
		call, err := protocol.UnpackInvoke(data)
		if err != nil {
			if !errors.Is(err, protocol.ErrMalformed) {
				t.Fatalf("unexpected error %v", err)
			}
			return
		}
		packed, err := protocol.PackInvoke(call)
		if err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		again, err := protocol.UnpackInvoke(packed)
		if err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		}
		repacked, err := protocol.PackInvoke(again)
		if err != nil || !bytes.Equal(packed, repacked) {
			t.Fatalf("the call changes each time: %q, %q, %v", packed, repacked, err)
		}
	})
}
