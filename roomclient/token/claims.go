// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package token

import (
	"encoding/json"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// DefaultVersion is the SDK version that tokens claim when Claims.Version is empty.
// Peers decide by it which rules a token follows; these are the rules of 0.39.9.
const DefaultVersion = "0.39.9"

// Claims is the payload of a participant token (room protocol, section 6.2).
type Claims struct {
	// Name is the identity of the participant: the owner of the secrets it stores.
	Name   string
	Grants []Grant
	// Version is the version of the SDK that made the token.
	Version string
	// KeyID and ProjectID say which API key signed; both are empty in tokens signed
	// with a bare secret. They are the claims kid and sub.
	KeyID     string
	ProjectID string
	// ExpiresAt is rounded down to seconds; the zero value means never.
	ExpiresAt time.Time
	// Extra keeps all other members.
	Extra map[string]json.RawMessage
}

// Room returns the room that the token opens, or "" without a room grant.
func (c Claims) Room() string {
	for _, g := range c.Grants {
		if room, ok := g.text(); ok && g.Name == GrantRoom {
			return room
		}
	}
	return ""
}

// Role returns the first role that is not [RoleUser], and [RoleUser] without one.
func (c Claims) Role() string {
	for _, g := range c.Grants {
		if role, ok := g.text(); ok && g.Name == GrantRole && role != RoleUser {
			return role
		}
	}
	return RoleUser
}

// API returns the scope of the api grant. It reports false when there is none, or none
// that can be understood: such a token may call nothing.
func (c Claims) API() (APIScope, bool) {
	for _, g := range c.Grants {
		if g.Name != GrantAPI {
			continue
		}
		var scope APIScope
		if isObject(g.Scope) && json.Unmarshal(g.Scope, &scope) == nil {
			return scope, true
		}
		return APIScope{}, false
	}
	return APIScope{}, false
}

const (
	claimName    = "name"
	claimGrants  = "grants"
	claimVersion = "version"
	claimKeyID   = "kid"
	claimProject = "sub"
	claimExpires = "exp"
)

// MarshalJSON writes the payload of a token. Named fields win over Extra.
func (c Claims) MarshalJSON() ([]byte, error) {
	members := make(map[string]any, len(c.Extra)+6)
	for name, raw := range c.Extra {
		members[name] = raw
	}
	grants := c.Grants
	if grants == nil {
		grants = []Grant{}
	}
	members[claimName], members[claimGrants] = c.Name, grants
	for name, value := range map[string]string{
		claimVersion: c.Version, claimKeyID: c.KeyID, claimProject: c.ProjectID,
	} {
		if value != "" {
			members[name] = value
		}
	}
	if !c.ExpiresAt.IsZero() {
		members[claimExpires] = c.ExpiresAt.Unix()
	}
	return json.Marshal(members)
}

// UnmarshalJSON reads the payload of a token. Errors do not quote it.
func (c *Claims) UnmarshalJSON(data []byte) error {
	var wire struct {
		Name    string           `json:"name"`
		Grants  []Grant          `json:"grants"`
		Version string           `json:"version"`
		KeyID   string           `json:"kid"`
		Project string           `json:"sub"`
		Expires *jwt.NumericDate `json:"exp"`
	}
	var extra map[string]json.RawMessage
	if json.Unmarshal(data, &wire) != nil || json.Unmarshal(data, &extra) != nil {
		return ErrMalformed
	}
	for _, name := range []string{claimName, claimGrants, claimVersion, claimKeyID, claimProject, claimExpires} {
		delete(extra, name)
	}
	*c = Claims{
		Name: wire.Name, Grants: wire.Grants, Version: wire.Version,
		KeyID: wire.KeyID, ProjectID: wire.Project,
	}
	if len(extra) > 0 {
		c.Extra = extra
	}
	if wire.Expires != nil {
		c.ExpiresAt = wire.Expires.Time
	}
	return nil
}

func isObject(raw json.RawMessage) bool { return len(raw) > 0 && raw[0] == '{' }
