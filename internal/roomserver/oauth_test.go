// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomserver_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"golang.org/x/oauth2"

	"github.com/roomsecrets/roomsecret-operator/internal/roomserver"
	"github.com/roomsecrets/roomsecret-operator/internal/roomserver/store"
	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
	"github.com/roomsecrets/roomsecret-operator/roomclient/token"
)

func TestATokenIsAskedForExchangedAndKept(t *testing.T) {
	t.Parallel()
	op := newProvider(t)
	s := op.serve(t)
	agent, human := s.dial(t, "agent", "myroom", plainGrant), s.dial(t, "human", "myroom", plainGrant)
	client := op.client(fields{"client_secret": "hush"})
	request := authorization(human, client)
	push, answer := consent(t, agent, human, request)
	wantToken(t, answer, "access-1")

	pushed, err := json.Marshal(push.Request)
	if err != nil {
		t.Fatal(err)
	}
	wantAsker(t, push.Asker, agent)
	shown := authorization(human, op.client(nil))
	if expected := shown.json(t).Value; !equalJSON(t, pushed, expected) {
		t.Errorf("pushed %s, want %s", pushed, expected)
	}
	seen := op.last()
	if push.Challenge == nil || oauth2.S256ChallengeFromVerifier(seen["code_verifier"]) != *push.Challenge {
		t.Errorf("challenge %v for verifier %q", push.Challenge, seen["code_verifier"])
	}
	if seen["code"] != "the-code" || seen["redirect_uri"] != "https://app.example.com/cb" {
		t.Errorf("the token endpoint got %v", seen)
	}
	wantToken(t, agent.call(protocol.ToolRequestOAuthToken, request), "access-1")
	wantToken(t, agent.offline(op.client(fields{"scopes": []string{"a", "b", "a"}}), nil, nil), "access-1")
	listed := agent.listed()
	if len(listed) != 1 || !strings.HasSuffix(listed[0], "||application/json|client") {
		t.Fatalf("kept as %q", listed)
	}
	id := strings.TrimSuffix(listed[0], "||application/json|client")
	file, ok := agent.call(protocol.ToolGetSecret, fields{"secret_id": id}).(protocol.File)
	var kept map[string]any
	if !ok || json.Unmarshal(file.Data, &kept) != nil || kept["access_token"] != "access-1" || kept["refresh_token"] != "refresh-1" {
		t.Errorf("kept %v", kept)
	}
	wantEmpty(t, agent.call(protocol.ToolDeleteSecret, fields{"id": id}))
	wantToken(t, agent.offline(client, nil, nil), "")
}

func equalJSON(t *testing.T, a, b []byte) bool {
	t.Helper()
	var x, y any
	if err := json.Unmarshal(a, &x); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &y); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(x) == fmt.Sprint(y)
}

func TestWithoutPKCEThereIsNoChallengeAndNoVerifier(t *testing.T) {
	t.Parallel()
	op := newProvider(t)
	s := op.serve(t)
	agent, human := s.dial(t, "agent", "myroom", plainGrant), s.dial(t, "human", "myroom", plainGrant)
	push, answer := consent(t, agent, human, authorization(human, op.client(fields{"no_pkce": true})))
	wantToken(t, answer, "access-1")
	if _, sent := op.last()["code_verifier"]; push.Challenge != nil || sent {
		t.Errorf("challenge %v, token request %v", push.Challenge, op.last())
	}
}

func TestAnExpiredTokenIsRefreshedOnceForEverybodyAndWithoutAsking(t *testing.T) {
	t.Parallel()
	op := newProvider(t)
	s := op.serve(t)
	agent, human := s.dial(t, "agent", "myroom", plainGrant), s.dial(t, "human", "myroom", plainGrant)
	op.change(func(p *provider) { p.lifetime = time.Second })
	_, answer := consent(t, agent, human, authorization(human, op.client(nil)))
	wantToken(t, answer, "access-1")
	op.change(func(p *provider) { p.lifetime = time.Hour })
	twin := s.dial(t, "agent", "myroom", plainGrant)
	offline := fields{"connector": nil, "oauth": op.client(nil), "delegated_to": nil, "delegated_by": nil}.json(t)
	mine, theirs := agent.begin(protocol.ToolGetOfflineOAuthToken, offline), twin.begin(protocol.ToolGetOfflineOAuthToken, offline)
	wantToken(t, agent.answer(mine), "access-2")
	wantToken(t, twin.answer(theirs), "access-2")
	wantToken(t, agent.call(protocol.ToolRequestOAuthToken, authorization(human, op.client(nil))), "access-2")
	if seen := op.last(); seen["grant_type"] != "refresh_token" || seen["refresh_token"] != "refresh-1" {
		t.Errorf("the token endpoint got %v", seen)
	}
}

