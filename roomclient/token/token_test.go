// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package token_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"github.com/roomsecrets/roomsecret-operator/roomclient/token"
)

type tokenCase struct {
	Name    string `json:"name"`
	Signing struct {
		Secret string  `json:"secret"`
		APIKey *string `json:"api_key"`
	} `json:"signing"`
	Payload json.RawMessage `json:"payload"`
	JWT     string          `json:"jwt"`
	Parsed  struct {
		Name       string  `json:"name"`
		Role       string  `json:"role"`
		Room       string  `json:"room"`
		ProjectID  *string `json:"project_id"`
		APIKeyID   *string `json:"api_key_id"`
		Version    string  `json:"version"`
		HasSecrets bool    `json:"has_secrets"`
		HasAdmin   bool    `json:"has_admin"`
	} `json:"parsed"`
}

type goldenFile struct {
	APIKeys []struct {
		ID        string `json:"id"`
		ProjectID string `json:"projectId"`
		Secret    string `json:"secret"`
		Encoded   string `json:"encoded"`
	} `json:"api_keys"`
	APIKeyErrors []struct {
		Input string `json:"input"`
	} `json:"api_key_errors"`
	Tokens       []tokenCase `json:"tokens"`
	SecretsGrant struct {
		Grant  token.SecretsGrant `json:"grant"`
		Checks []struct {
			Endpoint string `json:"authorization_endpoint"`
			ClientID string `json:"client_id"`
			Allowed  bool   `json:"allowed"`
		} `json:"checks"`
	} `json:"secrets_grant"`
}

func golden(t *testing.T) goldenFile {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "testdata", "golden", "token.json"))
	if err != nil {
		t.Fatal(err)
	}
	var file goldenFile
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestAPIKeysAreThoseOfTheSDK(t *testing.T) {
	t.Parallel()
	for _, c := range golden(t).APIKeys {
		key, err := token.ParseAPIKey(c.Encoded)
		if err != nil {
			t.Fatal(err)
		}
		if key.ID.String() != c.ID || key.ProjectID.String() != c.ProjectID || string(key.Secret) != c.Secret {
			t.Errorf("parsed %s as %v", c.Encoded, key)
		}
		if got := key.Encode(); got != c.Encoded {
			t.Errorf("encoded %s, want %s", got, c.Encoded)
		}
	}
}

func TestInvalidAPIKeysAreRefusedWithoutQuotingThem(t *testing.T) {
	t.Parallel()
	inputs := []string{
		"ma-Ej5FZ.ibEtOkVkJmFBdAAA-Dx4tPEtaaXiQq83vEjRWeA-",
		"ma-Ej5FZ.ibEtOkVkJmFBdAA-Dx4tPEtaaXiQq83vEjRWeA-hunter2",
		"ma-Ej5FZ.ibEtOkVkJmFBdAAA-Dx4tPEta!aXiQq83vEjRWeA-hunter2",
		"MA-Ej5FZ.ibEtOkVkJmFBdAAA-Dx4tPEtaaXiQq83vEjRWeA-hunter2",
		"ma-Ej5FZ.ibEtOkVkJmFBdAAA-Dx4tPEtaaXiQq83vEjRWeA-hunter2\nhunter2",
		"ma-Ej5FZ.ibEtOkVkJmFBdAAA-Dx4t\nPEtaaXiQq83vEjRWeA-hunter2",
	}
	for _, c := range golden(t).APIKeyErrors {
		inputs = append(inputs, c.Input)
	}
	for _, input := range inputs {
		_, err := token.ParseAPIKey(input)
		if !errors.Is(err, token.ErrInvalidAPIKey) {
			t.Errorf("%q: got error %v, want ErrInvalidAPIKey", input, err)
		} else if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("the error quotes the key: %v", err)
		}
	}
}

