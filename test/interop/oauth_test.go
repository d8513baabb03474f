// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package interop_test

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/roomsecrets/roomsecret-operator/internal/roomserver"
	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
	"github.com/roomsecrets/roomsecret-operator/roomclient/token"
)

// oauthRequest is the SDK's OAuthTokenRequest, which the handler of the asked gets.
type oauthRequest struct {
	RequestID             string   `json:"requestId"`
	AuthorizationEndpoint string   `json:"authorizationEndpoint"`
	TokenEndpoint         string   `json:"tokenEndpoint"`
	Challenge             *string  `json:"challenge"`
	Scopes                []string `json:"scopes"`
	ClientID              *string  `json:"clientId"`
}

// consentRoom is a conversation about an OAuth client.
type consentRoom struct {
	*conversation

	provider *provider
}

// client describes the OAuth client to the SDK; changes replace what is said.
func (c *consentRoom) client(changes args) args {
	oauth := args{
		"client_id": "client", "authorization_endpoint": c.provider.URL + "/authorize", "token_endpoint": c.provider.URL + "/token",
		"scopes": []string{"openid", "email"},
	}
	maps.Copy(oauth, changes)
	return oauth
}

// request lets Alice ask Bob for a token; changes replace what she says.
func (c *consentRoom) request(changes args) <-chan outcome[*string] {
	with := args{"fromParticipantId": c.bob.me.ParticipantID, "oauth": c.client(nil), "redirectUri": "https://app.example/return"}
	maps.Copy(with, changes)
	return begin[*string](c.alice, "requestOAuthToken", with)
}

func (c *consentRoom) heard(t *testing.T, p *participant) oauthRequest {
	t.Helper()
	return nextRequest[oauthRequest](t, p, "oauthRequest")
}

// consents lets Bob get a code from the provider and hand it over.
func (c *consentRoom) consents(t *testing.T) {
	t.Helper()
	request := c.heard(t, c.bob)
	code := c.provider.consent(grant{clientID: *request.ClientID, challenge: request.Challenge})
	c.bob.must(t, "provideOAuthAuthorization", args{"requestId": request.RequestID, "code": code}, nil)
}

func wantToken(t *testing.T, done <-chan outcome[*string]) string {
	t.Helper()
	got := <-done
	if got.err != nil || got.value == nil || !strings.HasPrefix(*got.value, "access-") {
		t.Fatalf("the request ended with %v, want an access token", got.err)
	}
	return *got.value
}

// offline returns the token that is kept, or "" for none.
func (p *participant) offline(t *testing.T, with args) string {
	t.Helper()
	var got *string
	p.must(t, "getOfflineOAuthToken", with, &got)
	if got == nil {
		return ""
	}
	return *got
}