func TestATokenIsRefreshedBeforeItExpires(t *testing.T) {
	t.Parallel()
	op, rows := newProvider(t), store.NewMemory(0)
	s := serve(t, func(c *roomserver.Config) { c.OAuthOrigins, c.Store = []string{op.URL}, rows })
	agent, human := s.dial(t, "agent", "myroom", plainGrant), s.dial(t, "human", "myroom", plainGrant)
	_, answer := consent(t, agent, human, authorization(human, op.client(nil)))
	wantToken(t, answer, "access-1")
	age(t, rows, 57*time.Minute)
	wantToken(t, agent.offline(op.client(nil), nil, nil), "access-1")
	age(t, rows, 90*time.Second)
	op.change(func(p *provider) { p.refuse = "temporarily_unavailable" })
	wantToken(t, agent.offline(op.client(nil), nil, nil), "access-1") // it is still good
	op.change(func(p *provider) { p.refuse = "" })
	wantToken(t, agent.offline(op.client(nil), nil, nil), "access-2")
}

// age makes the one token that the agent has older.
func age(t *testing.T, rows store.Store, by time.Duration) {
	t.Helper()
	infos, err := rows.List(t.Context(), "myroom", "agent")
	if err != nil || len(infos) != 1 {
		t.Fatalf("the agent has %v, %v", infos, err)
	}
	row, err := rows.Get(t.Context(), infos[0].Key)
	if err != nil {
		t.Fatal(err)
	}
	var kept map[string]any
	if err := json.Unmarshal(row.Value, &kept); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"expiration", "refresh_at"} {
		text, _ := kept[name].(string)
		at, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			t.Fatal(err)
		}
		kept[name] = at.Add(-by)
	}
	if row.Value, err = json.Marshal(kept); err != nil {
		t.Fatal(err)
	}
	if err := rows.Put(t.Context(), row); err != nil {
		t.Fatal(err)
	}
}

func TestATokenThatCannotBeRefreshedIsAskedForAnew(t *testing.T) {
	t.Parallel()
	op := newProvider(t)
	s := op.serve(t)
	agent, human := s.dial(t, "agent", "myroom", plainGrant), s.dial(t, "human", "myroom", plainGrant)
	op.change(func(p *provider) { p.lifetime = time.Second })
	request := authorization(human, op.client(nil))
	_, answer := consent(t, agent, human, request)
	wantToken(t, answer, "access-1")
	op.change(func(p *provider) { p.refuse = "temporarily_unavailable" })
	wantRefusal(t, agent.offline(op.client(nil), nil, nil), "the token endpoint refused")
	op.change(func(p *provider) { p.refuse = "invalid_grant" })
	wantToken(t, agent.offline(op.client(nil), nil, nil), "")
	if listed := agent.listed(); len(listed) != 0 {
		t.Errorf("a credential that is good for nothing is kept: %q", listed)
	}
	_, answer = consent(t, agent, human, request)
	wantToken(t, answer, "access-2")
}

