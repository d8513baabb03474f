// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/errands"
	"github.com/roomsecrets/roomsecret-operator/internal/plan"
	"github.com/roomsecrets/roomsecret-operator/internal/sessions"
	"github.com/roomsecrets/roomsecret-operator/roomclient"
	"github.com/roomsecrets/roomsecret-operator/roomclient/redact"
)

// asker returns what asks for the value of an entry, and how long who is asked has to answer. With anew, the room is to forget
// the answer that it has.
func (r *RoomSecretReconciler) asker(s *scope, entry *roomv1alpha1.PullEntry, anew bool) (errands.Asker, time.Duration) {
	desk := r.Rooms.Desk(s.room.key)
	if entry.Request != nil {
		return secretAsker{whom: whom{desk, entry.Request.From}, request: *entry.Request, anew: anew}, entry.Request.TimeoutOrDefault()
	}
	namespace, oauth := s.rs.Namespace, *entry.OAuth
	asker := tokenAsker{whom: whom{desk, oauth.From}, oauth: oauth, redirectURI: cmp.Or(string(oauth.RedirectURI), r.Callback)}
	if oauth.ClientSecretRef != nil {
		asker.secret = func(ctx context.Context) (redact.Bytes, error) {
			return r.clientSecret(ctx, namespace, *oauth.ClientSecretRef)
		}
	}
	return asker, oauth.TimeoutOrDefault()
}

// needed returns the secret that it takes to ask for the value of an entry, if it takes one, or what is lacking.
func (r *RoomSecretReconciler) needed(ctx context.Context, s *scope, entry *roomv1alpha1.PullEntry) (redact.Bytes, *plan.Problem, error) {
	if entry.OAuth == nil {
		return nil, nil, nil
	}
	if entry.OAuth.RedirectURI == "" && r.Callback == "" {
		return nil, &plan.Problem{Reason: roomv1alpha1.ReasonUnsupported, Message: "This operator has no consent page: set redirectURI, or start it with --consent-url."}, nil
	}
	ref := entry.OAuth.ClientSecretRef
	if ref == nil {
		return nil, nil, nil
	}
	secret, err := r.clientSecret(ctx, s.rs.Namespace, *ref)
	switch {
	case apierrors.IsNotFound(err):
		return nil, &plan.Problem{Reason: roomv1alpha1.ReasonSourceNotFound, Message: fmt.Sprintf("Secret %q, which clientSecretRef names, does not exist: create it.", ref.Name)}, nil
	case errors.Is(err, errNoKey):
		return nil, &plan.Problem{Reason: roomv1alpha1.ReasonKeyNotFound, Message: fmt.Sprintf("Secret %q has no key %q, which clientSecretRef names: add it.", ref.Name, ref.Key)}, nil
	}
	return secret, nil, err
}

// errNoKey says that a Secret lacks a key.
var errNoKey = errors.New("the Secret has no such key")

// clientSecret reads the secret of an OAuth client.
func (r *RoomSecretReconciler) clientSecret(ctx context.Context, namespace string, ref roomv1alpha1.SecretKeyRef) (redact.Bytes, error) {
	var secret corev1.Secret
	if err := r.Live.Get(ctx, client.ObjectKey{Namespace: namespace, Name: ref.Name}, &secret); err != nil {
		return nil, fmt.Errorf("read the client secret: %w", err)
	}
	value, ok := secret.Data[ref.Key]
	if !ok {
		return nil, errNoKey
	}
	return value, nil
}

// whom finds who is to be asked in a room.
type whom struct {
	desk sessions.Desk
	from roomv1alpha1.ParticipantReference
}

// Find implements errands.Asker.
func (w whom) Find() (string, error) {
	if w.from.ID != "" {
		return w.from.ID, nil
	}
	return w.desk.Participant(string(w.from.Name))
}

// secretAsker asks for a secret.
type secretAsker struct {
	whom

	request roomv1alpha1.PullRequest
	anew    bool
}

