// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"cmp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
)

// Provider is a RoomSecret that answers what others ask for in a room.
type Provider struct {
	// Namespace, Name and UID of the RoomSecret.
	Namespace, Name, UID string
	// Created is when it was created.
	Created time.Time
	// Access is what the room allows to its namespace.
	Access Access
	// Spec has its rules.
	Spec *roomv1alpha1.Provide
}

// compare orders providers by their claims: the older one comes first.
func (p *Provider) compare(o *Provider) int {
	return cmp.Or(p.Created.Compare(o.Created), cmp.Compare(p.Namespace, o.Namespace), cmp.Compare(p.Name, o.Name))
}

// MayProvide reports whether the room allows to answer for anything at all.
func (p *Provider) MayProvide() bool {
	return p.Access.AllowsSome(Query{Identity: p.Access.Own}, roomv1alpha1.OperationProvide)
}

// allowed reports whether the room allows to answer for a url, delegated to somebody or not.
func (p *Provider) allowed(url, delegate string) bool {
	return p.Access.Allows(Row{Identity: p.Access.Own, ID: url, DelegatedTo: delegate}, roomv1alpha1.OperationProvide)
}

// Asked is what a participant asks for.
type Asked struct {
	// URL is what for; of a token it is the authorization endpoint.
	URL string
	// Type is the type of the secret. It is empty for a token.
	Type string
	// Asker is the identity that asks, empty when the room does not say.
	Asker string
	// DelegateTo is the identity that is to have it; empty for the one who asks.
	DelegateTo string
}

// delegate returns the identity other than the one who asks that is to have what is asked for.
func (a Asked) delegate() string {
	if a.DelegateTo == a.Asker {
		return ""
	}
	return a.DelegateTo
}

// AskedToken is a token that a participant asks for.
type AskedToken struct {
	Asked
	// ClientID is the OAuth client.
	ClientID string
	// Scopes that are asked for.
	Scopes []string
	// RedirectURI is where the provider is to send whoever approves.
	RedirectURI string
	// Challenge is the code challenge of PKCE.
	Challenge string
}

// Verdict says what to do about a request.
type Verdict int

const (
	// Ignore is to say nothing.
	Ignore Verdict = iota
	// Reject is to refuse, with the reason of the Decision.
	Reject
	// Answer is to give what the rule of the Decision says.
	Answer
)

// Refusal is why a request is refused. Whoever asks gets to read it: it names nothing of the cluster.
type Refusal string

const (
	// RefusalUnmatched is for what no rule describes.
	RefusalUnmatched Refusal = "nobody here answers requests like this one"
	// RefusalInvalid is for what makes no sense.
	RefusalInvalid Refusal = "the request is longer than is accepted, or has characters that are not"
	// RefusalDelegate is for a delegate that the rule does not name.
	RefusalDelegate Refusal = "it may not be delegated to that identity"
	// RefusalScope is for a scope that the rule does not name.
	RefusalScope Refusal = "not all of the scopes may be asked for"
	// RefusalAccess is for what the access rules of the room do not allow.
	RefusalAccess Refusal = "the operator is not allowed to answer this in this room"
	// RefusalRedirect is for a token that somebody else than the consent page would get the code for.
	RefusalRedirect Refusal = "the redirect URI must be that of the consent page of the operator"
	// RefusalNoPage is for a token when nobody could approve it.
	RefusalNoPage Refusal = "the operator has no consent page"
	// RefusalUnavailable is for a value that is not there. Why not is in the status, and is nothing for the room.
	RefusalUnavailable Refusal = "it is not available at the moment"
	// RefusalTooMany is for whoever asks too often, and for what waits for too many approvals.
	RefusalTooMany Refusal = "too many requests: try again later"
)

// Decision is what to do about a request.
type Decision struct {
	Verdict Verdict
	// By is the provider whose rule describes the request, nil when there is none.
	By *Provider
	// Rule is the index of that rule in its list.
	Rule int
	// Refusal is why, when the verdict is Reject.
	Refusal Refusal
}

// rule is what decides whether a rule describes a request, and which of several does best.
type rule struct {
	by      *Provider
	index   int
	url     roomv1alpha1.URLPattern
	kind    string
	clients []string
	askers  []roomv1alpha1.Pattern
}

func secretRules(p *Provider) []rule {
	rules := make([]rule, len(p.Spec.Secrets))
	for i, r := range p.Spec.Secrets {
		rules[i] = rule{by: p, index: i, url: r.URL, kind: string(r.Type), askers: r.Askers}
	}
	return rules
}

func tokenRules(p *Provider) []rule {
	rules := make([]rule, len(p.Spec.OAuth))
	for i, r := range p.Spec.OAuth {
		rules[i] = rule{by: p, index: i, url: r.AuthorizationEndpoint, clients: r.ClientIDs, askers: r.Askers}
	}
	return rules
}

// describes reports whether a rule is about what is asked for and who asks. Who is not known is nobody that a rule names.
func (r rule) describes(asked Asked, client string) bool {
	return matches(string(r.url), asked.URL) &&
		(r.kind == "" || r.kind == asked.Type) &&
		(r.clients == nil || slices.Contains(r.clients, client)) &&
		(len(r.askers) == 0 || asked.Asker != "" && MatchAny(r.askers, asked.Asker, r.by.Access.Namespace))
}

// compare orders rules that describe the same request: the one that says the most comes first.
func (r rule) compare(o rule) int {
	return cmp.Or(
		yesFirst(isLiteral(r.url), isLiteral(o.url)),
		cmp.Compare(len(o.url), len(r.url)),
		yesFirst(r.kind != "", o.kind != ""),
		yesFirst(len(r.askers) > 0, len(o.askers) > 0),
		r.by.compare(o.by),
		cmp.Compare(r.index, o.index),
	)
}

