// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"fmt"
	"slices"
	"strings"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
)

// RuleName names a rule in the status: secrets[0], oauth[0] and so on.
func RuleName(kind roomv1alpha1.RequestKind, index int) string {
	if kind == roomv1alpha1.RequestOAuthToken {
		return fmt.Sprintf("oauth[%d]", index)
	}
	return fmt.Sprintf("secrets[%d]", index)
}

// ProvidedRule is a rule of a provider, as it stands beside those of the others in the room.
type ProvidedRule struct {
	// Kind is what the rule is about, and Index its place in its list.
	Kind  roomv1alpha1.RequestKind
	Index int
	// URL is what it answers for.
	URL roomv1alpha1.URLPattern
	// Problem is set when the room does not allow what it says.
	Problem *Problem
	// Behind names the rule that answers everything that it could, and is empty when there is none.
	Behind string
}

// Name is that of the rule in the status.
func (r ProvidedRule) Name() string { return RuleName(r.Kind, r.Index) }

// ProvidedRules tells how the rules of a provider stand, those for secrets first. others are the other providers of the room.
func ProvidedRules(p *Provider, others []*Provider) []ProvidedRule {
	all := append(permitted(others), p)
	var stand []ProvidedRule
	for kind, rulesOf := range map[roomv1alpha1.RequestKind]func(*Provider) []rule{
		roomv1alpha1.RequestSecret: secretRules, roomv1alpha1.RequestOAuthToken: tokenRules,
	} {
		rivals := make([]rule, 0, len(all))
		for _, each := range all {
			rivals = append(rivals, rulesOf(each)...)
		}
		for _, r := range rulesOf(p) {
			stand = append(stand, ProvidedRule{
				Kind: kind, Index: r.index, URL: r.url, Problem: r.problem(p.delegates(kind, r.index)), Behind: r.behind(rivals),
			})
		}
	}
	slices.SortFunc(stand, func(a, b ProvidedRule) int {
		if a.Kind != b.Kind {
			return yesFirst(a.Kind == roomv1alpha1.RequestSecret, b.Kind == roomv1alpha1.RequestSecret)
		}
		return a.Index - b.Index
	})
	return stand
}

// delegates returns whom a rule lets what it answers be delegated to.
func (p *Provider) delegates(kind roomv1alpha1.RequestKind, index int) []roomv1alpha1.Identity {
	if kind == roomv1alpha1.RequestOAuthToken {
		return p.Spec.OAuth[index].DelegateTo
	}
	return p.Spec.Secrets[index].DelegateTo
}

// problem says what the access rules of the room do not allow of a rule.
func (r rule) problem(delegates []roomv1alpha1.Identity) *Problem {
	if !r.by.Access.allowsPart(r.url, "") {
		return &Problem{
			Reason:  roomv1alpha1.ReasonAccessDenied,
			Message: fmt.Sprintf("No access rule of the room allows to provide %s: allow the operation Provide for it in spec.access of the room.", r.url),
		}
	}
	for _, delegate := range delegates {
		if !r.by.Access.allowsPart(r.url, string(delegate)) {
			return &Problem{
				Reason: roomv1alpha1.ReasonAccessDenied,
				Message: fmt.Sprintf("No access rule of the room allows to provide %s for %q: allow the operations Provide and Delegate for it and that identity in spec.access of the room, or take it out of delegateTo. What is not delegated is answered.",
					r.url, delegate),
			}
		}
	}
	return nil
}

// allowsPart reports whether a rule allows to provide at least some of the urls that a pattern stands for.
func (a Access) allowsPart(url roomv1alpha1.URLPattern, delegate string) bool {
	return a.Everything || slices.ContainsFunc(a.Rules, func(rule roomv1alpha1.AccessRule) bool {
		return slices.Contains(rule.Operations, roomv1alpha1.OperationProvide) &&
			(delegate == "" || slices.Contains(rule.Operations, roomv1alpha1.OperationDelegate) && a.speaksOf(rule, delegate)) &&
			slices.ContainsFunc(rule.IDs, func(id roomv1alpha1.Pattern) bool {
				return overlap(strings.ReplaceAll(string(id), "{namespace}", a.Namespace), string(url))
			})
	})
}

// overlap reports whether there is a text that both patterns match.
func overlap(a, b string) bool {
	prefix, open := strings.CutSuffix(a, "*")
	other, otherOpen := strings.CutSuffix(b, "*")
	switch {
	case open && otherOpen:
		return strings.HasPrefix(prefix, other) || strings.HasPrefix(other, prefix)
	case open:
		return strings.HasPrefix(b, prefix)
	}
	return matches(b, a)
}

// behind names the rule, of those of all providers, that answers everything that this one could.
func (r rule) behind(rivals []rule) string {
	for _, o := range rivals {
		if o.compare(r) < 0 && o.hides(r) && (o.by.allowed(string(r.url), "") || !r.by.allowed(string(r.url), "")) {
			if o.by.compare(r.by) == 0 {
				return "an earlier rule of this RoomSecret"
			}
			return fmt.Sprintf("RoomSecret %s/%s", o.by.Namespace, o.by.Name)
		}
	}
	return ""
}

// hides reports whether every request that the other rule describes is described by this one too. Only of rules with the
// same url is that asked: of two others the longer one always has something to answer.
func (r rule) hides(o rule) bool {
	return r.url == o.url && (r.kind == "" || r.kind == o.kind) && (r.clients == nil || covers(r.clients, o.clients)) &&
		(len(r.askers) == 0 || len(o.askers) > 0 && !slices.ContainsFunc(o.askers, func(asker roomv1alpha1.Pattern) bool {
			return !slices.ContainsFunc(r.askers, func(wider roomv1alpha1.Pattern) bool {
				return includes(r.by.Access.inNamespace(wider), o.by.Access.inNamespace(asker))
			})
		}))
}

func (a Access) inNamespace(pattern roomv1alpha1.Pattern) string {
	return strings.ReplaceAll(string(pattern), "{namespace}", a.Namespace)
}

// includes reports whether a pattern matches everything that another one does.
func includes(wider, pattern string) bool {
	prefix, open := strings.CutSuffix(wider, "*")
	return wider == pattern || open && strings.HasPrefix(strings.TrimSuffix(pattern, "*"), prefix)
}
