// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"slices"
	"strings"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
)

// Access says which operations on which rows are allowed.
type Access struct {
	// Everything allows every operation, whatever the rules.
	Everything bool
	// Rules allow what at least one of them allows.
	Rules []roomv1alpha1.AccessRule
	// Namespace replaces {namespace} in patterns.
	Namespace string
	// Own is the operator's identity in the room, which every rule speaks of.
	Own string
}

// Allows reports whether one rule allows all the operations on the row.
func (a Access) Allows(row Row, operations ...roomv1alpha1.Operation) bool {
	if row.DelegatedTo != "" {
		operations = append(slices.Clip(operations), roomv1alpha1.OperationDelegate)
	}
	return a.Everything || slices.ContainsFunc(a.Rules, func(rule roomv1alpha1.AccessRule) bool {
		return a.ruleAllows(rule, row, operations)
	})
}

// AllowsSome reports whether a rule allows the operation on any row that the query may find. Without one, the room is not
// even asked.
func (a Access) AllowsSome(query Query, operation roomv1alpha1.Operation) bool {
	return a.Everything || slices.ContainsFunc(a.Rules, func(rule roomv1alpha1.AccessRule) bool {
		delegates := query.DelegatedTo == "" || (slices.Contains(rule.Operations, roomv1alpha1.OperationDelegate) && a.speaksOf(rule, query.DelegatedTo))
		return slices.Contains(rule.Operations, operation) && a.speaksOf(rule, query.Identity) && delegates
	})
}

func (a Access) ruleAllows(rule roomv1alpha1.AccessRule, row Row, operations []roomv1alpha1.Operation) bool {
	for _, operation := range operations {
		if !slices.Contains(rule.Operations, operation) {
			return false
		}
	}
	return MatchAny(rule.IDs, row.ID, a.Namespace) &&
		a.speaksOf(rule, row.Identity) &&
		(row.DelegatedTo == "" || a.speaksOf(rule, row.DelegatedTo))
}

func (a Access) speaksOf(rule roomv1alpha1.AccessRule, identity string) bool {
	return identity == a.Own || MatchAny(rule.Identities, identity, a.Namespace)
}

// MatchAny reports whether one of the patterns, with {namespace} replaced, matches the text.
func MatchAny(patterns []roomv1alpha1.Pattern, text, namespace string) bool {
	return slices.ContainsFunc(patterns, func(pattern roomv1alpha1.Pattern) bool {
		return matches(strings.ReplaceAll(string(pattern), "{namespace}", namespace), text)
	})
}

// matches reports whether a pattern, a literal or a prefix followed by one '*', matches a text.
func matches(pattern, text string) bool {
	if prefix, ok := strings.CutSuffix(pattern, "*"); ok {
		return strings.HasPrefix(text, prefix)
	}
	return text == pattern
}
