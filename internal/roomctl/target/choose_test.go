// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package target

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"

	"github.com/roomsecrets/roomsecret-operator/internal/roomctl/usage"
	"github.com/roomsecrets/roomsecret-operator/roomclient/redact"
	"github.com/roomsecrets/roomsecret-operator/roomclient/token"
)

func choose(t *testing.T, env map[string]string, args ...string) (Choice, error) {
	t.Helper()
	o := NewOptions(func(name string) string { return env[name] })
	flags := pflag.NewFlagSet("test", pflag.ContinueOnError)
	o.AddKubeFlags(flags)
	o.AddRoomFlags(flags)
	o.AddURLFlag(flags)
	if err := flags.Parse(args); err != nil {
		t.Fatal(err)
	}
	return o.Choose(flags)
}

func newKey(t *testing.T) token.APIKey {
	t.Helper()
	key, err := token.NewAPIKey()
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func sign(t *testing.T, key token.APIKey, identity, room string) string {
	t.Helper()
	claims := token.Claims{Name: identity, Grants: []token.Grant{token.RoomGrant(room)}, ExpiresAt: time.Now().Add(time.Hour)}
	jwt, err := key.Sign(claims)
	if err != nil {
		t.Fatal(err)
	}
	return jwt
}

func write(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "credential")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestTheFirstPlaceThatAppliesWins writes a choice as "<title>, as <identity> by <credential>".
func TestTheFirstPlaceThatAppliesWins(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	alice := sign(t, key, "alice", "myroom")
	tokenFile, keyFile := write(t, alice+"\n"), write(t, "# keys\n\n"+key.Encode()+"\n")
	const room, url = "MESHAGENT_ROOM", "MESHAGENT_ROOM_URL"
	cases := map[string]struct {
		env  map[string]string
		args []string
		want string
	}{
		"without anything it is an object": {nil, []string{"--room", "support"}, "Room support"},
		"the environment names the object": {map[string]string{room: "support"}, nil, "Room support"},
		"an address without a credential in the environment changes nothing": {
			map[string]string{url: "ws://h"}, []string{"--room", "support"}, "Room support",
		},
		"a token in the environment makes it a room at an address": {
			map[string]string{envToken: alice},
			[]string{"--room", "myroom"},
			"room myroom at wss://api.meshagent.com, as alice by MESHAGENT_TOKEN",
		},
		"so does an API key": {
			map[string]string{envAPIKey: key.Encode(), url: "ws://h"},
			[]string{"--room", "myroom"},
			"room myroom at ws://h, as roomsecret-operator by MESHAGENT_API_KEY",
		},
		"the token names the room": {map[string]string{envToken: alice}, nil, "room myroom at wss://api.meshagent.com, as alice by MESHAGENT_TOKEN"},
		"of token and key, the token comes first when it is for the room": {
			map[string]string{envToken: alice, envAPIKey: key.Encode()},
			[]string{"--room", "myroom"},
			"room myroom at wss://api.meshagent.com, as alice by MESHAGENT_TOKEN",
		},
		"and the key when it is not": {
			map[string]string{envToken: alice, envAPIKey: key.Encode()},
			[]string{"--room", "other"},
			"room other at wss://api.meshagent.com, as roomsecret-operator by MESHAGENT_API_KEY",
		},
		"and the key when another identity is asked for": {
			map[string]string{envToken: alice, envAPIKey: key.Encode()},
			[]string{"--room", "myroom", "--as-identity", "bob"},
			"room myroom at wss://api.meshagent.com, as bob by MESHAGENT_API_KEY",
		},
		"a namespace makes it an object again":     {map[string]string{envToken: alice}, []string{"--room", "support", "-n", "team"}, "Room support"},
		"a context makes it an object again":       {map[string]string{envToken: alice}, []string{"--room", "support", "--context", "c"}, "Room support"},
		"a cluster room is an object":              {map[string]string{envToken: alice, room: "myroom"}, []string{"--cluster-room", "shared"}, "ClusterRoom shared"},
		"a time limit does not speak of a cluster": {map[string]string{envToken: alice}, []string{"--request-timeout", "5s"}, "room myroom at wss://api.meshagent.com, as alice by MESHAGENT_TOKEN"},
		"flags win over the environment": {
			map[string]string{envToken: sign(t, key, "eve", "myroom"), url: "ws://env", room: "myroom"},
			[]string{"--url", "ws://flag/base/", "--token-file", tokenFile},
			"room myroom at ws://flag/base, as alice by " + tokenFile,
		},
		"what the flags do not say the environment does": {
			map[string]string{envToken: alice}, []string{"--room-url", "wss://h"}, "room myroom at wss://h, as alice by MESHAGENT_TOKEN",
		},
		"a file of keys may have comments": {
			nil,
			[]string{"--api-key-file", keyFile, "--room", "myroom", "--as-identity", "bob"},
			"room myroom at wss://api.meshagent.com, as bob by " + keyFile,
		},
		"an address may be that of the room": {
			nil, []string{"--url", "https://h/rooms/other?x=secret", "--api-key-file", keyFile}, "room other at https://h/rooms/other, as roomsecret-operator by " + keyFile,
		},
		"addresses have the order of the SDKs": {
			map[string]string{envAPIURL: "https://api", envProfileURL: "https://profile", envToken: alice},
			nil,
			"room myroom at https://profile, as alice by MESHAGENT_TOKEN",
		},
		"one's own project is no contradiction": {
			map[string]string{envAPIKey: key.Encode()},
			[]string{"--room", "r", "--project-id", key.ProjectID.String()},
			"room r at wss://api.meshagent.com, as roomsecret-operator by MESHAGENT_API_KEY",
		},
		"one's own identity is no contradiction": {
			map[string]string{envToken: alice}, []string{"--as-identity", "alice"}, "room myroom at wss://api.meshagent.com, as alice by MESHAGENT_TOKEN",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			choice, err := choose(t, c.env, c.args...)
			if err != nil {
				t.Fatal(err)
			}
			got := choice.Title()
			if choice.kind == "" {
				got += ", as " + choice.direct.Identity + " by " + choice.direct.credentialFrom
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestContradictionsAreErrorsThatSaySo(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	alice := sign(t, key, "alice", "myroom")
	cases := map[string]struct {
		env  map[string]string
		args []string
		want string
	}{
		"two kinds of room":            {nil, []string{"--room", "a", "--cluster-room", "b"}, "exclude each other"},
		"two credentials":              {nil, []string{"--token", alice, "--api-key-file", "f"}, "exclude each other"},
		"two addresses":                {nil, []string{"--url", "ws://a", "--room-url", "ws://a"}, "exclude each other"},
		"an address and a namespace":   {nil, []string{"--url", "ws://a", "-n", "b"}, "--url speaks of a room at an address, and --namespace of an object"},
		"a token and a cluster room":   {nil, []string{"--token", alice, "--cluster-room", "b"}, "give one of them"},
		"a token for another room":     {map[string]string{envToken: alice}, []string{"--room", "other"}, `MESHAGENT_TOKEN is a token for room "myroom", and the room to use is "other"`},
		"an address of another room":   {map[string]string{envToken: alice}, []string{"--url", "ws://h/rooms/other", "--room", "myroom"}, `leads to room "other"`},
		"a token of another identity":  {map[string]string{envToken: alice}, []string{"--as-identity", "bob"}, "needs an API key"},
		"a key of another project":     {map[string]string{envAPIKey: key.Encode()}, []string{"--room", "r", "--project-id", "0f1e2d3c-4b5a-6978-90ab-cdef12345678"}, "belongs to project " + key.ProjectID.String()},
		"nothing":                      {nil, nil, "Required parameter is missing: --room"},
		"an address alone":             {nil, []string{"--url", "ws://h", "--room", "r"}, "there is no credential"},
		"a key that is none":           {map[string]string{envAPIKey: "ma-hidden"}, []string{"--room", "r"}, "MESHAGENT_API_KEY is not a project API key"},
		"a token that is none":         {map[string]string{envToken: "hidden"}, []string{"--room", "r"}, "MESHAGENT_TOKEN is not a participant token"},
		"an address that is none":      {map[string]string{envToken: alice}, []string{"--url", "http://%"}, "not a URL"},
		"an address with a password":   {map[string]string{envToken: alice}, []string{"--url", "http://u:hidden@h"}, "neither a user nor a fragment"},
		"an address of something else": {map[string]string{envToken: alice, "MESHAGENT_ROOM_URL": "file:///hidden"}, nil, "MESHAGENT_ROOM_URL: the URL must begin with"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := choose(t, c.env, c.args...)
			if _, ok := errors.AsType[*usage.Error](err); !ok || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want a usage error that says %q", err, c.want)
			}
			if err != nil && (strings.Contains(err.Error(), "hidden") || strings.Contains(err.Error(), alice)) {
				t.Errorf("the error shows a credential: %v", err)
			}
		})
	}
}

func TestFilesThatCannotBeReadAreNoUsageErrors(t *testing.T) {
	t.Parallel()
	for _, path := range []string{filepath.Join(t.TempDir(), "none"), write(t, strings.Repeat("x", maxCredential+1))} {
		_, err := choose(t, nil, "--token-file", path)
		if _, is := errors.AsType[*usage.Error](err); err == nil || is {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestTokensGrantNoMoreThanIsAskedFor(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	for name, asked := range map[string]token.APIScope{
		"nothing more": {},
		"admin":        {Admin: &token.AdminGrant{}},
		"being listed": {Messaging: token.ListOnly()},
	} {
		config, err := Target{Room: "myroom", Identity: "alice", APIKey: &key}.Config(asked)
		if err != nil {
			t.Fatal(err)
		}
		jwt, err := config.Token(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		claims, err := token.Decode(jwt)
		if err != nil {
			t.Fatal(err)
		}
		scope, _ := claims.API()
		asked.Secrets = &token.SecretsGrant{}
		if diff := cmp.Diff(asked, scope); diff != "" || claims.Room() != "myroom" || claims.Name != "alice" || time.Until(claims.ExpiresAt) > tokenLifetime {
			t.Errorf("%s: %+v, %s", name, claims, diff)
		}
	}
	ready, err := Target{Token: redact.Bytes("ready")}.Config(token.APIScope{})
	if err != nil {
		t.Fatal(err)
	}
	if jwt, err := ready.Token(t.Context()); jwt != "ready" || err != nil {
		t.Errorf("%q, %v", jwt, err)
	}
}