func TestARefusedConsentAndARefusedCodeReachWhoeverAsked(t *testing.T) {
	t.Parallel()
	op := newProvider(t)
	s := op.serve(t)
	agent, human := s.dial(t, "agent", "myroom", plainGrant), s.dial(t, "human", "myroom", plainGrant)
	request := authorization(human, op.client(nil))
	id := agent.begin(protocol.ToolRequestOAuthToken, request.json(t))
	push := human.askedToAuthorize()
	wantError(t, human.call(protocol.ToolProvideOAuthAuthorization, fields{"request_id": push.RequestID}), protocol.CodeInvalidRequest)
	wantError(t, human.authorize(push.RequestID, strings.Repeat("c", 16<<10+1)), protocol.CodeInvalidRequest)
	wantEmpty(t, human.call(protocol.ToolProvideOAuthAuthorization, fields{"request_id": push.RequestID, "code": nil, "error": "no"}))
	wantRefusal(t, agent.answer(id), "no")
	for status, want := range map[int]string{
		http.StatusBadRequest: "the token endpoint refused", http.StatusFound: "the token endpoint refused",
		http.StatusInternalServerError: "the token endpoint refused",
	} {
		op.change(func(p *provider) { p.status = status })
		_, answer := consent(t, agent, human, request)
		wantRefusal(t, answer, want) // and says nothing of what the endpoint repeats
	}
	op.Close()
	_, answer := consent(t, agent, human, request)
	wantRefusal(t, answer, "the token endpoint could not be reached, or did not answer with a token")
	if listed := agent.listed(); len(listed) != 0 {
		t.Errorf("kept: %q", listed)
	}
}

func TestADelegatedTokenBelongsToItsDelegateOnly(t *testing.T) {
	t.Parallel()
	op := newProvider(t)
	s := op.serve(t)
	human, agent, other := s.dial(t, "human", "myroom", plainGrant), s.dial(t, "agent", "myroom", plainGrant), s.dial(t, "other", "myroom", plainGrant)
	request := authorization(human, op.client(nil))
	request["delegate_to"] = "agent"
	asking := s.dial(t, "human", "myroom", plainGrant)
	id := asking.begin(protocol.ToolRequestOAuthToken, request.json(t))
	push := human.askedToAuthorize()
	asking.askedToAuthorize() // it is the same identity
	wantEmpty(t, human.authorize(push.RequestID, "c"))
	wantToken(t, asking.answer(id), "access-1")

	client := op.client(nil)
	wantToken(t, agent.offline(client, nil, "human"), "access-1")
	wantToken(t, agent.offline(client, "agent", "human"), "access-1")
	wantToken(t, human.offline(client, "agent", nil), "access-1")
	wantToken(t, human.offline(client, "agent", "human"), "access-1")
	wantToken(t, human.offline(client, nil, nil), "")
	wantToken(t, agent.offline(client, nil, nil), "")
	wantToken(t, other.offline(client, nil, "human"), "")
	wantError(t, other.offline(client, "agent", "human"), protocol.CodePermissionDenied)
	if listed := human.listed(); len(listed) != 1 || !strings.Contains(listed[0], "|agent|") {
		t.Errorf("listed %q", listed)
	}
}

func TestOAuthRequestsThatAreRefused(t *testing.T) {
	t.Parallel()
	op := newProvider(t)
	s := op.serve(t)
	cases := map[string]struct {
		change fields
		want   protocol.Code
	}{
		"no client":                     {fields{"oauth": nil}, protocol.CodeInvalidRequest},
		"a connector only":              {fields{"oauth": nil, "connector": fields{"server_url": "https://x"}}, protocol.CodeInvalidRequest},
		"no client id":                  {fields{"oauth": op.client(fields{"client_id": nil})}, protocol.CodeInvalidRequest},
		"no token endpoint":             {fields{"oauth": op.client(fields{"token_endpoint": nil})}, protocol.CodeInvalidRequest},
		"a page that is a script":       {fields{"oauth": op.client(fields{"authorization_endpoint": "javascript:alert(1)"})}, protocol.CodeInvalidRequest},
		"a file for an endpoint":        {fields{"oauth": op.client(fields{"token_endpoint": "file:///etc/passwd"})}, protocol.CodeInvalidRequest},
		"an endpoint with a password":   {fields{"oauth": op.client(fields{"token_endpoint": "http://a:b@127.0.0.1/"})}, protocol.CodeInvalidRequest},
		"an endpoint not on the list":   {fields{"oauth": op.client(fields{"token_endpoint": "https://login.example.com/"})}, protocol.CodePermissionDenied},
		"another port of a listed host": {fields{"oauth": op.client(fields{"token_endpoint": "http://127.0.0.1:1/"})}, protocol.CodePermissionDenied},
		"no redirect uri":               {fields{"redirect_uri": ""}, protocol.CodeInvalidRequest},
		"nobody to ask":                 {fields{"participant_id": "nobody"}, protocol.CodeNotFound},
		"no time":                       {fields{"timeout": -1}, protocol.CodeInvalidRequest},
		"scopes that are no list":       {fields{"oauth": op.client(fields{"scopes": "a"})}, protocol.CodeInvalidRequest},
		"too many scopes":               {fields{"oauth": op.client(fields{"scopes": make([]string, 101)})}, protocol.CodeInvalidRequest},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := s.dial(t, "agent", "myroom", plainGrant)
			request := authorization(p, op.client(nil))
			maps.Copy(request, c.change)
			wantError(t, p.call(protocol.ToolRequestOAuthToken, request), c.want)
		})
	}
}

