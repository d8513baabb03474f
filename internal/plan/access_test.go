// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/plan"
)

func TestMatchAny(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		patterns []v1alpha1.Pattern
		text     string
		want     bool
	}{
		"no pattern matches nothing":                  {nil, "api", false},
		"a literal matches itself":                    {[]v1alpha1.Pattern{"api"}, "api", true},
		"a literal does not match a longer text":      {[]v1alpha1.Pattern{"api"}, "api2", false},
		"a literal does not match a shorter text":     {[]v1alpha1.Pattern{"api"}, "ap", false},
		"case matters":                                {[]v1alpha1.Pattern{"API"}, "api", false},
		"a star alone matches everything":             {[]v1alpha1.Pattern{"*"}, "api", true},
		"a star matches the rest":                     {[]v1alpha1.Pattern{"ap*"}, "api", true},
		"a star matches an empty rest":                {[]v1alpha1.Pattern{"api*"}, "api", true},
		"a prefix must match":                         {[]v1alpha1.Pattern{"x*"}, "api", false},
		"one of several is enough":                    {[]v1alpha1.Pattern{"x", "y*", "api"}, "api", true},
		"other characters of regexes are literal":     {[]v1alpha1.Pattern{"a.i", "a?i", "[a]pi"}, "api", false},
		"the namespace is put in":                     {[]v1alpha1.Pattern{"{namespace}/*"}, "team-a/api", true},
		"another namespace does not match":            {[]v1alpha1.Pattern{"{namespace}/*"}, "team-b/api", false},
		"a namespace that ours starts does not match": {[]v1alpha1.Pattern{"{namespace}/*"}, "team-ab/api", false},
		"the namespace is put in wherever it is":      {[]v1alpha1.Pattern{"x-{namespace}-{namespace}"}, "x-team-a-team-a", true},
		"a text cannot stand for the namespace":       {[]v1alpha1.Pattern{"{namespace}"}, "{namespace}", false},
		"other braces are literal":                    {[]v1alpha1.Pattern{"{name}"}, "{name}", true},
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
	const read, write, remove, delegate = v1alpha1.OperationRead, v1alpha1.OperationWrite, v1alpha1.OperationDelete, v1alpha1.OperationDelegate
	rule := func(ids, identities []v1alpha1.Pattern, operations ...v1alpha1.Operation) v1alpha1.AccessRule {
		return v1alpha1.AccessRule{IDs: ids, Identities: identities, Operations: operations}
	}
	patterns := func(all ...v1alpha1.Pattern) []v1alpha1.Pattern { return all }
	toBob := plan.Row{Identity: own, ID: "api", DelegatedTo: "bob"}
	ofAgent := plan.Row{Identity: "agent", ID: "api"}
	ofAgentToBob := plan.Row{Identity: "agent", ID: "api", DelegatedTo: "bob"}
	cases := map[string]struct {
		rules []v1alpha1.AccessRule
		row   plan.Row
		want  []v1alpha1.Operation
	}{
		"no rule allows nothing":                          {nil, api, nil},
		"a rule allows its operations only":               {[]v1alpha1.AccessRule{rule(patterns("api"), nil, read, write)}, api, []v1alpha1.Operation{read, write}},
		"a rule allows its ids only":                      {[]v1alpha1.AccessRule{rule(patterns("other"), nil, read, write, remove)}, api, nil},
		"rules add up":                                    {[]v1alpha1.AccessRule{rule(patterns("api"), nil, read), rule(patterns("a*"), nil, remove)}, api, []v1alpha1.Operation{read, remove}},
		"another owner must be named":                     {[]v1alpha1.AccessRule{rule(patterns("*"), nil, read, write)}, ofAgent, nil},
		"another owner is named":                          {[]v1alpha1.AccessRule{rule(patterns("*"), patterns("agent"), read)}, ofAgent, []v1alpha1.Operation{read}},
		"another owner is named by a prefix":              {[]v1alpha1.AccessRule{rule(patterns("*"), patterns("ag*"), read)}, ofAgent, []v1alpha1.Operation{read}},
		"naming others does not take our own away":        {[]v1alpha1.AccessRule{rule(patterns("*"), patterns("agent"), read)}, api, []v1alpha1.Operation{read}},
		"a delegate needs Delegate":                       {[]v1alpha1.AccessRule{rule(patterns("*"), patterns("bob"), read, write)}, toBob, nil},
		"a delegate must be named":                        {[]v1alpha1.AccessRule{rule(patterns("*"), nil, read, write, delegate)}, toBob, nil},
		"a delegate is named":                             {[]v1alpha1.AccessRule{rule(patterns("*"), patterns("bob"), write, delegate)}, toBob, []v1alpha1.Operation{write}},
		"owner and delegate must both be named":           {[]v1alpha1.AccessRule{rule(patterns("*"), patterns("bob"), write, delegate)}, ofAgentToBob, nil},
		"owner and delegate are both named":               {[]v1alpha1.AccessRule{rule(patterns("*"), patterns("agent", "b*"), write, delegate)}, ofAgentToBob, []v1alpha1.Operation{write}},
		"Delegate in another rule does not help":          {[]v1alpha1.AccessRule{rule(patterns("*"), patterns("bob"), write), rule(patterns("*"), patterns("bob"), delegate)}, toBob, nil},
		"Delegate is not needed without a delegate":       {[]v1alpha1.AccessRule{rule(patterns("*"), nil, write)}, api, []v1alpha1.Operation{write}},
		"a delegate may be ourselves without being named": {[]v1alpha1.AccessRule{rule(patterns("*"), patterns("agent"), write, delegate)}, plan.Row{Identity: "agent", ID: "api", DelegatedTo: own}, []v1alpha1.Operation{write}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			access := plan.Access{Rules: tc.rules, Namespace: "team-a", Own: own}
			var got []v1alpha1.Operation
			for _, operation := range []v1alpha1.Operation{read, write, remove} {
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
	access := plan.Access{Own: own, Rules: []v1alpha1.AccessRule{
		{IDs: []v1alpha1.Pattern{"*"}, Operations: []v1alpha1.Operation{v1alpha1.OperationRead}},
		{IDs: []v1alpha1.Pattern{"*"}, Operations: []v1alpha1.Operation{v1alpha1.OperationWrite}},
	}}
	if access.Allows(api, v1alpha1.OperationRead, v1alpha1.OperationWrite) {
		t.Error("two rules that allow one operation each allowed both at once")
	}
}
