// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomclient

import (
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestAuthorizationURLs(t *testing.T) {
	t.Parallel()
	request := func(endpoint, challenge string, scopes ...string) PendingOAuthRequest {
		return PendingOAuthRequest{Challenge: challenge, OAuthRequest: OAuthRequest{
			Client: OAuthClient{ID: "c d", AuthorizationEndpoint: endpoint, Scopes: scopes}, RedirectURI: "http://127.0.0.1:1/cb",
		}}
	}
	for name, c := range map[string]struct {
		request PendingOAuthRequest
		host    string
		want    url.Values
	}{
		"with a challenge": {request("https://a/auth", "ch", "s1", "s2"), "a", url.Values{
			"response_type": {"code"}, "client_id": {"c d"}, "redirect_uri": {"http://127.0.0.1:1/cb"}, "state": {"st&te"},
			"scope": {"s1 s2"}, "code_challenge": {"ch"}, "code_challenge_method": {"S256"},
		}},
		"without, and a query": {request("http://a/auth?tenant=x", ""), "a", url.Values{
			"tenant": {"x"}, "response_type": {"code"}, "client_id": {"c d"}, "redirect_uri": {"http://127.0.0.1:1/cb"}, "state": {"st&te"},
		}},
		"a script":    {request("javascript:alert(1)", ""), "", nil},
		"a file":      {request("file:///etc/passwd", ""), "", nil},
		"no host":     {request("https:auth", ""), "", nil},
		"not a URL":   {request("https://a b/%", ""), "", nil},
		"no endpoint": {request("", ""), "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text, err := c.request.AuthorizationURL("st&te")
			if c.want == nil {
				wantError(t, err, ErrInvalid)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			got, err := url.Parse(text)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got.Query(), cmpopts.EquateEmpty()); diff != "" || got.Host != c.host {
				t.Errorf("%s (-want +got):\n%s", text, diff)
			}
		})
	}
}
