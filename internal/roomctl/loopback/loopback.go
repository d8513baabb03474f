// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

// Package loopback receives the code of an OAuth authorization: the provider sends the user's browser to a redirect URI on
// this machine, where a Receiver listens for that one answer.
package loopback

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/roomsecrets/roomsecret-operator/roomclient/redact"
)

// ErrElsewhere says that a redirect URI does not lead to this machine.
var ErrElsewhere = errors.New("the redirect URI does not lead to this machine")

// DeniedError is the answer of a provider, or of the user, that is not a code.
type DeniedError struct {
	// Code is the error code of OAuth, such as access_denied.
	Code string
}

// Error implements error.
func (e *DeniedError) Error() string { return "not authorized: " + e.Code }

// NewState returns a text that nobody can guess, by which the answer is known to belong to a request.
func NewState() string {
	var random [24]byte
	_, _ = rand.Read(random[:]) // never fails, by its contract
	return base64.RawURLEncoding.EncodeToString(random[:])
}

// CodeOf reads the answer in an address that a provider has sent a browser to.
func CodeOf(query url.Values, state string) (redact.Bytes, error) {
	switch {
	case subtle.ConstantTimeCompare([]byte(query.Get("state")), []byte(state)) != 1:
		return nil, errState
	case query.Get("error") != "":
		return nil, &DeniedError{clip(query.Get("error"))}
	case query.Get("code") == "":
		return nil, &DeniedError{"no code"}
	}
	return redact.Bytes(query.Get("code")), nil
}

// clip bounds what a provider says, in bytes.
func clip(text string) string {
	const most = 200
	if len(text) > most {
		return strings.ToValidUTF8(text[:most], "")
	}
	return text
}

var errState = errors.New("the answer does not belong to this request: its state is another one")

// Receiver listens at a redirect URI.
type Receiver struct {
	path      string
	listeners []net.Listener
}

// Listen listens at a redirect URI of this machine. It returns ErrElsewhere when it is not one.
func Listen(ctx context.Context, redirectURI string) (*Receiver, error) {
	u, err := url.Parse(redirectURI)
	if err != nil || u.Scheme != "http" || len(addresses(u)) == 0 {
		return nil, ErrElsewhere
	}
	r := &Receiver{path: u.EscapedPath()}
	if r.path == "" {
		r.path = "/"
	}
	var config net.ListenConfig
	for _, address := range addresses(u) {
		listener, listenErr := config.Listen(ctx, "tcp", address)
		if listenErr != nil {
			err = errors.Join(err, listenErr)
			continue
		}
		r.listeners = append(r.listeners, listener)
	}
	if len(r.listeners) == 0 {
		return nil, fmt.Errorf("listen at the redirect URI: %w", err)
	}
	return r, nil
}

// addresses returns where to listen; a browser may take localhost for either.
func addresses(u *url.URL) []string {
	port := u.Port()
	if port == "" {
		port = "80"
	}
	if u.Hostname() == "localhost" {
		return []string{net.JoinHostPort("127.0.0.1", port), net.JoinHostPort("::1", port)}
	}
	ip := net.ParseIP(u.Hostname())
	if ip == nil || !ip.IsLoopback() {
		return nil
	}
	return []string{net.JoinHostPort(ip.String(), port)}
}

// outcome is what an answer says.
type outcome struct {
	code redact.Bytes
	err  error
}

const headerTimeout = 10 * time.Second

// Code waits for the answer with the state, and stops listening. Whatever else comes by is turned away. A refusal is a
// *DeniedError.
func (r *Receiver) Code(ctx context.Context, state string) (redact.Bytes, error) {
	answers := make(chan outcome, 1)
	server := &http.Server{
		ReadHeaderTimeout: headerTimeout,
		MaxHeaderBytes:    64 << 10,
		Handler:           http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) { r.answer(w, request, state, answers) }),
	}
	var serving sync.WaitGroup
	for _, listener := range r.listeners {
		serving.Go(func() { _ = server.Serve(listener) })
	}
	defer serving.Wait() // each of them closes its listener
	defer func() { _ = server.Close() }()
	select {
	case answer := <-answers:
		// So that the browser gets to show the page.
		closing, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		_ = server.Shutdown(closing)
		return answer.code, answer.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Close stops listening, for a receiver that is not asked for a code.
func (r *Receiver) Close() {
	for _, listener := range r.listeners {
		_ = listener.Close()
	}
}

func (r *Receiver) answer(w http.ResponseWriter, request *http.Request, state string, answers chan<- outcome) {
	header := w.Header()
	header.Set("Content-Type", "text/plain; charset=utf-8")
	header.Set("Cache-Control", "no-store")
	header.Set("Referrer-Policy", "no-referrer")
	if request.Method != http.MethodGet || request.URL.EscapedPath() != r.path {
		http.NotFound(w, request)
		return
	}
	code, err := CodeOf(request.URL.Query(), state)
	if errors.Is(err, errState) {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, "This is not the answer that is waited for.\n")
		return
	}
	select {
	case answers <- outcome{code, err}:
	default: // a repetition
	}
	if err != nil {
		_, _ = io.WriteString(w, "Nothing was authorized. You can close this page.\n")
		return
	}
	_, _ = io.WriteString(w, "Done. You can close this page.\n")
}
