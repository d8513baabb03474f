// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package protocol_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
)

func TestRequestsSayNullForWhatIsNotSet(t *testing.T) {
	t.Parallel()
	for want, request := range map[string]any{
		`{"secret_id":"a","type":null,"name":null,"delegated_to":null,"for_identity":null,"has_data":true}`: protocol.SetSecretRequest{SecretID: protocol.Optional("a"), HasData: true},
		`{"secret_id":null,"type":"t","name":"n","delegated_to":"b"}`:                                       protocol.GetSecretRequest{Type: protocol.Optional("t"), Name: protocol.Optional("n"), DelegatedTo: protocol.Optional("b")},
		`{"secret_id":"a","delegated_to":null,"for_identity":"x"}`:                                          protocol.ExistsRequest{SecretID: "a", DelegatedTo: protocol.Optional(""), ForIdentity: protocol.Optional("x")},
		`{}`:                             protocol.ListSecretsRequest{},
		`{"id":"a","delegated_to":null}`: protocol.DeleteSecretRequest{ID: "a"},
		`{"url":"u","type":"t","delegated_to":null}`:                                                                              protocol.DeleteRequestedSecret{URL: "u", Type: "t"},
		`{"url":"u","type":"t","participant_id":"p","timeout":30,"delegate_to":null}`:                                             protocol.RequestSecret{URL: "u", Type: "t", ParticipantID: "p", Timeout: new(30)},
		`{"request_id":"r","error":null}`:                                                                                         protocol.ProvideSecret{RequestID: "r"},
		`{"connector":null,"oauth":null,"redirect_uri":"u","timeout":30,"participant_id":"p","delegate_to":null}`:                 protocol.RequestOAuthToken{RedirectURI: "u", ParticipantID: "p", Timeout: new(30)},
		`{"openai_connector_id":null,"server_url":"u","client_secret_id":null}`:                                                   protocol.ConnectorRef{ServerURL: protocol.Optional("u")},
		`{"client_id":"c","client_secret":null,"authorization_endpoint":null,"token_endpoint":null,"no_pkce":null,"scopes":null}`: protocol.OAuthClientConfig{ClientID: protocol.Optional("c")},
		`{"connector":null,"oauth":null,"delegated_to":null,"delegated_by":null}`:                                                 protocol.OfflineOAuthToken{},
		`{"access_token":null}`:                      protocol.AccessToken{},
		`{"request_id":"r","code":"c","error":null}`: protocol.ProvideOAuthAuthorization{RequestID: "r", Code: protocol.Optional("c")},
	} {
		got, err := json.Marshal(request)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, string(got)); diff != "" {
			t.Errorf("%T (-want +got):\n%s", request, diff)
		}
	}
}

func TestAnswersThatSayNothingAreRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer string
		into   any
		ok     bool
	}{
		"exists":                        {`{"exists":false}`, &protocol.ExistsResponse{}, true},
		"exists with another member":    {`{"exists":true,"x":1}`, &protocol.ExistsResponse{}, true},
		"exists missing":                {`{}`, &protocol.ExistsResponse{}, false},
		"exists null":                   {`{"exists":null}`, &protocol.ExistsResponse{}, false},
		"exists as text":                {`{"exists":"true"}`, &protocol.ExistsResponse{}, false},
		"an empty list":                 {`{"secrets":[]}`, &protocol.ListSecretsResponse{}, true},
		"a list":                        {`{"secrets":[{"id":"a","type":"t","name":"n","size":1}]}`, &protocol.ListSecretsResponse{}, true},
		"no list":                       {`{}`, &protocol.ListSecretsResponse{}, false},
		"a null list":                   {`{"secrets":null}`, &protocol.ListSecretsResponse{}, false},
		"an object for a list":          {`{"secrets":{}}`, &protocol.ListSecretsResponse{}, false},
		"an item without a name":        {`{"secrets":[{"id":"a","type":"t"}]}`, &protocol.ListSecretsResponse{}, false},
		"an item with a null type":      {`{"secrets":[{"id":"a","type":null,"name":"n"}]}`, &protocol.ListSecretsResponse{}, false},
		"an item that is null":          {`{"secrets":[null]}`, &protocol.ListSecretsResponse{}, false},
		"an item delegated to a number": {`{"secrets":[{"id":"a","type":"t","name":"n","delegated_to":1}]}`, &protocol.ListSecretsResponse{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := json.Unmarshal([]byte(c.answer), c.into); (err == nil) != c.ok {
				t.Errorf("got %+v and error %v, want success: %v", c.into, err, c.ok)
			}
		})
	}
}

func TestCodesHaveNames(t *testing.T) {
	t.Parallel()
	for code, want := range map[protocol.Code]string{
		0: "no code", 1001: "permission denied", 1002: "invalid request", 1003: "not found",
		1004: "already exists", 1005: "conflict", 1006: "invalid state", 1007: "dependency missing",
		1008: "operation failed", 1009: "timeout", 1100: "unexpected response type", 7001: "code 7001",
	} {
		if got := code.String(); got != want {
			t.Errorf("code %d is %q, want %q", int(code), got, want)
		}
	}
}
