// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package protocol

import "encoding/json"

// ConnectorRef names an OAuth client that the room knows already.
type ConnectorRef struct {
	OpenAIConnectorID *string `json:"openai_connector_id"`
	ServerURL         *string `json:"server_url"`
	ClientSecretID    *string `json:"client_secret_id"`
}

// OAuthClientConfig is an OAuth client of its own. The SDKs refuse members beyond these,
// so nothing may be added when it is sent on to the participant who is asked; there,
// ClientSecret is best null (room protocol, sections 4.10 and 4.11). ClientSecret is a
// secret in the clear: do not log it.
type OAuthClientConfig struct {
	ClientID              *string  `json:"client_id"`
	ClientSecret          *string  `json:"client_secret"`
	AuthorizationEndpoint *string  `json:"authorization_endpoint"`
	TokenEndpoint         *string  `json:"token_endpoint"`
	NoPKCE                *bool    `json:"no_pkce"`
	Scopes                []string `json:"scopes"`
}

// RequestOAuthToken is the JSON input of request_oauth_token; the answer is an
// [AccessToken] (room protocol, section 4.10). Timeout is in seconds and always set in
// what the SDKs send; read it with [RequestTimeout].
type RequestOAuthToken struct {
	Connector     *ConnectorRef      `json:"connector"`
	OAuth         *OAuthClientConfig `json:"oauth"`
	RedirectURI   string             `json:"redirect_uri"`
	Timeout       *int               `json:"timeout"`
	ParticipantID string             `json:"participant_id"`
	DelegateTo    *string            `json:"delegate_to"`
}

// OfflineOAuthToken is the JSON input of get_offline_oauth_token; the answer is an
// [AccessToken] (room protocol, section 4.13). DelegatedBy is who granted it and
// DelegatedTo whom it belongs to now.
type OfflineOAuthToken struct {
	Connector   *ConnectorRef      `json:"connector"`
	OAuth       *OAuthClientConfig `json:"oauth"`
	DelegatedTo *string            `json:"delegated_to"`
	DelegatedBy *string            `json:"delegated_by"`
}

// AccessToken is the JSON answer of request_oauth_token and get_offline_oauth_token. Null,
// missing and empty all mean that there is no token. It is a secret in the clear: do not
// log it.
type AccessToken struct {
	AccessToken *string `json:"access_token"`
}

// ProvideOAuthAuthorization is the JSON input of provide_oauth_authorization: a code, or
// the reason of a refusal (room protocol, section 4.12). Nothing is answered. Code is a
// secret in the clear: do not log it.
type ProvideOAuthAuthorization struct {
	RequestID string  `json:"request_id"`
	Code      *string `json:"code"`
	Error     *string `json:"error"`
}

// OAuthRequestPush is the header of a [TypeRequestOAuthToken] message. It is answered by a
// provide_oauth_authorization call with its RequestID, from any connection of the same
// identity (room protocol, section 4.11). Challenge is the PKCE code challenge, method
// S256, whose verifier the room keeps; null means no PKCE. It must not be left out.
type OAuthRequestPush struct {
	RequestID string            `json:"request_id"`
	Request   RequestOAuthToken `json:"request"`
	Challenge *string           `json:"challenge"`
	Asker
}

// UnmarshalJSON fails when it is unclear where to send the user, or what to answer to.
func (p *OAuthRequestPush) UnmarshalJSON(data []byte) error {
	type wire OAuthRequestPush // without this method
	var w wire
	if err := json.Unmarshal(data, &w); err != nil {
		return err
	}
	client := w.Request.OAuth
	if w.RequestID == "" || client == nil || client.AuthorizationEndpoint == nil || client.TokenEndpoint == nil {
		return malformed("a request for an authorization without request_id or endpoints")
	}
	*p = OAuthRequestPush(w)
	return nil
}
