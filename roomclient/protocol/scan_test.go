// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package protocol

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// FuzzMembers checks that headers are read as encoding/json reads them.
func FuzzMembers(f *testing.F) {
	for _, seed := range []string{
		`{}`, ` { } `, `{"type":"empty"}`, `{"a":1,"b":[1,{"c":"]}"}],"d":{"e":"\"}"},"f":null,"g":-1.5e3 , "h" : true }`,
		`{"\u0074ype":"json","json":{"secrets":[]}}`, `{"type":"a","type":"b"}`, `{"":""}`, `{"é\\":"\\"}`, "{\"a\"\n:\t1\r}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, object []byte) {
		var want map[string]json.RawMessage
		if !isObject(object) || json.Unmarshal(object, &want) != nil {
			t.Skip("no valid object")
		}
		got := map[string]json.RawMessage{}
		for name, value := range membersOf(object) {
			var text string // invalid UTF-8 is replaced on the way into a map
			quoted, _ := json.Marshal(string(name))
			_ = json.Unmarshal(quoted, &text)
			got[text] = value
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("members (-want +got):\n%s", diff)
		}
	})
}

// FuzzAppendCall checks that the calls that append themselves mean what encoding/json makes
// of them.
func FuzzAppendCall(f *testing.F) {
	f.Add("my-secret", "text/plain", "My Secret", "", []byte("value"))
	f.Add("", "", "", "agent-1", []byte{})
	f.Add("\"\\\x00\x7f", "<a href='&'>", "héllo ☃ 😀\u2028", "\xff", []byte(nil))
	f.Fuzz(func(t *testing.T, id, kind, name, delegate string, value []byte) {
		set := &SetSecretRequest{SecretID: Optional(id), Type: Optional(kind), Name: Optional(name), DelegatedTo: Optional(delegate), ForIdentity: Optional(kind), HasData: true}
		get := &GetSecretRequest{SecretID: Optional(id), Type: Optional(kind), Name: Optional(name), DelegatedTo: Optional(delegate)}
		exists := &ExistsRequest{SecretID: id, DelegatedTo: Optional(delegate), ForIdentity: Optional(name)}
		remove := &DeleteSecretRequest{ID: id, DelegatedTo: Optional(delegate)}
		before := []byte("before")
		for tool, c := range map[string]struct {
			appended []byte
			input    Content
		}{
			ToolSetSecret:    {set.AppendCall(before, value), ObjectWithData(set, value)},
			ToolGetSecret:    {get.AppendCall(before), Object(get)},
			ToolExists:       {exists.AppendCall(before), Object(exists)},
			ToolDeleteSecret: {remove.AppendCall(before), Object(remove)},
		} {
			want, err := PackInvoke(Invoke{Toolkit: Toolkit, Tool: tool, Input: c.input})
			if err != nil {
				t.Fatal(err)
			}
			if string(c.appended[:len(before)]) != "before" {
				t.Errorf("%s overwrote what was there", tool)
			}
			if diff := cmp.Diff(parts(t, want), parts(t, c.appended[len(before):])); diff != "" {
				t.Errorf("%s (-PackInvoke +AppendCall):\n%s", tool, diff)
			}
		}
	})
}

// parts are the header, decoded, and the payload.
func parts(t *testing.T, data []byte) []any {
	t.Helper()
	header, payload, err := Unpack(data)
	if err != nil {
		t.Fatal(err)
	}
	var decoded any
	if err := json.Unmarshal(header, &decoded); err != nil {
		t.Fatal(err)
	}
	return []any{decoded, string(payload)}
}
