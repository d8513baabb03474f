// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomclient_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"time"

	"github.com/roomsecrets/roomsecret-operator/roomclient"
	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
	"github.com/roomsecrets/roomsecret-operator/roomclient/token"
)

// configFor is how the identity joins myroom with the right to use secrets.
func configFor(url string, key token.APIKey, identity string) roomclient.Config {
	api, err := token.APIGrant(token.APIScope{Secrets: &token.SecretsGrant{}})
	if err != nil {
		log.Fatal(err)
	}
	claims := token.Claims{Name: identity, Grants: []token.Grant{token.RoomGrant("myroom"), api}}
	return roomclient.Config{URL: url, Room: "myroom", Token: roomclient.SignedToken(key, claims, time.Hour)}
}

func ExampleSecrets_RequestSecret() {
	url, key, stop := room()
	defer stop()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()

	// Bob can be asked.
	config := configFor(url, key, "bob")
	config.OnSecretRequest = func(ctx context.Context, r roomclient.PendingSecretRequest) {
		var err error
		switch r.URL {
		case "https://github.com":
			err = r.Provide(ctx, []byte("s3cr3t"))
		default:
			err = r.Reject(ctx, "I have no secret for that")
		}
		if err != nil && !errors.Is(err, roomclient.ErrNotFound) { // not found: nobody waits any more
			log.Print(err)
		}
	}
	bob, err := roomclient.Dial(ctx, config)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = bob.Close() }()

	// Alice asks.
	alice, err := roomclient.Dial(ctx, configFor(url, key, "alice"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = alice.Close() }()
	secret, err := alice.Secrets().RequestSecret(ctx, roomclient.SecretRequest{
		URL: "https://github.com", Type: "text/plain", ParticipantID: bob.ParticipantID(), Timeout: 30 * time.Second,
	})
	fmt.Println(secret, len(secret), err)

	_, err = alice.Secrets().RequestSecret(ctx, roomclient.SecretRequest{
		URL: "https://example.com", Type: "text/plain", ParticipantID: bob.ParticipantID(), Timeout: 30 * time.Second,
	})
	if refused, ok := errors.AsType[*roomclient.Error](err); ok && refused.Code == protocol.CodeOperationFailed {
		fmt.Println("refused:", refused.Text)
	}

	// The room has kept the first one. It forgets it:
	err = alice.Secrets().DeleteRequestedSecret(ctx, roomclient.RequestedSecret{URL: "https://github.com", Type: "text/plain"})
	fmt.Println(err)
	// Output:
	// [REDACTED] 6 <nil>
	// refused: I have no secret for that
	// <nil>
}

func ExampleSecrets_RequestOAuthToken() {
	provider := newProvider()
	defer provider.Close()
	address, key, stop := room(provider.URL)
	defer stop()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()

	// Bob consents. A program for people would open the URL in their browser and wait for it
	// to come back to RedirectURI.
	config := configFor(address, key, "bob")
	config.OnOAuthRequest = func(ctx context.Context, r roomclient.PendingOAuthRequest) {
		const state = "hard-to-guess"
		authorizationURL, err := r.AuthorizationURL(state)
		if err != nil {
			_ = r.Reject(ctx, "the authorization endpoint makes no sense")
			return
		}
		back := browse(ctx, authorizationURL)
		if back.Get("state") != state {
			_ = r.Reject(ctx, "the answer belongs to another request")
			return
		}
		if err := r.Provide(ctx, []byte(back.Get("code"))); err != nil {
			log.Print(err)
		}
	}
	bob, err := roomclient.Dial(ctx, config)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = bob.Close() }()

	// Alice wants to act for Bob at the provider.
	alice, err := roomclient.Dial(ctx, configFor(address, key, "alice"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = alice.Close() }()
	client := roomclient.OAuthClient{
		ID: "client-id", AuthorizationEndpoint: provider.URL + "/auth", TokenEndpoint: provider.URL + "/token", Scopes: []string{"openid"},
	}
	_, err = alice.Secrets().GetOfflineOAuthToken(ctx, roomclient.OfflineTokenQuery{Client: client})
	fmt.Println("before:", errors.Is(err, roomclient.ErrNotFound))

	accessToken, err := alice.Secrets().RequestOAuthToken(ctx, roomclient.OAuthRequest{
		Client: client, RedirectURI: "https://app.example.com/callback", ParticipantID: bob.ParticipantID(),
	})
	fmt.Println(accessToken, err)

	// From now on nobody is asked.
	again, err := alice.Secrets().GetOfflineOAuthToken(ctx, roomclient.OfflineTokenQuery{Client: client})
	fmt.Println("after:", string(again) == string(accessToken), err)
	// Output:
	// before: true
	// [REDACTED] <nil>
	// after: true <nil>
}

// newProvider starts an OAuth provider that agrees to everything.
func newProvider() *httptest.Server {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /auth", func(w http.ResponseWriter, r *http.Request) {
		answer := url.Values{"code": {"code-1"}, "state": {r.FormValue("state")}}
		http.Redirect(w, r, r.FormValue("redirect_uri")+"?"+answer.Encode(), http.StatusFound)
	})
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"access_token":"t0k3n","token_type":"Bearer","expires_in":3600}`))
	})
	return httptest.NewServer(mux)
}

// browse is a browser whose user consents. It returns the query it is sent back with.
func browse(ctx context.Context, address string) url.Values {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		log.Fatal(err)
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		log.Fatal(err)
	}
	_ = response.Body.Close()
	back, err := response.Location()
	if err != nil {
		log.Fatal(err)
	}
	return back.Query()
}
