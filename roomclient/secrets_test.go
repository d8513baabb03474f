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

// Invoke implements invoker as Conn does.
func (s scripted) Invoke(_ context.Context, call protocol.Invoke) (protocol.Content, error) {
	if failure, ok := s.content.(protocol.Error); ok {
		return nil, contentError(opOf(call), failure)
	}
	return s.content, nil
}

// operations are the five tools with good requests.
func operations() map[string]func(context.Context, Secrets) error {
	return map[string]func(context.Context, Secrets) error{
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
		"file":   protocol.File{}, "text": protocol.Text{}, "link": protocol.Link{}, "binary": protocol.Binary{},
		"control": protocol.Control{Method: protocol.ControlOpen}, "raw": protocol.Raw{},
	}
	accepted := map[string]string{
		"set_secret": "empty json exists list", "delete_secret": "empty json exists list",
		"get_secret": "file", "exists": "exists", "list_secrets": "list",
	}
	for tool, operation := range operations() {
		for name, content := range contents {
			err := operation(t.Context(), Secrets{invoker: scripted{content}})
			switch {
			case strings.Contains(" "+accepted[tool]+" ", " "+name+" "):
				if err != nil {
					t.Errorf("%s with %s: %v", tool, name, err)
				}
			case tool == "get_secret" && name == "empty":
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

func TestOnlyAnEmptyAnswerMeansNotFound(t *testing.T) {
	t.Parallel()
	for tool, operation := range operations() {
		err := operation(t.Context(), Secrets{invoker: scripted{protocol.Error{Text: "?", Code: protocol.CodeNotFound}}})
		if tool == "delete_secret" {
			if err != nil {
				t.Errorf("deleting what is not there: %v", err)
			}
			continue
		}
		if !errors.Is(err, ErrUnsupported) || errors.Is(err, ErrNotFound) {
			t.Errorf("%s: got error %v, want ErrUnsupported", tool, err)
		}
	}
}

func TestErrorContentsAreJudged(t *testing.T) {
	t.Parallel()
	for tool, operation := range operations() {
		err := operation(t.Context(), Secrets{invoker: scripted{protocol.Error{Text: "because of " + testToken, Code: protocol.CodePermissionDenied}}})
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
	s := Secrets{invoker: nil} // a call would panic
	for name, err := range map[string]error{
		"a set without a value":  s.SetSecret(t.Context(), SetSecretRequest{ID: "a"}),
		"a delete without an id": s.DeleteSecret(t.Context(), "", "b"),
		"a get of nothing": func() error {
			_, err := s.GetSecret(t.Context(), SecretQuery{DelegatedTo: "b"})
			return err
		}(),
		"an exists of nothing": func() error {
			_, err := s.Exists(t.Context(), ExistsQuery{DelegatedTo: "b"})
			return err
		}(),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if e := judge(t, err, ErrInvalid); !e.Terminal() || e.Code != protocol.CodeInvalidRequest {
				t.Errorf("got %+v", *e)
			}
		})
	}
}

func TestValuesShowNowhere(t *testing.T) {
	t.Parallel()
	const value = "hunter2"
	for _, v := range []any{
		Secret{ID: "a", Value: Bytes(value)},
		&Secret{Value: Bytes(value)},
		SetSecretRequest{ID: "a", Value: Bytes(value)},
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
