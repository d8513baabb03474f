// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomclient

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestOnlyARoomThatAnswersLacksASecret(t *testing.T) {
	t.Parallel()
	missing, forbidden := restAnswer{status: 404}, restAnswer{status: 403}
	calls := map[string]func(context.Context, RESTSecrets) error{
		"get": func(ctx context.Context, s RESTSecrets) error { return second(s.GetSecret(ctx, SecretQuery{ID: "a"})) },
		"update": func(ctx context.Context, s RESTSecrets) error {
			return s.UpdateSecret(ctx, SetSecretRequest{ID: "a", Value: Bytes{}})
		},
		"delete": func(ctx context.Context, s RESTSecrets) error { return s.DeleteSecret(ctx, "a", "") },
	}
	for name, call := range calls {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rest, _ := restTo(t, missing)
			err := call(t.Context(), rest.Secrets("myroom", "i"))
			if name == "delete" != (err == nil) || err != nil && (!errors.Is(err, ErrNotFound) || errors.Is(err, ErrRoomNotFound)) {
				t.Errorf("a room without the secret: got error %v", err)
			}
			rest, _ = restTo(t, missing, missing)
			wantError(t, call(t.Context(), rest.Secrets("myroom", "i")), ErrRoomNotFound)
			rest, service := restTo(t, missing, forbidden)
			wantError(t, call(t.Context(), rest.Secrets("myroom", "i")), ErrForbidden)
			if lines := service.lines(); len(lines) != 2 || lines[1] != "GET /secrets?for_identity=i" {
				t.Errorf("got requests %q", lines)
			}
		})
	}
}

func TestSetUpdatesOrCreates(t *testing.T) {
	t.Parallel()
	created := restAnswer{status: 201, body: `{"id":"a"}`}
	missing, conflict, done := restAnswer{status: 404}, restAnswer{status: 409}, restAnswer{status: 204}
	for name, c := range map[string]struct {
		id      string
		answers []restAnswer
		want    []string
		err     error
	}{
		"a row that exists":          {"a", []restAnswer{done}, []string{"PUT /secrets/a"}, nil},
		"a row that does not":        {"a", []restAnswer{missing, created}, []string{"PUT /secrets/a", "POST /secrets"}, nil},
		"one that somebody creates":  {"a", []restAnswer{missing, conflict, done}, []string{"PUT /secrets/a", "POST /secrets", "PUT /secrets/a"}, nil},
		"a row without an id":        {"", []restAnswer{created}, []string{"POST /secrets"}, nil},
		"a row in no room":           {"a", []restAnswer{missing, missing}, []string{"PUT /secrets/a", "POST /secrets"}, ErrRoomNotFound},
		"a row that is not allowed":  {"a", []restAnswer{{status: 403}}, []string{"PUT /secrets/a"}, ErrForbidden},
		"an id to be escaped":        {"a/b ?", []restAnswer{done}, []string{"PUT /secrets/a%2Fb%20%3F"}, nil},
		"a created row without name": {"", []restAnswer{{status: 200, body: `{}`}}, []string{"POST /secrets"}, ErrProtocol},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rest, service := restTo(t, c.answers...)
			err := rest.Secrets("myroom", "").SetSecret(t.Context(), SetSecretRequest{ID: c.id, Value: Bytes("v")})
			if !errors.Is(err, c.err) {
				t.Errorf("got error %v, want %v", err, c.err)
			}
			if diff := cmp.Diff(c.want, service.lines()); diff != "" {
				t.Errorf("requests (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRowsAreFoundInTheList(t *testing.T) {
	t.Parallel()
	rows := restAnswer{status: 200, body: `{"secrets":[{"id":"a","type":"t","name":"n","delegated_to":"bob"},{"id":"b","type":"t","name":"n"}]}`}
	value := restAnswer{status: 200, body: `{"id":"b","type":"t","name":"n","data_base64":"dg=="}`}
	rest, service := restTo(t, rows, rows, rows, value, rows)
	secrets := rest.Secrets("myroom", "alice")
	for query, want := range map[ExistsQuery]bool{{ID: "a", DelegatedTo: "bob"}: true, {ID: "a"}: false} {
		if got, err := secrets.Exists(t.Context(), query); got != want || err != nil {
			t.Errorf("%+v: got %v and error %v", query, got, err)
		}
	}
	secret, err := secrets.GetSecret(t.Context(), SecretQuery{Type: "t", Name: "n"})
	if err != nil || secret.ID != "b" || string(secret.Value) != "v" {
		t.Errorf("got %v and error %v", secret, err)
	}
	wantError(t, second(secrets.GetSecret(t.Context(), SecretQuery{Name: "other"})), ErrNotFound)
	if _, err := secrets.Exists(t.Context(), ExistsQuery{ID: "c", ForIdentity: "carol"}); err != nil {
		t.Error(err)
	}
	lines := service.lines()
	if lines[3] != "GET /secrets/b?for_identity=alice" || lines[len(lines)-1] != "GET /secrets?for_identity=carol" {
		t.Errorf("got requests %q", lines)
	}
}
