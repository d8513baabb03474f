// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package sessions_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/fingerprint"
	"github.com/roomsecrets/roomsecret-operator/internal/plan"
	"github.com/roomsecrets/roomsecret-operator/internal/sessions"
	"github.com/roomsecrets/roomsecret-operator/roomclient/token"
)

func TestAllSpellingsOfAnEndpointAreOne(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ endpoint, want string }{
		"nothing is the default":             {"", "wss://api.meshagent.com"},
		"the plain form":                     {"wss://rooms.example.com", "wss://rooms.example.com"},
		"https is wss":                       {"https://rooms.example.com", "wss://rooms.example.com"},
		"http is ws":                         {"http://rooms.example.com", "ws://rooms.example.com"},
		"ws is not wss":                      {"ws://rooms.example.com", "ws://rooms.example.com"},
		"slashes at the end":                 {"wss://rooms.example.com//", "wss://rooms.example.com"},
		"a host in capitals":                 {"wss://Rooms.Example.COM", "wss://rooms.example.com"},
		"a path keeps its capitals":          {"wss://rooms.example.com/Base/", "wss://rooms.example.com/Base"},
		"a port":                             {"https://rooms.example.com:7345", "wss://rooms.example.com:7345"},
		"the port that wss has anyway":       {"wss://rooms.example.com:443", "wss://rooms.example.com"},
		"the port that https has anyway":     {"https://rooms.example.com:443/a", "wss://rooms.example.com/a"},
		"the port that ws has anyway":        {"ws://rooms.example.com:80", "ws://rooms.example.com"},
		"the port of the other scheme":       {"wss://rooms.example.com:80", "wss://rooms.example.com:80"},
		"an address":                         {"http://127.0.0.1:8080", "ws://127.0.0.1:8080"},
		"an address in brackets":             {"wss://[FE80::443]:443", "wss://[fe80::443]"},
		"an address that ends like a port":   {"wss://[fe80::443]", "wss://[fe80::443]"},
		"what cannot be read stays as it is": {"wss://[", "wss://["},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := sessions.NormalizeEndpoint(c.endpoint)
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if again := sessions.NormalizeEndpoint(got); again != got {
				t.Errorf("once more makes %q of %q", again, got)
			}
		})
	}
}

func TestRoomKeysAreDifferentTexts(t *testing.T) {
	t.Parallel()
	for want, key := range map[string]sessions.RoomKey{
		"Room/team-a/support": {Kind: roomv1alpha1.KindRoom, Namespace: "team-a", Name: "support"},
		"ClusterRoom/support": {Kind: roomv1alpha1.KindClusterRoom, Name: "support"},
	} {
		if got := key.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestDigestsDifferWithEverythingInARow(t *testing.T) {
	t.Parallel()
	digests, err := fingerprint.NewKey(fingerprint.Generate())
	if err != nil {
		t.Fatal(err)
	}
	one := plan.Row{Identity: "operator", ID: "a"}
	value := sessions.Value{Type: "text/plain", Name: "name", Bytes: []byte("value")}
	all := map[string]string{
		"the value":        value.Digest(digests, one),
		"another value":    sessions.Value{Type: value.Type, Name: value.Name, Bytes: []byte("other")}.Digest(digests, one),
		"no value":         sessions.Value{Type: value.Type, Name: value.Name}.Digest(digests, one),
		"another type":     sessions.Value{Type: "text/html", Name: value.Name, Bytes: value.Bytes}.Digest(digests, one),
		"another name":     sessions.Value{Type: value.Type, Name: "other", Bytes: value.Bytes}.Digest(digests, one),
		"type and name":    sessions.Value{Type: "text/plainn", Name: "ame", Bytes: value.Bytes}.Digest(digests, one),
		"another id":       value.Digest(digests, plan.Row{Identity: "operator", ID: "b"}),
		"another identity": value.Digest(digests, plan.Row{Identity: "alice", ID: "a"}),
		"another delegate": value.Digest(digests, plan.Row{Identity: "operator", ID: "a", DelegatedTo: "bob"}),
	}
	seen := map[string]string{"": "what is absent"}
	for name, digest := range all {
		if other, twice := seen[digest]; twice {
			t.Errorf("%s and %s have the same digest", name, other)
		}
		seen[digest] = name
	}
}

func TestNothingShowsASecret(t *testing.T) {
	t.Parallel()
	key := bytes.Repeat([]byte("K"), fingerprint.KeySize)
	digests, err := fingerprint.NewKey(key)
	if err != nil {
		t.Fatal(err)
	}
	metrics, err := sessions.NewMetrics(prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	apiKey, err := token.NewAPIKey()
	if err != nil {
		t.Fatal(err)
	}
	const secret = "correct horse battery staple"
	for name, shown := range map[string]any{
		"a pool":        sessions.NewPool(digests, metrics, sessions.Dial),
		"a room":        sessions.Room{APIKey: &apiKey, Token: []byte(secret)},
		"a room behind": &sessions.Room{APIKey: &apiKey, Token: []byte(secret)},
		"a value":       sessions.Value{Bytes: []byte(secret)},
		"an answer":     sessions.Seen{Value: sessions.Value{Bytes: []byte(secret)}},
	} {
		text := fmt.Sprintf("%v %+v %#v %s %x", shown, shown, shown, shown, shown)
		encoded, _ := json.Marshal(shown) //nolint:errchkjson // what cannot be encoded shows nothing
		for _, hidden := range [][]byte{key, []byte(secret), apiKey.Secret} {
			decimal := strings.Trim(fmt.Sprintf("%d", hidden[:8]), "[]")
			for _, form := range []string{string(hidden), hex.EncodeToString(hidden), decimal} {
				if strings.Contains(text, form) || bytes.Contains(encoded, []byte(form)) {
					t.Errorf("%s shows %q", name, form)
				}
			}
		}
	}
}
