// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomclient

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
)

// scripted answers every call with one content.
type scripted struct{ content protocol.Content }

// call implements caller as Conn does.
func (s scripted) call(_ context.Context, r request) (protocol.Answer, error) {
	if failure, ok := s.content.(protocol.Error); ok {
		return protocol.Answer{}, contentError(r.op(), failure)
	}
	data, err := protocol.PackContent(s.content)
	if err != nil {
		return protocol.Answer{}, err
	}
	return protocol.UnpackAnswer(data)
}

// operations are the tools, and what more is made of them, with good requests.
func operations() map[string]func(context.Context, Secrets) error {
	client := OAuthClient{ID: "c", AuthorizationEndpoint: "https://a", TokenEndpoint: "https://t"}
	return map[string]func(context.Context, Secrets) error{
		"delete_requested_secret": func(ctx context.Context, s Secrets) error {
			return s.DeleteRequestedSecret(ctx, RequestedSecret{URL: "u", Type: "t"})
		},
		"request_secret": func(ctx context.Context, s Secrets) error {
			_, err := s.RequestSecret(ctx, SecretRequest{URL: "u", Type: "t", ParticipantID: "p"})
			return err
		},
		"provide_secret":          func(ctx context.Context, s Secrets) error { return s.ProvideSecret(ctx, "r", Bytes{}) },
		"provide_secret, refused": func(ctx context.Context, s Secrets) error { return s.RejectSecret(ctx, "r", "no") },
		"request_oauth_token": func(ctx context.Context, s Secrets) error {
			_, err := s.RequestOAuthToken(ctx, OAuthRequest{Client: client, RedirectURI: "u", ParticipantID: "p"})
			return err
		},
		"get_offline_oauth_token": func(ctx context.Context, s Secrets) error {
			_, err := s.GetOfflineOAuthToken(ctx, OfflineTokenQuery{Client: client})
			return err
		},
		"provide_oauth_authorization": func(ctx context.Context, s Secrets) error {
			return s.ProvideOAuthAuthorization(ctx, "r", Bytes("code"))
		},
		"provide_oauth_authorization, refused": func(ctx context.Context, s Secrets) error {
			return s.RejectOAuthAuthorization(ctx, "r", "no")
		},
		"set_secret": func(ctx context.Context, s Secrets) error {
			return s.SetSecret(ctx, SetSecretRequest{ID: "a", Value: Bytes{}})
		},
		"get_secret": func(ctx context.Context, s Secrets) error {
			_, err := s.GetSecret(ctx, SecretQuery{ID: "a"})
			return err
		},
		"exists": func(ctx context.Context, s Secrets) error {
			_, err := s.Exists(ctx, ExistsQuery{ID: "a"})
			return err
		},
		"list_secrets": func(ctx context.Context, s Secrets) error {
			_, err := s.ListSecrets(ctx)
			return err
		},
		"delete_secret": func(ctx context.Context, s Secrets) error { return s.DeleteSecret(ctx, "a", "") },
	}
}

func TestEachToolAcceptsOnlyItsContents(t *testing.T) {
	t.Parallel()
	contents := map[string]protocol.Content{
		"empty": protocol.Empty{}, "json": protocol.JSON{Value: json.RawMessage(`{}`)},
		"exists": protocol.JSON{Value: json.RawMessage(`{"exists":false}`)},
		"list":   protocol.JSON{Value: json.RawMessage(`{"secrets":[]}`)},
		"token":  protocol.JSON{Value: json.RawMessage(`{"access_token":"a"}`)},
		"file":   protocol.File{}, "text": protocol.Text{}, "link": protocol.Link{}, "binary": protocol.Binary{},
		"control": protocol.Control{Method: protocol.ControlOpen}, "raw": protocol.Raw{},
	}
	const void, token = "empty json exists list token", "token"
	accepted := map[string]string{
		"set_secret": void, "delete_secret": void, "get_secret": "file", "exists": "exists", "list_secrets": "list",
		"delete_requested_secret": void, "request_secret": "file", "provide_secret": void,
		"request_oauth_token": token, "get_offline_oauth_token": token, "provide_oauth_authorization": void,
	}
	missing := map[string]string{"get_secret": "empty", "request_oauth_token": "json exists list", "get_offline_oauth_token": "json exists list"}
	for operationName, operation := range operations() {
		tool, _, _ := strings.Cut(operationName, ",")
		for name, content := range contents {
			err := operation(t.Context(), Secrets{through: scripted{content}})
			switch {
			case strings.Contains(" "+accepted[tool]+" ", " "+name+" "):
				if err != nil {
					t.Errorf("%s with %s: %v", tool, name, err)
				}
			case strings.Contains(" "+missing[tool]+" ", " "+name+" "):
				if !errors.Is(err, ErrNotFound) {
					t.Errorf("%s with %s: got error %v, want ErrNotFound", tool, name, err)
				}
			default:
				e := judge(t, err, ErrProtocol)
				if e.Code != protocol.CodeUnexpectedResponseType || e.Err.Error() != "unexpected return type from secrets."+tool {
					t.Errorf("%s with %s: got %v", tool, name, err)
				}
			}
		}
	}
}

func TestTheCodeForNotFoundMeansWhatTheToolIsFor(t *testing.T) {
	t.Parallel()
	meanings := map[string]error{ // nil: a success
		"delete_secret": nil, "delete_requested_secret": nil,
		"set_secret": ErrUnsupported, "get_secret": ErrUnsupported, "exists": ErrUnsupported, "list_secrets": ErrUnsupported,
		"request_secret": ErrNotFound, "provide_secret": ErrNotFound, "request_oauth_token": ErrNotFound,
		"get_offline_oauth_token": ErrNotFound, "provide_oauth_authorization": ErrNotFound,
	}
	for name, operation := range operations() {
		tool, _, _ := strings.Cut(name, ",")
		err := operation(t.Context(), Secrets{through: scripted{protocol.Error{Text: "?", Code: protocol.CodeNotFound}}})
		want, known := meanings[tool]
		if !known || !errors.Is(err, want) || errors.Is(err, ErrNotFound) != errors.Is(want, ErrNotFound) {
			t.Errorf("%s: got error %v, want %v", name, err, want)
		}
	}
}

