// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomserver

import (
	"testing"

	"github.com/roomsecrets/roomsecret-operator/internal/roomserver/store"
	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
	"github.com/roomsecrets/roomsecret-operator/roomclient/token"
)

// FuzzServeMessage gives a message to the desk as a connection would: nothing may make it panic, every answer is a
// content of the protocol within the limit, and nobody's rows but the caller's change.
func FuzzServeMessage(f *testing.F) {
	text := func(s string) *string { return &s }
	for _, call := range []protocol.Invoke{
		{Toolkit: protocol.Toolkit, Tool: protocol.ToolListSecrets, Input: protocol.JSON{Value: []byte(`{}`)}},
		{Toolkit: protocol.Toolkit, Tool: protocol.ToolGetSecret, Input: protocol.JSON{Value: []byte(`{"type":"t","name":"n"}`)}},
		{Toolkit: protocol.Toolkit, Tool: protocol.ToolExists, Input: protocol.JSON{Value: []byte(`{"secret_id":"s"}`)}},
		{Toolkit: protocol.Toolkit, Tool: protocol.ToolDeleteSecret, Input: protocol.JSON{Value: []byte(`{"id":"s"}`)}},
		{Toolkit: protocol.Toolkit, Tool: protocol.ToolSetSecret, Input: protocol.Binary{
			Headers: []byte(`{"secret_id":null,"for_identity":"bob","has_data":true}`), Data: []byte("v"),
		}},
		{Toolkit: protocol.Toolkit, Tool: protocol.ToolRequestSecret, Input: protocol.JSON{
			Value: []byte(`{"url":"u","type":"t","participant_id":"p","timeout":1,"delegate_to":null}`),
		}},
		{Toolkit: protocol.Toolkit, Tool: protocol.ToolProvideSecret, Input: protocol.Binary{
			Headers: []byte(`{"request_id":"r","error":null}`), Data: []byte("v"),
		}},
		{Toolkit: protocol.Toolkit, Tool: protocol.ToolDeleteRequestedSecret, Input: protocol.JSON{
			Value: []byte(`{"url":"u","type":"t","delegated_to":"d"}`),
		}},
		{Toolkit: protocol.Toolkit, Tool: protocol.ToolRequestOAuthToken, Input: protocol.JSON{Value: []byte(
			`{"oauth":{"client_id":"c","authorization_endpoint":"https://a.example/","token_endpoint":"https://t.example/","scopes":["s"]},` +
				`"redirect_uri":"https://r.example/","participant_id":"p","timeout":1}`)}},
		{Toolkit: protocol.Toolkit, Tool: protocol.ToolGetOfflineOAuthToken, Input: protocol.JSON{Value: []byte(
			`{"oauth":{"client_id":"c","authorization_endpoint":"https://a.example/","token_endpoint":"https://t.example/"},"delegated_by":"bob"}`)}},
		{Toolkit: protocol.Toolkit, Tool: protocol.ToolProvideOAuthAuthorization, Input: protocol.JSON{
			Value: []byte(`{"request_id":"r","code":"c","error":"e"}`),
		}},
		{Toolkit: "x", Tool: "y", Input: protocol.Control{Method: "open"}, ParticipantID: text("p")},
	} {
		data, err := protocol.PackInvoke(call)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(protocol.TypeInvokeTool, data)
	}
	f.Add(protocol.TypeSetAttributes, []byte(nil))
	f.Add("", []byte("\x00\x00\x00\x00\x00\x00\x00\x02{}"))
	f.Fuzz(func(t *testing.T, kind string, data []byte) {
		rows := store.NewMemory(0)
		bobs := store.Row{Info: store.Info{Key: store.Key{Room: "r", Owner: "bob", ID: "s"}}, Value: []byte("bob's")}
		if err := rows.Put(t.Context(), bobs); err != nil {
			t.Fatal(err)
		}
		d := newTestDesk(t, rows)
		caller := participant{id: "p", identity: "alice", room: "r", secrets: &token.SecretsGrant{}, waits: newPlaces(1)}
		response := d.answer(t.Context(), caller, protocol.Message{ID: 5, Type: kind, Data: data})
		if response.later != nil {
			reply := response.later(t.Context())
			response.message = &reply
		}
		if response.message != nil {
			checkReply(t, *response.message, d.maxMessage)
		}
		if row, err := rows.Get(t.Context(), bobs.Key); err != nil || string(row.Value) != "bob's" {
			t.Errorf("bob's row: %v, %v", row, err)
		}
	})
}

func newTestDesk(t *testing.T, rows store.Store) *desk {
	t.Helper()
	key, err := token.NewAPIKey()
	if err != nil {
		t.Fatal(err)
	}
	server, err := New(Config{APIKeys: []token.APIKey{key}, Store: rows})
	if err != nil {
		t.Fatal(err)
	}
	return server.desk
}

func checkReply(t *testing.T, reply protocol.Message, limit int) {
	t.Helper()
	if reply.ID != 5 || reply.Type != protocol.TypeResponse || len(reply.Data) > limit {
		t.Errorf("reply %d %q of %d bytes", reply.ID, reply.Type, len(reply.Data))
	}
	if _, err := protocol.UnpackContent(reply.Data); err != nil {
		t.Errorf("reply is no content: %v", err)
	}
}
