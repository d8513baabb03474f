// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package interop_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/roomsecrets/roomsecret-operator/internal/roomserver"
	"github.com/roomsecrets/roomsecret-operator/roomclient/token"
)

// refusals are tokens that a server with the one room "lobby" must not let in.
var refusals = map[string]struct {
	room   string // that is joined; lobby unless given
	token  func(t *testing.T, key token.APIKey, good token.Claims) string
	status int
}{
	"no token at all": {
		token:  func(*testing.T, token.APIKey, token.Claims) string { return "" },
		status: http.StatusUnauthorized,
	},
	"an expired token": {
		token: func(t *testing.T, key token.APIKey, good token.Claims) string {
			good.ExpiresAt = time.Now().Add(-time.Second)
			return sign(t, key, good)
		},
		status: http.StatusUnauthorized,
	},
	"a token of another key with the same id": {
		token: func(t *testing.T, key token.APIKey, good token.Claims) string {
			other := newKey(t)
			other.ID, other.ProjectID = key.ID, key.ProjectID
			return sign(t, other, good)
		},
		status: http.StatusUnauthorized,
	},
	"a token of a key the server does not know": {
		token:  func(t *testing.T, _ token.APIKey, good token.Claims) string { return sign(t, newKey(t), good) },
		status: http.StatusUnauthorized,
	},
	"a token somebody has changed": {
		token: func(t *testing.T, key token.APIKey, good token.Claims) string {
			part := strings.Split(sign(t, key, good), ".")
			payload, err := base64.RawURLEncoding.DecodeString(part[1])
			if err != nil {
				t.Fatal(err)
			}
			part[1] = base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(string(payload), "alice", "admin", 1)))
			return strings.Join(part, ".")
		},
		status: http.StatusUnauthorized,
	},
	"a token that is not signed": {
		token: func(t *testing.T, key token.APIKey, _ token.Claims) string {
			unsigned := jwt.NewWithClaims(jwt.SigningMethodNone, jwt.MapClaims{
				"name": "alice", "kid": key.ID.String(), "grants": []any{map[string]any{"name": "room", "scope": "lobby"}},
			})
			text, err := unsigned.SignedString(jwt.UnsafeAllowNoneSignatureType)
			if err != nil {
				t.Fatal(err)
			}
			return text
		},
		status: http.StatusUnauthorized,
	},
	"a token for another room": {
		token: func(t *testing.T, key token.APIKey, good token.Claims) string {
			good.Grants[0] = token.RoomGrant("elsewhere")
			return sign(t, key, good)
		},
		status: http.StatusForbidden,
	},
	"a token for no room": {
		token: func(t *testing.T, key token.APIKey, good token.Claims) string {
			good.Grants = good.Grants[1:]
			return sign(t, key, good)
		},
		status: http.StatusForbidden,
	},
	"a room that does not exist": {
		room: "elsewhere",
		token: func(t *testing.T, key token.APIKey, good token.Claims) string {
			good.Grants[0] = token.RoomGrant("elsewhere")
			return sign(t, key, good)
		},
		status: http.StatusNotFound,
	},
}

// TestRefused joins with a reconnect timeout of half a second, which the SDK counts in milliseconds. The newer
// version takes 403 and 404 as final and tries again after 401; the older one tries once and tells what the
// WebSocket library says.
func TestRefused(t *testing.T) {
	t.Parallel()
	server := serve(t, func(c *roomserver.Config) { c.Rooms = []string{"lobby"} })
	eachVersion(t, func(t *testing.T, sdk *sdk) {
		for name, c := range refusals {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				room := c.room
				if room == "" {
					room = "lobby"
				}
				jwt := c.token(t, server.key(), claims(t, "alice", "lobby", user))
				_, err := sdk.tryJoin(t, args{"url": server.roomURL(room), "token": jwt, "reconnectTimeout": 500})
				failure, ok := errors.AsType[*sdkError](err)
				if !ok {
					t.Fatalf("error %v", err)
				}
				if want := sdk.refusal(c.status); failure.Message != want {
					t.Errorf("error %q, want %q", failure.Message, want)
				}
				if retried := failure.Attempts > 1; retried != (sdk.version == newest && c.status == http.StatusUnauthorized) {
					t.Errorf("%d attempts to join", failure.Attempts)
				}
			})
		}
	})
}

// refusal is what the SDK says when it is not let in.
func (s *sdk) refusal(status int) string {
	if s.version == older {
		return fmt.Sprintf("Unexpected server response: %d", status)
	}
	why := fmt.Sprintf("websocket connect failed with status %d: %s", status, http.StatusText(status))
	if status == http.StatusUnauthorized {
		why = fmt.Sprintf("room reconnect timed out after 0.5s (%s)", why)
	}
	return "room connection unexpectedly closed before the room became ready: " + why
}
