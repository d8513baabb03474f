// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

// Package consent is the page on which people approve or deny the OAuth tokens that participants of a room ask the operator
// for. Every replica serves it, and none keeps anything between two requests of a browser: what has to survive is in a
// Store, or goes through the browser as a signed ticket that is bound to it. There is no script on the page.
package consent

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/roomsecrets/roomsecret-operator/roomclient/redact"
)

// Ref names a request: that of a participant, which a rule of a RoomSecret describes.
type Ref struct {
	// Namespace and Name are those of the RoomSecret.
	Namespace string `json:"ns"`
	Name      string `json:"n"`
	// RequestID is what the room calls the request.
	RequestID string `json:"r"`
}

// State says how a request stands.
type State string

// The states of a request.
const (
	Waiting  State = "Waiting"
	Approved State = "Approved"
	Denied   State = "Denied"
)

// Authorization is a request that a person is to approve.
type Authorization struct {
	Ref
	// Room is the Room or ClusterRoom, and Asker who asks: the identity, or else the id. It is empty when the room does not
	// say.
	Room, Asker string
	// Endpoint is the authorization endpoint of the provider, and ClientID and Scopes what it is asked for.
	Endpoint, ClientID string
	Scopes             []string
	// RedirectURI is where the provider sends whoever approves.
	RedirectURI string
	// Challenge is the code challenge of PKCE, by method S256; empty without.
	Challenge string
	// DelegateTo is the identity that may use the token afterwards; empty for whoever asks.
	DelegateTo string
	// Since is when the request was made, and Until when whoever asks gives up.
	Since, Until time.Time
	State        State
	// Approvers are the people who may approve once they have signed in; nil lets whoever holds the link.
	Approvers *Approvers
}

// Approvers are people. One that is named in either list may approve.
type Approvers struct {
	Emails, Groups []string
}

// include reports whether a person is one of them.
func (a *Approvers) include(p *person) bool {
	if p == nil {
		return false
	}
	byEmail := p.Email != "" && slices.ContainsFunc(a.Emails, func(email string) bool { return fold(email) == fold(p.Email) })
	return byEmail || slices.ContainsFunc(a.Groups, func(group string) bool { return slices.Contains(p.Groups, group) })
}

// fold makes letters small, but only those of ASCII: among others there are some that look alike and fold to one another.
func fold(email string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r - 'A' + 'a'
		}
		return r
	}, email)
}

// Decision is what a person has decided.
type Decision struct {
	Approved bool
	// Code is what the provider gave whoever approved.
	Code redact.Bytes
	// Reason is why it was denied, for whoever asks.
	Reason string
	// By is who decided: the e-mail address of whoever has signed in, or ByLink.
	By string
}

// ByLink is whoever holds the link.
const ByLink = "link"

// Store has the requests.
type Store interface {
	// List returns the requests that wait.
	List(ctx context.Context) ([]Authorization, error)
	// Get returns a request, or ErrGone.
	Get(ctx context.Context, ref Ref) (Authorization, error)
	// Decide answers a request. Of several decisions, whichever replica they reach, one is made. It returns ErrGone when
	// nobody waits for the answer any more, and ErrDecided when the request is decided; after any other error it is not, and
	// it can be decided again.
	Decide(ctx context.Context, ref Ref, decision Decision) error
}

// The errors of a Store.
var (
	// ErrGone says that there is no such request, or that nobody waits for its answer any more.
	ErrGone = errors.New("nobody waits for an answer to this request")
	// ErrDecided says that somebody has decided already.
	ErrDecided = errors.New("this request has been decided")
)
