// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomserver

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"net/http"
	"time"

	"github.com/roomsecrets/roomsecret-operator/internal/roomserver/store"
	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
	"github.com/roomsecrets/roomsecret-operator/roomclient/token"
)

// connectTTL is how long a token from connect is valid.
const connectTTL = time.Hour

// restBodyLimit is what the largest value takes up in a body, and the texts beside it.
func restBodyLimit(maxMessage int) int64 {
	return int64(base64.StdEncoding.EncodedLen(maxMessage)) + answerRoom
}

// restConnect makes a token for the room that may do what the holder of the key may do: everything.
func (s *Server) restConnect(v visit) (any, error) {
	if err := v.body(&struct{}{}); err != nil {
		return nil, err
	}
	api, err := token.APIGrant(token.APIScope{Secrets: &token.SecretsGrant{}, Messaging: &token.MessagingGrant{}, Admin: &token.AdminGrant{}})
	if err != nil {
		return nil, err
	}
	signed, err := v.key.Sign(token.Claims{
		Name:      v.identity,
		Grants:    []token.Grant{token.RoomGrant(v.room), token.RoleGrant(token.RoleUser), api},
		ExpiresAt: time.Now().Add(connectTTL),
	})
	if err != nil {
		return nil, err
	}
	return protocol.ConnectResponse{
		JWT: signed, RoomName: v.room, ProjectID: v.key.ProjectID.String(), RoomURL: roomURL(v.http, v.room),
	}, nil
}

// row reads a body. id is the one in the path; empty: the body's, or a new one.
func (s *Server) row(v visit, id string) (store.Row, error) {
	var in protocol.WriteRoomSecret
	if err := v.body(&in); err != nil {
		return store.Row{}, err
	}
	limit := s.config.Limits.MaxMessage - answerRoom
	switch {
	case in.Data == nil: // not so for a value that is empty
		return store.Row{}, invalid("data_base64 is missing")
	case len(in.Data) > limit:
		return store.Row{}, &refusal{http.StatusRequestEntityTooLarge, fmt.Sprintf("the value is larger than %d bytes", limit)}
	}
	info, err := v.newInfo(protocol.SetSecretRequest{
		SecretID: protocol.Optional(cmp.Or(id, in.SecretID)), Type: &in.Type, Name: &in.Name,
		DelegatedTo: &in.DelegatedTo, ForIdentity: &in.ForIdentity,
	})
	return store.Row{Info: info, Value: in.Data}, err
}

func (s *Server) restCreate(v visit) (any, error) {
	row, err := s.row(v, "")
	if err != nil {
		return nil, err
	}
	return protocol.CreatedRoomSecret{ID: row.ID}, s.config.Store.Create(v.http.Context(), row)
}

func (s *Server) restUpdate(v visit) (any, error) {
	row, err := s.row(v, v.http.PathValue("id"))
	if err != nil {
		return nil, err
	}
	return struct{}{}, s.config.Store.Replace(v.http.Context(), row)
}

// pathKey is the key of the row that path and query name.
func (v visit) pathKey() (store.Key, error) {
	query := v.http.URL.Query()
	return v.rowKey(v.http.PathValue("id"), protocol.Optional(query.Get(protocol.ParamDelegatedTo)), protocol.Optional(query.Get(protocol.ParamForIdentity)))
}

func (s *Server) restGet(v visit) (any, error) {
	key, err := v.pathKey()
	if err != nil {
		return nil, err
	}
	row, err := s.config.Store.Get(v.http.Context(), key)
	if err != nil {
		return nil, err
	}
	return protocol.RoomSecret{
		ID: row.ID, Type: row.Type, Name: row.Name, DelegatedTo: protocol.Optional(row.DelegatedTo), Data: row.Value,
	}, nil
}

func (s *Server) restList(v visit) (any, error) {
	owner := v.http.URL.Query().Get(protocol.ParamForIdentity)
	if owner == "" {
		owner = v.identity
	}
	if err := checkTexts(owner); err != nil {
		return nil, err
	}
	v.about.row.Owner = owner
	infos, err := s.config.Store.List(v.http.Context(), v.room, owner)
	return newList(infos), err
}

func (s *Server) restDelete(v visit) (any, error) {
	key, err := v.pathKey()
	if err != nil {
		return nil, err
	}
	return nil, s.config.Store.Delete(v.http.Context(), key)
}
