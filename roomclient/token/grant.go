// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package token

import (
	"encoding/json"
	"fmt"
)

// Names of grants, and the roles a role grant can name.
const (
	GrantRoom = "room"
	GrantRole = "role"
	GrantAPI  = "api"

	RoleUser  = "user"
	RoleAgent = "agent"
	RoleTool  = "tool"
)

// Grant is one permission of a token. Scope is kept as it was received because unknown
// grants must survive.
type Grant struct {
	Name  string          `json:"name"`
	Scope json.RawMessage `json:"scope,omitempty"`
}

// RoomGrant opens the room of that name.
func RoomGrant(room string) Grant { return stringGrant(GrantRoom, room) }

// RoleGrant says what kind of participant the holder is.
func RoleGrant(role string) Grant { return stringGrant(GrantRole, role) }

// APIGrant allows the parts of the room API that scope names. It fails only when Other
// of the scope holds something that is not JSON.
func APIGrant(scope APIScope) (Grant, error) {
	raw, err := json.Marshal(scope)
	if err != nil {
		return Grant{}, fmt.Errorf("token: encode api scope: %w", err)
	}
	return Grant{Name: GrantAPI, Scope: raw}, nil
}

func stringGrant(name, scope string) Grant {
	raw, err := json.Marshal(scope)
	if err != nil { // a string always encodes; if not, the grant must grant nothing
		return Grant{Name: name}
	}
	return Grant{Name: name, Scope: raw}
}

// text returns the scope of a grant whose scope is a string.
func (g Grant) text() (string, bool) {
	var s string
	if json.Unmarshal(g.Scope, &s) != nil {
		return "", false
	}
	return s, true
}
