// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomserver

import (
	"cmp"
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/roomsecrets/roomsecret-operator/internal/roomserver/store"
	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
)

// setSecretRequest tells a has_data that is absent, as old clients send it, from one that is false.
type setSecretRequest struct {
	protocol.SetSecretRequest

	HasData *bool `json:"has_data"`
}

// set stores a secret, or all of it anew: a type or name that is not given goes back to its default (room
// protocol, section 4.1).
func (s *secrets) set(ctx context.Context, call call) (protocol.Content, error) {
	input, ok := call.input.(protocol.Binary)
	if !ok {
		return nil, invalid("the tool takes binary input")
	}
	var in setSecretRequest
	if err := decode(input.Headers, &in); err != nil {
		return nil, err
	}
	if in.HasData != nil && !*in.HasData {
		return nil, invalid("secret data is required")
	}
	if len(input.Data) > s.maxValue {
		return nil, invalid(fmt.Sprintf("the value is larger than %d bytes", s.maxValue))
	}
	info, err := call.newInfo(in.SetSecretRequest)
	if err != nil {
		return nil, err
	}
	if err := s.store.Put(ctx, store.Row{Info: info, Value: input.Data}); err != nil {
		return nil, storeError(err)
	}
	return protocol.Empty{}, nil
}

// newInfo describes the secret a set_secret means. Without an id it is a new secret under a random one, which
// the caller finds with list_secrets.
func (c call) newInfo(in protocol.SetSecretRequest) (store.Info, error) {
	id := in.SecretID
	if id == nil {
		random, err := uuid.NewRandom()
		if err != nil {
			return store.Info{}, err
		}
		id = new(random.String())
	}
	key, err := c.rowKey(*id, in.DelegatedTo, in.ForIdentity)
	if err != nil {
		return store.Info{}, err
	}
	info := store.Info{
		Key:  key,
		Type: cmp.Or(protocol.OrEmpty(in.Type), defaultType),
		Name: cmp.Or(protocol.OrEmpty(in.Name), key.ID),
	}
	return info, checkTexts(info.Type, info.Name)
}

// delete removes one of the caller's own secrets. One that is not there is as good as removed (room protocol,
// section 4.5).
func (s *secrets) delete(ctx context.Context, call call) (protocol.Content, error) {
	var in protocol.DeleteSecretRequest
	if err := decodeJSON(call.input, &in); err != nil {
		return nil, err
	}
	key, err := call.rowKey(in.ID, in.DelegatedTo, nil)
	if err != nil {
		return nil, err
	}
	if err := s.store.Delete(ctx, key); err != nil {
		return nil, storeError(err)
	}
	return protocol.Empty{}, nil
}
