// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomserver_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/gorilla/websocket"

	"github.com/roomsecrets/roomsecret-operator/internal/roomserver"
	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
	"github.com/roomsecrets/roomsecret-operator/roomclient/token"
)

// verdict is how the server answered a handshake.
type verdict struct {
	status int
	header http.Header
	body   string
}

// handshake tries to join; a success is closed at once.
func handshake(t *testing.T, address string, header http.Header, subprotocols ...string) verdict {
	t.Helper()
	dialer := websocket.Dialer{Subprotocols: subprotocols}
	socket, response, err := dialer.DialContext(t.Context(), address, header)
	if err == nil {
		_ = socket.Close()
	} else if !errors.Is(err, websocket.ErrBadHandshake) {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return verdict{response.StatusCode, response.Header, string(body)}
}

func TestWhoMayJoin(t *testing.T) {
	t.Parallel()
	s := serve(t, func(c *roomserver.Config) { c.Rooms = []string{"myroom", "other"} })
	sign := func(change func(*token.Claims)) string {
		claims := s.claims(t, "alice", "myroom", plainGrant)
		change(&claims)
		signed, err := s.key.Sign(claims)
		if err != nil {
			t.Fatal(err)
		}
		return signed
	}
	good := sign(func(*token.Claims) {})
	cases := map[string]struct {
		room string // default myroom
		jwt  string
		want int
	}{
		"a good token":                        {jwt: good, want: http.StatusSwitchingProtocols},
		"a token without expiry":              {jwt: sign(func(c *token.Claims) { c.ExpiresAt = time.Time{} }), want: http.StatusSwitchingProtocols},
		"a token without api grant":           {jwt: s.token(t, "alice", "myroom", noAPIGrant), want: http.StatusSwitchingProtocols},
		"no token":                            {jwt: "", want: http.StatusUnauthorized},
		"not a token":                         {jwt: "a.b.c", want: http.StatusUnauthorized},
		"an API key instead of a token":       {jwt: s.key.Encode(), want: http.StatusUnauthorized},
		"expired a second ago":                {jwt: sign(func(c *token.Claims) { c.ExpiresAt = time.Now().Add(-time.Second) }), want: http.StatusUnauthorized},
		"no name":                             {jwt: sign(func(c *token.Claims) { c.Name = "" }), want: http.StatusUnauthorized},
		"a name too long to own anything":     {jwt: sign(func(c *token.Claims) { c.Name = strings.Repeat("n", 513) }), want: http.StatusUnauthorized},
		"signed with another key":             {jwt: otherKey(t, s), want: http.StatusUnauthorized},
		"another key that claims to be ours":  {jwt: forged(t, s), want: http.StatusUnauthorized},
		"no key id":                           {jwt: bare(t, s), want: http.StatusUnauthorized},
		"payload changed after signing":       {jwt: tampered(t, good), want: http.StatusUnauthorized},
		"signature cut off":                   {jwt: good[:strings.LastIndexByte(good, '.')+1], want: http.StatusUnauthorized},
		"algorithm none":                      {jwt: algorithmNone(t, s), want: http.StatusUnauthorized},
		"algorithm HS512":                     {jwt: signedBy(t, s, jwt.SigningMethodHS512, []byte(s.key.Secret)), want: http.StatusUnauthorized},
		"algorithm RS256":                     {jwt: rs256(t, s), want: http.StatusUnauthorized},
		"for another room":                    {room: "other", jwt: good, want: http.StatusForbidden},
		"no room grant":                       {jwt: sign(func(c *token.Claims) { c.Grants = c.Grants[1:] }), want: http.StatusForbidden},
		"a room that is not there":            {room: "third", jwt: s.token(t, "alice", "third", plainGrant), want: http.StatusNotFound},
		"a room that is not there, no token":  {room: "third", jwt: "", want: http.StatusUnauthorized},
		"a room that is not there, not yours": {room: "third", jwt: good, want: http.StatusForbidden},
		"a name no room can have":             {room: "My_Room", jwt: good, want: http.StatusNotFound},
		"a name with a slash":                 {room: "my%2Froom", jwt: good, want: http.StatusNotFound},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c.room == "" {
				c.room = "myroom"
			}
			address := "ws://" + s.address + "/rooms/" + c.room
			if c.jwt != "" {
				address += "?token=" + c.jwt
			}
			got := handshake(t, address, nil)
			if got.status != c.want {
				t.Errorf("status %d %q, want %d", got.status, got.body, c.want)
			}
			if c.jwt != "" && strings.Contains(got.body, c.jwt) {
				t.Error("the body repeats the token")
			}
			if challenge := got.header.Get("WWW-Authenticate"); (challenge != "") != (c.want == http.StatusUnauthorized) {
				t.Errorf("WWW-Authenticate %q with status %d", challenge, got.status)
			}
		})
	}
}

