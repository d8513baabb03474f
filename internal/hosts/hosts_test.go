// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package hosts_test

import (
	"strings"
	"testing"

	"github.com/roomsecrets/roomsecret-operator/internal/hosts"
)

func TestAllows(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		list, endpoint string
		want           bool
	}{
		"the host":                          {"rooms.example.com", "wss://rooms.example.com/path", true},
		"the host, spelt otherwise":         {"Rooms.Example.com", "wss://ROOMS.example.com.", true},
		"another host":                      {"rooms.example.com", "wss://evil.example.com", false},
		"a host that ends alike":            {"example.com", "wss://evil-example.com", false},
		"a host below":                      {"example.com", "wss://rooms.example.com", false},
		"a host below, when all are":        {"*.example.com", "wss://a.rooms.example.com", true},
		"the host itself, when all below":   {"*.example.com", "wss://example.com", false},
		"the second of two":                 {"a.example.com, b.example.com", "ws://b.example.com", true},
		"the port":                          {"rooms.example.com:7345", "ws://rooms.example.com:7345", true},
		"another port":                      {"rooms.example.com:7345", "ws://rooms.example.com:22", false},
		"any port":                          {"rooms.example.com", "ws://rooms.example.com:22", true},
		"the usual port with TLS":           {"rooms.example.com:443", "https://rooms.example.com", true},
		"the usual port without":            {"rooms.example.com:80", "ws://rooms.example.com", true},
		"an address":                        {"127.0.0.1:7345", "ws://127.0.0.1:7345", true},
		"an address that is written longer": {"[::1]", "ws://[0:0::1]:7345", true},
		"an address in another family":      {"10.0.0.7", "ws://[::ffff:10.0.0.7]", true},
		"who is a user and not a host":      {"rooms.example.com", "wss://rooms.example.com@evil.example.com", false},
		"what is no URL":                    {"rooms.example.com", "wss://rooms.example.com:port", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			list, err := hosts.Parse(c.list)
			if err != nil {
				t.Fatal(err)
			}
			if got := list.Allows(c.endpoint); got != c.want {
				t.Errorf("allows: %v", got)
			}
		})
	}
	if !hosts.List(nil).Allows("ws://anywhere") {
		t.Error("no list allows nothing")
	}
}

func TestWhatIsNoHostIsRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, says string }{
		"nothing":                  {"", "lower case"},
		"an empty item":            {"a.example.com,", "lower case"},
		"a scheme":                 {"wss://rooms.example.com", "without a scheme"},
		"a path":                   {"rooms.example.com/room", "without a scheme"},
		"a user":                   {"me@rooms.example.com", "without a scheme"},
		"a port that is no number": {"rooms.example.com:https", "without a scheme"},
		"a star in the middle":     {"rooms.*.com", "lower case"},
		"a star alone":             {"*", "lower case"},
		"a star before an address": {"*.10.0.0.7:x", "without a scheme"},
		"white space in it":        {"a b", "without a scheme"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			list, err := hosts.Parse(c.text)
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, %v, want an error that says %q", list, err, c.says)
			}
		})
	}
}