// TestTheDefaultDoesNotReachIntoTheServersOwnNetwork tries addresses that only the server can reach.
func TestTheDefaultDoesNotReachIntoTheServersOwnNetwork(t *testing.T) {
	t.Parallel()
	s := serve(t)
	agent, human := s.dial(t, "agent", "myroom", plainGrant), s.dial(t, "human", "myroom", plainGrant)
	plain := newProvider(t)
	wantError(t, agent.call(protocol.ToolRequestOAuthToken, authorization(human, plain.client(nil))), protocol.CodePermissionDenied)
	for _, host := range []string{"127.0.0.1", "localhost", "[::1]", "10.0.0.1", "169.254.169.254", "[::ffff:127.0.0.1]", "127.0.0.1:8443"} {
		_, answer := consent(t, agent, human, authorization(human, plain.client(fields{"token_endpoint": "https://" + host + "/token"})))
		wantRefusal(t, answer, "the token endpoint could not be reached, or did not answer with a token")
	}
}

func TestNoOriginsMeansNoTokenEndpoints(t *testing.T) {
	t.Parallel()
	s := serve(t, func(c *roomserver.Config) { c.OAuthOrigins = []string{} })
	p := s.dial(t, "agent", "myroom", plainGrant)
	client := newProvider(t).client(fields{"token_endpoint": "https://login.example.com/token"})
	wantError(t, p.offline(client, nil, nil), protocol.CodePermissionDenied)
}

func TestTheAllowListOfATokenDecidesAsRecorded(t *testing.T) {
	t.Parallel()
	var golden struct {
		SecretsGrant struct {
			Grant  token.SecretsGrant
			Checks []struct {
				Endpoint      string `json:"authorization_endpoint"`
				ClientID      string `json:"client_id"`
				ConnectorOnly bool   `json:"connector_only"`
				Allowed       bool
			}
		} `json:"secrets_grant"`
	}
	readGolden(t, "token.json", &golden)
	s := serve(t)
	claims := s.claims(t, "agent", "myroom", noAPIGrant)
	api, err := token.APIGrant(token.APIScope{Secrets: &golden.SecretsGrant.Grant})
	if err != nil {
		t.Fatal(err)
	}
	claims.Grants = append(claims.Grants, api)
	signed, err := s.key.Sign(claims)
	if err != nil {
		t.Fatal(err)
	}
	p := connect(t, &websocket.Dialer{}, s.roomURL("myroom", signed), nil)
	op := newProvider(t)
	for _, check := range golden.SecretsGrant.Checks {
		client := op.client(fields{
			"authorization_endpoint": check.Endpoint, "client_id": check.ClientID, "token_endpoint": "https://p.example/token",
		})
		input := fields{"connector": nil, "oauth": client}
		if check.ConnectorOnly {
			input = fields{"connector": fields{"server_url": "https://x"}, "oauth": nil}
		}
		got := p.call(protocol.ToolGetOfflineOAuthToken, input)
		if failure, refused := got.(protocol.Error); (refused && failure.Code == protocol.CodePermissionDenied) == check.Allowed {
			t.Errorf("%+v: got %+v", check, got)
		}
		if check.Allowed {
			wantToken(t, got, "")
		}
	}
	p.listed() // nothing else is checked against the list
}