// Look implements errands.Asker. The room gives what it has when it is asked; only what it is to get anew has to be forgotten
// before.
func (a secretAsker) Look(ctx context.Context) (redact.Bytes, error) {
	if !a.anew {
		return nil, errands.ErrNone
	}
	err := a.desk.ForgetSecret(ctx, roomclient.RequestedSecret{
		URL: a.request.URL, Type: a.request.TypeOrDefault(), DelegatedTo: string(a.request.DelegateTo),
	})
	if err != nil {
		return nil, err
	}
	return nil, errands.ErrNone
}

// Ask implements errands.Asker.
func (a secretAsker) Ask(ctx context.Context, id string) (redact.Bytes, error) {
	return a.desk.RequestSecret(ctx, roomclient.SecretRequest{
		URL: a.request.URL, Type: a.request.TypeOrDefault(), ParticipantID: id,
		DelegateTo: string(a.request.DelegateTo), Timeout: a.request.TimeoutOrDefault(),
	})
}

// requestedSecret names an answer that the room keeps.
func requestedSecret(ask plan.Ask) roomclient.RequestedSecret {
	return roomclient.RequestedSecret{URL: ask.URL, Type: ask.Type, DelegatedTo: ask.DelegatedTo}
}

// tokenAsker asks for an OAuth token.
type tokenAsker struct {
	whom

	oauth       roomv1alpha1.PullOAuth
	redirectURI string
	// secret reads the secret of the client; nil for a public client.
	secret func(context.Context) (redact.Bytes, error)
}

// Look implements errands.Asker: the room has the token when somebody has approved it before, and refreshes it.
func (a tokenAsker) Look(ctx context.Context) (redact.Bytes, error) {
	client, err := a.client(ctx)
	if err != nil {
		return nil, err
	}
	queries := []roomclient.OfflineTokenQuery{{Connector: a.connector(), Client: client, DelegatedTo: string(a.oauth.DelegateTo)}}
	if by := string(a.oauth.DelegatedBy); by != "" {
		queries = append([]roomclient.OfflineTokenQuery{{Connector: a.connector(), Client: client, DelegatedBy: by}}, queries...)
	}
	for _, query := range queries {
		token, err := a.desk.OfflineToken(ctx, query)
		if !errors.Is(err, roomclient.ErrNotFound) {
			return token, err
		}
	}
	return nil, errands.ErrNone
}

// Ask implements errands.Asker.
func (a tokenAsker) Ask(ctx context.Context, id string) (redact.Bytes, error) {
	client, err := a.client(ctx)
	if err != nil {
		return nil, err
	}
	return a.desk.RequestToken(ctx, roomclient.OAuthRequest{
		Connector: a.connector(), Client: client, RedirectURI: a.redirectURI, ParticipantID: id,
		DelegateTo: string(a.oauth.DelegateTo), Timeout: a.oauth.TimeoutOrDefault(),
	})
}

// client returns the OAuth client, with its secret, which is nowhere kept.
func (a tokenAsker) client(ctx context.Context) (roomclient.OAuthClient, error) {
	client := roomclient.OAuthClient{
		ID: strings.TrimSpace(a.oauth.ClientID), AuthorizationEndpoint: string(a.oauth.AuthorizationEndpoint),
		TokenEndpoint: string(a.oauth.TokenEndpoint), Scopes: a.oauth.Scopes, NoPKCE: a.oauth.PKCE == roomv1alpha1.PKCENone,
	}
	var err error
	if a.secret != nil {
		client.Secret, err = a.secret(ctx)
	}
	return client, err
}

func (a tokenAsker) connector() roomclient.Connector {
	if a.oauth.Connector == nil {
		return roomclient.Connector{}
	}
	return roomclient.Connector{
		OpenAIConnectorID: a.oauth.Connector.OpenAIConnectorID, ServerURL: a.oauth.Connector.ServerURL,
		ClientSecretID: string(a.oauth.Connector.ClientSecretID),
	}
}
