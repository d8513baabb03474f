// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package consent

import "net/http"

// problem says why there is nothing to see.
type problem string

// The problems.
const (
	problemNotFound    problem = "not found"
	problemGone        problem = "gone"
	problemDecided     problem = "decided"
	problemState       problem = "state"
	problemForm        problem = "form"
	problemForeign     problem = "foreign"
	problemNoSignIn    problem = "no sign-in"
	problemNotSignedIn problem = "not signed in"
	problemSignIn      problem = "sign-in"
	problemElsewhere   problem = "elsewhere"
	problemProvider    problem = "provider"
	problemUndelivered problem = "undelivered"
	problemUnavailable problem = "unavailable"
	problemBusy        problem = "busy"
)

// words are what a person reads of a problem. They never say what it is about.
type words struct {
	Title, Text string
	// Link is what the way to go on is called, if there is one.
	Link string
}

// wordsOfProblems returns the words of each problem.
func wordsOfProblems() map[problem]words {
	return map[problem]words{
		problemNotFound: {
			Title: "Nothing to see here",
			Text:  "There is no such request, or it is not yours to decide. If you have more than one account, sign in with the other one.",
		},
		problemGone: {
			Title: "This request is over",
			Text:  "Nobody waits for an answer any more. Whoever asked may ask again; that has a link of its own.",
		},
		problemDecided: {
			Title: "This request has been decided",
			Text:  "Somebody has approved or denied it already, and that stands.",
		},
		problemState: {
			Title: "This did not begin here",
			Text:  "What brought you here is too old, or was begun in another browser. Open the request again and start over.",
		},
		problemForm: {
			Title: "This form is no longer good",
			Text:  "It was made for another browser or another person, or the browser does not keep our cookies. Nothing was decided.",
			Link:  "Look at the request again",
		},
		problemForeign: {
			Title: "This came from another site",
			Text:  "Somebody else's page sent this form. Nothing was decided.",
		},
		problemNoSignIn: {
			Title: "You would have to sign in",
			Text:  "Only certain people may decide this request, and this page has no way to sign in: whoever runs the operator has to set one up (--consent-oidc-issuer).",
		},
		problemNotSignedIn: {
			Title: "You have not signed in",
			Text:  "The sign-in was ended before it was complete.",
			Link:  "Start over",
		},
		problemSignIn: {
			Title: "Signing in does not work now",
			Text:  "The place where you sign in could not be reached, or did not accept us. The log of the operator says more.",
		},
		problemElsewhere: {
			Title: "This cannot be approved here",
			Text:  "The provider would not send you back to this page. Whoever asked has to name the callback of this page as the redirect URI.",
		},
		problemProvider: {
			Title: "The provider has a problem",
			Text:  "It could not answer now. Nothing was decided.",
			Link:  "Try again",
		},
		problemUndelivered: {
			Title: "The answer did not arrive",
			Text:  "The room could not be reached. Nothing was decided, and you can try again.",
			Link:  "Try again",
		},
		problemUnavailable: {
			Title: "This does not work now",
			Text:  "The cluster could not be reached. Try again in a moment.",
		},
		problemBusy: {
			Title: "Too many people at once",
			Text:  "Try again in a moment.",
		},
	}
}

// problemView is a problem, and where to go on; empty for nowhere.
type problemView struct {
	words
	Back string
}

// problem tells a person why there is nothing to see.
func (s *Server) problem(w http.ResponseWriter, r *http.Request, status int, p problem) {
	s.problemThen(w, r, status, p, "")
}

// problemThen tells a person why there is nothing to see, and where to go on: a page below the prefix.
func (s *Server) problemThen(w http.ResponseWriter, r *http.Request, status int, p problem, back string) {
	v := problemView{words: s.pages.problems[p]}
	if back != "" {
		v.Back = s.prefix + back
	}
	s.render(w, r, status, "problem", v)
}