func TestNewAPIKeysComeBackAndDiffer(t *testing.T) {
	t.Parallel()
	first, err := token.NewAPIKey()
	if err != nil {
		t.Fatal(err)
	}
	second, err := token.NewAPIKey()
	if err != nil {
		t.Fatal(err)
	}
	if first.Encode() == second.Encode() || string(first.Secret) == string(second.Secret) {
		t.Error("two new keys are the same")
	}
	for _, text := range []string{first.Encode(), " " + first.Encode() + "\r\n"} {
		again, err := token.ParseAPIKey(text)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(first, again); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	for _, shown := range []string{fmt.Sprint(first), fmt.Sprintf("%+v", first), fmt.Sprintf("%#v", first), fmt.Sprintf("%x", first)} {
		if strings.Contains(shown, string(first.Secret)) {
			t.Errorf("the secret shows in %s", shown)
		}
	}
}

func TestTokensOfTheSDKAreVerifiedAndSigned(t *testing.T) {
	t.Parallel()
	before := time.Unix(1893455999, 0)
	for _, c := range golden(t).Tokens {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			claims, err := token.Verify(c.JWT, secretOf(c.Signing.Secret), before)
			if err != nil {
				t.Fatal(err)
			}
			checkClaims(t, c, claims)
			decodedClaims, err := token.Decode(c.JWT)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(claims, decodedClaims); diff != "" {
				t.Errorf("Verify and Decode differ (-verify +decode):\n%s", diff)
			}
			checkSigning(t, c, claims)
		})
	}
}

func secretOf(secret string) func(string) ([]byte, error) {
	return func(string) ([]byte, error) { return []byte(secret), nil }
}

func checkClaims(t *testing.T, c tokenCase, claims token.Claims) {
	t.Helper()
	text := func(s *string) string {
		if s == nil {
			return ""
		}
		return *s
	}
	scope, _ := claims.API()
	want := []any{c.Parsed.Name, c.Parsed.Role, c.Parsed.Room, text(c.Parsed.ProjectID), text(c.Parsed.APIKeyID), c.Parsed.Version, c.Parsed.HasSecrets, c.Parsed.HasAdmin}
	got := []any{claims.Name, claims.Role(), claims.Room(), claims.ProjectID, claims.KeyID, claims.Version, scope.Secrets != nil, scope.Admin != nil}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("claims (-want +got):\n%s", diff)
	}
}

// checkSigning signs what was read; payloads and header must mean the same.
func checkSigning(t *testing.T, c tokenCase, claims token.Claims) {
	t.Helper()
	signed, err := token.Sign(claims, []byte(c.Signing.Secret))
	if c.Signing.APIKey != nil {
		key, parseErr := token.ParseAPIKey(*c.Signing.APIKey)
		if parseErr != nil {
			t.Fatal(parseErr)
		}
		claims.KeyID, claims.ProjectID = "another", "another"
		signed, err = key.Sign(claims)
	}
	if err != nil {
		t.Fatal(err)
	}
	for part, want := range map[int]string{0: `{"alg":"HS256","typ":"JWT"}`, 1: string(c.Payload)} {
		raw, err := base64.RawURLEncoding.DecodeString(strings.Split(signed, ".")[part])
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(plain(t, want), plain(t, string(raw))); diff != "" {
			t.Errorf("part %d (-want +got):\n%s", part, diff)
		}
	}
	if _, err := token.Verify(signed, secretOf(c.Signing.Secret), time.Unix(0, 0)); err != nil {
		t.Errorf("our own token is refused: %v", err)
	}
}

