// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package protocol_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
)

type push struct {
	Name   string          `json:"name"`
	Type   string          `json:"type"`
	Header json.RawMessage `json:"header"`
}

// TestRecordedPushesAreReadAndWrittenAlike takes what the SDKs were sent, and checks that
// a room that builds the same push with this package adds no member, which Python forbids.
func TestRecordedPushesAreReadAndWrittenAlike(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"session.json", "python.json"} {
		var recorded struct {
			Pushes []push `json:"pushes"`
		}
		golden(t, file, &recorded)
		for _, p := range recorded.Pushes {
			t.Run(file+" "+p.Name, func(t *testing.T) {
				t.Parallel()
				var into any = &protocol.SecretRequestPush{}
				if p.Type == protocol.TypeRequestOAuthToken {
					into = &protocol.OAuthRequestPush{}
				}
				if err := json.Unmarshal(p.Header, into); err != nil {
					t.Fatal(err)
				}
				again, err := json.Marshal(into)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(withoutUnset(decoded(t, p.Header)), withoutUnset(decoded(t, again))); diff != "" {
					t.Errorf("-recorded +ours:\n%s", diff)
				}
			})
		}
	}
}

// withoutUnset drops what is null or empty, because a vector may leave out what we say is
// null, and the one member that OAuth clients must not have.
func withoutUnset(v any) any {
	object, ok := v.(map[string]any)
	if !ok {
		return v
	}
	for name, member := range object {
		if member == nil || member == "" || name == "x" {
			delete(object, name)
			continue
		}
		object[name] = withoutUnset(member)
	}
	return object
}

func TestPushesThatCannotBeAnsweredAreRefused(t *testing.T) {
	t.Parallel()
	const secret, oauth = "secret", "oauth"
	for name, c := range map[string]struct{ kind, header string }{
		"no request id":        {secret, `{"request":{"url":"u","type":"t"}}`},
		"a null request id":    {secret, `{"request_id":null,"request":{"url":"u","type":"t"}}`},
		"no url":               {secret, `{"request_id":"r","request":{"type":"t"}}`},
		"no type":              {secret, `{"request_id":"r","request":{"url":"u"}}`},
		"no request":           {secret, `{"request_id":"r"}`},
		"a url that is none":   {secret, `{"request_id":"r","request":{"url":1,"type":"t"}}`},
		"no oauth request id":  {oauth, `{"request":{"oauth":{"authorization_endpoint":"a","token_endpoint":"t"}},"challenge":null}`},
		"no oauth client":      {oauth, `{"request_id":"r","request":{"connector":{"server_url":"u"}},"challenge":null}`},
		"no endpoint":          {oauth, `{"request_id":"r","request":{"oauth":{"token_endpoint":"t"}},"challenge":null}`},
		"no token endpoint":    {oauth, `{"request_id":"r","request":{"oauth":{"authorization_endpoint":"a"}},"challenge":null}`},
		"a list for a header":  {oauth, `[]`},
		"scopes as one string": {oauth, `{"request_id":"r","request":{"oauth":{"authorization_endpoint":"a","token_endpoint":"t","scopes":"s"}}}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var into any = &protocol.SecretRequestPush{}
			if c.kind == oauth {
				into = &protocol.OAuthRequestPush{}
			}
			if err := json.Unmarshal([]byte(c.header), into); err == nil {
				t.Errorf("got %+v", into)
			}
		})
	}
}

func TestRequestTimeoutsAreSeconds(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		seconds *int
		want    time.Duration
	}{
		"not given": {nil, 5 * time.Minute},
		"given":     {new(30), 30 * time.Second},
		"nothing":   {new(0), 0},
		"negative":  {new(-1), 0},
		"for ever":  {new(math.MaxInt), math.MaxInt32 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := protocol.RequestTimeout(c.seconds); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestRoomNames(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"a": true, "my-room-2": true, "0": true, strings.Repeat("a", 63): true,
		"": false, strings.Repeat("a", 64): false, "-a": false, "a-": false, "-": false, "A": false, "a_b": false, "a/b": false, "..": false, "räum": false,
	} {
		if got := protocol.ValidRoomName(name); got != want {
			t.Errorf("%q: got %v, want %v", name, got, want)
		}
	}
}
