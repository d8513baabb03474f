// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomclient

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestConfigLeadsToARoom(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		url, room string
		want      string
	}{
		"the default service":              {"", "myroom", "wss://api.meshagent.com/rooms/myroom"},
		"a ws base":                        {"ws://h:1", "myroom", "ws://h:1/rooms/myroom"},
		"an http base":                     {"http://h", "myroom", "ws://h/rooms/myroom"},
		"an https base":                    {"https://h", "myroom", "wss://h/rooms/myroom"},
		"a scheme in capitals":             {"HTTPS://h", "myroom", "wss://h/rooms/myroom"},
		"a base with slashes at its end":   {"wss://h//", "myroom", "wss://h/rooms/myroom"},
		"a base with a path":               {"wss://h/base/", "myroom", "wss://h/base/rooms/myroom"},
		"a base whose path ends in rooms":  {"wss://h/rooms", "myroom", "wss://h/rooms/rooms/myroom"},
		"a complete URL":                   {"wss://h/rooms/myroom", "", "wss://h/rooms/myroom"},
		"a complete URL and the same room": {"wss://h/base/rooms/myroom/", "myroom", "wss://h/base/rooms/myroom"},
		"a base with an escaped path":      {"wss://h/a%2Fb", "myroom", "wss://h/a%2Fb/rooms/myroom"},
		"a base with query parameters":     {"wss://h?x=1", "myroom", "wss://h/rooms/myroom?x=1"},
		"an IPv6 host":                     {"ws://[::1]:80", "r", "ws://[::1]:80/rooms/r"},
		"a room of one letter":             {"ws://h", "a", "ws://h/rooms/a"},
		"a room of 63 letters":             {"ws://h", strings.Repeat("a", 63), "ws://h/rooms/" + strings.Repeat("a", 63)},
		"a room that is a UUID":            {"ws://h", "123e4567-e89b-12d3-a456-426614174000", "ws://h/rooms/123e4567-e89b-12d3-a456-426614174000"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config, target, err := Config{URL: c.url, Room: c.room, Token: StaticToken("t")}.resolve()
			if err != nil {
				t.Fatal(err)
			}
			if got := target.url.String(); got != c.want {
				t.Errorf("leads to %s, want %s", got, c.want)
			}
			if c.room != "" && config.Room != c.room || config.Room == "" {
				t.Errorf("room is %q", config.Room)
			}
		})
	}
}

func TestConfigSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	good := Config{URL: "ws://h", Room: "myroom", Token: StaticToken("t")}
	with := func(change func(*Config)) Config {
		config := good
		change(&config)
		return config
	}
	for name, c := range map[string]struct {
		config Config
		want   string
	}{
		"no token":                       {with(func(c *Config) { c.Token = nil }), "a Token is required"},
		"no room":                        {with(func(c *Config) { c.Room = "" }), "a Room is required unless URL ends in /rooms/<room>"},
		"no room in a URL of rooms":      {with(func(c *Config) { c.Room, c.URL = "", "ws://h/rooms/" }), "a Room is required"},
		"two rooms":                      {with(func(c *Config) { c.URL = "ws://h/rooms/other" }), `URL leads to room "other" and Room is "myroom"`},
		"a room in capitals":             {with(func(c *Config) { c.Room = "MyRoom" }), `room name "MyRoom": must be`},
		"a room with a slash":            {with(func(c *Config) { c.Room = "a/b" }), `room name "a/b"`},
		"a room with dots":               {with(func(c *Config) { c.Room = ".." }), `room name ".."`},
		"a room that begins with a dash": {with(func(c *Config) { c.Room = "-a" }), `room name "-a"`},
		"a room that ends with a dash":   {with(func(c *Config) { c.Room = "a-" }), `room name "a-"`},
		"a room of 64 letters":           {with(func(c *Config) { c.Room = strings.Repeat("a", 64) }), "must be 1 to 63"},
		"a room in another script":       {with(func(c *Config) { c.Room = "räum" }), "room name"},
		"an escaped room in the URL":     {with(func(c *Config) { c.Room, c.URL = "", "ws://h/rooms/a%2Fb" }), "a Room is required"},
		"another scheme":                 {with(func(c *Config) { c.URL = "ftp://h" }), "URL must begin with ws://"},
		"no scheme":                      {with(func(c *Config) { c.URL = "h:80/x" }), "URL must begin with ws://"},
		"no host":                        {with(func(c *Config) { c.URL = "ws:///rooms/a" }), "URL has no host"},
		"a password":                     {with(func(c *Config) { c.URL = "ws://u:hunter2@h" }), "user name or password"},
		"a fragment":                     {with(func(c *Config) { c.URL = "ws://h#hunter2" }), "fragment"},
		"a bad port":                     {with(func(c *Config) { c.URL = "ws://h:x/?token=hunter2" }), "URL cannot be parsed: invalid port"},
		"a control character":            {with(func(c *Config) { c.URL = "ws://h/\x7f?token=hunter2" }), "URL cannot be parsed"},
		"an unknown token placement":     {with(func(c *Config) { c.TokenIn = 7 }), "TokenIn is 7"},
		"a negative limit":               {with(func(c *Config) { c.MaxMessage = -1 }), "MaxMessage must not be negative"},
		"a negative time":                {with(func(c *Config) { c.DialTimeout = -1 }), "DialTimeout must not be negative"},
		"pings rarer than the patience":  {with(func(c *Config) { c.PingInterval = time.Hour }), "ReadTimeout must be longer than PingInterval"},
		"a patience shorter than a ping": {with(func(c *Config) { c.ReadTimeout = time.Second }), "ReadTimeout must be longer than PingInterval"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Dial(t.Context(), c.config)
			if !errors.Is(err, ErrInvalid) || !IsTerminal(err) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got error %v, want ErrInvalid with %q", err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error shows a secret: %v", err)
			}
			if _, err := NewSession(t.Context(), SessionConfig{Config: c.config}); !errors.Is(err, ErrInvalid) {
				t.Errorf("a session got error %v", err)
			}
		})
	}
}

func TestTheTokenGoesWhereItIsWanted(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		url       string
		placement TokenPlacement
		want      string
	}{
		"in query and header":           {"ws://h", TokenInQueryAndHeader, "ws://h/rooms/r?token=a.b&v=0.39.9"},
		"only in the header":            {"ws://h", TokenInHeader, "ws://h/rooms/r?v=0.39.9"},
		"beside other parameters":       {"ws://h?x=1&v=1", TokenInQueryAndHeader, "ws://h/rooms/r?token=a.b&v=1&x=1"},
		"instead of another token":      {"ws://h?token=old", TokenInQueryAndHeader, "ws://h/rooms/r?token=a.b&v=0.39.9"},
		"instead of another, in header": {"ws://h?token=old", TokenInHeader, "ws://h/rooms/r?v=0.39.9"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			target, err := parseEndpoint(c.url, "r")
			if err != nil {
				t.Fatal(err)
			}
			url, header := target.request("a.b", c.placement)
			if url != c.want {
				t.Errorf("URL is %s, want %s", url, c.want)
			}
			if got := header.Get("Authorization"); got != "Bearer a.b" {
				t.Errorf("Authorization is %q", got)
			}
		})
	}
}