func plain(t *testing.T, raw string) (v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(raw), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestVerifySaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_000_000, 0)
	const secret = "0123456789abcdef"
	sign := func(claims jwt.MapClaims, method jwt.SigningMethod, key any) string {
		signed, err := jwt.NewWithClaims(method, claims).SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		return signed
	}
	with := func(extra jwt.MapClaims) string {
		claims := jwt.MapClaims{"name": "hunter2", "grants": []any{}}
		maps.Copy(claims, extra)
		return sign(claims, jwt.SigningMethodHS256, []byte(secret))
	}
	good := with(nil)
	parts := strings.Split(good, ".")
	for name, c := range map[string]struct {
		token string
		want  error
	}{
		"a good token":                        {good, nil},
		"one that expires in a second":        {with(jwt.MapClaims{"exp": now.Unix() + 1}), nil},
		"one that expires now":                {with(jwt.MapClaims{"exp": now.Unix()}), token.ErrExpired},
		"one that has expired":                {with(jwt.MapClaims{"exp": now.Unix() - 3600}), token.ErrExpired},
		"one that is not valid yet":           {with(jwt.MapClaims{"nbf": now.Unix() + 60}), token.ErrExpired},
		"one that expires at a word":          {with(jwt.MapClaims{"exp": "hunter2"}), token.ErrMalformed},
		"nothing":                             {"", token.ErrMalformed},
		"a word":                              {"hunter2", token.ErrMalformed},
		"three words":                         {"hunter2.hunter2.hunter2", token.ErrMalformed},
		"a token without a name":              {sign(jwt.MapClaims{"grants": []any{}}, jwt.SigningMethodHS256, []byte(secret)), token.ErrMalformed},
		"a token without grants":              {sign(jwt.MapClaims{"name": "a"}, jwt.SigningMethodHS256, []byte(secret)), token.ErrMalformed},
		"a name that is a number":             {with(jwt.MapClaims{"name": 7331}), token.ErrMalformed},
		"another key":                         {sign(jwt.MapClaims{"name": "a", "grants": []any{}}, jwt.SigningMethodHS256, []byte("another")), token.ErrSignature},
		"another algorithm of the same key":   {sign(jwt.MapClaims{"name": "a", "grants": []any{}}, jwt.SigningMethodHS512, []byte(secret)), token.ErrSignature},
		"no algorithm":                        {sign(jwt.MapClaims{"name": "a", "grants": []any{}}, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType), token.ErrSignature},
		"a signature cut off":                 {parts[0] + "." + parts[1] + ".", token.ErrSignature},
		"the payload of another":              {parts[0] + "." + strings.Split(with(jwt.MapClaims{"name": "b"}), ".")[1] + "." + parts[2], token.ErrSignature},
		"a key that is not known":             {with(jwt.MapClaims{"kid": "unknown"}), token.ErrUnknownKey},
		"a key that is known without secret":  {with(jwt.MapClaims{"kid": "empty"}), token.ErrUnknownKey},
		"an expired token of an unknown key":  {with(jwt.MapClaims{"kid": "unknown", "exp": 1}), token.ErrUnknownKey},
		"an expired token with bad signature": {sign(jwt.MapClaims{"name": "a", "grants": []any{}, "exp": 1}, jwt.SigningMethodHS256, []byte("another")), token.ErrSignature},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := token.Verify(c.token, func(keyID string) ([]byte, error) {
				switch keyID {
				case "unknown":
					return nil, errors.New("no such key: hunter2")
				case "empty":
					return nil, nil
				default:
					return []byte(secret), nil
				}
			}, now)
			if !errors.Is(err, c.want) {
				t.Fatalf("got error %v, want %v", err, c.want)
			}
			if err != nil && (strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "7331")) {
				t.Errorf("the error quotes the token: %v", err)
			}
		})
	}
}

func TestDecodeRefusesWhatIsNoToken(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "a", "a.b.c", "..", "eyJhbGciOiJIUzI1NiJ9.W10.x"} {
		if claims, err := token.Decode(text); !errors.Is(err, token.ErrMalformed) {
			t.Errorf("%q: got %+v and error %v, want ErrMalformed", text, claims, err)
		}
	}
}

func TestSignNeedsASecret(t *testing.T) {
	t.Parallel()
	if signed, err := token.Sign(token.Claims{Name: "a"}, nil); err == nil {
		t.Errorf("signed as %s", signed)
	}
}

func TestOAuthAllowListMatchesAsTheSDKDoes(t *testing.T) {
	t.Parallel()
	file := golden(t).SecretsGrant
	for _, c := range file.Checks {
		if got := file.Grant.Allows(c.Endpoint, c.ClientID); got != c.Allowed {
			t.Errorf("%q for %q: got %v, want %v", c.Endpoint, c.ClientID, got, c.Allowed)
		}
	}
	var absent *token.SecretsGrant
	if absent.Allows("https://p.example", "c1") {
		t.Error("no grant allows something")
	}
	if !(&token.SecretsGrant{}).Allows("", "") {
		t.Error("without a list something is not allowed")
	}
	if (&token.SecretsGrant{RequestOAuthToken: []token.OAuthClient{}}).Allows("https://p.example", "c1") {
		t.Error("an empty list allows something")
	}
}

