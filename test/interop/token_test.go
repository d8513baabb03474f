// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package interop_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
	"github.com/roomsecrets/roomsecret-operator/roomclient/token"
)

// apiKey is the SDK's ApiKey.
type apiKey struct {
	ID        string `json:"id"`
	ProjectID string `json:"projectId"`
	Secret    string `json:"secret"`
}

func TestAPIKeys(t *testing.T) {
	t.Parallel()
	dashes := token.APIKey{
		// The text of the ids has dots and underscores, the secret has dashes.
		ID: uuid.MustParse("fbf0ffff-fbff-4fff-bfff-fffffbf0ffff"), ProjectID: uuid.Nil, Secret: []byte("-a-secret--with-dashes-"),
	}
	eachVersion(t, func(t *testing.T, sdk *sdk) {
		for name, key := range map[string]token.APIKey{"a random key": newKey(t), "a key full of dashes": dashes} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				want := apiKey{ID: key.ID.String(), ProjectID: key.ProjectID.String(), Secret: string(key.Secret)}
				var parsed apiKey
				if err := sdk.do("parseKey", args{"key": key.Encode()}, &parsed); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(want, parsed); diff != "" {
					t.Errorf("the SDK reads our key as another one: %s", diff)
				}
				var encoded string
				if err := sdk.do("encodeKey", args{"key": want}, &encoded); err != nil {
					t.Fatal(err)
				}
				if encoded != key.Encode() {
					t.Errorf("the SDK writes another text: it has %d bytes, ours %d", len(encoded), len(key.Encode()))
				}
				if got, err := token.ParseAPIKey(encoded); err != nil || !cmp.Equal(got, key) {
					t.Errorf("we read the SDK's key as %v, %v", got, err)
				}
			})
		}
	})
}

func (s *sdk) text(t *testing.T, command string, with args) (text string) {
	t.Helper()
	if err := s.do(command, with, &text); err != nil {
		t.Fatal(err)
	}
	return text
}

