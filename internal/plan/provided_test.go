// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/plan"
)

func TestProvidedRules(t *testing.T) {
	t.Parallel()
	const github = "https://github.com"
	only := func(p ...*plan.Provider) []*plan.Provider { return p }
	const elder, earlier = "RoomSecret team/elder", "an earlier rule of this RoomSecret"
	provides := roomv1alpha1.OperationProvide
	cases := map[string]struct {
		mine   *plan.Provider
		others []*plan.Provider
		want   map[string]string
	}{
		"a rule alone": {provider("mine", secrets(rule(github))), nil, map[string]string{"secrets[0]": ""}},
		"the same rule of an older one": {
			provider("mine", secrets(rule(github)), younger), only(provider("elder", secrets(rule(github)))),
			map[string]string{"secrets[0]": elder},
		},
		"the same rule of a younger one": {
			provider("mine", secrets(rule(github))), only(provider("other", secrets(rule(github)), younger)), map[string]string{"secrets[0]": ""},
		},
		"an older one whose url is wider leaves something": {
			provider("mine", secrets(rule(github)), younger), only(provider("elder", secrets(rule("https://*")))), map[string]string{"secrets[0]": ""},
		},
		"an older one of one type leaves the others": {
			provider("mine", secrets(rule(github)), younger), only(provider("elder", secrets(rule(github, ofType("text/plain"))))), map[string]string{"secrets[0]": ""},
		},
		"an older one of any type leaves the one that is named": {
			provider("mine", secrets(rule(github, ofType("text/plain"))), younger), only(provider("elder", secrets(rule(github)))), map[string]string{"secrets[0]": ""},
		},
		"an older one for some askers leaves the others": {
			provider("mine", secrets(rule(github)), younger), only(provider("elder", secrets(rule(github, forAskers("agent"))))), map[string]string{"secrets[0]": ""},
		},
		"an older one for all askers that are named here": {
			provider("mine", secrets(rule(github, forAskers("agent-1", "agent-2*"))), younger), only(provider("elder", secrets(rule(github, forAskers("agent-*"))))),
			map[string]string{"secrets[0]": elder},
		},
		"an older one for some askers that are named here": {
			provider("mine", secrets(rule(github, forAskers("agent-1", "bob"))), younger), only(provider("elder", secrets(rule(github, forAskers("agent-*"))))),
			map[string]string{"secrets[0]": ""},
		},
		"an older one that is not allowed to": {
			provider("mine", secrets(rule(github)), younger), only(provider("elder", secrets(rule(github)), limited())), map[string]string{"secrets[0]": ""},
		},
		"an older one that is only allowed something else": {
			provider("mine", secrets(rule("secret://*")), younger),
			only(provider("elder", secrets(rule("secret://*")), limited(accessRule([]roomv1alpha1.Pattern{"secret://elder/*"}, nil, provides)))),
			map[string]string{"secrets[0]": ""},
		},
		"two equal rules of one": {
			provider("mine", secrets(rule(github), rule(github))), nil, map[string]string{"secrets[0]": "", "secrets[1]": earlier},
		},
		"rules for tokens are no rivals of rules for secrets": {
			provider("mine", roomv1alpha1.Provide{OAuth: []roomv1alpha1.ProvideOAuth{oauthRule(), oauthRule()}, Secrets: []roomv1alpha1.ProvideSecret{rule("https://provider.example/*")}}, younger),
			only(provider("elder", secrets(rule(github)))),
			map[string]string{"secrets[0]": "", "oauth[0]": "", "oauth[1]": earlier},
		},
		"a client of its own": {
			provider("mine", roomv1alpha1.Provide{OAuth: []roomv1alpha1.ProvideOAuth{oauthRule(func(r *roomv1alpha1.ProvideOAuth) { r.ClientIDs = []string{"client", "mine"} })}}, younger),
			only(provider("elder", roomv1alpha1.Provide{OAuth: []roomv1alpha1.ProvideOAuth{oauthRule()}})),
			map[string]string{"oauth[0]": ""},
		},
		"nothing is allowed": {
			provider("mine", secrets(rule(github)), limited()), nil, map[string]string{"secrets[0]": "AccessDenied"},
		},
		"another url is allowed": {
			provider("mine", secrets(rule("secret://mine/*")), limited(accessRule([]roomv1alpha1.Pattern{"secret://other/*"}, nil, provides))), nil,
			map[string]string{"secrets[0]": "AccessDenied"},
		},
		"part of it is allowed": {
			provider("mine", secrets(rule("secret://*"), rule("secret://mine/a"), rule("secret://mine/a/*")), limited(accessRule([]roomv1alpha1.Pattern{"secret://mine/*"}, nil, provides))), nil,
			map[string]string{"secrets[0]": "", "secrets[1]": "", "secrets[2]": ""},
		},
		"a literal is allowed": {
			provider("mine", secrets(rule("secret://*"), rule("secret://a"), rule("secret://b")), limited(accessRule([]roomv1alpha1.Pattern{"secret://a"}, nil, provides))), nil,
			map[string]string{"secrets[0]": "", "secrets[1]": "", "secrets[2]": "AccessDenied"},
		},
		"to delegate is not allowed": {
			provider("mine", secrets(rule(github, toDelegates("bob"))), limited(accessRule([]roomv1alpha1.Pattern{"*"}, nil, provides, roomv1alpha1.OperationDelegate))), nil,
			map[string]string{"secrets[0]": "AccessDenied"},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := map[string]string{}
			for _, r := range plan.ProvidedRules(tc.mine, tc.others) {
				got[r.Name()] = r.Behind
				if r.Problem != nil {
					got[r.Name()] = string(r.Problem.Reason)
				}
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("rules (-want +got):\n%s", diff)
			}
		})
	}
}
