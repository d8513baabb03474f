// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomclient

import (
	"context"
	"errors"

	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
	"github.com/roomsecrets/roomsecret-operator/roomclient/redact"
)

// Bytes is a secret value. It redacts itself in every format verb, in JSON and in logs.
type Bytes = redact.Bytes

// caller is what the secrets tools need of a Conn or a Session.
type caller interface {
	call(ctx context.Context, r request) (protocol.Answer, error)
}

// Secrets is the secrets of the connected identity in the room (room protocol, section 4).
// The room keeps a row for each (owner identity, id, delegated-to); the room has no
// change events and no compare-and-set, so the last writer wins. The methods of [Store] and
// DeleteRequestedSecret are idempotent and may be repeated after [ErrClosed].
type Secrets struct {
	through caller
	memory  *buffers
}

var _ Store = Secrets{}

// Secrets gives access to the secrets tools over this connection.
func (c *Conn) Secrets() Secrets { return Secrets{through: c, memory: &c.memory} }

// Secrets gives access to the secrets tools over whatever connection the session has.
func (s *Session) Secrets() Secrets { return Secrets{through: s, memory: &s.memory} }

// Secret is a secret with its value.
type Secret struct {
	// ID and DelegatedTo are those that were asked for: the room does not repeat them.
	ID string
	// Type is a free label, usually a MIME type.
	Type        string
	Name        string
	DelegatedTo string
	Value       Bytes
}

// SecretInfo describes a secret without its value.
type SecretInfo struct{ ID, Type, Name, DelegatedTo string }

// SetSecretRequest is a row to create or to replace; empty strings are null on the wire.
// Send Type and Name always: whether a null keeps the stored one is not specified.
type SetSecretRequest struct {
	ID, Type, Name string
	// DelegatedTo is part of the row's identity.
	DelegatedTo string
	// ForIdentity stores the row for another identity, which takes an admin grant.
	ForIdentity string
	// Value may be empty but not nil, so that forgetting it does not blank a secret.
	Value Bytes
}

// SecretQuery names a secret by ID, or by Type and Name, or by what of them is known; which
// of several matches is meant is the room's choice.
type SecretQuery struct{ ID, Type, Name, DelegatedTo string }

// ExistsQuery names a row by ID, possibly of another identity.
type ExistsQuery struct{ ID, DelegatedTo, ForIdentity string }

// SetSecret creates or replaces a row. An id that the room makes up is not returned.
func (s Secrets) SetSecret(ctx context.Context, r SetSecretRequest) error {
	if r.Value == nil {
		return invalid(protocol.ToolSetSecret, "secret data is required")
	}
	wire := protocol.SetSecretRequest{
		SecretID:    protocol.Optional(r.ID),
		Type:        protocol.Optional(r.Type),
		Name:        protocol.Optional(r.Name),
		DelegatedTo: protocol.Optional(r.DelegatedTo),
		ForIdentity: protocol.Optional(r.ForIdentity),
		HasData:     true,
	}
	data := s.lend()
	data.bytes = wire.AppendCall(data.bytes, r.Value)
	return s.command(ctx, s.request(protocol.ToolSetSecret, data))
}

// GetSecret reads a secret of the connected identity. It returns [ErrNotFound] when the
// room says that there is none, and only then.
func (s Secrets) GetSecret(ctx context.Context, q SecretQuery) (Secret, error) {
	if q.ID == "" && q.Type == "" && q.Name == "" {
		return Secret{}, invalid(protocol.ToolGetSecret, "an id, or a type and a name, is required")
	}
	wire := protocol.GetSecretRequest{
		SecretID:    protocol.Optional(q.ID),
		Type:        protocol.Optional(q.Type),
		Name:        protocol.Optional(q.Name),
		DelegatedTo: protocol.Optional(q.DelegatedTo),
	}
	data := s.lend()
	data.bytes = wire.AppendCall(data.bytes)
	answer, err := s.call(ctx, s.request(protocol.ToolGetSecret, data))
	if err != nil {
		return Secret{}, err
	}
	if file, ok := answer.File(); ok {
		return Secret{ID: q.ID, Type: file.MIMEType, Name: file.Name, DelegatedTo: q.DelegatedTo, Value: file.Data}, nil
	}
	content, err := answer.Content()
	if _, ok := content.(protocol.Empty); !ok || err != nil {
		return Secret{}, unexpected(protocol.ToolGetSecret)
	}
	return Secret{}, &Error{Op: opOfTool(protocol.ToolGetSecret), Kind: ErrNotFound, terminal: true}
}

