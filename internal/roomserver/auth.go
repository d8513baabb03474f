// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomserver

import (
	"cmp"
	"crypto/subtle"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/gorilla/websocket"

	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
	"github.com/roomsecrets/roomsecret-operator/roomclient/token"
)

// participant is who is at the other end of a connection, as the token says.
type participant struct {
	id       string // new for each connection
	identity string // the token's name: owner of the secrets
	role     string
	room     string
	secrets  *token.SecretsGrant // nil: may not use the secrets toolkit
	known    *attendee           // of this connection; nil: may not use the messaging toolkit
	admin    bool                // may act for other identities
	waits    places              // of this connection
}

// LogValue implements slog.LogValuer.
func (p participant) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("room", p.room), slog.String("identity", p.identity), slog.String("id", p.id))
}

// refusal is a handshake answered with a status instead of an upgrade. The text tells the person behind the
// client what to do; it quotes nothing the client sent.
type refusal struct {
	status int
	text   string
}

func (r *refusal) Error() string { return r.text }

// doorkeeper decides who may join which room.
type doorkeeper struct {
	keys  map[string]token.APIKey // by key id
	rooms map[string]struct{}     // nil: every room exists
}

func newDoorkeeper(keys []token.APIKey, rooms []string) (*doorkeeper, error) {
	d := &doorkeeper{keys: make(map[string]token.APIKey, len(keys))}
	for _, key := range keys {
		if _, twice := d.keys[key.ID.String()]; twice {
			return nil, errors.New("roomserver: two API keys with id " + key.ID.String())
		}
		d.keys[key.ID.String()] = key
	}
	for _, room := range rooms {
		if d.rooms == nil {
			d.rooms = map[string]struct{}{}
		}
		d.rooms[room] = struct{}{}
	}
	return d, nil
}

// admit checks the token of a request to join a room. Its errors are refusals with the statuses of the room
// protocol, section 1.7. Whether a room exists is only told to somebody who holds a token for it.
func (d *doorkeeper) admit(r *http.Request, room string) (participant, error) {
	if !protocol.ValidRoomName(room) {
		return participant{}, &refusal{http.StatusNotFound, "not a room name"}
	}
	credential := credentialOf(r)
	if credential == "" {
		return participant{}, &refusal{http.StatusUnauthorized, "participant token missing"}
	}
	claims, err := token.Verify(credential, d.secret, time.Now())
	switch {
	case errors.Is(err, token.ErrExpired):
		return participant{}, &refusal{http.StatusUnauthorized, "participant token expired"}
	case err != nil:
		return participant{}, &refusal{http.StatusUnauthorized, "participant token invalid"}
	case len(claims.Name) > maxText:
		return participant{}, &refusal{http.StatusUnauthorized, "participant name too long"}
	case claims.Room() != room:
		return participant{}, &refusal{http.StatusForbidden, "participant token is not for this room"}
	}
	if !d.exists(room) {
		return participant{}, &refusal{http.StatusNotFound, "no such room"}
	}
	return newParticipant(claims)
}

func (d *doorkeeper) secret(keyID string) ([]byte, error) {
	key, ok := d.keys[keyID]
	if !ok {
		return nil, token.ErrUnknownKey
	}
	return key.Secret, nil
}

func (d *doorkeeper) exists(room string) bool {
	_, listed := d.rooms[room]
	return listed || d.rooms == nil
}

// keyholder returns the API key that a request shows. Its errors are refusals.
func (d *doorkeeper) keyholder(r *http.Request) (token.APIKey, error) {
	shown, err := token.ParseAPIKey(bearerOf(r))
	if err != nil {
		return token.APIKey{}, &refusal{http.StatusUnauthorized, "API key missing or invalid"}
	}
	key, ok := d.keys[shown.ID.String()]
	if same := subtle.ConstantTimeCompare(shown.Secret, key.Secret) == 1; !ok || !same || shown.ProjectID != key.ProjectID {
		return token.APIKey{}, &refusal{http.StatusUnauthorized, "API key missing or invalid"}
	}
	return key, nil
}

func newParticipant(claims token.Claims) (participant, error) {
	id, err := uuid.NewRandom()
	if err != nil {
		return participant{}, err
	}
	p := participant{id: id.String(), identity: claims.Name, role: cut(claims.Role()), room: claims.Room()}
	if api, ok := claims.API(); ok {
		p.secrets, p.admin = api.Secrets, api.Admin != nil
		if api.Messaging.AllowsList() {
			p.known = newAttendee()
		}
	}
	return p, nil
}

// Where clients put the token, by the age of their SDK (room protocol, section 1.2).
const (
	tokenParameter    = "token"
	bearerScheme      = "Bearer"
	subprotocolPrefix = "meshagent-room."
)

// credentialOf returns the first token of the query, the Authorization header and the subprotocols.
func credentialOf(r *http.Request) string {
	if credential := r.URL.Query().Get(tokenParameter); credential != "" {
		return credential
	}
	return cmp.Or(bearerOf(r), strings.TrimPrefix(roomSubprotocol(r), subprotocolPrefix))
}

// bearerOf returns what the Authorization header holds, or "".
func bearerOf(r *http.Request) string {
	scheme, credential, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, bearerScheme) {
		return ""
	}
	return strings.TrimSpace(credential)
}

// roomSubprotocol returns the offered subprotocol that carries a token; a browser that offered one insists on
// having it echoed, wherever the token was taken from.
func roomSubprotocol(r *http.Request) string {
	for _, offered := range websocket.Subprotocols(r) {
		if strings.HasPrefix(offered, subprotocolPrefix) {
			return offered
		}
	}
	return ""
}
