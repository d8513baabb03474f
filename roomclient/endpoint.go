// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomclient

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
)

// sdkVersion is the SDK whose rules we follow. Servers decide by it whether the client
// understands room.status messages (room protocol, section 1.2).
const sdkVersion = "0.39.9"

// endpoint is the WebSocket resource of a room, without a token.
type endpoint struct {
	url  url.URL
	room string
}

// parseEndpoint joins a base and a room name, or takes a complete room URL. Its errors
// do not quote the query, which may hold a token.
func parseEndpoint(text, room string) (endpoint, error) {
	u, err := parseURL(text)
	if err != nil {
		return endpoint{}, err
	}
	path := strings.TrimRight(u.Path, "/")
	inPath, complete := roomOf(path)
	switch {
	case complete && (room == "" || room == inPath):
		room = inPath
	case room == "":
		return endpoint{}, errors.New("a Room is required unless URL ends in /rooms/<room>")
	case complete:
		return endpoint{}, fmt.Errorf("URL leads to room %q and Room is %q", inPath, room)
	}
	if !protocol.ValidRoomName(room) {
		return endpoint{}, badRoomName(room)
	}
	if complete {
		u.Path, u.RawPath = path, ""
	} else {
		u = u.JoinPath("rooms", room)
	}
	return endpoint{url: *u, room: room}, nil
}

func parseURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("URL cannot be parsed: %w", withoutURL(err))
	}
	switch u.Scheme {
	case "ws", "wss":
	case "http":
		u.Scheme = "ws"
	case "https":
		u.Scheme = "wss"
	default:
		return nil, errors.New("URL must begin with ws://, wss://, http:// or https://")
	}
	switch {
	case u.Host == "":
		return nil, errors.New("URL has no host")
	case u.User != nil:
		return nil, errors.New("URL must not contain a user name or password")
	case u.Fragment != "":
		return nil, errors.New("URL must not contain a fragment")
	}
	return u, nil
}

// withoutURL drops the URL that a [url.Error] quotes.
func withoutURL(err error) error {
	if urlError, ok := errors.AsType[*url.Error](err); ok {
		return urlError.Err
	}
	return err
}

// roomOf returns the room of a path that ends in /rooms/<room>.
func roomOf(path string) (string, bool) {
	rest, room, ok := cutLast(path, "/")
	return room, ok && room != "" && (rest == "/rooms" || strings.HasSuffix(rest, "/rooms"))
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

func badRoomName(room string) error {
	return fmt.Errorf("room name %.80q: must be 1 to %d lower-case letters, digits and \"-\", neither first nor last a \"-\"", room, protocol.MaxRoomName)
}

// request returns the URL and the headers of an upgrade request with the token.
func (e endpoint) request(token string, placement TokenPlacement) (string, http.Header) {
	u := e.url
	query := u.Query()
	query.Del("token")
	if placement == TokenInQueryAndHeader {
		query.Set("token", token)
	}
	if !query.Has("v") {
		query.Set("v", sdkVersion)
	}
	u.RawQuery = query.Encode()
	return u.String(), http.Header{"Authorization": {"Bearer " + token}}
}
