// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomclient

import (
	"context"
	"errors"
	"net/url"

	"golang.org/x/oauth2"
)

// PendingSecretRequest is a [SecretRequest] that another participant waits for this one to
// answer.
type PendingSecretRequest struct {
	// ID is what an answer refers to, whichever connection it comes from.
	ID string
	// Asker is who asks, if the service says so: ID and Name, or neither. The hosted
	// service does not.
	Asker Participant
	SecretRequest

	secrets Secrets
}

// Provide answers with the value over the connection that the request came from. See
// [Secrets.ProvideSecret].
func (r PendingSecretRequest) Provide(ctx context.Context, value Bytes) error {
	return r.secrets.ProvideSecret(ctx, r.ID, value)
}

// Reject answers that there will be no secret, and why, over the connection that the
// request came from. See [Secrets.RejectSecret].
func (r PendingSecretRequest) Reject(ctx context.Context, reason string) error {
	return r.secrets.RejectSecret(ctx, r.ID, reason)
}

// PendingOAuthRequest is an [OAuthRequest] that another participant waits for this one to
// consent to. Client is usually without its Secret.
type PendingOAuthRequest struct {
	// ID is what an answer refers to, whichever connection it comes from.
	ID string
	// Asker is who asks, if the service says so: ID and Name, or neither. The hosted
	// service does not.
	Asker Participant
	OAuthRequest
	// Challenge is the PKCE code challenge, method S256, whose verifier the room keeps;
	// empty: no PKCE.
	Challenge string

	secrets Secrets
}

// Provide answers with the code that the provider gave, over the connection that the
// request came from. See [Secrets.ProvideOAuthAuthorization].
func (r PendingOAuthRequest) Provide(ctx context.Context, code Bytes) error {
	return r.secrets.ProvideOAuthAuthorization(ctx, r.ID, code)
}

// Reject answers that there is no consent, and why, over the connection that the request
// came from. See [Secrets.RejectOAuthAuthorization].
func (r PendingOAuthRequest) Reject(ctx context.Context, reason string) error {
	return r.secrets.RejectOAuthAuthorization(ctx, r.ID, reason)
}

// AuthorizationURL is where to send the user's browser. The provider brings it back to
// RedirectURI with the code and with state, by which the answer is known to belong to this
// request: make it hard to guess. The endpoint is the other participant's choice, so
// everything but http and https is refused; show the host to the user before opening it.
func (r PendingOAuthRequest) AuthorizationURL(state string) (string, error) {
	endpoint, err := url.Parse(r.Client.AuthorizationEndpoint)
	if err != nil || endpoint.Host == "" || endpoint.Scheme != "https" && endpoint.Scheme != "http" {
		return "", &Error{Op: opAuthorize, Kind: ErrInvalid, Err: errors.New("the authorization endpoint is not an http or https URL"), terminal: true}
	}
	var options []oauth2.AuthCodeOption
	if r.Challenge != "" {
		options = append(options,
			oauth2.SetAuthURLParam("code_challenge", r.Challenge),
			oauth2.SetAuthURLParam("code_challenge_method", "S256"))
	}
	config := oauth2.Config{
		ClientID: r.Client.ID, RedirectURL: r.RedirectURI, Scopes: r.Client.Scopes,
		Endpoint: oauth2.Endpoint{AuthURL: endpoint.String()},
	}
	return config.AuthCodeURL(state, options...), nil
}

const opAuthorize = "authorize"