// oauthTests are run with Alice, who asks, and Bob, who is asked, in a room and with a provider of their own.
var oauthTests = map[string]func(t *testing.T, c *consentRoom){
	"a token is granted, kept and given again without asking": func(t *testing.T, c *consentRoom) {
		oauth := args{"oauth": c.client(nil)}
		if got := c.alice.offline(t, oauth); got != "" {
			t.Errorf("there is a token %q before anybody has consented", got)
		}
		done := c.request(nil)
		c.consents(t)
		access := wantToken(t, done)
		if again := wantToken(t, c.request(nil)); again != access {
			t.Errorf("asked again, the token is %q and was %q", again, access)
		}
		if got := c.alice.offline(t, oauth); got != access {
			t.Errorf("offline, the token is %q and was %q", got, access)
		}
		if got := c.bob.offline(t, oauth); got != "" {
			t.Errorf("Bob has Alice's token %q", got)
		}
		if n := len(c.provider.asked()); n != 1 {
			t.Errorf("the token endpoint was asked %d times", n)
		}
	},
	"the participant is told what it takes to consent, and no secret": func(t *testing.T, c *consentRoom) {
		done := c.request(args{"oauth": c.client(args{"client_secret": "hush"})})
		raw := c.bob.next(t, "oauthRequest").Request
		if strings.Contains(string(raw), "hush") {
			t.Error("Bob is told the client secret")
		}
		var got oauthRequest
		if err := json.Unmarshal(raw, &got); err != nil {
			t.Fatal(err)
		}
		want := oauthRequest{
			RequestID: got.RequestID, AuthorizationEndpoint: c.provider.URL + "/authorize", TokenEndpoint: c.provider.URL + "/token",
			Challenge: got.Challenge, Scopes: []string{"openid", "email"}, ClientID: new("client"),
		}
		if diff := cmp.Diff(want, got); diff != "" || got.RequestID == "" || got.Challenge == nil {
			t.Error(diff)
		}
		code := c.provider.consent(grant{clientID: "client", challenge: got.Challenge})
		c.bob.must(t, "provideOAuthAuthorization", args{"requestId": got.RequestID, "code": code}, nil)
		wantToken(t, done)
		form := c.provider.asked()[0]
		if form.Get("client_secret") != "hush" || form.Get("redirect_uri") != "https://app.example/return" || form.Get("code") != code {
			t.Errorf("the token endpoint is asked with %v", form)
		}
	},
	"without PKCE there is no challenge": func(t *testing.T, c *consentRoom) {
		done := c.request(args{"oauth": c.client(args{"no_pkce": true})})
		request := c.heard(t, c.bob)
		if request.Challenge != nil {
			t.Errorf("the challenge is %q", *request.Challenge)
		}
		code := c.provider.consent(grant{clientID: "client"})
		c.bob.must(t, "provideOAuthAuthorization", args{"requestId": request.RequestID, "code": code}, nil)
		wantToken(t, done)
		if c.provider.asked()[0].Has("code_verifier") {
			t.Error("the token endpoint is told a verifier")
		}
	},
	"a rejection is told with its reason": func(t *testing.T, c *consentRoom) {
		done := c.request(nil)
		c.bob.must(t, "rejectOAuthAuthorization", args{"requestId": c.heard(t, c.bob).RequestID, "error": "never"}, nil)
		if reason := wantError(t, (<-done).err, protocol.CodeOperationFailed); reason != "never" {
			t.Errorf("the reason is %q", reason)
		}
	},
	"a request nobody answers times out": func(t *testing.T, c *consentRoom) {
		wantError(t, (<-c.request(args{"timeout": 1})).err, protocol.CodeTimeout)
	},
	"a code the provider does not know brings no token": func(t *testing.T, c *consentRoom) {
		done := c.request(nil)
		c.bob.must(t, "provideOAuthAuthorization", args{"requestId": c.heard(t, c.bob).RequestID, "code": "made-up"}, nil)
		wantError(t, (<-done).err, protocol.CodeOperationFailed)
		if got := c.alice.offline(t, args{"oauth": c.client(nil)}); got != "" {
			t.Errorf("there is a token %q", got)
		}
	},
	"only the one who is asked can answer, from any connection": func(t *testing.T, c *consentRoom) {
		done := c.request(nil)
		request := c.heard(t, c.bob)
		code := c.provider.consent(grant{clientID: "client", challenge: request.Challenge})
		answer := args{"requestId": request.RequestID, "code": code}
		c.alice.fails(t, protocol.CodeNotFound, "provideOAuthAuthorization", answer)
		c.asked.join(t, c.server, "carol", c.room, user).fails(t, protocol.CodeNotFound, "provideOAuthAuthorization", answer)
		c.bob.fails(t, protocol.CodeNotFound, "provideSecret", args{"requestId": request.RequestID, "data": blob(code)})
		c.asked.join(t, c.server, "bob", c.room, user).must(t, "provideOAuthAuthorization", answer, nil)
		wantToken(t, done)
	},
	"a token that has run out is refreshed without asking": func(t *testing.T, c *consentRoom) {
		c.provider.lifetime = 1
		done := c.request(nil)
		c.consents(t)
		first := wantToken(t, done)
		second := wantToken(t, c.request(nil))
		third := c.alice.offline(t, args{"oauth": c.client(nil)})
		if first == second || second == third || third == "" {
			t.Errorf("tokens %q, %q and %q", first, second, third)
		}
		c.provider.revoke()
		if got := c.alice.offline(t, args{"oauth": c.client(nil)}); got != "" {
			t.Errorf("after the consent was taken back there is a token %q", got)
		}
		done = c.request(nil)
		c.consents(t)
		wantToken(t, done)
	},
	"a credential is listed, and gone when it is deleted": func(t *testing.T, c *consentRoom) {
		done := c.request(args{"delegateTo": "agent"})
		c.consents(t)
		access := wantToken(t, done)
		infos := c.alice.list(t)
		if len(infos) != 1 || infos[0].DelegatedTo == nil || *infos[0].DelegatedTo != "agent" {
			t.Fatalf("listed %+v", infos)
		}
		delegated := args{"oauth": c.client(nil), "delegatedTo": "agent"}
		if got := c.alice.offline(t, delegated); got != access {
			t.Errorf("offline, the token is %q and was %q", got, access)
		}
		c.alice.must(t, "deleteSecret", args{"secretId": infos[0].ID, "delegatedTo": "agent"}, nil)
		if got := c.alice.offline(t, delegated); got != "" {
			t.Errorf("there still is a token %q", got)
		}
	},
	"a token can be delegated to somebody else": func(t *testing.T, c *consentRoom) {
		done := c.request(args{"delegateTo": "agent"})
		c.consents(t)
		access := wantToken(t, done)
		fromAlice := args{"oauth": c.client(nil), "delegatedBy": "alice"}
		if got := c.asked.join(t, c.server, "agent", c.room, user).offline(t, fromAlice); got != access {
			t.Errorf("the agent gets %q, want %q", got, access)
		}
		if got := c.bob.offline(t, fromAlice); got != "" {
			t.Errorf("Bob gets %q", got)
		}
	},
	"a token's allow-list limits the clients": func(t *testing.T, c *consentRoom) {
		scope := token.APIScope{Secrets: &token.SecretsGrant{RequestOAuthToken: []token.OAuthClient{
			{Endpoint: c.provider.URL + "/*", ClientID: "client"},
		}}}
		c.alice = c.asking.join(t, c.server, "alice", c.room, scope)
		done := c.request(nil)
		c.consents(t)
		wantToken(t, done)
		other := args{"oauth": c.client(args{"client_id": "other"})}
		wantError(t, (<-c.request(other)).err, protocol.CodePermissionDenied)
		c.alice.fails(t, protocol.CodePermissionDenied, "getOfflineOAuthToken", other)
		connector := args{"oauth": nil, "connector": args{"openaiConnectorId": "connector"}}
		wantError(t, (<-c.request(connector)).err, protocol.CodePermissionDenied)
	},
	"a client the server cannot use is refused": func(t *testing.T, c *consentRoom) {
		wantError(t, (<-c.request(args{"oauth": nil, "connector": args{"serverUrl": "https://mcp.example"}})).err, protocol.CodeInvalidRequest)
		private := c.client(args{"token_endpoint": "http://127.0.0.1:1/token"})
		wantError(t, (<-c.request(args{"oauth": private})).err, protocol.CodePermissionDenied)
		wantError(t, (<-c.request(args{"fromParticipantId": "nobody"})).err, protocol.CodeNotFound)
	},
}

func TestOAuth(t *testing.T) {
	t.Parallel()
	eachPair(t, func(t *testing.T, asking, asked *sdk) {
		for name, test := range oauthTests {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				provider := newProvider(t)
				server := serve(t, func(c *roomserver.Config) { c.OAuthOrigins = []string{provider.URL} })
				test(t, &consentRoom{converse(t, server, asking, asked), provider})
			})
		}
	})
}