func TestErrorContentsAreJudged(t *testing.T) {
	t.Parallel()
	for name, operation := range operations() {
		tool, _, _ := strings.Cut(name, ",")
		err := operation(t.Context(), Secrets{through: scripted{protocol.Error{Text: "because of " + testToken, Code: protocol.CodePermissionDenied}}})
		e := judge(t, err, ErrForbidden)
		if e.Op != "secrets."+tool || e.Text != "because of "+testToken || !e.Terminal() {
			t.Errorf("got %+v", *e)
		}
		want := "roomclient: secrets." + tool + ": forbidden: error content with code 1001 (permission denied)"
		if e.Error() != want {
			t.Errorf("got %q, want %q", e, want)
		}
	}
}

func TestRequestsThatMakeNoSenseAreNotSent(t *testing.T) {
	t.Parallel()
	s := Secrets{} // a call would be ErrNotConnected
	client := OAuthClient{ID: "c"}
	for name, err := range map[string]error{
		"a secret from nobody":           second(s.RequestSecret(t.Context(), SecretRequest{URL: "u", Type: "t"})),
		"a secret for nothing":           second(s.RequestSecret(t.Context(), SecretRequest{Type: "t", ParticipantID: "p"})),
		"a secret of no type":            second(s.RequestSecret(t.Context(), SecretRequest{URL: "u", ParticipantID: "p"})),
		"a secret before now":            second(s.RequestSecret(t.Context(), SecretRequest{URL: "u", Type: "t", ParticipantID: "p", Timeout: -1})),
		"a requested secret of no url":   s.DeleteRequestedSecret(t.Context(), RequestedSecret{Type: "t"}),
		"nothing provided":               s.ProvideSecret(t.Context(), "r", nil),
		"something provided for nothing": s.ProvideSecret(t.Context(), "", Bytes("v")),
		"a refusal without a reason":     s.RejectSecret(t.Context(), "r", ""),
		"a token of no client":           second(s.RequestOAuthToken(t.Context(), OAuthRequest{RedirectURI: "u", ParticipantID: "p"})),
		"a token from nobody":            second(s.RequestOAuthToken(t.Context(), OAuthRequest{Client: client, RedirectURI: "u"})),
		"a token without a way back":     second(s.RequestOAuthToken(t.Context(), OAuthRequest{Client: client, ParticipantID: "p"})),
		"a token before now":             second(s.RequestOAuthToken(t.Context(), OAuthRequest{Client: client, RedirectURI: "u", ParticipantID: "p", Timeout: -1})),
		"an offline token of no client":  second(s.GetOfflineOAuthToken(t.Context(), OfflineTokenQuery{DelegatedTo: "a"})),
		"an empty code":                  s.ProvideOAuthAuthorization(t.Context(), "r", Bytes{}),
		"a code for nothing":             s.ProvideOAuthAuthorization(t.Context(), "", Bytes("c")),
		"no consent without a reason":    s.RejectOAuthAuthorization(t.Context(), "r", ""),
		"a set without a value":          s.SetSecret(t.Context(), SetSecretRequest{ID: "a"}),
		"a delete without an id":         s.DeleteSecret(t.Context(), "", "b"),
		"a get of nothing":               second(s.GetSecret(t.Context(), SecretQuery{DelegatedTo: "b"})),
		"an exists of nothing":           second(s.Exists(t.Context(), ExistsQuery{DelegatedTo: "b"})),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if e := judge(t, err, ErrInvalid); !e.Terminal() || e.Code != protocol.CodeInvalidRequest {
				t.Errorf("got %+v", *e)
			}
		})
	}
}

func second[T any](_ T, err error) error { return err }

func TestTheZeroValueHasNoConnection(t *testing.T) {
	t.Parallel()
	wantError(t, Secrets{}.DeleteSecret(t.Context(), "a", ""), ErrNotConnected)
	wantError(t, PendingSecretRequest{ID: "r"}.Reject(t.Context(), "no"), ErrNotConnected)
}

func TestValuesShowNowhere(t *testing.T) {
	t.Parallel()
	const value = "hunter2"
	for _, v := range []any{
		Secret{ID: "a", Value: Bytes(value)},
		&Secret{Value: Bytes(value)},
		SetSecretRequest{ID: "a", Value: Bytes(value)},
		OAuthRequest{Client: OAuthClient{Secret: Bytes(value)}},
		clientOf(&protocol.OAuthClientConfig{ClientSecret: protocol.Optional(value)}),
		protocol.File{Data: Bytes(value)},
		protocol.Binary{Data: Bytes(value)},
		protocol.Message{Data: Bytes(value)},
	} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			shown := fmt.Sprintf(verb, v)
			if strings.Contains(shown, value) || strings.Contains(shown, fmt.Sprintf("%x", value)) || strings.Contains(shown, "104 117") {
				t.Errorf("%s of %T shows the value: %s", verb, v, shown)
			}
		}
		encoded, err := json.Marshal(v)
		if err != nil || strings.Contains(string(encoded), value) || strings.Contains(string(encoded), "aHVudGVyMg") {
			t.Errorf("JSON of %T: %s, %v", v, encoded, err)
		}
	}
}