func TestTokensOfTheSDKAreAccepted(t *testing.T) {
	t.Parallel()
	server := serve(t)
	eachVersion(t, func(t *testing.T, sdk *sdk) {
		room, key := newRoom(), server.key()
		expires := time.Now().Add(time.Hour).Truncate(time.Second)
		jwt := sdk.text(t, "sign", args{"name": "alice", "room": room, "role": "agent", "admin": true, "expires": expires, "apiKey": key.Encode()})
		got, err := token.Verify(jwt, func(string) ([]byte, error) { return key.Secret, nil }, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		scope, ok := got.API()
		if !ok || scope.Secrets == nil || scope.Admin == nil || got.Role() != token.RoleAgent || got.KeyID != key.ID.String() ||
			got.ProjectID != key.ProjectID.String() || got.Room() != room || !got.ExpiresAt.Equal(expires) {
			t.Errorf("claims %+v", got)
		}
		alice := sdk.joinWith(t, args{"url": server.roomURL(room), "token": jwt})
		alice.must(t, "setSecret", args{"secretId": "s", "forIdentity": "bob", "data": blob("v")}, nil)
		sdk.join(t, server, "bob", room, user).wantValue(t, args{"secretId": "s"}, "v")
	})
}

// TestTheSDKsShortcutForAgents: its tokens name every part of the room API, in the older version without secrets.
func TestTheSDKsShortcutForAgents(t *testing.T) {
	t.Parallel()
	server := serve(t)
	eachVersion(t, func(t *testing.T, sdk *sdk) {
		room := newRoom()
		jwt := sdk.text(t, "helperToken", args{"name": "agent", "room": room, "apiKey": server.key().Encode()})
		agent := sdk.joinWith(t, args{"url": server.roomURL(room), "token": jwt})
		if sdk.version == older {
			agent.fails(t, protocol.CodePermissionDenied, "listSecrets", nil)
			return
		}
		agent.set(t, "s", "v")
		agent.wantValue(t, args{"secretId": "s"}, "v")
		agent.fails(t, protocol.CodePermissionDenied, "setSecret", args{"secretId": "s", "forIdentity": "alice", "data": blob("v")})
	})
}

// verified is what an application reads from a token with the SDK.
type verified struct {
	Name      string `json:"name"`
	Role      string `json:"role"`
	ProjectID string `json:"projectId"`
	APIKeyID  string `json:"apiKeyId"`
	Version   string `json:"version"`
	Room      string `json:"room"`
	Secrets   bool   `json:"secrets"`
	Admin     bool   `json:"admin"`
}

func TestOurTokensAreAcceptedByTheSDK(t *testing.T) {
	t.Parallel()
	eachVersion(t, func(t *testing.T, sdk *sdk) {
		key, room := newKey(t), newRoom()
		c := claims(t, "alice", room, user)
		c.Grants = append(c.Grants, token.RoleGrant(token.RoleTool))
		jwt := sign(t, key, c)
		var got verified
		if err := sdk.do("verify", args{"jwt": jwt, "secret": string(key.Secret)}, &got); err != nil {
			t.Fatal(err)
		}
		want := verified{
			Name: "alice", Role: "tool", ProjectID: key.ProjectID.String(), APIKeyID: key.ID.String(),
			Version: token.DefaultVersion, Room: room, Secrets: true,
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		if err := sdk.do("verify", args{"jwt": jwt, "secret": "another"}, nil); err == nil {
			t.Error("the SDK accepts it with another secret")
		}
		c.ExpiresAt = time.Now().Add(-time.Second)
		if err := sdk.do("verify", args{"jwt": sign(t, key, c), "secret": string(key.Secret)}, nil); err == nil {
			t.Error("the SDK accepts it when it has expired")
		}
	})
}

// TestAllowLists compares our reading of a token's allow-list of OAuth clients with the newer version's. The
// older one has lists of another form.
func TestAllowLists(t *testing.T) {
	t.Parallel()
	sdk, key := sdks[newest].sdk(t), newKey(t)
	list := []token.OAuthClient{
		{Endpoint: "https://p.example/oauth/authorize", ClientID: "exact"},
		{Endpoint: "https://p.example/oauth/*", ClientID: "prefix"},
		{Endpoint: "*", ClientID: "any"},
		{Endpoint: "", ClientID: "empty"},
		{Endpoint: "https://spaces.example/ ", ClientID: " spaces "},
	}
	endpoints := []string{
		"https://p.example/oauth/authorize", " https://p.example/oauth/authorize ", "https://p.example/oauth/", "https://p.example/oauth",
		"https://p.example/oauth/*", "https://spaces.example/", "", " ",
	}
	clients := []string{"exact", " exact ", "prefix", "any", "empty", "spaces", "Exact", "", " "}
	for name, list := range map[string][]token.OAuthClient{"no list": nil, "an empty list": {}, "a list": list} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			grant := &token.SecretsGrant{RequestOAuthToken: list}
			ours := sign(t, key, claims(t, "alice", "lobby", token.APIScope{Secrets: grant}))
			for _, endpoint := range endpoints {
				for _, client := range clients {
					oauth := args{"client_id": client, "authorization_endpoint": endpoint, "token_endpoint": "https://p.example/token"}
					var want bool
					if err := sdk.do("mayRequest", args{"jwt": ours, "secret": string(key.Secret), "oauth": oauth}, &want); err != nil {
						t.Fatal(err)
					}
					if got := grant.Allows(endpoint, client); got != want {
						t.Errorf("%q for client %q: we say %v, the SDK %v", endpoint, client, got, want)
					}
				}
			}
		})
	}
	t.Run("a list written by the SDK is read as it was meant", func(t *testing.T) {
		t.Parallel()
		jwt := sdk.text(t, "sign", args{
			"name": "alice", "room": "lobby", "apiKey": key.Encode(),
			"endpoints": []args{{"endpoint": "https://p.example/*", "clientId": "c"}},
		})
		c, err := token.Decode(jwt)
		if err != nil {
			t.Fatal(err)
		}
		scope, _ := c.API()
		if diff := cmp.Diff(&token.SecretsGrant{RequestOAuthToken: []token.OAuthClient{{Endpoint: "https://p.example/*", ClientID: "c"}}}, scope.Secrets); diff != "" {
			t.Error(diff)
		}
	})
}
