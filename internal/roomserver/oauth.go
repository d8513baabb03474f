// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomserver

import (
	"context"

	"golang.org/x/oauth2"
	"golang.org/x/sync/singleflight"

	"github.com/roomsecrets/roomsecret-operator/internal/roomserver/store"
	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
	"github.com/roomsecrets/roomsecret-operator/roomclient/redact"
)

// oauth is the part of the secrets toolkit that gets OAuth tokens with a participant's consent, and keeps them.
type oauth struct {
	store      store.Store
	inquiries  *inquiries
	endpoints  *endpoints
	refreshing singleflight.Group // by row: a refresh token that is used twice may be taken for a stolen one
}

// request answers with an access token: the one that is kept if it is still good or can be refreshed, else a new
// one, for which the participant is asked (room protocol, section 4.10).
func (o *oauth) request(_ context.Context, call call) (rest, error) {
	var in protocol.RequestOAuthToken
	if err := decodeJSON(call.input, &in); err != nil {
		return nil, err
	}
	call.input = nil
	client, err := o.client(call, in.OAuth)
	if err != nil {
		return nil, err
	}
	if client.config.RedirectURL = in.RedirectURI; in.RedirectURI == "" {
		return nil, invalid("the redirect uri is missing")
	}
	if err := checkTexts(in.RedirectURI, in.ParticipantID); err != nil {
		return nil, err
	}
	key, err := call.rowKey(client.id(), in.DelegateTo, nil)
	if err != nil {
		return nil, err
	}
	timeout, err := o.inquiries.seconds(in.Timeout)
	if err != nil {
		return nil, err
	}
	question := newOAuthInquiry(call.participant, in, client.pkce)
	question.timeout = timeout
	return func(ctx context.Context) (protocol.Content, error) {
		token, err := o.kept(ctx, key, client)
		if err == nil && token.AccessToken == "" {
			token, err = o.obtain(ctx, call, question, key, client)
		}
		return accessToken(token, err)
	}, nil
}

// obtain asks the participant for an authorization, exchanges it for a credential and keeps that.
func (o *oauth) obtain(ctx context.Context, call call, question oauthInquiry, key store.Key, client oauthClient) (*oauth2.Token, error) {
	code, err := o.inquiries.ask(ctx, call, question.inquiry)
	if err != nil {
		return nil, err
	}
	token, err := client.exchange(ctx, string(code), question.verifier)
	if err != nil {
		return nil, err
	}
	return token, o.keep(ctx, key, client, token)
}

// offline answers with the access token that is kept, refreshed if need be, and never asks (room protocol,
// section 4.13). Without delegated_by it is one of the caller's own; with it, one that somebody else has
// delegated to the caller.
func (o *oauth) offline(_ context.Context, call call) (rest, error) {
	var in protocol.OfflineOAuthToken
	if err := decodeJSON(call.input, &in); err != nil {
		return nil, err
	}
	call.input = nil
	client, err := o.client(call, in.OAuth)
	if err != nil {
		return nil, err
	}
	key, err := call.rowKey(client.id(), in.DelegatedTo, nil)
	if err != nil {
		return nil, err
	}
	if grantor := protocol.OrEmpty(in.DelegatedBy); grantor != "" && grantor != call.identity {
		if key.DelegatedTo != "" && key.DelegatedTo != call.identity {
			return nil, denied("permission denied: what others have delegated can only be used by whom it was delegated to")
		}
		key.Owner, key.DelegatedTo = grantor, call.identity
		if err := checkTexts(grantor); err != nil {
			return nil, err
		}
		call.about.row = key
	}
	return func(ctx context.Context) (protocol.Content, error) { return accessToken(o.kept(ctx, key, client)) }, nil
}

func accessToken(token *oauth2.Token, err error) (protocol.Content, error) {
	if err != nil {
		return nil, storeError(err)
	}
	var answer protocol.AccessToken
	if token.AccessToken != "" {
		answer.AccessToken = &token.AccessToken
	}
	return protocol.NewJSON(answer)
}

// maxCode is the longest authorization code in bytes.
const maxCode = 16 << 10

// provide answers a request for an authorization with its code or with the reason of a refusal (room protocol,
// section 4.12). The exchange is not waited for: whether it succeeds is told to whoever asked.
func (o *oauth) provide(_ context.Context, call call) (protocol.Content, error) {
	var in protocol.ProvideOAuthAuthorization
	if err := decodeJSON(call.input, &in); err != nil {
		return nil, err
	}
	code := protocol.OrEmpty(in.Code)
	switch {
	case code == "" && in.Error == nil:
		return nil, invalid("give the code, or the reason of a refusal")
	case len(code) > maxCode:
		return nil, invalid("the code is too long")
	}
	return o.inquiries.settle(call, protocol.ToolProvideOAuthAuthorization, in.RequestID, reply{
		value: redact.Bytes(code), reason: in.Error,
	})
}

// oauthInquiry is an inquiry and the PKCE verifier that belongs to it; empty without PKCE.
type oauthInquiry struct {
	inquiry

	verifier string
}

// newOAuthInquiry asks for an authorization. The client secret stays here: the participant does not need it.
func newOAuthInquiry(from participant, in protocol.RequestOAuthToken, pkce bool) oauthInquiry {
	var question oauthInquiry
	var challenge *string
	if pkce {
		question.verifier = oauth2.GenerateVerifier()
		challenge = new(oauth2.S256ChallengeFromVerifier(question.verifier))
	}
	shown := *in.OAuth
	shown.ClientSecret, in.OAuth = nil, &shown
	question.inquiry = inquiry{
		participantID: in.ParticipantID, tool: protocol.ToolProvideOAuthAuthorization, push: protocol.TypeRequestOAuthToken,
		header: func(id string) any {
			return protocol.OAuthRequestPush{RequestID: id, Request: in, Challenge: challenge, Asker: from.asker()}
		},
	}
	return question
}
