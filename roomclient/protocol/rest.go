// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package protocol

// ConnectResponse is the answer of POST …/rooms/{room}/connect, whose request body is an
// empty object (room protocol, section 6.4). JWT is a secret in the clear: do not log it.
type ConnectResponse struct {
	JWT       string `json:"jwt"`
	RoomName  string `json:"room_name"`
	ProjectID string `json:"project_id"`
	RoomURL   string `json:"room_url"`
}

// WriteRoomSecret is the body of POST …/secrets and, without SecretID, of PUT
// …/secrets/{id} (room protocol, section 6.5). What is not set is left out, unlike in the
// tools. Data is encoded as base64 with padding; it is a secret in the clear.
type WriteRoomSecret struct {
	Data        []byte `json:"data_base64"`
	SecretID    string `json:"secret_id,omitempty"`
	Name        string `json:"name,omitempty"`
	Type        string `json:"type,omitempty"`
	DelegatedTo string `json:"delegated_to,omitempty"`
	ForIdentity string `json:"for_identity,omitempty"`
}

// CreatedRoomSecret is the answer of POST …/secrets.
type CreatedRoomSecret struct {
	ID string `json:"id"`
}

// RoomSecret is the answer of GET …/secrets/{id}. That of GET …/secrets is a
// [ListSecretsResponse]. Data is as in [WriteRoomSecret]; nil means that it was missing.
type RoomSecret struct {
	ID          string  `json:"id"`
	Type        string  `json:"type"`
	Name        string  `json:"name"`
	DelegatedTo *string `json:"delegated_to"`
	Data        []byte  `json:"data_base64"`
}

// Query parameters of the REST calls; what is not set is left out.
const (
	ParamDelegatedTo = "delegated_to"
	ParamForIdentity = "for_identity"
)
