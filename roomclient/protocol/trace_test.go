// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package protocol_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
)

func TestATraceTravelsWithACall(t *testing.T) {
	t.Parallel()
	trace := map[string]string{"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
	id := "a"
	data := (&protocol.SetSecretRequest{SecretID: &id, HasData: true}).AppendCall(nil, []byte("value}"))
	before, err := protocol.UnpackInvoke(data)
	if err != nil {
		t.Fatal(err)
	}
	want := before
	want.Trace = trace
	traced, err := protocol.WithTrace(append([]byte(nil), data...), trace)
	if err != nil {
		t.Fatal(err)
	}
	got, err := protocol.UnpackInvoke(traced)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("call (-want +got):\n%s", diff)
	}
}

func TestATraceIsAddedToWhatCanHaveOneOnly(t *testing.T) {
	t.Parallel()
	for name, data := range map[string]string{
		"no header":                   "\x00",
		"a header that is no object":  "\x00\x00\x00\x00\x00\x00\x00\x02[]",
		"a header without members":    "\x00\x00\x00\x00\x00\x00\x00\x02{}",
		"a header that ends in space": "\x00\x00\x00\x00\x00\x00\x00\x08{\"a\":1} ",
	} {
		if _, err := protocol.WithTrace([]byte(data), map[string]string{"traceparent": "x"}); err == nil {
			t.Errorf("%s got a trace", name)
		}
	}
}

// What a peer puts there must not keep anybody from being served.
func TestATraceThatCannotBeReadIsNone(t *testing.T) {
	t.Parallel()
	for _, member := range []string{`null`, `1`, `"x"`, `[]`, `{}`, `{"v":1}`, `{"v":1,"otel":{}}`, `{"v":1,"otel":{"traceparent":7}}`, `{"v":"x","otel":{"traceparent":"x"}}`} {
		data, err := protocol.Pack(map[string]any{
			"toolkit": "secrets", "tool": "list_secrets", "arguments": map[string]any{"type": "empty"}, "__meshagent__": rawJSON(member),
		}, nil)
		if err != nil {
			t.Fatal(err)
		}
		call, err := protocol.UnpackInvoke(data)
		if err != nil || call.Tool != "list_secrets" || call.Trace != nil {
			t.Errorf("%s: %+v, %v", member, call, err)
		}
	}
}

type rawJSON string

func (r rawJSON) MarshalJSON() ([]byte, error) { return []byte(r), nil }
