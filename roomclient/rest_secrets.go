// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomclient

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
)

// RESTSecrets is the secrets of an identity in a room, over REST (room protocol, section
// 6.5). Whether a room without anybody in it answers is the service's matter; no session
// is started for it.
type RESTSecrets struct {
	rest           *REST
	room, identity string
}

var _ Store = RESTSecrets{}

// Secrets gives access to the secrets of the identity in the room. An empty identity is
// left out of the calls: then the service decides whose secrets they are.
func (r *REST) Secrets(room, identity string) RESTSecrets {
	return RESTSecrets{rest: r, room: room, identity: identity}
}

// CreateSecret creates a row and returns its id, which the room makes up when r.ID is
// empty. Whether an id that exists is an error (status 409) or is replaced is not specified.
// It is not idempotent without an id.
func (s RESTSecrets) CreateSecret(ctx context.Context, r SetSecretRequest) (id string, err error) {
	const name = "create_secret"
	if r.Value == nil || r.ID != "" && !validSegment(r.ID) {
		return "", invalidREST(name, "secret data is required, and an id must not be a dot or two")
	}
	body := s.body(r)
	body.SecretID = r.ID
	var created protocol.CreatedRoomSecret
	err = s.rest.do(ctx, restCall{name: name, method: http.MethodPost, room: s.room, path: secretsPath, body: body}, &created)
	if err == nil && created.ID == "" {
		return "", unexpectedAnswer("rest." + name)
	}
	return created.ID, err
}

// UpdateSecret replaces a row; it returns [ErrNotFound] when there is positively none.
func (s RESTSecrets) UpdateSecret(ctx context.Context, r SetSecretRequest) error {
	err := s.update(ctx, r)
	return s.absent(ctx, err, cmp.Or(r.ForIdentity, s.identity))
}

func (s RESTSecrets) update(ctx context.Context, r SetSecretRequest) error {
	const name = "update_secret"
	if r.Value == nil || !validSegment(r.ID) {
		return invalidREST(name, "secret data and an id are required")
	}
	return s.rest.do(ctx, restCall{name: name, method: http.MethodPut, room: s.room, path: secretPath(r.ID), body: s.body(r)}, nil)
}

// SetSecret implements [Store]. A row with an id is updated or, if there is none, created.
// r.ForIdentity takes the place of the identity.
func (s RESTSecrets) SetSecret(ctx context.Context, r SetSecretRequest) error {
	if r.ID == "" {
		_, err := s.CreateSecret(ctx, r)
		return err
	}
	err := s.update(ctx, r)
	if statusOf(err) != http.StatusNotFound {
		return err
	}
	_, err = s.CreateSecret(ctx, r)
	if statusOf(err) == http.StatusConflict { // somebody was faster
		return s.update(ctx, r)
	}
	return err
}

// GetSecret implements [Store]. Without an id it takes the first row of the list that has
// the type and the name.
func (s RESTSecrets) GetSecret(ctx context.Context, q SecretQuery) (Secret, error) {
	const name = "get_secret"
	if q.ID == "" {
		return s.find(ctx, q)
	}
	if !validSegment(q.ID) {
		return Secret{}, invalidREST(name, "an id must not be a dot or two")
	}
	var answer protocol.RoomSecret
	err := s.rest.do(ctx, restCall{
		name: name, method: http.MethodGet, room: s.room, path: secretPath(q.ID), query: query(q.DelegatedTo, s.identity),
	}, &answer)
	if err != nil {
		return Secret{}, s.absent(ctx, err, s.identity)
	}
	if answer.Data == nil {
		return Secret{}, unexpectedAnswer("rest." + name)
	}
	return Secret{ID: q.ID, Type: answer.Type, Name: answer.Name, DelegatedTo: q.DelegatedTo, Value: answer.Data}, nil
}

func (s RESTSecrets) find(ctx context.Context, q SecretQuery) (Secret, error) {
	if q.Type == "" && q.Name == "" {
		return Secret{}, invalidREST("get_secret", "an id, or a type and a name, is required")
	}
	rows, err := s.ListSecrets(ctx)
	if err != nil {
		return Secret{}, err
	}
	for _, row := range rows {
		if row.DelegatedTo == q.DelegatedTo && (q.Type == "" || row.Type == q.Type) && (q.Name == "" || row.Name == q.Name) {
			return s.GetSecret(ctx, SecretQuery{ID: row.ID, DelegatedTo: q.DelegatedTo})
		}
	}
	return Secret{}, &Error{Op: "rest.get_secret", Kind: ErrNotFound, terminal: true}
}

// Exists implements [Store] by looking at the list. q.ForIdentity takes the place of the
// identity.
func (s RESTSecrets) Exists(ctx context.Context, q ExistsQuery) (bool, error) {
	if q.ID == "" {
		return false, invalidREST("list_secrets", "an id is required")
	}
	s.identity = cmp.Or(q.ForIdentity, s.identity)
	rows, err := s.ListSecrets(ctx)
	for _, row := range rows {
		if row.ID == q.ID && row.DelegatedTo == q.DelegatedTo {
			return true, nil
		}
	}
	return false, err
}

// ListSecrets implements [Store].
func (s RESTSecrets) ListSecrets(ctx context.Context) ([]SecretInfo, error) {
	var answer protocol.ListSecretsResponse
	err := s.rest.do(ctx, restCall{
		name: "list_secrets", method: http.MethodGet, room: s.room, path: secretsPath, query: query("", s.identity),
	}, &answer)
	if err != nil {
		return nil, err
	}
	return infosOf(answer.Secrets), nil
}

// DeleteSecret implements [Store].
func (s RESTSecrets) DeleteSecret(ctx context.Context, id, delegatedTo string) error {
	const name = "delete_secret"
	if !validSegment(id) {
		return invalidREST(name, "an id is required")
	}
	err := s.rest.do(ctx, restCall{
		name: name, method: http.MethodDelete, room: s.room, path: secretPath(id), query: query(delegatedTo, s.identity),
	}, nil)
	if err = s.absent(ctx, err, s.identity); errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}

// absent judges the error of a call about one row. Status 404 may mean that the room is
// missing, or that there is no such API; only a room that answers otherwise says
// positively that it is the row.
func (s RESTSecrets) absent(ctx context.Context, err error, identity string) error {
	if statusOf(err) != http.StatusNotFound {
		return err
	}
	s.identity = identity
	if _, err := s.ListSecrets(ctx); err != nil {
		return err
	}
	e, _ := errors.AsType[*Error](err)
	missing := *e
	missing.Kind = ErrNotFound
	return &missing
}

func (s RESTSecrets) body(r SetSecretRequest) *protocol.WriteRoomSecret {
	return &protocol.WriteRoomSecret{
		Data: r.Value, Name: r.Name, Type: r.Type,
		DelegatedTo: r.DelegatedTo, ForIdentity: cmp.Or(r.ForIdentity, s.identity),
	}
}

const secretsPath = "/secrets"

func secretPath(id string) string { return secretsPath + "/" + url.PathEscape(id) }

func query(delegatedTo, identity string) url.Values {
	values := url.Values{}
	if delegatedTo != "" {
		values.Set(protocol.ParamDelegatedTo, delegatedTo)
	}
	if identity != "" {
		values.Set(protocol.ParamForIdentity, identity)
	}
	return values
}

func invalidREST(name, why string) *Error {
	return &Error{Op: "rest." + name, Kind: ErrInvalid, Err: errors.New(why), terminal: true}
}

// statusOf returns the HTTP status that an error is about; 0: none.
func statusOf(err error) int {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Status
	}
	return 0
}
