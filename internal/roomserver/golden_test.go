// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomserver_test

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/gorilla/websocket"

	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
)

func readGolden(t *testing.T, name string, into any) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "golden", name))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatal(err)
	}
}

// recorded is one call as an SDK put it on the wire.
type recorded struct {
	name   string
	id     uint64
	tool   string
	frames []string
}

func typescriptCalls(t *testing.T) []recorded {
	t.Helper()
	var golden struct {
		Calls []struct {
			Name     string
			Exchange []struct {
				Dir       string
				MessageID uint64 `json:"message_id"`
				Header    struct{ Tool string }
				FramesHex []string `json:"frames_hex"`
			}
		}
	}
	readGolden(t, "session.json", &golden)
	var calls []recorded
	for _, c := range golden.Calls {
		for _, m := range c.Exchange {
			if m.Dir == "client->server" {
				calls = append(calls, recorded{c.Name, m.MessageID, m.Header.Tool, m.FramesHex})
			}
		}
	}
	return calls
}

func pythonCalls(t *testing.T) []recorded {
	t.Helper()
	var golden struct {
		Calls []struct {
			Name      string
			MessageID uint64 `json:"message_id"`
			Request   *struct{ Tool string }
			FramesHex []string `json:"frames_hex"`
		}
	}
	readGolden(t, "python.json", &golden)
	var calls []recorded
	for _, c := range golden.Calls {
		if c.Request != nil {
			calls = append(calls, recorded{c.Name, c.MessageID, c.Request.Tool, c.FramesHex})
		}
	}
	return calls
}

func (p *peer) replay(c recorded) protocol.Content {
	p.t.Helper()
	for _, frame := range c.frames {
		packet, err := hex.DecodeString(frame)
		if err != nil {
			p.t.Fatal(err)
		}
		if err := p.socket.WriteMessage(websocket.BinaryMessage, packet); err != nil {
			p.t.Fatal(err)
		}
	}
	return p.answer(c.id)
}

// outline is a content in one line, with ids that the server made up replaced.
func outline(t *testing.T, content protocol.Content) string {
	t.Helper()
	switch content := content.(type) {
	case protocol.Empty:
		return "empty"
	case protocol.Error:
		return fmt.Sprint("error ", int(content.Code))
	case protocol.File:
		return fmt.Sprintf("file %q %s %q", content.Name, content.MIMEType, string(content.Data))
	case protocol.JSON:
		var list protocol.ListSecretsResponse
		if json.Unmarshal(content.Value, &list) != nil {
			return string(content.Value)
		}
		lines := []string{}
		for _, s := range list.Secrets {
			line := fmt.Sprintf("%s/%s %s %q", s.ID, protocol.OrEmpty(s.DelegatedTo), s.Type, s.Name)
			if uuid.Validate(s.ID) == nil {
				line = strings.ReplaceAll(line, s.ID, "<random>")
			}
			lines = append(lines, line)
		}
		slices.Sort(lines)
		return "list " + strings.Join(lines, ", ")
	default:
		t.Fatalf("%s content", content.Type())
		return ""
	}
}

// TestRecordedCallsOfTheSDKsAreAnswered sends, byte for byte, what the SDKs sent, in their order. What the recorded
// answers held was chosen to try the SDKs; what these answers hold follows from the calls before them.
func TestRecordedCallsOfTheSDKsAreAnswered(t *testing.T) {
	t.Parallel()
	const octets = "application/octet-stream"
	typescriptList := `list <random>/ text/plain "n", a/ ` + octets + ` "a", big/ ` + octets + ` "big", empty/ ` + octets +
		` "empty", my-secret/ text/plain "my-secret"`
	pythonList := `list <random>/ ` + octets + ` "<random>", k/ ` + octets + ` "k", my-secret/ ` + octets + ` "my-secret"`
	sessions := map[string]struct {
		calls []recorded
		want  map[string]string // by name of the call; void tools answer with empty, and nobody is there to be asked or has been
	}{
		"typescript": {typescriptCalls(t), map[string]string{
			"get_secret: by id":                       `file "my-secret" text/plain "v"`,
			"get_secret: by type and name, delegated": "empty",
			"get_secret: missing":                     "empty",
			"get_secret: unexpected reply type":       "empty",
			"list_secrets":                            typescriptList,
			"list_secrets: empty":                     typescriptList,
			"list_secrets: invalid item (no name)":    typescriptList,
			"exists: true":                            `{"exists":true}`,
			"exists: false, for identity":             `{"exists":false}`,
			"get_offline_oauth_token":                 "error 1001", // delegated to and by others
			"get_offline_oauth_token: none":           `{"access_token":null}`,
		}},
		"python": {pythonCalls(t), map[string]string{
			"get_secret by id":                 `file "my-secret" ` + octets + ` "v"`,
			"get_secret missing":               "empty",
			"get_secret unexpected":            "empty",
			"list_secrets (extra key ignored)": pythonList,
			"list_secrets null name rejected":  pythonList,
			"exists":                           `{"exists":false}`,
			"request_oauth_token connector":    "error 1002",
			"get_offline_oauth_token none":     `{"access_token":null}`,
		}},
	}
	for name, session := range sessions {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := serve(t).dial(t, "alice", "myroom", adminGrant)
			void := []string{protocol.ToolSetSecret, protocol.ToolDeleteSecret, protocol.ToolDeleteRequestedSecret}
			for _, call := range session.calls {
				want, ok := session.want[call.name]
				switch {
				case ok:
				case slices.Contains(void, call.tool):
					want = "empty"
				default:
					want = "error 1003"
				}
				if got := outline(t, p.replay(call)); got != want {
					t.Errorf("%s:\n got %s\nwant %s", call.name, got, want)
				}
			}
			if len(session.calls) < 20 {
				t.Errorf("only %d calls replayed", len(session.calls))
			}
		})
	}
}

func TestStartUpLooksLikeTheRecordedOne(t *testing.T) {
	t.Parallel()
	var golden struct {
		Startup []struct {
			MessageID uint64 `json:"message_id"`
			Type      string
			Header    map[string]any
		}
	}
	readGolden(t, "session.json", &golden)
	s := serve(t)
	address := s.roomURL("myroom", s.token(t, "alice", "myroom", plainGrant))
	socket, response, err := websocket.DefaultDialer.DialContext(t.Context(), address, nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	t.Cleanup(func() { _ = socket.Close() })
	p := &peer{t: t, socket: socket}
	for _, want := range golden.Startup {
		got := p.receive()
		var header map[string]any
		if err := protocol.UnpackHeader(got.Data, &header); err != nil {
			t.Fatal(err)
		}
		if got.ID != want.MessageID || got.Type != want.Type {
			t.Errorf("message %d %q, want %d %q", got.ID, got.Type, want.MessageID, want.Type)
		}
		for member, value := range want.Header {
			switch member {
			case "room_url", "session_id", "participantId": // ours
				if text, ok := header[member].(string); !ok || text == "" {
					t.Errorf("%s: %s is %v", want.Type, member, header[member])
				}
			default:
				if diff := cmp.Diff(value, header[member]); diff != "" {
					t.Errorf("%s: %s (-want +got):\n%s", want.Type, member, diff)
				}
			}
		}
	}
}
