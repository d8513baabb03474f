// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomserver_test

import (
	"encoding/json"
	"testing"

	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
)

// TestAParticipantCanBeAskedAsSoonAsItKnowsItsID joins often, because what it guards against is a race.
func TestAParticipantCanBeAskedAsSoonAsItKnowsItsID(t *testing.T) {
	t.Parallel()
	s := serve(t)
	alice := s.dial(t, "alice", "myroom", plainGrant)
	for id := range uint64(100) {
		bob := s.dial(t, "bob", "myroom", plainGrant)
		data, err := protocol.PackInvoke(protocol.Invoke{
			Toolkit: protocol.Toolkit, Tool: protocol.ToolRequestSecret,
			Input: fields{"url": "u", "type": "t", "participant_id": bob.me.ParticipantID}.json(t),
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := alice.send(protocol.Message{ID: id, Type: protocol.TypeInvokeTool, Data: data}); err != nil {
			t.Fatal(err)
		}
		var push protocol.SecretRequestPush
		bob.header(protocol.TypeRequestSecret, &push)
		answer, err := json.Marshal(protocol.ProvideSecret{RequestID: push.RequestID, Error: new("no")})
		if err != nil {
			t.Fatal(err)
		}
		wantEmpty(t, bob.tool(protocol.ToolProvideSecret, protocol.Binary{Headers: answer}))
		wantError(t, alice.answer(id), protocol.CodeOperationFailed)
		_ = bob.socket.Close()
	}
}