func otherKey(t *testing.T, s *service) string {
	t.Helper()
	key, err := token.NewAPIKey()
	if err != nil {
		t.Fatal(err)
	}
	signed, err := key.Sign(s.claims(t, "alice", "myroom", plainGrant))
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func forged(t *testing.T, s *service) string {
	t.Helper()
	return signedBy(t, s, jwt.SigningMethodHS256, []byte("guessed secret"))
}

func bare(t *testing.T, s *service) string {
	t.Helper()
	signed, err := token.Sign(s.claims(t, "alice", "myroom", plainGrant), s.key.Secret)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// signedBy makes a token with our key id, whatever it is signed with.
func signedBy(t *testing.T, s *service, method jwt.SigningMethod, key any) string {
	t.Helper()
	signed, err := jwt.NewWithClaims(method, jwt.MapClaims{
		"name": "alice", "kid": s.key.ID.String(), "sub": s.key.ProjectID.String(),
		"grants": s.claims(t, "alice", "myroom", plainGrant).Grants,
	}).SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func algorithmNone(t *testing.T, s *service) string {
	t.Helper()
	return signedBy(t, s, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType)
}

func rs256(t *testing.T, s *service) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return signedBy(t, s, jwt.SigningMethodRS256, key)
}

func tampered(t *testing.T, good string) string {
	t.Helper()
	parts := strings.Split(good, ".")
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.Replace(string(payload), "alice", "mallo", 1)
	return parts[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(changed)) + "." + parts[2]
}

func TestWhereTheTokenMayBe(t *testing.T) {
	t.Parallel()
	s := serve(t)
	good, bad := s.token(t, "alice", "myroom", plainGrant), "not.a.token"
	cases := map[string]struct {
		query, bearer string
		subprotocols  []string
		want          int
		echoed        string
	}{
		"in the query":                   {query: good, want: 101},
		"in the Authorization header":    {bearer: "Bearer " + good, want: 101},
		"with a scheme in lower case":    {bearer: "bearer " + good, want: 101},
		"with another scheme":            {bearer: "Basic " + good, want: 401},
		"in a subprotocol":               {subprotocols: []string{"meshagent-room." + good}, want: 101, echoed: "meshagent-room." + good},
		"in the second subprotocol":      {subprotocols: []string{"other", "meshagent-room." + good}, want: 101, echoed: "meshagent-room." + good},
		"in an unknown subprotocol":      {subprotocols: []string{"room." + good}, want: 401},
		"the query wins over the header": {query: bad, bearer: "Bearer " + good, want: 401},
		"the header over a subprotocol":  {bearer: "Bearer " + good, subprotocols: []string{"meshagent-room." + bad}, want: 101, echoed: "meshagent-room." + bad},
		"an empty subprotocol":           {subprotocols: []string{"meshagent-room."}, want: 401},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			header := http.Header{}
			if c.bearer != "" {
				header.Set("Authorization", c.bearer)
			}
			got := handshake(t, s.roomURL("myroom", c.query), header, c.subprotocols...)
			if got.status != c.want {
				t.Errorf("status %d %q, want %d", got.status, got.body, c.want)
			}
			if echoed := got.header.Get("Sec-WebSocket-Protocol"); echoed != c.echoed {
				t.Errorf("subprotocol %q, want %q", echoed, c.echoed)
			}
		})
	}
}

func TestBrowsersOfAnyOriginMayJoinWithAToken(t *testing.T) {
	t.Parallel()
	s := serve(t)
	origin := http.Header{"Origin": {"https://app.example.com"}}
	if got := handshake(t, s.roomURL("myroom", s.token(t, "alice", "myroom", plainGrant)), origin); got.status != 101 {
		t.Errorf("with a token: status %d", got.status)
	}
	if got := handshake(t, s.roomURL("myroom", ""), origin); got.status != 401 {
		t.Errorf("without: status %d", got.status)
	}
}

func TestEachOfSeveralKeysOpensTheSameRoom(t *testing.T) {
	t.Parallel()
	second, err := token.NewAPIKey()
	if err != nil {
		t.Fatal(err)
	}
	s := serve(t, func(c *roomserver.Config) { c.APIKeys = append(c.APIKeys, second) })
	one := s.dial(t, "alice", "myroom", plainGrant)
	wantEmpty(t, one.set(fields{"secret_id": "id", "has_data": true}, "v"))
	jwt, err := second.Sign(s.claims(t, "alice", "myroom", plainGrant))
	if err != nil {
		t.Fatal(err)
	}
	two := connect(t, &websocket.Dialer{}, s.roomURL("myroom", jwt), nil)
	wantFile(t, two.call(protocol.ToolGetSecret, fields{"secret_id": "id"}), "id", "application/octet-stream", "v")
}

func TestGoldenTokensOfTheSDKAreAccepted(t *testing.T) {
	t.Parallel()
	var golden struct {
		Tokens []struct {
			Name    string
			Signing struct {
				APIKey string `json:"api_key"`
			}
			JWT    string
			Parsed struct {
				Name, Room string
				HasSecrets bool `json:"has_secrets"`
			}
		}
	}
	readGolden(t, "token.json", &golden)
	tried := 0
	for _, c := range golden.Tokens {
		claims, err := token.Decode(c.JWT)
		if err != nil || c.Signing.APIKey == "" || claims.KeyID == "" || c.Parsed.Room == "" || c.Parsed.Name == "" ||
			(!claims.ExpiresAt.IsZero() && claims.ExpiresAt.Before(time.Now())) {
			continue // signed without a key, for no room, or expired: refused by design
		}
		tried++
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			key, err := token.ParseAPIKey(c.Signing.APIKey)
			if err != nil {
				t.Fatal(err)
			}
			s := serve(t, func(config *roomserver.Config) { config.APIKeys = []token.APIKey{key} })
			p := connect(t, &websocket.Dialer{}, s.roomURL(c.Parsed.Room, c.JWT), nil)
			if p.me.Attributes["name"] != c.Parsed.Name {
				t.Errorf("joined as %v, want %s", p.me.Attributes, c.Parsed.Name)
			}
			if c.Parsed.HasSecrets {
				p.listed()
			} else {
				wantError(t, p.call(protocol.ToolListSecrets, fields{}), protocol.CodePermissionDenied)
			}
		})
	}
	if tried < 3 {
		t.Errorf("only %d golden tokens could be tried", tried)
	}
}
