// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package consent

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/roomsecrets/roomsecret-operator/internal/fingerprint"
)

// OIDC is the OpenID provider with which people sign in to the page.
type OIDC struct {
	// Issuer is its URL, and ClientID what the page is to it.
	Issuer, ClientID string
	// ClientSecretFile has the secret of the client. It is read at each sign-in, so that it can be rotated. Empty for a public
	// client.
	ClientSecretFile string
}

const (
	// signInLifetime is how long a sign-in may take.
	signInLifetime = 10 * time.Minute
	// providerTimeout is how long the provider may take for all that a sign-in asks of it.
	providerTimeout = 20 * time.Second
)

// signIns are the sign-ins at one provider.
type signIns struct {
	options OIDC
	// redirect is where the provider brings people back to.
	redirect string

	mu       sync.Mutex
	provider *oidc.Provider
}

// signInTrip is a sign-in that waits for the provider.
type signInTrip struct {
	Nonce string `json:"nonce"`
	// To is the page to show then, below the prefix.
	To string `json:"to"`
	// Browser is the one that it is bound to.
	Browser string `json:"b"`
}

// verifier is what only we know of a sign-in until its code is exchanged (PKCE).
func (t tickets) verifier(nonce string) string {
	return t.key.Digest("consent verifier", []byte(nonce))
}

// discover returns the provider, once it was in reach.
func (i *signIns) discover(ctx context.Context) (*oidc.Provider, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.provider != nil {
		return i.provider, nil
	}
	provider, err := oidc.NewProvider(ctx, i.options.Issuer)
	if err != nil {
		return nil, fmt.Errorf("look up the OpenID provider: %w", err)
	}
	i.provider = provider
	return provider, nil
}

// config is how we are known to the provider.
func (i *signIns) config(provider *oidc.Provider) (*oauth2.Config, error) {
	config := &oauth2.Config{
		ClientID: i.options.ClientID, Endpoint: provider.Endpoint(), RedirectURL: i.redirect,
		Scopes: []string{oidc.ScopeOpenID, "email"},
	}
	// Some providers have a scope for groups, and others refuse a scope that they do not know.
	var can struct {
		Scopes []string `json:"scopes_supported"`
	}
	if err := provider.Claims(&can); err != nil {
		return nil, fmt.Errorf("read what the OpenID provider can do: %w", err)
	}
	if slices.Contains(can.Scopes, "groups") {
		config.Scopes = append(config.Scopes, "groups")
	}
	if i.options.ClientSecretFile == "" {
		return config, nil
	}
	secret, err := os.ReadFile(i.options.ClientSecretFile)
	if err != nil {
		return nil, fmt.Errorf("read the client secret of the OpenID provider: %w", err)
	}
	config.ClientSecret = string(bytes.TrimSpace(secret))
	return config, nil
}

// signIn takes a browser to the OpenID provider.
func (s *Server) signIn(w http.ResponseWriter, r *http.Request) {
	if s.signIns == nil {
		s.notFound(w, r)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), providerTimeout)
	defer cancel()
	provider, err := s.signIns.discover(ctx)
	if err != nil {
		s.failSignIn(w, r, err)
		return
	}
	config, err := s.signIns.config(provider)
	if err != nil {
		s.failSignIn(w, r, err)
		return
	}
	trip := signInTrip{Nonce: rand.Text(), To: pageToShow(r.URL.Query().Get("to")), Browser: s.cookies.bound(s.cookies.ensureBrowser(w, r))}
	state := issue(s.cookies.tickets, forSignIn, trip, s.options.Clock.Now().Add(signInLifetime))
	http.Redirect(w, r, config.AuthCodeURL(state, oidc.Nonce(trip.Nonce),
		oauth2.S256ChallengeOption(s.cookies.verifier(trip.Nonce))), http.StatusSeeOther)
}

// pageToShow returns the page to show after a sign-in: that of a request, or else the list.
func pageToShow(to string) string {
	if (strings.HasPrefix(to, "/a/") || strings.HasPrefix(to, "/r/")) && cleanPath(to) == to {
		return to
	}
	return "/"
}

