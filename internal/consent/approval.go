// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package consent

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/roomsecrets/roomsecret-operator/roomclient/redact"
)

const (
	// maxCode is how long a code of a provider may be, in bytes.
	maxCode = 4096
	// resultLifetime is how long the page that says what was decided can be seen again.
	resultLifetime = 10 * time.Minute
	// deniedThere and refusedThere are what whoever asks is told when the provider gives no code. What the provider itself
	// says of that is for the person who tried.
	deniedThere  = "denied by a person at the provider"
	refusedThere = "the provider refused what was asked for"
)

// approval is an approval that waits for the provider.
type approval struct {
	Ref
	// Link says that it was approved by the link, and By who approved.
	Link bool   `json:"link,omitempty"`
	By   string `json:"by"`
	// Browser is the one that it is bound to.
	Browser string `json:"b"`
}

// sendToProvider takes a browser to the provider, which brings it back to the callback.
//
// It is a page that refreshes to there, not a redirect: browsers hold redirects that answer a form against form-action,
// every one of them, and where a provider sends people on to sign in is not known.
func (s *Server) sendToProvider(w http.ResponseWriter, r *http.Request, v visit, a Authorization) {
	if a.RedirectURI != s.links.Callback() || !mayGoTo(a.Endpoint) {
		s.problem(w, r, http.StatusConflict, problemElsewhere)
		return
	}
	state := issue(s.cookies.tickets, forApproval, approval{
		Ref: a.Ref, Link: v.link, By: v.by(), Browser: s.cookies.bound(s.cookies.browser(r)),
	}, a.Until)
	s.render(w, r, http.StatusOK, "leaving", leavingView{Provider: hostOf(a.Endpoint), URL: authorizationURL(a, state)})
}

// authorizationURL is where a provider asks for consent. What the endpoint has in its query stays there.
func authorizationURL(a Authorization, state string) string {
	config := oauth2.Config{
		ClientID: a.ClientID, RedirectURL: a.RedirectURI, Scopes: a.Scopes, Endpoint: oauth2.Endpoint{AuthURL: a.Endpoint},
	}
	var options []oauth2.AuthCodeOption
	if a.Challenge != "" {
		options = append(options,
			oauth2.SetAuthURLParam("code_challenge", a.Challenge), oauth2.SetAuthURLParam("code_challenge_method", "S256"))
	}
	return config.AuthCodeURL(state, options...)
}

// mayGoTo reports whether people may be sent to an endpoint.
func mayGoTo(endpoint string) bool {
	u, err := url.Parse(endpoint)
	return err == nil && u.Host != "" && u.User == nil && (u.Scheme == "https" || u.Scheme == "http" && isLoopback(u.Hostname()))
}

// hostOf is how a provider is called: its host, and its port if that is not the usual one.
func hostOf(endpoint string) string {
	u, err := url.Parse(endpoint)
	if err != nil {
		return ""
	}
	return u.Host
}

// callback is where a browser comes back to from the provider.
func (s *Server) callback(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	trip, err := redeem[approval](s.cookies.tickets, forApproval, query.Get("state"))
	code, failure := query.Get("code"), query.Get("error")
	if err != nil || !s.cookies.isBound(r, trip.Browser) || code == "" && failure == "" || len(code) > maxCode {
		s.problem(w, r, http.StatusBadRequest, problemState)
		return
	}
	a, err := s.options.Store.Get(r.Context(), trip.Ref)
	if err == nil && a.State != Waiting {
		err = ErrDecided
	}
	if err != nil {
		s.options.Metrics.count(Decision{Approved: failure == ""}, err)
		s.fail(w, r, err)
		return
	}
	v := visit{ref: trip.Ref, link: trip.Link, at: placeOf(trip.Ref)}
	if trip.Link {
		v.at = strings.TrimPrefix(s.links.For(trip.Ref, a.Until), s.links.base())
	}
	d := Decision{Approved: true, Code: redact.Bytes(code), By: trip.By}
	if failure != "" {
		s.failure(w, r, v, a, failure, trip.By)
		return
	}
	s.settle(w, r, v, a, d, "")
}

// failure is a provider that has brought a browser back without a code.
func (s *Server) failure(w http.ResponseWriter, r *http.Request, v visit, a Authorization, failure, by string) {
	switch failure {
	case "access_denied":
		s.settle(w, r, v, a, Decision{Reason: deniedThere, By: by}, "You did not consent at "+hostOf(a.Endpoint)+".")
	case "server_error", "temporarily_unavailable":
		s.problemThen(w, r, http.StatusBadGateway, problemProvider, v.at)
	case "invalid_request", "unauthorized_client", "unsupported_response_type", "invalid_scope":
		s.settle(w, r, v, a, Decision{Reason: refusedThere, By: by}, hostOf(a.Endpoint)+" refused what was asked for: "+failure+".")
	default:
		s.settle(w, r, v, a, Decision{Reason: refusedThere, By: by}, hostOf(a.Endpoint)+" refused what was asked for.")
	}
}

// result is what was decided, as the last page says it.
type result struct {
	Approved bool   `json:"ok,omitempty"`
	Asker    string `json:"asker"`
	Provider string `json:"provider"`
	Room     string `json:"room"`
	Reason   string `json:"reason,omitempty"`
	Note     string `json:"note,omitempty"`
}

func resultOf(a Authorization, d Decision, note string) result {
	return result{Approved: d.Approved, Asker: a.Asker, Provider: hostOf(a.Endpoint), Room: a.Room, Reason: d.Reason, Note: note}
}

// done says what was decided. It is a page of its own, so that the code is not in the address of what stays open.
func (s *Server) done(w http.ResponseWriter, r *http.Request) {
	result, err := redeem[result](s.cookies.tickets, forResult, r.PathValue("ticket"))
	if err != nil {
		s.notFound(w, r)
		return
	}
	s.render(w, r, http.StatusOK, "done", result)
}
