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