// signedIn is where a browser comes back to from the OpenID provider.
func (s *Server) signedIn(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	trip, err := redeem[signInTrip](s.cookies.tickets, forSignIn, query.Get("state"))
	if s.signIns == nil || err != nil || !s.cookies.isBound(r, trip.Browser) {
		s.problem(w, r, http.StatusBadRequest, problemState)
		return
	}
	code := query.Get("code")
	if code == "" || len(code) > maxCode {
		s.problemThen(w, r, http.StatusForbidden, problemNotSignedIn, "/")
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), providerTimeout)
	defer cancel()
	p, err := s.signIns.identify(ctx, code, trip.Nonce, s.cookies.verifier(trip.Nonce))
	if err == nil {
		err = s.cookies.signIn(w, p)
	}
	if err != nil {
		s.failSignIn(w, r, err)
		return
	}
	s.options.Log.Info("signed in", "by", p.name())
	s.see(w, r, trip.To)
}

func (s *Server) failSignIn(w http.ResponseWriter, r *http.Request, err error) {
	s.options.Log.Error(signInError(err), "sign in")
	s.problem(w, r, http.StatusBadGateway, problemSignIn)
}

// signInError keeps what a provider says of a code out of the log, all but the error code.
func signInError(err error) error {
	if refused, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
		return fmt.Errorf("the OpenID provider did not accept the code: %s", refused.ErrorCode)
	}
	return err
}

// signOut forgets who has signed in.
func (s *Server) signOut(w http.ResponseWriter, r *http.Request) {
	p := s.cookies.person(r)
	if err := r.ParseForm(); err != nil || !fingerprint.Equal(r.PostForm.Get("form"), s.cookies.form(s.cookies.browser(r), "/sign-out", p)) {
		s.problemThen(w, r, http.StatusForbidden, problemForm, "/")
		return
	}
	s.cookies.signOut(w)
	s.see(w, r, "/")
}

// identify exchanges a code for who the person is.
func (i *signIns) identify(ctx context.Context, code, nonce, verifier string) (person, error) {
	provider, err := i.discover(ctx)
	if err != nil {
		return person{}, err
	}
	config, err := i.config(provider)
	if err != nil {
		return person{}, err
	}
	token, err := config.Exchange(ctx, code, oauth2.VerifierOption(verifier))
	if err != nil {
		return person{}, err
	}
	raw, ok := token.Extra("id_token").(string)
	if !ok {
		return person{}, errors.New("the OpenID provider gave no ID token")
	}
	idToken, err := provider.Verifier(&oidc.Config{ClientID: i.options.ClientID}).Verify(ctx, raw)
	if err != nil {
		return person{}, err
	}
	if !fingerprint.Equal(idToken.Nonce, nonce) {
		return person{}, errors.New("the ID token is for another sign-in")
	}
	var said claims
	if err := idToken.Claims(&said); err != nil {
		return person{}, err
	}
	if err := i.ask(ctx, provider, token, idToken.Subject, &said); err != nil {
		return person{}, err
	}
	return said.person(idToken.Subject), nil
}

// ask completes what the ID token says with what the provider says when it is asked: many keep the e-mail address out of the
// token.
func (*signIns) ask(ctx context.Context, provider *oidc.Provider, token *oauth2.Token, subject string, said *claims) error {
	if said.Email != "" && said.Groups != nil || provider.UserInfoEndpoint() == "" {
		return nil
	}
	info, err := provider.UserInfo(ctx, oauth2.StaticTokenSource(token))
	if err != nil {
		return err
	}
	if info.Subject != subject {
		return errors.New("the OpenID provider describes another person than who has signed in")
	}
	var more claims
	if err := info.Claims(&more); err != nil {
		return err
	}
	if said.Email == "" {
		said.Email, said.EmailVerified = more.Email, more.EmailVerified
	}
	if said.Groups == nil {
		said.Groups = more.Groups
	}
	return nil
}

// claims are what a provider says of a person.
type claims struct {
	Email string `json:"email"`
	// EmailVerified is a boolean, and text at some providers.
	EmailVerified any `json:"email_verified"`
	// Groups is a list, and text at some providers when there is one.
	Groups any `json:"groups"`
}

// person returns who the claims describe.
func (c claims) person(subject string) person {
	p := person{Subject: subject}
	if c.EmailVerified == true || c.EmailVerified == "true" {
		p.Email = c.Email
	}
	switch groups := c.Groups.(type) {
	case string:
		p.Groups = []string{groups}
	case []any:
		for _, group := range groups {
			if name, ok := group.(string); ok {
				p.Groups = append(p.Groups, name)
			}
		}
	}
	slices.Sort(p.Groups)
	return p
}
