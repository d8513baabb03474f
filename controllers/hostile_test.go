// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/gorilla/websocket"
	. "github.com/onsi/gomega"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
)

// hostile is a room that has "a", "b" and whatever is set, and keeps to the protocol but for what its members say.
type hostile struct {
	// answer replaces the answers of some tools; it returns nil where it has nothing to say. What it returns is packed, since
	// that can take longer than everything that happens to it here.
	answer func(call protocol.Invoke, id string) []byte
	// garble replaces the data of an answer.
	garble func(tool string, data []byte) []byte
	// greeting is the packet that a participant hears instead of the usual ones.
	greeting []byte

	mu    sync.Mutex
	value map[string]protocol.File
	calls map[string]int
}

const (
	joining = "(joining)"
	// hangUp is what garble returns to end the connection without a word.
	hangUp = "(hang up)"
)

func (h *hostile) count(call string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.calls == nil {
		h.calls = map[string]int{}
	}
	h.calls[call]++
}

// counted returns how often a tool was called, or joining was tried.
func (h *hostile) counted(call string) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.calls[call]
}

func (h *hostile) put(id string, value protocol.File) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.value == nil {
		h.value = map[string]protocol.File{}
	}
	h.value[id] = value
}

// ServeHTTP implements [http.Handler]: it is the endpoint of the room.
func (h *hostile) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var upgrader websocket.Upgrader
	ws, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	defer func() { _ = ws.Close() }()
	h.count(joining)
	if h.greeting != nil {
		_ = ws.WriteMessage(websocket.BinaryMessage, h.greeting)
		_, _, _ = ws.ReadMessage()
		return
	}
	send(ws, 1, protocol.TypeRoomReady, packed(protocol.RoomReady{RoomName: "hostile", RoomURL: "ws://x", SessionID: "s"}))
	send(ws, 2, protocol.TypeConnected, packed(protocol.Connected{Type: protocol.ConnectedInit, ParticipantID: "p"}))
	h.serve(ws)
}

func (h *hostile) serve(ws *websocket.Conn) {
	var assembler protocol.Assembler
	for {
		_, packet, err := ws.ReadMessage()
		if err != nil {
			return
		}
		msg, complete, err := assembler.Add(packet)
		if err != nil {
			return
		}
		if !complete {
			continue
		}
		call, err := protocol.UnpackInvoke(msg.Data)
		if err != nil {
			return
		}
		h.count(call.Tool)
		data := h.respond(call)
		if h.garble != nil {
			data = h.garble(call.Tool, data)
		}
		if string(data) == hangUp {
			return
		}
		send(ws, msg.ID, protocol.TypeResponse, data)
	}
}

func send(ws *websocket.Conn, id uint64, messageType string, data []byte) {
	for packet := range (protocol.Message{ID: id, Type: messageType, Data: data}).Packets() {
		_ = ws.WriteMessage(websocket.BinaryMessage, packet)
	}
}

func packed(header any) []byte {
	data, err := protocol.Pack(header, nil)
	if err != nil {
		panic(err)
	}
	return data
}

func packedContent(content protocol.Content) []byte {
	data, err := protocol.PackContent(content)
	if err != nil {
		panic(err)
	}
	return data
}

// respond answers a call as a room should, unless answer has something else to say.
func (h *hostile) respond(call protocol.Invoke) []byte {
	input, id := secretOf(call)
	if h.answer != nil {
		if data := h.answer(call, id); data != nil {
			return data
		}
	}
	return packedContent(h.result(call.Tool, input, id))
}

// result is what a room says when a tool is called with a secret.
func (h *hostile) result(tool string, input protocol.File, id string) protocol.Content {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch tool {
	case protocol.ToolGetSecret:
		if file, ok := h.value[id]; ok {
			return file
		}
		if id == "a" || id == "b" {
			return protocol.File{Name: id, MIMEType: "text/plain", Data: []byte("one")}
		}
	case protocol.ToolListSecrets:
		rows := protocol.ListSecretsResponse{Secrets: []protocol.SecretInfo{{ID: "a"}, {ID: "b"}}}
		for id := range h.value {
			rows.Secrets = append(rows.Secrets, protocol.SecretInfo{ID: id})
		}
		return protocol.Object(rows)
	case protocol.ToolSetSecret:
		if h.value == nil {
			h.value = map[string]protocol.File{}
		}
		h.value[id] = input
	}
	return protocol.Empty{}
}

// secretOf returns what a call says of a secret.
func secretOf(call protocol.Invoke) (protocol.File, string) {
	var header json.RawMessage
	var file protocol.File
	switch input := call.Input.(type) {
	case protocol.JSON:
		header = input.Value
	case protocol.Binary:
		header, file.Data = input.Headers, bytes.Clone(input.Data)
	}
	var secret struct {
		ID   string `json:"secret_id"`
		Type string `json:"type"`
		Name string `json:"name"`
	}
	_ = json.Unmarshal(header, &secret)
	file.Name, file.MIMEType = secret.Name, secret.Type
	return file, secret.ID
}

