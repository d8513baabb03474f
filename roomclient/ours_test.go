// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomclient

import (
	"context"
	"encoding/hex"
	"errors"
	"time"
)

// ours makes the recorded calls with this package. What they return is in the form of the
// recorded results.
func ours() map[string]func(context.Context, Secrets) (any, error) {
	set := func(r SetSecretRequest) func(context.Context, Secrets) (any, error) {
		return func(ctx context.Context, s Secrets) (any, error) { return nil, s.SetSecret(ctx, r) }
	}
	get := func(q SecretQuery) func(context.Context, Secrets) (any, error) {
		return func(ctx context.Context, s Secrets) (any, error) {
			secret, err := s.GetSecret(ctx, q)
			if errors.Is(err, ErrNotFound) {
				return nil, nil // the SDKs return null
			}
			if err != nil {
				return nil, err
			}
			return map[string]any{"class": "FileContent", "name": secret.Name, "mime_type": secret.Type, "data_hex": hex.EncodeToString(secret.Value)}, nil
		}
	}
	exists := func(q ExistsQuery) func(context.Context, Secrets) (any, error) {
		return func(ctx context.Context, s Secrets) (any, error) { return s.Exists(ctx, q) }
	}
	remove := func(id, delegatedTo string) func(context.Context, Secrets) (any, error) {
		return func(ctx context.Context, s Secrets) (any, error) { return nil, s.DeleteSecret(ctx, id, delegatedTo) }
	}
	ask := func(r SecretRequest) func(context.Context, Secrets) (any, error) {
		return func(ctx context.Context, s Secrets) (any, error) {
			value, err := s.RequestSecret(ctx, r)
			if err != nil {
				return nil, err
			}
			return map[string]any{"bytes_hex": hex.EncodeToString(value)}, nil
		}
	}
	token := func(get func(context.Context, Secrets) (Bytes, error)) func(context.Context, Secrets) (any, error) {
		return func(ctx context.Context, s Secrets) (any, error) {
			value, err := get(ctx, s)
			if errors.Is(err, ErrNotFound) {
				return nil, nil // the SDKs return null
			}
			return string(value), err
		}
	}
	consent := func(r OAuthRequest) func(context.Context, Secrets) (any, error) {
		return token(func(ctx context.Context, s Secrets) (Bytes, error) { return s.RequestOAuthToken(ctx, r) })
	}
	offline := func(q OfflineTokenQuery) func(context.Context, Secrets) (any, error) {
		return token(func(ctx context.Context, s Secrets) (Bytes, error) { return s.GetOfflineOAuthToken(ctx, q) })
	}
	forget := func(delegatedTo string) func(context.Context, Secrets) (any, error) {
		return func(ctx context.Context, s Secrets) (any, error) {
			return nil, s.DeleteRequestedSecret(ctx, RequestedSecret{URL: "secret://example", Type: "application/octet-stream", DelegatedTo: delegatedTo})
		}
	}
	provide := func(ctx context.Context, s Secrets) (any, error) {
		return nil, s.ProvideSecret(ctx, "req-1", Bytes("secret-bytes"))
	}
	reject := func(ctx context.Context, s Secrets) (any, error) {
		return nil, s.RejectSecret(ctx, "req-1", "declined")
	}
	authorize := func(ctx context.Context, s Secrets) (any, error) {
		return nil, s.ProvideOAuthAuthorization(ctx, "req-1", Bytes("code-1"))
	}
	deny := func(ctx context.Context, s Secrets) (any, error) {
		return nil, s.RejectOAuthAuthorization(ctx, "req-1", "user_cancelled")
	}
	example := SecretRequest{URL: "secret://example", Type: "application/octet-stream", ParticipantID: "participant_123"}
	client := OAuthClient{
		ID: "client-id", AuthorizationEndpoint: "https://accounts.example.com/o/oauth2/v2/auth",
		TokenEndpoint: "https://oauth2.example.com/token", Scopes: []string{"scope1"},
	}
	confidential := client
	confidential.Secret, confidential.NoPKCE = Bytes("cs"), true
	connector := Connector{OpenAIConnectorID: "c1", ServerURL: "https://mcp.example.com", ClientSecretID: "cs1"}
	v := Bytes("v")
	long := make(Bytes, 3000)
	for i := range long {
		long[i] = byte(i*31 + 7)
	}
	full := SetSecretRequest{ID: "my-secret", Type: "text/plain", Name: "My Secret", Value: Bytes("secret-value")}
	return map[string]func(context.Context, Secrets) (any, error){
		// TypeScript
		"set_secret: full":                                 set(full),
		"set_secret: id only":                              set(SetSecretRequest{ID: "my-secret", Value: v}),
		"set_secret: mimeType alias":                       set(SetSecretRequest{ID: "my-secret", Type: "text/plain", Value: v}),
		"set_secret: delegated and for identity":           set(SetSecretRequest{ID: "k", DelegatedTo: "agent-1", ForIdentity: "support-agent", Value: v}),
		"set_secret: by type and name, no id":              set(SetSecretRequest{Type: "text/plain", Name: "n", Value: v}),
		"set_secret: empty data":                           set(SetSecretRequest{ID: "empty", Value: Bytes{}}),
		"set_secret: 3000 bytes (chunked)":                 set(SetSecretRequest{ID: "big", Value: long}),
		"set_secret: json reply accepted":                  set(SetSecretRequest{ID: "a", Value: v}),
		"set_secret: json reply with id accepted, ignored": set(SetSecretRequest{ID: "a", Value: v}),
		"set_secret: unexpected reply type":                set(SetSecretRequest{ID: "a", Value: v}),
		"set_secret: error reply":                          set(SetSecretRequest{ID: "a", ForIdentity: "other", Value: v}),
		"get_secret: by id":                                get(SecretQuery{ID: "my-secret"}),
		"get_secret: by type and name, delegated":          get(SecretQuery{Type: "text/plain", Name: "n", DelegatedTo: "agent-1"}),
		"get_secret: missing":                              get(SecretQuery{ID: "nope"}),
		"get_secret: unexpected reply type":                get(SecretQuery{ID: "x"}),
		"list_secrets":                                     list("delegatedTo"),
		"list_secrets: empty":                              list("delegatedTo"),
		"list_secrets: invalid item (no name)":             list("delegatedTo"),
		"exists: true":                                     exists(ExistsQuery{ID: "my-secret"}),
		"exists: false, for identity":                      exists(ExistsQuery{ID: "x", DelegatedTo: "agent-1", ForIdentity: "support-agent"}),
		"delete_secret":                                    remove("my-secret", ""),
		"delete_secret: delegated":                         remove("k", "agent-1"),
		"delete_requested_secret":                          forget(""),
		"delete_requested_secret: delegated":               forget("agent-1"),
		"request_secret: defaults":                         ask(example),
		"request_secret: delegated, timeout 30":            ask(SecretRequest{URL: "secret://example", Type: "git", ParticipantID: "participant_123", DelegateTo: "agent-1", Timeout: 30 * time.Second}),
		"request_secret: rejected":                         ask(SecretRequest{URL: "secret://example", Type: "git", ParticipantID: "participant_123"}),
		"provide_secret":                                   provide,
		"reject_secret":                                    reject,
		"request_oauth_token: oauth config":                consent(OAuthRequest{Client: client, RedirectURI: "https://app.example.com/oauth/callback", ParticipantID: "participant_123"}),
		"request_oauth_token: connector, delegate, no pkce": consent(OAuthRequest{
			Connector: connector, Client: confidential, RedirectURI: "https://app.example.com/cb",
			ParticipantID: "participant_123", DelegateTo: "agent-1", Timeout: time.Minute,
		}),
		"request_oauth_token: null token": consent(OAuthRequest{Client: client, RedirectURI: "https://app.example.com/cb", ParticipantID: "p"}),
		"get_offline_oauth_token":         offline(OfflineTokenQuery{Client: client, DelegatedTo: "agent-1", DelegatedBy: "provider"}),
		"get_offline_oauth_token: none":   offline(OfflineTokenQuery{Client: client}),
		"provide_oauth_authorization":     authorize,
		"reject_oauth_authorization":      deny,
		// Python, where it has names of its own
		"request_secret":      ask(example),
		"request_oauth_token": consent(OAuthRequest{Client: client, RedirectURI: "https://app.example.com/oauth/callback", ParticipantID: "participant_123"}),
		"request_oauth_token connector": consent(OAuthRequest{
			Connector: connector, RedirectURI: "https://app.example.com/cb", ParticipantID: "p", DelegateTo: "agent-1", Timeout: time.Minute,
		}),
		"get_offline_oauth_token none":     offline(OfflineTokenQuery{Client: client, DelegatedBy: "provider"}),
		"set_secret full":                  set(full),
		"set_secret id only":               set(SetSecretRequest{ID: "my-secret", Value: v}),
		"set_secret for identity":          set(SetSecretRequest{ID: "k", DelegatedTo: "agent-1", ForIdentity: "support-agent", Value: v}),
		"set_secret empty bytes":           set(SetSecretRequest{ID: "k", Value: Bytes{}}),
		"set_secret data None":             set(SetSecretRequest{ID: "x"}),
		"set_secret nothing but data":      set(SetSecretRequest{Value: v}),
		"get_secret by id":                 get(SecretQuery{ID: "my-secret"}),
		"get_secret missing":               get(SecretQuery{Type: "text/plain", Name: "n", DelegatedTo: "d"}),
		"get_secret unexpected":            get(SecretQuery{ID: "x"}),
		"list_secrets (extra key ignored)": list("delegated_to"),
		"list_secrets null name rejected":  list("delegated_to"),
		"exists":                           exists(ExistsQuery{ID: "my-secret", ForIdentity: "support-agent"}),
		"delete_secret delegated":          remove("k", "agent-1"),
	}
}

func list(delegatedTo string) func(context.Context, Secrets) (any, error) {
	return func(ctx context.Context, s Secrets) (any, error) {
		infos, err := s.ListSecrets(ctx)
		if err != nil {
			return nil, err
		}
		rows := []any{}
		for _, info := range infos {
			row := map[string]any{"id": info.ID, "type": info.Type, "name": info.Name, delegatedTo: nil}
			if info.DelegatedTo != "" {
				row[delegatedTo] = info.DelegatedTo
			}
			rows = append(rows, row)
		}
		return rows, nil
	}
}
