// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package consent

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"unicode"

	"github.com/golang-jwt/jwt/v5"
	"k8s.io/klog/v2"

	"github.com/roomsecrets/roomsecret-operator/internal/fingerprint"
)

const (
	// maxReason is how long a reason of a person may be, in characters.
	maxReason = 200
	// defaultReason is what whoever asks is told when a person gives no reason.
	defaultReason = "denied by a person"
)

// visit is somebody who has come to see a request.
type visit struct {
	ref Ref
	// link says that they came by the link.
	link bool
	// at is the page of the request for them, below the prefix.
	at string
	// person is who they are; nil when they have not signed in.
	person *person
}

// by says who decides.
func (v visit) by() string {
	if v.person == nil {
		return ByLink
	}
	return v.person.name()
}

func (s *Server) showByLink(w http.ResponseWriter, r *http.Request) {
	if v, ok := s.visitByLink(w, r); ok {
		s.show(w, r, v)
	}
}

func (s *Server) decideByLink(w http.ResponseWriter, r *http.Request) {
	if v, ok := s.visitByLink(w, r); ok {
		s.decide(w, r, v)
	}
}

func (s *Server) showToPerson(w http.ResponseWriter, r *http.Request) {
	s.show(w, r, s.visitOfPerson(r))
}

func (s *Server) decideByPerson(w http.ResponseWriter, r *http.Request) {
	s.decide(w, r, s.visitOfPerson(r))
}

func (s *Server) visitByLink(w http.ResponseWriter, r *http.Request) (visit, bool) {
	text := r.PathValue("ticket")
	ref, err := redeem[Ref](s.cookies.tickets, forLink, text)
	if errors.Is(err, jwt.ErrTokenExpired) {
		s.problem(w, r, http.StatusGone, problemGone)
		return visit{}, false
	}
	if err != nil {
		s.notFound(w, r)
		return visit{}, false
	}
	return visit{ref: ref, link: true, at: "/a/" + text, person: s.cookies.person(r)}, true
}

func (s *Server) visitOfPerson(r *http.Request) visit {
	ref := Ref{Namespace: r.PathValue("namespace"), Name: r.PathValue("name"), RequestID: r.PathValue("request")}
	return visit{ref: ref, at: placeOf(ref), person: s.cookies.person(r)}
}

// placeOf is the page of a request for people who have signed in.
func placeOf(ref Ref) string {
	return "/r/" + url.PathEscape(ref.Namespace) + "/" + url.PathEscape(ref.Name) + "/" + url.PathEscape(ref.RequestID)
}

// open returns the request that somebody has come to see, if they may and it waits. Who may not see a request cannot tell
// whether there is one.
func (s *Server) open(ctx context.Context, w http.ResponseWriter, r *http.Request, v visit) (Authorization, bool) {
	if !v.link && v.person == nil {
		s.askWho(w, r, v)
		return Authorization{}, false
	}
	a, err := s.options.Store.Get(ctx, v.ref)
	switch {
	case errors.Is(err, ErrGone) && !v.link:
		s.notFound(w, r)
	case err != nil:
		s.fail(w, r, err)
	case a.Approvers == nil && !v.link:
		s.notFound(w, r)
	case a.Approvers != nil && v.person == nil:
		s.askWho(w, r, v)
	case a.Approvers != nil && !a.Approvers.include(v.person):
		s.notFound(w, r)
	case a.State != Waiting:
		s.fail(w, r, ErrDecided)
	case !s.options.Clock.Now().Before(a.Until):
		s.fail(w, r, ErrGone)
	default:
		return a, true
	}
	return Authorization{}, false
}

// askWho has somebody sign in, and come back.
func (s *Server) askWho(w http.ResponseWriter, r *http.Request, v visit) {
	if s.signIns == nil {
		s.problem(w, r, http.StatusForbidden, problemNoSignIn)
		return
	}
	s.see(w, r, "/sign-in?to="+url.QueryEscape(v.at))
}

// show shows a request.
func (s *Server) show(w http.ResponseWriter, r *http.Request, v visit) {
	a, ok := s.open(r.Context(), w, r, v)
	if !ok {
		return
	}
	s.render(w, r, http.StatusOK, "request", requestView{
		Authorization: a, Provider: hostOf(a.Endpoint), At: s.prefix + v.at, MaxReason: maxReason,
		Form: s.cookies.form(s.cookies.ensureBrowser(w, r), v.at, v.person),
	})
}

// decide does what somebody has decided on the page of a request.
func (s *Server) decide(w http.ResponseWriter, r *http.Request, v visit) {
	if err := r.ParseForm(); err != nil {
		s.problem(w, r, http.StatusBadRequest, problemForm)
		return
	}
	if !fingerprint.Equal(r.PostForm.Get("form"), s.cookies.form(s.cookies.browser(r), v.at, v.person)) {
		s.problemThen(w, r, http.StatusForbidden, problemForm, v.at)
		return
	}
	a, ok := s.open(r.Context(), w, r, v)
	if !ok {
		return
	}
	switch r.PostForm.Get("decision") {
	case "approve":
		s.sendToProvider(w, r, v, a)
	case "deny":
		s.settle(w, r, v, a, Decision{Reason: reasonOf(r.PostForm.Get("reason")), By: v.by()}, "")
	default:
		s.problemThen(w, r, http.StatusBadRequest, problemForm, v.at)
	}
}

// reasonOf makes one short line of what a person has written.
func reasonOf(text string) string {
	words := strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) })
	line := []rune(strings.Join(words, " "))
	if len(line) == 0 {
		return defaultReason
	}
	return string(line[:min(len(line), maxReason)])
}

// settle makes a decision, and shows what became of it. note is for the page only.
func (s *Server) settle(w http.ResponseWriter, r *http.Request, v visit, a Authorization, d Decision, note string) {
	// Whoever goes away has decided all the same.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), decideTimeout)
	defer cancel()
	err := s.options.Store.Decide(ctx, a.Ref, d)
	s.options.Metrics.count(d, err)
	log := s.options.Log.WithValues("RoomSecret", klog.KRef(a.Namespace, a.Name), "request", a.RequestID)
	log.Info("decision", "room", a.Room, "asker", a.Asker, "provider", hostOf(a.Endpoint), "client", a.ClientID,
		"approved", d.Approved, "by", d.By, "outcome", outcome(d, err))
	switch {
	case errors.Is(err, ErrDecided), errors.Is(err, ErrGone):
		s.fail(w, r, err)
	case err != nil:
		log.Error(err, "answer a request")
		s.problemThen(w, r, http.StatusServiceUnavailable, problemUndelivered, v.at)
	default:
		until := s.options.Clock.Now().Add(resultLifetime)
		s.see(w, r, "/done/"+issue(s.cookies.tickets, forResult, resultOf(a, d, note), until))
	}
}