// manyRows is a list of rows, each of so many bytes.
func manyRows(rows, size int) protocol.Content {
	list := protocol.ListSecretsResponse{}
	for i := range rows {
		list.Secrets = append(list.Secrets, protocol.SecretInfo{ID: fmt.Sprint(i), Name: strings.Repeat("n", size)})
	}
	return protocol.Object(list)
}

// TestAHostileRoomHurtsNobody has a pull and a push in a room that misbehaves, another pull in the same room that it does
// not concern, and one in a room that behaves. Whatever the first room does, it is refused with a reason, everything else
// goes on, and it is not asked over and over.
func TestAHostileRoomHurtsNobody(t *testing.T) {
	t.Parallel()
	only := func(tool, id string, content protocol.Content) func(protocol.Invoke, string) []byte {
		data := packedContent(content)
		return func(call protocol.Invoke, about string) []byte {
			if call.Tool == tool && (id == "" || id == about) {
				return data
			}
			return nil
		}
	}
	always := func(content protocol.Content) func(protocol.Invoke, string) []byte {
		data := packedContent(content)
		return func(protocol.Invoke, string) []byte { return data }
	}
	const tryingAgain, notReady, tooLarge, missing = "Unknown/Progressing", "Unknown/RoomNotReady", "False/TooLarge", "False/RoomSecretNotFound"
	cases := map[string]struct {
		room *hostile
		// pull, push and other are how the RoomSecrets in the room stand.
		pull, push, other string
	}{
		"that behaves":                           {&hostile{}, inSync, inSync, inSync},
		"that answers with another type":         {&hostile{answer: only(protocol.ToolGetSecret, "a", protocol.Text{Text: "one"})}, tryingAgain, inSync, inSync},
		"that answers with something else":       {&hostile{answer: only(protocol.ToolGetSecret, "a", protocol.Object(map[string]any{"exists": true}))}, tryingAgain, inSync, inSync},
		"that answers with nonsense":             {&hostile{garble: func(string, []byte) []byte { return []byte("nonsense") }}, tryingAgain, tryingAgain, tryingAgain},
		"that answers with nothing":              {&hostile{garble: func(string, []byte) []byte { return []byte{} }}, tryingAgain, tryingAgain, tryingAgain},
		"that sends 50 MB":                       {&hostile{answer: only(protocol.ToolGetSecret, "a", protocol.File{Data: make([]byte, 50<<20)})}, tooLarge, inSync, inSync},
		"that sends more than a Secret can hold": {&hostile{answer: only(protocol.ToolGetSecret, "a", protocol.File{Data: make([]byte, 2<<20)})}, tooLarge, inSync, inSync},
		"that lists 100,000 small rows":          {&hostile{answer: only(protocol.ToolListSecrets, "", manyRows(100_000, 0))}, inSync, inSync, inSync},
		"that lists 100,000 rows in 50 MB":       {&hostile{answer: only(protocol.ToolListSecrets, "", manyRows(100_000, 450))}, inSync, inSync, inSync},
		"that lists something else":              {&hostile{answer: only(protocol.ToolListSecrets, "", protocol.Empty{})}, inSync, inSync, inSync},
		"that lists what it has not":             {&hostile{answer: only(protocol.ToolGetSecret, "a", protocol.Empty{})}, missing, inSync, inSync},
		"that keeps another type":                {&hostile{garble: anotherType}, inSync, "False/Conflict", inSync}, // it is not what was written
		"that keeps nothing":                     {&hostile{answer: only(protocol.ToolSetSecret, "", protocol.Empty{})}, inSync, tryingAgain, inSync},
		"that refuses to keep":                   {&hostile{answer: only(protocol.ToolSetSecret, "", protocol.Error{Text: "no", Code: protocol.CodeInvalidRequest})}, inSync, "False/Rejected", inSync},
		"that fails":                             {&hostile{answer: always(protocol.Error{Text: strings.Repeat("!", 1<<20)})}, tryingAgain, tryingAgain, tryingAgain},
		"that hangs up":                          {&hostile{garble: func(string, []byte) []byte { return []byte(hangUp) }}, notReady, notReady, notReady},
		"that greets with noise":                 {&hostile{greeting: []byte("hello")}, notReady, notReady, notReady},
		"that greets for ever":                   {&hostile{greeting: []byte{0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 'x'}}, notReady, notReady, notReady},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			good := w.withHostileRoom(c.room)
			pull, push, other := w.newPull("pull", []string{"a"}, inHostileRoom), w.newPush("push", []string{"pushed"}, inHostileRoom), w.newPull("other", []string{"b"}, inHostileRoom)
			w.create(newSecret(w.ns, "source", map[string]string{"pushed": "value"}), pull, push, other)
			w.Eventually(w.state(pull)).Should(Equal(c.pull))
			w.Eventually(w.state(push)).Should(Equal(c.push))
			w.Eventually(w.state(other)).Should(Equal(c.other))

			w.put(w.key(own, "a"), "two")
			w.Eventually(w.secretValue(good.Name, "a")).Should(Equal("two"), "a room that behaves goes on")
			if c.other == inSync {
				c.room.put("b", protocol.File{Name: "b", MIMEType: "text/plain", Data: []byte("two")})
				w.Eventually(w.secretValue("other", "b")).Should(Equal("two"), "what does not concern the bad row goes on")
			}
			w.checkPatience(c.room)
		})
	}
}