func yesFirst(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

func isLiteral(url roomv1alpha1.URLPattern) bool { return !strings.HasSuffix(string(url), "*") }

// ProvideSecret decides about a request of a secret. When the verdict is Answer, the value is that of spec.provide.secrets[Rule].
func ProvideSecret(providers []*Provider, asked Asked) Decision {
	allowed := permitted(providers)
	d, ok := choose(allowed, asked, sensible(asked), secretRules, "")
	if !ok {
		return d
	}
	return d.unlessDelegated(asked, d.By.Spec.Secrets[d.Rule].DelegateTo)
}

// ProvideToken decides about a request of a token, given the redirect URI of the consent page; empty when there is none. When the
// verdict is Answer, whoever spec.provide.oauth[Rule] says may approve it.
func ProvideToken(providers []*Provider, asked AskedToken, page string) Decision {
	allowed := permitted(providers)
	d, ok := choose(allowed, asked.Asked, sensibleToken(asked), tokenRules, asked.ClientID)
	if !ok {
		return d
	}
	rule := d.By.Spec.OAuth[d.Rule]
	if d = d.unlessDelegated(asked.Asked, rule.DelegateTo); d.Verdict != Answer {
		return d
	}
	switch {
	case len(rule.Scopes) > 0 && !covers(rule.Scopes, asked.Scopes):
		return d.refused(RefusalScope)
	case page == "":
		return d.refused(RefusalNoPage)
	case asked.RedirectURI != page:
		return d.refused(RefusalRedirect)
	}
	return d
}

// permitted returns the providers that may answer anything at all. The others have no say in the room: who may not answer
// may not reject either.
func permitted(providers []*Provider) []*Provider {
	return slices.DeleteFunc(slices.Clone(providers), func(p *Provider) bool { return !p.MayProvide() })
}

// choose finds the rule that a request is for. It reports false when the decision is made with that. A rule that the room
// does not allow to answer stands behind all that it does.
func choose(providers []*Provider, asked Asked, sensible bool, rulesOf func(*Provider) []rule, client string) (Decision, bool) {
	if len(providers) == 0 {
		return Decision{Verdict: Ignore}, false
	}
	if !sensible {
		return Decision{Verdict: Reject, Refusal: RefusalInvalid}, false
	}
	var able, unable []rule
	for _, p := range providers {
		for _, r := range rulesOf(p) {
			switch {
			case !r.describes(asked, client):
			case p.allowed(asked.URL, ""):
				able = append(able, r)
			default:
				unable = append(unable, r)
			}
		}
	}
	switch {
	case len(able) > 0:
		best := slices.MinFunc(able, rule.compare)
		return Decision{Verdict: Answer, By: best.by, Rule: best.index}, true
	case len(unable) > 0:
		best := slices.MinFunc(unable, rule.compare)
		return Decision{By: best.by, Rule: best.index}.refused(RefusalAccess), false
	}
	return unmatched(providers), false
}

// unmatched decides about a request that no rule describes.
func unmatched(providers []*Provider) Decision {
	if slices.ContainsFunc(providers, func(p *Provider) bool {
		return p.Spec.OnUnmatchedOrDefault() == roomv1alpha1.OnUnmatchedReject
	}) {
		return Decision{Verdict: Reject, Refusal: RefusalUnmatched}
	}
	return Decision{Verdict: Ignore}
}

func (d Decision) refused(refusal Refusal) Decision {
	d.Verdict, d.Refusal = Reject, refusal
	return d
}

// unlessDelegated refuses what is to be delegated to whom the rule or the room does not allow.
func (d Decision) unlessDelegated(asked Asked, to []roomv1alpha1.Identity) Decision {
	switch delegate := asked.delegate(); {
	case delegate == "":
	case !slices.Contains(to, roomv1alpha1.Identity(delegate)):
		return d.refused(RefusalDelegate)
	case !d.By.allowed(asked.URL, delegate):
		return d.refused(RefusalAccess)
	}
	return d
}

func covers[T comparable](all, some []T) bool {
	return !slices.ContainsFunc(some, func(one T) bool { return !slices.Contains(all, one) })
}

const (
	// MaxAskedURL is the longest url that is answered for, in bytes.
	MaxAskedURL = 2048
	// MaxAskedText is the longest of every other text of a request, in bytes.
	MaxAskedText = 512
	// MaxAskedScopes is how many scopes may be asked for, and MaxAskedURL how many bytes they have together: what people are
	// to approve is kept in the status.
	MaxAskedScopes = 64
)

// sensible reports whether a request can be decided about, shown and answered.
func sensible(asked Asked) bool {
	return asked.URL != "" && isText(asked.URL, MaxAskedURL) && isText(asked.Type, MaxAskedText) && isText(asked.DelegateTo, MaxAskedText)
}

// sensibleToken is more strict about where people are sent to: browsers read a backslash as a slash, and cut off what comes
// after a '#'.
func sensibleToken(asked AskedToken) bool {
	return sensible(asked.Asked) && isText(asked.ClientID, MaxAskedText) && isText(asked.RedirectURI, MaxAskedURL) &&
		!strings.ContainsAny(asked.URL, `\#"<> `) &&
		isText(asked.Challenge, MaxAskedText) && len(asked.Scopes) <= MaxAskedScopes && isText(strings.Join(asked.Scopes, ""), MaxAskedURL)
}

func isText(text string, longest int) bool {
	return len(text) <= longest && utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) })
}
