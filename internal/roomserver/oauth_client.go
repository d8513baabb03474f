// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomserver

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"golang.org/x/oauth2"

	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
)

// oauthClient is an OAuth client that a caller has named and may use.
type oauthClient struct {
	config oauth2.Config
	pkce   bool
	http   *http.Client
}

// Bounds of an OAuth client's description.
const (
	maxScopes       = 100
	maxClientSecret = 8 << 10
)

// client checks the client that a caller names: against the allow-list of the token, and for what the server
// itself can do with it. Connectors name clients that only the hosted service knows.
func (o *oauth) client(call call, config *protocol.OAuthClientConfig) (oauthClient, error) {
	if config == nil {
		config = &protocol.OAuthClientConfig{}
	}
	authorization, token, id := trimmed(config.AuthorizationEndpoint), trimmed(config.TokenEndpoint), trimmed(config.ClientID)
	secret := protocol.OrEmpty(config.ClientSecret)
	if !call.secrets.Allows(authorization, id) {
		return oauthClient{}, denied("permission denied: the participant token does not allow this OAuth client")
	}
	if authorization == "" || token == "" || id == "" {
		return oauthClient{}, invalid("give oauth with client_id, authorization_endpoint and token_endpoint: this server has no connectors")
	}
	if err := checkTexts(append([]string{authorization, token, id}, config.Scopes...)...); err != nil {
		return oauthClient{}, err
	}
	if len(config.Scopes) > maxScopes || len(secret) > maxClientSecret {
		return oauthClient{}, invalid("too many scopes, or too long a client secret")
	}
	if _, err := parseEndpoint(authorization); err != nil {
		return oauthClient{}, invalid("the authorization endpoint is not an http or https URL")
	}
	client, err := o.endpoints.client(token)
	if err != nil {
		return oauthClient{}, err
	}
	style := oauth2.AuthStyleAutoDetect
	if secret == "" {
		style = oauth2.AuthStyleInParams // a public client has nothing to authenticate with
	}
	return oauthClient{
		config: oauth2.Config{
			ClientID: id, ClientSecret: secret, Scopes: config.Scopes,
			Endpoint: oauth2.Endpoint{AuthURL: authorization, TokenURL: token, AuthStyle: style},
		},
		pkce: config.NoPKCE == nil || !*config.NoPKCE, http: client,
	}, nil
}

// trimmed leaves out the space around a text, as the allow-list does.
func trimmed(text *string) string { return strings.TrimSpace(protocol.OrEmpty(text)) }

// id names the row that keeps the credential of this client. Both endpoints are part of it: whoever is allowed to
// use a credential cannot have its refresh token sent elsewhere.
func (c oauthClient) id() string {
	scopes := slices.Clone(c.config.Scopes)
	slices.Sort(scopes)
	return "oauth-" + digest(append(
		[]string{c.config.Endpoint.AuthURL, c.config.Endpoint.TokenURL, c.config.ClientID}, slices.Compact(scopes)...)...)
}

func (c oauthClient) exchange(ctx context.Context, code, verifier string) (*oauth2.Token, error) {
	var options []oauth2.AuthCodeOption
	if verifier != "" {
		options = append(options, oauth2.VerifierOption(verifier))
	}
	token, err := c.config.Exchange(c.context(ctx), code, options...)
	return token, endpointError(err)
}

// refresh gets a new access token. A refusal of the refresh token is errNoLonger.
func (c oauthClient) refresh(ctx context.Context, refreshToken string) (*oauth2.Token, error) {
	token, err := c.config.TokenSource(c.context(ctx), &oauth2.Token{RefreshToken: refreshToken}).Token()
	if refused, ok := errors.AsType[*oauth2.RetrieveError](err); ok && refused.ErrorCode == "invalid_grant" {
		return nil, errNoLonger
	}
	return token, endpointError(err)
}

// errNoLonger means that the provider does not honour a refresh token any more.
var errNoLonger = errors.New("roomserver: refresh token refused")

func (c oauthClient) context(ctx context.Context) context.Context {
	return context.WithValue(ctx, oauth2.HTTPClient, c.http)
}

// endpointError tells what a token endpoint has answered as far as it is one of the words of RFC 6749: anything
// else could repeat what was sent to it.
func endpointError(err error) error {
	if err == nil {
		return nil
	}
	refused, ok := errors.AsType[*oauth2.RetrieveError](err)
	if !ok {
		return failed("the token endpoint could not be reached, or did not answer with a token")
	}
	switch code := refused.ErrorCode; code {
	case "invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type", "invalid_scope":
		return failed("the token endpoint refused: " + code)
	default:
		return failed("the token endpoint refused")
	}
}