// TestARoomThatCannotBeListedFailsOnlyWhatLooksForSomething: what has an id goes on, and what was found before stays.
func TestARoomThatCannotBeListedFailsOnlyWhatLooksForSomething(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		list protocol.Content
		want string
	}{
		"too much": {manyRows(20_000, 250), "False/TooLarge"},
		"nonsense": {protocol.Empty{}, "False/Rejected"},
		"an error": {forbidden, "False/Forbidden"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			room := newUnlistable(c.list)
			w.withHostileRoom(room.hostile)
			finder := w.newFinder()
			w.create(finder)
			w.settled(finder)
			before := w.secret("finder").Data
			room.silent.Store(true)
			w.Eventually(w.state(finder)).Should(Equal(c.want), "who looks for something is told")
			w.Expect(w.secret("finder").Data).To(Equal(before))
			room.put("b", protocol.File{Name: "b", MIMEType: "text/plain", Data: []byte("new")})
			w.Eventually(w.secretValue("finder", "entry")).Should(Equal("new"), "what has an id goes on")
			w.Expect(w.secretValue("finder", "b")()).To(Equal(string(before["b"])))
			w.checkPatience(room.hostile)
			room.silent.Store(false)
			w.settled(finder)
			w.Expect(w.secretValue("finder", "b")()).To(Equal("new"))
		})
	}
}

// anotherType says another type of each secret than the one it was set with.
func anotherType(tool string, data []byte) []byte {
	if tool != protocol.ToolGetSecret {
		return data
	}
	return bytes.ReplaceAll(data, []byte("text/plain"), []byte("text/other"))
}

func inHostileRoom(rs *roomv1alpha1.RoomSecret) { rs.Spec.RoomRef.Name = "hostile" }

// withHostileRoom creates a Room for a hostile room beside the usual one, and a pull of "a" from the usual one.
func (w *world) withHostileRoom(room *hostile) *roomv1alpha1.RoomSecret {
	w.t.Helper()
	server := httptest.NewServer(room)
	w.t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	w.withRoom()
	bad, _ := w.newRoom()
	bad.Name, bad.Spec.Endpoint = "hostile", server.URL
	good := w.newPull("good", []string{"a"})
	w.put(w.key(own, "a"), "one")
	w.create(bad, good)
	w.settled(good)
	return good
}

// checkPatience checks that over a while a room is asked a few times and not all the time.
func (w *world) checkPatience(room *hostile) {
	w.t.Helper()
	before := map[string]int{}
	calls := []string{joining, protocol.ToolGetSecret, protocol.ToolListSecrets, protocol.ToolSetSecret}
	for _, call := range calls {
		before[call] = room.counted(call)
	}
	const most = 40 // in three seconds, with retries after 50 ms, 100 ms, 200 ms and so on for each RoomSecret
	w.Consistently(func() int {
		asked := 0
		for _, call := range calls {
			asked = max(asked, room.counted(call)-before[call])
		}
		return asked
	}).Should(BeNumerically("<", most))
}

func TestAPullOfMoreThanASecretHoldsKeepsTheTarget(t *testing.T) {
	t.Parallel()
	// The rows are written one after another, so the last of them must be what is too much.
	for name, sizes := range map[string][]int{"together": {400 << 10, 400 << 10, 400 << 10}, "and than is read": {400 << 10, 400 << 10, 7 << 19}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.withRoom()
			ids := []string{"a", "b", "c"}
			pull := w.newPull("app", ids)
			w.put(w.key(own, "a"), strings.Repeat("x", sizes[0]))
			w.put(w.key(own, "b"), strings.Repeat("x", sizes[1]))
			w.put(w.key(own, "c"), "one")
			w.create(pull)
			w.settled(pull)
			w.put(w.key(own, "c"), strings.Repeat("x", sizes[2]))
			w.Eventually(w.state(pull)).Should(Equal("False/TooLarge"))
			w.Expect(w.secretValue("app", "c")()).To(Equal("one"))
			w.put(w.key(own, "b"), "two")
			w.put(w.key(own, "c"), "two")
			w.put(w.key(own, "a"), "two")
			w.Eventually(w.secretValue("app", "a")).Should(Equal("two"))
			w.settled(pull)
		})
	}
}