// Exists reports whether there is such a row, without reading its value.
func (s Secrets) Exists(ctx context.Context, q ExistsQuery) (bool, error) {
	if q.ID == "" {
		return false, invalid(protocol.ToolExists, "an id is required")
	}
	wire := protocol.ExistsRequest{
		SecretID:    q.ID,
		DelegatedTo: protocol.Optional(q.DelegatedTo),
		ForIdentity: protocol.Optional(q.ForIdentity),
	}
	data := s.lend()
	data.bytes = wire.AppendCall(data.bytes)
	answer, err := s.call(ctx, s.request(protocol.ToolExists, data))
	if err != nil {
		return false, err
	}
	var response protocol.ExistsResponse
	object, ok := answer.Object()
	if !ok || response.UnmarshalJSON(object) != nil { // the reader knows it for valid JSON
		return false, unexpected(protocol.ToolExists)
	}
	return response.Exists, nil
}

// ListSecrets returns all rows of the connected identity; there is no paging. One row that
// makes no sense fails the whole call, lest the others look like everything.
func (s Secrets) ListSecrets(ctx context.Context) ([]SecretInfo, error) {
	var answer protocol.ListSecretsResponse
	if err := s.ask(ctx, protocol.ToolListSecrets, &protocol.ListSecretsRequest{}, &answer, 0); err != nil {
		return nil, err
	}
	return infosOf(answer.Secrets), nil
}

func infosOf(rows []protocol.SecretInfo) []SecretInfo {
	infos := make([]SecretInfo, len(rows))
	for i, row := range rows {
		infos[i] = SecretInfo{ID: row.ID, Type: row.Type, Name: row.Name, DelegatedTo: protocol.OrEmpty(row.DelegatedTo)}
	}
	return infos
}

// DeleteSecret removes a row of the connected identity. delegatedTo must be given when the
// row was stored with one. That there is no such row is a success: what was wanted is so.
func (s Secrets) DeleteSecret(ctx context.Context, id, delegatedTo string) error {
	if id == "" {
		return invalid(protocol.ToolDeleteSecret, "an id is required")
	}
	wire := protocol.DeleteSecretRequest{ID: id, DelegatedTo: protocol.Optional(delegatedTo)}
	data := s.lend()
	data.bytes = wire.AppendCall(data.bytes)
	return unlessMissing(s.command(ctx, s.request(protocol.ToolDeleteSecret, data)))
}

// unlessMissing makes a success of the answer that what is to be deleted is not there.
func unlessMissing(err error) error {
	if e, ok := errors.AsType[*Error](err); ok && e.Code == protocol.CodeNotFound {
		return nil
	}
	return err
}

func opOfTool(tool string) string { return protocol.Toolkit + "." + tool }

func invalid(tool, why string) *Error {
	return &Error{Op: opOfTool(tool), Kind: ErrInvalid, Code: protocol.CodeInvalidRequest, Err: errors.New(why), terminal: true}
}

// unexpected is what the SDKs raise when a tool answers with what it cannot mean.
func unexpected(tool string) *Error {
	op := opOfTool(tool)
	return &Error{Op: op, Kind: ErrProtocol, Code: protocol.CodeUnexpectedResponseType, Err: errors.New("unexpected return type from " + op)}
}