func TestAMessagingGrantThatIsNoneAllowsNothingAndHarmsNothing(t *testing.T) {
	t.Parallel()
	for encoded, want := range map[string]bool{
		`{}`: true, `{"list":true}`: true, `{"list":null}`: true, `{"send":false}`: true,
		`{"list":false}`: false, `{"list":"yes"}`: false, `true`: false, `null`: false, `[]`: false,
	} {
		scope, ok := token.Claims{Grants: []token.Grant{{Name: token.GrantAPI, Scope: json.RawMessage(`{"secrets":{},"messaging":` + encoded + `}`)}}}.API()
		if got := scope.Messaging.AllowsList(); got != want || !ok || scope.Secrets == nil {
			t.Errorf("%s allows the list: %v, scope %+v %v", encoded, got, scope, ok)
		}
	}
}

func TestGrantsComeBack(t *testing.T) {
	t.Parallel()
	no := false
	for encoded, scope := range map[string]token.APIScope{
		`{}`:                                     {},
		`{"secrets":{}}`:                         {Secrets: &token.SecretsGrant{}},
		`{"secrets":{"request_oauth_token":[]}}`: {Secrets: &token.SecretsGrant{RequestOAuthToken: []token.OAuthClient{}}},
		`{"admin":{"config":false}}`:             {Admin: &token.AdminGrant{Config: &no}},
		`{"messaging":{}}`:                       {Messaging: &token.MessagingGrant{}},
		`{"messaging":{"broadcast":false,"send":false}}`: {Messaging: token.ListOnly()},
		`{"llm":{"models":["m"]},"secrets":{}}`: {
			Secrets: &token.SecretsGrant{},
			Other:   map[string]json.RawMessage{"llm": json.RawMessage(`{"models":["m"]}`)},
		},
	} {
		grant, err := token.APIGrant(scope)
		if err != nil {
			t.Fatal(err)
		}
		if string(grant.Scope) != encoded {
			t.Errorf("encoded %s, want %s", grant.Scope, encoded)
		}
		claims := token.Claims{Name: "a", Grants: []token.Grant{
			token.RoomGrant("r"), token.RoleGrant(token.RoleUser), token.RoleGrant(token.RoleTool), grant,
		}}
		got, ok := claims.API()
		if diff := cmp.Diff(scope, got); !ok || diff != "" {
			t.Errorf("api scope, found %v (-want +got):\n%s", ok, diff)
		}
		if claims.Room() != "r" || claims.Role() != token.RoleTool {
			t.Errorf("room %q, role %q", claims.Room(), claims.Role())
		}
	}
	if _, err := token.APIGrant(token.APIScope{Other: map[string]json.RawMessage{"x": json.RawMessage("{")}}); err == nil {
		t.Error("a scope that is not JSON was accepted")
	}
}

func TestOddGrantsGrantNothing(t *testing.T) {
	t.Parallel()
	for _, scope := range []string{``, `null`, `"secrets"`, `[]`, `{"secrets":"yes"}`} {
		claims := token.Claims{Grants: []token.Grant{{Name: token.GrantAPI, Scope: json.RawMessage(scope)}, {Name: token.GrantRoom, Scope: json.RawMessage(`{}`)}}}
		if got, ok := claims.API(); ok {
			t.Errorf("scope %s became %+v", scope, got)
		}
		if claims.Room() != "" || claims.Role() != token.RoleUser {
			t.Errorf("room %q, role %q", claims.Room(), claims.Role())
		}
	}
	claims := token.Claims{Grants: []token.Grant{{Name: token.GrantAPI, Scope: json.RawMessage(`{"secrets":null,"admin":null}`)}}}
	if got, ok := claims.API(); !ok || got.Secrets != nil || got.Admin != nil {
		t.Errorf("null members became %+v, %v", got, ok)
	}
}
