// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package token

import (
	"encoding/json"
	"maps"
	"strings"
)

// APIScope is the scope of an api grant: each member that is present, even as an empty
// object, grants that part of the room API.
type APIScope struct {
	Secrets   *SecretsGrant
	Messaging *MessagingGrant
	Admin     *AdminGrant
	// Other keeps the members this package has no type for.
	Other map[string]json.RawMessage
}

// AdminGrant allows acting for other identities, among other things. Config false
// narrows it; nil means the default.
type AdminGrant struct {
	Config *bool `json:"config,omitempty"`
}

// MessagingGrant allows the messaging tools. What is false is not allowed: Broadcast and Send
// to send messages, List to learn who is in the room. Nil means the default, which is true.
type MessagingGrant struct {
	Broadcast *bool `json:"broadcast,omitempty"`
	List      *bool `json:"list,omitempty"`
	Send      *bool `json:"send,omitempty"`
}

// AllowsList reports whether the holder may learn who is in the room; a nil grant allows
// nothing.
func (g *MessagingGrant) AllowsList() bool { return g != nil && (g.List == nil || *g.List) }

// ListOnly is the grant to learn who is in the room, and to be known there, and nothing else.
func ListOnly() *MessagingGrant {
	return &MessagingGrant{Broadcast: new(false), Send: new(false)}
}

// SecretsGrant allows the secrets tools. RequestOAuthToken, when it is not nil, limits
// which OAuth clients tokens may be requested for; an empty list allows none. Nothing
// else is checked against the list.
type SecretsGrant struct {
	RequestOAuthToken []OAuthClient `json:"request_oauth_token,omitzero"`
}

// OAuthClient is an entry of the allow-list. Endpoint may end in "*", which stands for
// any rest.
type OAuthClient struct {
	Endpoint string `json:"endpoint"`
	ClientID string `json:"client_id"`
}

// Allows reports whether OAuth tokens may be requested for the authorization endpoint
// and the client id. Without a list everything is allowed; a nil grant allows nothing.
func (g *SecretsGrant) Allows(endpoint, clientID string) bool {
	if g == nil {
		return false
	}
	if g.RequestOAuthToken == nil {
		return true
	}
	endpoint, clientID = strings.TrimSpace(endpoint), strings.TrimSpace(clientID)
	if endpoint == "" || clientID == "" {
		return false
	}
	for _, entry := range g.RequestOAuthToken {
		if entry.ClientID == clientID && matches(entry.Endpoint, endpoint) {
			return true
		}
	}
	return false
}

func matches(pattern, endpoint string) bool {
	if prefix, ok := strings.CutSuffix(pattern, "*"); ok {
		return strings.HasPrefix(endpoint, prefix)
	}
	return pattern == endpoint
}

const (
	scopeSecrets   = "secrets"
	scopeMessaging = "messaging"
	scopeAdmin     = "admin"
)

// MarshalJSON writes the typed members and those of Other as one object.
func (s APIScope) MarshalJSON() ([]byte, error) {
	members := make(map[string]any, len(s.Other)+3)
	for name, raw := range s.Other {
		members[name] = raw
	}
	if s.Secrets != nil {
		members[scopeSecrets] = s.Secrets
	}
	if s.Messaging != nil {
		members[scopeMessaging] = s.Messaging
	}
	if s.Admin != nil {
		members[scopeAdmin] = s.Admin
	}
	return json.Marshal(members)
}

// UnmarshalJSON reads an api scope; a member that is null counts as absent.
func (s *APIScope) UnmarshalJSON(data []byte) error {
	var typed struct {
		Secrets   *SecretsGrant   `json:"secrets"`
		Messaging json.RawMessage `json:"messaging"`
		Admin     *AdminGrant     `json:"admin"`
	}
	if err := json.Unmarshal(data, &typed); err != nil {
		return err
	}
	var other map[string]json.RawMessage
	if err := json.Unmarshal(data, &other); err != nil {
		return err
	}
	maps.DeleteFunc(other, func(name string, raw json.RawMessage) bool {
		return name == scopeSecrets || name == scopeMessaging || name == scopeAdmin || string(raw) == "null"
	})
	*s = APIScope{Secrets: typed.Secrets, Messaging: messagingGrant(typed.Messaging), Admin: typed.Admin}
	if len(other) > 0 {
		s.Other = other
	}
	return nil
}

// messagingGrant reads the grant. One that cannot be understood allows nothing, and leaves the
// rest of the scope what it is.
func messagingGrant(raw json.RawMessage) *MessagingGrant {
	var grant MessagingGrant
	if !isObject(raw) || json.Unmarshal(raw, &grant) != nil {
		return nil
	}
	return &grant
}
