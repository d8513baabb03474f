// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"cmp"
	"strings"
	"time"
	"unicode"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/plan"
	"github.com/roomsecrets/roomsecret-operator/internal/sessions"
	"github.com/roomsecrets/roomsecret-operator/roomclient"
)

// question is what a participant has asked the operator for, and waits to be told.
type question struct {
	room  sessions.RoomKey
	id    string
	kind  roomv1alpha1.RequestKind
	asker roomclient.Participant
	asked plan.AskedToken
	// since is when it came, and until when whoever asks gives up.
	since, until time.Time
}

// longestWait is how long a question is kept in mind, whatever whoever asks says.
const longestWait = 24 * time.Hour

func newQuestion(room sessions.RoomKey, id string, asker roomclient.Participant, timeout time.Duration, now time.Time) question {
	return question{room: room, id: id, asker: asker, since: now, until: now.Add(min(timeout, longestWait))}
}

func secretQuestion(room sessions.RoomKey, r roomclient.PendingSecretRequest, now time.Time) question {
	q := newQuestion(room, r.ID, r.Asker, r.Timeout, now)
	q.kind = roomv1alpha1.RequestSecret
	q.asked.Asked = plan.Asked{
		URL: bounded(r.URL, plan.MaxAskedURL), Type: bounded(r.Type, plan.MaxAskedText),
		Asker: r.Asker.Name, DelegateTo: bounded(r.DelegateTo, plan.MaxAskedText),
	}
	return q
}

func tokenQuestion(room sessions.RoomKey, r roomclient.PendingOAuthRequest, now time.Time) question {
	q := newQuestion(room, r.ID, r.Asker, r.Timeout, now)
	q.kind = roomv1alpha1.RequestOAuthToken
	q.asked = plan.AskedToken{
		Asked: plan.Asked{
			URL:   bounded(r.Client.AuthorizationEndpoint, plan.MaxAskedURL),
			Asker: r.Asker.Name, DelegateTo: bounded(r.DelegateTo, plan.MaxAskedText),
		},
		ClientID: bounded(r.Client.ID, plan.MaxAskedText), RedirectURI: bounded(r.RedirectURI, plan.MaxAskedURL),
		Challenge: bounded(r.Challenge, plan.MaxAskedText), Scopes: boundedAll(r.Client.Scopes),
	}
	return q
}

// bounded shortens what is too long to be answered, so that it takes no more memory than what is not; it is still too long.
func bounded(text string, longest int) string {
	if len(text) <= longest {
		return text
	}
	return strings.Clone(text[:longest+1])
}

func boundedAll(scopes []string) []string {
	kept := make([]string, min(len(scopes), plan.MaxAskedScopes+1))
	for i := range kept {
		kept[i] = bounded(scopes[i], plan.MaxAskedURL)
	}
	return kept
}

// from is who asks, as it is shown: the identity, or else the id.
func (q question) from() string { return cmp.Or(q.asker.Name, q.asker.ID) }

// answered returns the answer to the question as it is shown.
func (q question) answered(outcome roomv1alpha1.AnswerOutcome, message string) roomv1alpha1.Answer {
	return roomv1alpha1.Answer{
		Kind: q.kind, Participant: printable(q.from()), URL: shownURL(q.asked.URL), Outcome: outcome, Message: message,
	}
}

// maxShownURL is how much is shown of a url, in bytes.
const maxShownURL = 256

// shownURL returns what may be shown of a url that somebody has asked for: a secret could be in the user, in the query or
// in the fragment.
func shownURL(url string) string {
	if end := strings.IndexAny(url, "?#"); end >= 0 {
		url = url[:end]
	}
	if scheme, rest, ok := strings.Cut(url, "://"); ok {
		authority, path, _ := strings.Cut(rest, "/")
		if user := strings.LastIndex(authority, "@"); user >= 0 {
			url = strings.TrimSuffix(scheme+"://"+authority[user+1:]+"/"+path, "/")
		}
	}
	return printable(url[:min(len(url), maxShownURL)])
}

// printable leaves out of a text what would not show as itself.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r == unicode.ReplacementChar || !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, text)
}
