// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomclient

import (
	"context"
	"time"

	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
)

// Connector names an OAuth client that the room knows already.
type Connector struct {
	OpenAIConnectorID string
	ServerURL         string
	// ClientSecretID is the id of the room secret that is the client's secret.
	ClientSecretID string
}

// OAuthClient is an OAuth client that the room does not know.
type OAuthClient struct {
	ID string
	// Secret goes to the room, which exchanges the code for the token.
	Secret                Bytes
	AuthorizationEndpoint string
	TokenEndpoint         string
	// NoPKCE is for providers that cannot do PKCE.
	NoPKCE bool
	Scopes []string
}

// OAuthRequest asks a participant to consent to an access token.
type OAuthRequest struct {
	// Connector or Client says whose token; at least one of them is not zero.
	Connector Connector
	Client    OAuthClient
	// RedirectURI is where the provider sends the participant with the code.
	RedirectURI string
	// ParticipantID is who must consent.
	ParticipantID string
	// DelegateTo is the identity that may use the token afterwards; empty: the one who asks.
	DelegateTo string
	// Timeout is how long the room waits for the consent, in whole seconds, rounded up.
	// 0: 300 s.
	Timeout time.Duration
}

// OfflineTokenQuery names a token that was consented to before.
type OfflineTokenQuery struct {
	// Connector or Client says whose token; at least one of them is not zero.
	Connector Connector
	Client    OAuthClient
	// DelegatedTo is whom it belongs to now, and DelegatedBy who consented.
	DelegatedTo, DelegatedBy string
}

// RequestOAuthToken returns an access token: the stored one, refreshed if need be, or else
// the one that the participant consents to now. It waits as [Secrets.RequestSecret] does
// and fails as it does; that the room answers with no token is [ErrNotFound] too.
func (s Secrets) RequestOAuthToken(ctx context.Context, r OAuthRequest) (Bytes, error) {
	const tool = protocol.ToolRequestOAuthToken
	if r.Connector.isZero() && r.Client.isZero() || r.RedirectURI == "" || r.ParticipantID == "" {
		return nil, invalid(tool, "a connector or a client, a redirect uri and a participant are required")
	}
	seconds, wait, err := waiting(tool, r.Timeout)
	if err != nil {
		return nil, err
	}
	return s.accessToken(ctx, tool, &protocol.RequestOAuthToken{
		Connector: r.Connector.wire(), OAuth: r.Client.wire(),
		RedirectURI: r.RedirectURI, ParticipantID: r.ParticipantID,
		Timeout: &seconds, DelegateTo: protocol.Optional(r.DelegateTo),
	}, wait)
}

// GetOfflineOAuthToken returns an access token that was consented to before, refreshed if
// need be. It asks nobody and returns [ErrNotFound] when there is none.
func (s Secrets) GetOfflineOAuthToken(ctx context.Context, q OfflineTokenQuery) (Bytes, error) {
	const tool = protocol.ToolGetOfflineOAuthToken
	if q.Connector.isZero() && q.Client.isZero() {
		return nil, invalid(tool, "a connector or a client is required")
	}
	return s.accessToken(ctx, tool, &protocol.OfflineOAuthToken{
		Connector: q.Connector.wire(), OAuth: q.Client.wire(),
		DelegatedTo: protocol.Optional(q.DelegatedTo), DelegatedBy: protocol.Optional(q.DelegatedBy),
	}, 0)
}

// accessToken reads null, missing and empty alike: the SDKs return each as no token.
func (s Secrets) accessToken(ctx context.Context, tool string, request any, wait time.Duration) (Bytes, error) {
	var answer protocol.AccessToken
	if err := s.ask(ctx, tool, request, &answer, wait); err != nil {
		return nil, notFound(err)
	}
	if answer.AccessToken == nil || *answer.AccessToken == "" {
		return nil, &Error{Op: opOfTool(tool), Kind: ErrNotFound, terminal: true}
	}
	return Bytes(*answer.AccessToken), nil
}

// ProvideOAuthAuthorization answers a request for an authorization with the code that the
// provider gave, from any connection of the identity that was asked. It returns
// [ErrNotFound] when no such request waits any more.
func (s Secrets) ProvideOAuthAuthorization(ctx context.Context, requestID string, code Bytes) error {
	if requestID == "" || len(code) == 0 {
		return invalid(protocol.ToolProvideOAuthAuthorization, "a request id and a code are required")
	}
	return s.provideAuthorization(ctx, protocol.ProvideOAuthAuthorization{RequestID: requestID, Code: new(string(code))})
}

// RejectOAuthAuthorization answers that there is no consent, and why, which the other
// participant gets to read. It returns [ErrNotFound] when no such request waits any more.
func (s Secrets) RejectOAuthAuthorization(ctx context.Context, requestID, reason string) error {
	if requestID == "" || reason == "" {
		return invalid(protocol.ToolProvideOAuthAuthorization, "a request id and a reason are required")
	}
	return s.provideAuthorization(ctx, protocol.ProvideOAuthAuthorization{RequestID: requestID, Error: &reason})
}

func (s Secrets) provideAuthorization(ctx context.Context, answer protocol.ProvideOAuthAuthorization) error {
	return notFound(s.do(ctx, protocol.ToolProvideOAuthAuthorization, protocol.Object(&answer)))
}

func (c Connector) isZero() bool { return c == Connector{} }

func (c OAuthClient) isZero() bool {
	return c.ID == "" && c.AuthorizationEndpoint == "" && c.TokenEndpoint == ""
}

// wire returns nil, a null, for no connector.
func (c Connector) wire() *protocol.ConnectorRef {
	if c.isZero() {
		return nil
	}
	return &protocol.ConnectorRef{
		OpenAIConnectorID: protocol.Optional(c.OpenAIConnectorID),
		ServerURL:         protocol.Optional(c.ServerURL),
		ClientSecretID:    protocol.Optional(c.ClientSecretID),
	}
}

// wire returns nil, a null, for no client.
func (c OAuthClient) wire() *protocol.OAuthClientConfig {
	if c.isZero() {
		return nil
	}
	wire := &protocol.OAuthClientConfig{
		ClientID:              protocol.Optional(c.ID),
		ClientSecret:          protocol.Optional(string(c.Secret)),
		AuthorizationEndpoint: protocol.Optional(c.AuthorizationEndpoint),
		TokenEndpoint:         protocol.Optional(c.TokenEndpoint),
		Scopes:                c.Scopes,
	}
	if c.NoPKCE {
		wire.NoPKCE = new(true)
	}
	return wire
}

func connectorOf(wire *protocol.ConnectorRef) Connector {
	if wire == nil {
		return Connector{}
	}
	return Connector{
		OpenAIConnectorID: protocol.OrEmpty(wire.OpenAIConnectorID),
		ServerURL:         protocol.OrEmpty(wire.ServerURL),
		ClientSecretID:    protocol.OrEmpty(wire.ClientSecretID),
	}
}

func clientOf(wire *protocol.OAuthClientConfig) OAuthClient {
	return OAuthClient{
		ID:                    protocol.OrEmpty(wire.ClientID),
		Secret:                Bytes(protocol.OrEmpty(wire.ClientSecret)),
		AuthorizationEndpoint: protocol.OrEmpty(wire.AuthorizationEndpoint),
		TokenEndpoint:         protocol.OrEmpty(wire.TokenEndpoint),
		NoPKCE:                wire.NoPKCE != nil && *wire.NoPKCE,
		Scopes:                wire.Scopes,
	}
}
