// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package protocol

import (
	"encoding/json"
	"errors"
)

// Toolkit is the room's own toolkit whose tools keep secrets (room protocol, section 4).
const Toolkit = "secrets"

// Tools of the secrets toolkit.
const (
	ToolSetSecret    = "set_secret"
	ToolGetSecret    = "get_secret"
	ToolExists       = "exists"
	ToolListSecrets  = "list_secrets"
	ToolDeleteSecret = "delete_secret"

	ToolDeleteRequestedSecret     = "delete_requested_secret"
	ToolRequestSecret             = "request_secret"
	ToolProvideSecret             = "provide_secret"
	ToolRequestOAuthToken         = "request_oauth_token"
	ToolGetOfflineOAuthToken      = "get_offline_oauth_token"
	ToolProvideOAuthAuthorization = "provide_oauth_authorization"
)

// SetSecretRequest is the headers of the binary input of set_secret; the payload is the
// value (room protocol, section 4.1). Nil is an explicit null on the wire. HasData tells
// an empty value from none and is always true in what the SDKs send.
type SetSecretRequest struct {
	SecretID    *string `json:"secret_id"`
	Type        *string `json:"type"`
	Name        *string `json:"name"`
	DelegatedTo *string `json:"delegated_to"`
	ForIdentity *string `json:"for_identity"`
	HasData     bool    `json:"has_data"`
}

// GetSecretRequest is the JSON input of get_secret; the answer is a [File], or [Empty]
// when there is no such secret (room protocol, section 4.2).
type GetSecretRequest struct {
	SecretID    *string `json:"secret_id"`
	Type        *string `json:"type"`
	Name        *string `json:"name"`
	DelegatedTo *string `json:"delegated_to"`
}

// ExistsRequest is the JSON input of exists (room protocol, section 4.3).
type ExistsRequest struct {
	SecretID    string  `json:"secret_id"`
	DelegatedTo *string `json:"delegated_to"`
	ForIdentity *string `json:"for_identity"`
}

// ExistsResponse is the JSON answer of exists.
type ExistsResponse struct {
	Exists bool `json:"exists"`
}

// UnmarshalJSON fails when the member is missing or not a boolean, as the SDKs do: an
// answer that says nothing must not read as "does not exist".
func (r *ExistsResponse) UnmarshalJSON(data []byte) error {
	var answer []byte
	if isObject(data) {
		for name, value := range membersOf(data) {
			if string(name) == "exists" {
				answer = value
			}
		}
	}
	r.Exists = string(answer) == "true"
	if !r.Exists && string(answer) != "false" {
		return malformed("exists is not a boolean")
	}
	return nil
}

// ListSecretsRequest is the JSON input of list_secrets: an empty object.
type ListSecretsRequest struct{}

// ListSecretsResponse is the JSON answer of list_secrets (room protocol, section 4.4).
type ListSecretsResponse struct {
	Secrets []SecretInfo `json:"secrets"`
}

// UnmarshalJSON fails when the list is missing: an answer that says nothing must not
// read as "no secrets".
func (r *ListSecretsResponse) UnmarshalJSON(data []byte) error {
	var wire struct {
		Secrets []SecretInfo `json:"secrets"`
	}
	if err := json.Unmarshal(data, &wire); err != nil || wire.Secrets == nil {
		return malformed("secrets is not a list of secrets")
	}
	r.Secrets = wire.Secrets
	return nil
}

// SecretInfo describes a secret without its value. ID, Type and Name are always strings
// on the wire; DelegatedTo may be null.
type SecretInfo struct {
	ID          string  `json:"id"`
	Type        string  `json:"type"`
	Name        string  `json:"name"`
	DelegatedTo *string `json:"delegated_to"`
}

// UnmarshalJSON fails when one of the three strings is missing or null, as the SDKs do.
func (i *SecretInfo) UnmarshalJSON(data []byte) error {
	var wire struct {
		ID          *string `json:"id"`
		Type        *string `json:"type"`
		Name        *string `json:"name"`
		DelegatedTo *string `json:"delegated_to"`
	}
	if err := json.Unmarshal(data, &wire); err != nil {
		return err
	}
	if wire.ID == nil || wire.Type == nil || wire.Name == nil {
		return errors.New("id, type and name must be strings")
	}
	*i = SecretInfo{ID: *wire.ID, Type: *wire.Type, Name: *wire.Name, DelegatedTo: wire.DelegatedTo}
	return nil
}

// DeleteSecretRequest is the JSON input of delete_secret. The member is called id here
// and secret_id in the other tools (room protocol, section 4.5).
type DeleteSecretRequest struct {
	ID          string  `json:"id"`
	DelegatedTo *string `json:"delegated_to"`
}

// Optional returns nil, a null on the wire, for the empty string.
func Optional(s string) *string {
	if s == "" {
		return nil
	}
	value := s // only what is returned needs memory of its own
	return &value
}

// OrEmpty is the reverse of [Optional]: null reads as the empty string.
func OrEmpty(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
