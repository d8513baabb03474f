// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package target

import (
	"errors"
	"net/url"
	"strings"
)

// roomOf checks an address of a room service or of a room, and returns the room that it leads to, if it says so. Its
// errors do not quote the address, whose query may hold a token.
func roomOf(address string) (room string, err error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", errors.New("not a URL")
	}
	switch u.Scheme {
	case "ws", "wss", "http", "https":
	default:
		return "", errors.New("the URL must begin with ws://, wss://, http:// or https://")
	}
	if u.Host == "" || u.User != nil || u.Fragment != "" {
		return "", errors.New("the URL must have a host, and neither a user nor a fragment")
	}
	parts := strings.Split(strings.TrimRight(u.Path, "/"), "/")
	if n := len(parts); n >= 2 && parts[n-2] == "rooms" {
		return parts[n-1], nil
	}
	return "", nil
}

// shown returns an address without what may be secret in it.
func shown(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "an address that cannot be shown"
	}
	u.User, u.RawQuery, u.Fragment = nil, "", ""
	return strings.TrimRight(u.String(), "/")
}
