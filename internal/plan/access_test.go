// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/plan"
)

func TestMatchAny(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		patterns []roomv1alpha1.Pattern
		text     string
		want     bool
	}{
		"no pattern matches nothing":                  {nil, "api", false},
		"a literal matches itself":                    {[]roomv1alpha1.Pattern{"api"}, "api", true},
		"a literal does not match a longer text":      {[]roomv1alpha1.Pattern{"api"}, "api2", false},
		"a literal does not match a shorter text":     {[]roomv1alpha1.Pattern{"api"}, "ap", false},
		"case matters":                                {[]roomv1alpha1.Pattern{"API"}, "api", false},
		"a star alone matches everything":             {[]roomv1alpha1.Pattern{"*"}, "api", true},
		"a star matches the rest":                     {[]roomv1alpha1.Pattern{"ap*"}, "api", true},
		"a star matches an empty rest":                {[]roomv1alpha1.Pattern{"api*"}, "api", true},
		"a prefix must match":                         {[]roomv1alpha1.Pattern{"x*"}, "api", false},
		"one of several is enough":                    {[]roomv1alpha1.Pattern{"x", "y*", "api"}, "api", true},
		"other characters of regexes are literal":     {[]roomv1alpha1.Pattern{"a.i", "a?i", "[a]pi"}, "api", false},
		"the namespace is put in":                     {[]roomv1alpha1.Pattern{"{namespace}/*"}, "team-a/api", true},
		"another namespace does not match":            {[]roomv1alpha1.Pattern{"{namespace}/*"}, "team-b/api", false},
		"a namespace that ours starts does not match": {[]roomv1alpha1.Pattern{"{namespace}/*"}, "team-ab/api", false},
		"the namespace is put in wherever it is":      {[]roomv1alpha1.Pattern{"x-{namespace}-{namespace}"}, "x-team-a-team-a", true},
		"a text cannot stand for the namespace":       {[]roomv1alpha1.Pattern{"{namespace}"}, "{namespace}", false},
		"other braces are literal":                    {[]roomv1alpha1.Pattern{"{name}"}, "{name}", true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := plan.MatchAny(tc.patterns, tc.text, "team-a"); got != tc.want {
				t.Errorf("got %v, want %v", got, tc.want)
			}
		})
	}
}

func TestAccessAllows(t *testing.T) {
	t.Parallel()
	const read, write, remove, delegate = roomv1alpha1.OperationRead, roomv1alpha1.OperationWrite, roomv1alpha1.OperationDelete, roomv1alpha1.OperationDelegate
	rule := func(ids, identities []roomv1alpha1.Pattern, operations ...roomv1alpha1.Operation) roomv1alpha1.AccessRule {
		return roomv1alpha1.AccessRule{IDs: ids, Identities: identities, Operations: operations}
	}
	patterns := func(all ...roomv1alpha1.Pattern) []roomv1alpha1.Pattern { return all }
	toBob := plan.Row{Identity: own, ID: "api", DelegatedTo: "bob"}
	ofAgent := plan.Row{Identity: "agent", ID: "api"}
	ofAgentToBob := plan.Row{Identity: "agent", ID: "api", DelegatedTo: "bob"}
	cases := map[string]struct {
		rules []roomv1alpha1.AccessRule
		row   plan.Row
		want  []roomv1alpha1.Operation
	}{
		"no rule allows nothing":                          {nil, api, nil},
		"a rule allows its operations only":               {[]roomv1alpha1.AccessRule{rule(patterns("api"), nil, read, write)}, api, []roomv1alpha1.Operation{read, write}},
		"a rule allows its ids only":                      {[]roomv1alpha1.AccessRule{rule(patterns("other"), nil, read, write, remove)}, api, nil},
		"rules add up":                                    {[]roomv1alpha1.AccessRule{rule(patterns("api"), nil, read), rule(patterns("a*"), nil, remove)}, api, []roomv1alpha1.Operation{read, remove}},
		"another owner must be named":                     {[]roomv1alpha1.AccessRule{rule(patterns("*"), nil, read, write)}, ofAgent, nil},
		"another owner is named":                          {[]roomv1alpha1.AccessRule{rule(patterns("*"), patterns("agent"), read)}, ofAgent, []roomv1alpha1.Operation{read}},
		"another owner is named by a prefix":              {[]roomv1alpha1.AccessRule{rule(patterns("*"), patterns("ag*"), read)}, ofAgent, []roomv1alpha1.Operation{read}},
		"naming others does not take our own away":        {[]roomv1alpha1.AccessRule{rule(patterns("*"), patterns("agent"), read)}, api, []roomv1alpha1.Operation{read}},
		"a delegate needs Delegate":                       {[]roomv1alpha1.AccessRule{rule(patterns("*"), patterns("bob"), read, write)}, toBob, nil},
		"a delegate must be named":                        {[]roomv1alpha1.AccessRule{rule(patterns("*"), nil, read, write, delegate)}, toBob, nil},
		"a delegate is named":                             {[]roomv1alpha1.AccessRule{rule(patterns("*"), patterns("bob"), write, delegate)}, toBob, []roomv1alpha1.Operation{write}},
		"owner and delegate must both be named":           {[]roomv1alpha1.AccessRule{rule(patterns("*"), patterns("bob"), write, delegate)}, ofAgentToBob, nil},
		"owner and delegate are both named":               {[]roomv1alpha1.AccessRule{rule(patterns("*"), patterns("agent", "b*"), write, delegate)}, ofAgentToBob, []roomv1alpha1.Operation{write}},
		"Delegate in another rule does not help":          {[]roomv1alpha1.AccessRule{rule(patterns("*"), patterns("bob"), write), rule(patterns("*"), patterns("bob"), delegate)}, toBob, nil},
		"Delegate is not needed without a delegate":       {[]roomv1alpha1.AccessRule{rule(patterns("*"), nil, write)}, api, []roomv1alpha1.Operation{write}},
		"a delegate may be ourselves without being named": {[]roomv1alpha1.AccessRule{rule(patterns("*"), patterns("agent"), write, delegate)}, plan.Row{Identity: "agent", ID: "api", DelegatedTo: own}, []roomv1alpha1.Operation{write}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			access := plan.Access{Rules: tc.rules, Namespace: "team-a", Own: own}
			var got []roomv1alpha1.Operation
			for _, operation := range []roomv1alpha1.Operation{read, write, remove} {
				if access.Allows(tc.row, operation) {
					got = append(got, operation)
				}
				access.Everything = true
				if !access.Allows(tc.row, operation) {
					t.Errorf("Everything does not allow %s", operation)
				}
				access.Everything = false
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("operations (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAccessAllowsOperationsOnlyTogether(t *testing.T) {
	t.Parallel()
	access := plan.Access{Own: own, Rules: []roomv1alpha1.AccessRule{
		{IDs: []roomv1alpha1.Pattern{"*"}, Operations: []roomv1alpha1.Operation{roomv1alpha1.OperationRead}},
		{IDs: []roomv1alpha1.Pattern{"*"}, Operations: []roomv1alpha1.Operation{roomv1alpha1.OperationWrite}},
	}}
	if access.Allows(api, roomv1alpha1.OperationRead, roomv1alpha1.OperationWrite) {
		t.Error("two rules that allow one operation each allowed both at once")
	}
}
