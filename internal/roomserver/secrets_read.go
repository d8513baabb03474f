// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomserver

import (
	"context"
	"errors"

	"github.com/roomsecrets/roomsecret-operator/internal/roomserver/store"
	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
)

// get answers with the value of one of the caller's own secrets, or with empty. An id decides alone; without one
// the first secret by id that has the given type and name is meant (room protocol, section 4.2).
func (s *secrets) get(ctx context.Context, call call) (protocol.Content, error) {
	var in protocol.GetSecretRequest
	if err := decodeJSON(call.input, &in); err != nil {
		return nil, err
	}
	key, err := s.find(ctx, call, in)
	if err != nil {
		return nil, err
	}
	row, err := s.store.Get(ctx, key)
	if errors.Is(err, store.ErrNotFound) {
		return protocol.Empty{}, nil
	}
	if err != nil {
		return nil, storeError(err)
	}
	return protocol.File{Name: row.Name, MIMEType: row.Type, Data: row.Value}, nil
}

// find says which row a get_secret means. The key of a secret that is not there is as good as any: Get decides.
func (s *secrets) find(ctx context.Context, call call, in protocol.GetSecretRequest) (store.Key, error) {
	if in.SecretID != nil {
		return call.rowKey(*in.SecretID, in.DelegatedTo, nil)
	}
	kind, name, delegate := protocol.OrEmpty(in.Type), protocol.OrEmpty(in.Name), protocol.OrEmpty(in.DelegatedTo)
	if kind == "" && name == "" {
		return store.Key{}, invalid("give the id of the secret, or its type and name")
	}
	infos, err := s.store.List(ctx, call.room, call.identity)
	if err != nil {
		return store.Key{}, storeError(err)
	}
	for _, info := range infos {
		if info.DelegatedTo == delegate && (kind == "" || info.Type == kind) && (name == "" || info.Name == name) {
			call.about.row = info.Key
			return info.Key, nil
		}
	}
	return store.Key{}, nil
}

// exists tells whether a row is there; for another identity it takes the admin grant (room protocol, section 4.3).
func (s *secrets) exists(ctx context.Context, call call) (protocol.Content, error) {
	var in protocol.ExistsRequest
	if err := decodeJSON(call.input, &in); err != nil {
		return nil, err
	}
	key, err := call.rowKey(in.SecretID, in.DelegatedTo, in.ForIdentity)
	if err != nil {
		return nil, err
	}
	_, err = s.store.Get(ctx, key)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, storeError(err)
	}
	return protocol.NewJSON(protocol.ExistsResponse{Exists: err == nil})
}

// list answers with the caller's own secrets, without values, sorted by id and delegate (room protocol,
// section 4.4).
func (s *secrets) list(ctx context.Context, call call) (protocol.Content, error) {
	var in protocol.ListSecretsRequest
	if err := decodeJSON(call.input, &in); err != nil {
		return nil, err
	}
	infos, err := s.store.List(ctx, call.room, call.identity)
	if err != nil {
		return nil, storeError(err)
	}
	return protocol.NewJSON(newList(infos))
}

func newList(infos []store.Info) protocol.ListSecretsResponse {
	out := protocol.ListSecretsResponse{Secrets: make([]protocol.SecretInfo, len(infos))}
	for i, info := range infos {
		out.Secrets[i] = secretInfo(info)
	}
	return out
}

func secretInfo(info store.Info) protocol.SecretInfo {
	return protocol.SecretInfo{
		ID: info.ID, Type: info.Type, Name: info.Name, DelegatedTo: protocol.Optional(info.DelegatedTo),
	}
}
