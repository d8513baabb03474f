// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/plan"
)

const consentPage = "https://operator.example/callback"

// provider returns a provider that may answer everything, the first of the team of its name and as old as the others.
func provider(name string, spec roomv1alpha1.Provide, mods ...func(*plan.Provider)) *plan.Provider {
	p := &plan.Provider{
		Namespace: "team", Name: name, UID: name, Created: time.Unix(1000, 0), Spec: &spec,
		Access: plan.Access{Everything: true, Namespace: "team", Own: own},
	}
	for _, mod := range mods {
		mod(p)
	}
	return p
}

func younger(p *plan.Provider) { p.Created = p.Created.Add(time.Hour) }

// limited makes what the room allows to a provider what rules say.
func limited(rules ...roomv1alpha1.AccessRule) func(*plan.Provider) {
	return func(p *plan.Provider) { p.Access.Everything, p.Access.Rules = false, rules }
}

func accessRule(ids []roomv1alpha1.Pattern, identities []roomv1alpha1.Pattern, operations ...roomv1alpha1.Operation) roomv1alpha1.AccessRule {
	return roomv1alpha1.AccessRule{IDs: ids, Identities: identities, Operations: operations}
}

func secrets(rules ...roomv1alpha1.ProvideSecret) roomv1alpha1.Provide {
	return roomv1alpha1.Provide{Secrets: rules}
}

func rule(url roomv1alpha1.URLPattern, mods ...func(*roomv1alpha1.ProvideSecret)) roomv1alpha1.ProvideSecret {
	r := roomv1alpha1.ProvideSecret{URL: url, SecretKeyRef: roomv1alpha1.SecretKeyRef{Name: "source", Key: "key"}}
	for _, mod := range mods {
		mod(&r)
	}
	return r
}

func ofType(kind roomv1alpha1.MIMEType) func(*roomv1alpha1.ProvideSecret) {
	return func(r *roomv1alpha1.ProvideSecret) { r.Type = kind }
}

func forAskers(askers ...roomv1alpha1.Pattern) func(*roomv1alpha1.ProvideSecret) {
	return func(r *roomv1alpha1.ProvideSecret) { r.Askers = askers }
}

func toDelegates(delegates ...roomv1alpha1.Identity) func(*roomv1alpha1.ProvideSecret) {
	return func(r *roomv1alpha1.ProvideSecret) { r.DelegateTo = delegates }
}

func ignoring(p *plan.Provider) { p.Spec.OnUnmatched = roomv1alpha1.OnUnmatchedIgnore }

// inWords is a decision in a few words: what is done, by the rule of which provider.
func inWords(d plan.Decision) string {
	by := "nobody"
	if d.By != nil {
		by = fmt.Sprintf("%s %d", d.By.Name, d.Rule)
	}
	switch d.Verdict {
	case plan.Answer:
		return "answer by " + by
	case plan.Reject:
		return "reject by " + by + ": " + string(d.Refusal)
	case plan.Ignore:
	}
	return "ignore"
}

func TestProvideSecret(t *testing.T) {
	t.Parallel()
	const github = "https://github.com"
	asked := plan.Asked{URL: github, Type: "text/plain", Asker: "agent"}
	only := func(p ...*plan.Provider) []*plan.Provider { return p }
	provides := roomv1alpha1.OperationProvide
	cases := map[string]struct {
		providers []*plan.Provider
		change    func(*plan.Asked)
		want      string
	}{
		"without providers nothing is said":        {nil, nil, "ignore"},
		"a literal url is answered":                {only(provider("a", secrets(rule(github)))), nil, "answer by a 0"},
		"another url is rejected":                  {only(provider("a", secrets(rule("https://gitlab.com")))), nil, "reject by nobody: " + string(plan.RefusalUnmatched)},
		"a longer url is another one":              {only(provider("a", secrets(rule("https://github")))), nil, "reject by nobody: " + string(plan.RefusalUnmatched)},
		"a prefix is answered":                     {only(provider("a", secrets(rule("https://git*")))), nil, "answer by a 0"},
		"a star is everything":                     {only(provider("a", secrets(rule("*")))), nil, "answer by a 0"},
		"no case is like another":                  {only(provider("a", secrets(rule("https://GitHub.com")))), nil, "reject by nobody: " + string(plan.RefusalUnmatched)},
		"a literal stands before a prefix":         {only(provider("a", secrets(rule("https://github.com*"), rule(github)))), nil, "answer by a 1"},
		"a longer prefix stands before a shorter":  {only(provider("a", secrets(rule("*"), rule("https://*"), rule("https://g*")))), nil, "answer by a 2"},
		"a rule with the type stands before":       {only(provider("a", secrets(rule(github), rule(github, ofType("text/plain"))))), nil, "answer by a 1"},
		"a rule of another type is not about it":   {only(provider("a", secrets(rule(github, ofType("image/png"))))), nil, "reject by nobody: " + string(plan.RefusalUnmatched)},
		"a rule with askers stands before":         {only(provider("a", secrets(rule(github), rule(github, forAskers("agent"))))), nil, "answer by a 1"},
		"the type counts more than the askers":     {only(provider("a", secrets(rule(github, forAskers("agent")), rule(github, ofType("text/plain"))))), nil, "answer by a 1"},
		"the url counts more than the type":        {only(provider("a", secrets(rule("https://*", ofType("text/plain"), forAskers("agent")), rule(github)))), nil, "answer by a 1"},
		"a rule for others is not about them":      {only(provider("a", secrets(rule(github, forAskers("agent-2"))))), nil, "reject by nobody: " + string(plan.RefusalUnmatched)},
		"askers can be a prefix":                   {only(provider("a", secrets(rule(github, forAskers("x", "ag*"))))), nil, "answer by a 0"},
		"askers can have the namespace":            {only(provider("a", secrets(rule(github, forAskers("{namespace}-*"))))), func(a *plan.Asked) { a.Asker = "team-1" }, "answer by a 0"},
		"who is not known is nobody by name":       {only(provider("a", secrets(rule(github, forAskers("*"))))), func(a *plan.Asked) { a.Asker = "" }, "reject by nobody: " + string(plan.RefusalUnmatched)},
		"who is not known may ask what anyone may": {only(provider("a", secrets(rule(github)))), func(a *plan.Asked) { a.Asker = "" }, "answer by a 0"},
		"the older RoomSecret answers":             {only(provider("a", secrets(rule(github)), younger), provider("b", secrets(rule(github)))), nil, "answer by b 0"},
		"of two as old the name decides":           {only(provider("b", secrets(rule(github))), provider("a", secrets(rule(github)))), nil, "answer by a 0"},
		"the younger answers what it says more of": {only(provider("a", secrets(rule("https://*"))), provider("b", secrets(rule(github)), younger)), nil, "answer by b 0"},
		"the first of two equal rules answers":     {only(provider("a", secrets(rule(github), rule(github)))), nil, "answer by a 0"},

		"unmatched is ignored if so configured":      {only(provider("a", secrets(rule("x")), ignoring)), nil, "ignore"},
		"one that rejects is enough":                 {only(provider("a", secrets(rule("x")), ignoring), provider("b", secrets(rule("x")))), nil, "reject by nobody: " + string(plan.RefusalUnmatched)},
		"who only provides tokens rejects a secret":  {only(provider("a", roomv1alpha1.Provide{OAuth: []roomv1alpha1.ProvideOAuth{oauthRule()}})), nil, "reject by nobody: " + string(plan.RefusalUnmatched)},
		"delegation to the asker is no delegation":   {only(provider("a", secrets(rule(github)))), func(a *plan.Asked) { a.DelegateTo = "agent" }, "answer by a 0"},
		"a delegate must be in the rule":             {only(provider("a", secrets(rule(github, toDelegates("bob"))))), func(a *plan.Asked) { a.DelegateTo = "eve" }, "reject by a 0: " + string(plan.RefusalDelegate)},
		"a delegate in the rule is fine":             {only(provider("a", secrets(rule(github, toDelegates("bob"))))), func(a *plan.Asked) { a.DelegateTo = "bob" }, "answer by a 0"},
		"who is not known delegates like others":     {only(provider("a", secrets(rule(github)))), func(a *plan.Asked) { a.Asker, a.DelegateTo = "", "bob" }, "reject by a 0: " + string(plan.RefusalDelegate)},
		"another rule does not help with a delegate": {only(provider("a", secrets(rule(github), rule("*", toDelegates("bob"))))), func(a *plan.Asked) { a.DelegateTo = "bob" }, "reject by a 0: " + string(plan.RefusalDelegate)},

		"without the operation there is no say": {
			only(provider("a", secrets(rule(github)), limited(accessRule([]roomv1alpha1.Pattern{"*"}, []roomv1alpha1.Pattern{"*"}, roomv1alpha1.OperationRead, roomv1alpha1.OperationRequest)))),
			nil, "ignore",
		},
		"without the operation others are not hindered": {
			only(provider("a", secrets(rule(github, ofType("text/plain"))), limited()), provider("b", secrets(rule("*")), younger)),
			nil, "answer by b 0",
		},
		"without the operation for the url it is rejected": {
			only(provider("a", secrets(rule(github)), limited(accessRule([]roomv1alpha1.Pattern{"secret://{namespace}/*"}, nil, provides)))),
			nil, "reject by a 0: " + string(plan.RefusalAccess),
		},
		"a rule that is not allowed stands behind one that is": {
			only(provider("a", secrets(rule(github)), limited(accessRule([]roomv1alpha1.Pattern{"secret://*"}, nil, provides))), provider("b", secrets(rule("*")), younger)),
			nil, "answer by b 0",
		},
		"the operation for the url is enough": {
			only(provider("a", secrets(rule("*")), limited(accessRule([]roomv1alpha1.Pattern{"https://*"}, nil, provides)))),
			nil, "answer by a 0",
		},
		"to delegate takes the operation too": {
			only(provider("a", secrets(rule(github, toDelegates("bob"))), limited(accessRule([]roomv1alpha1.Pattern{"*"}, []roomv1alpha1.Pattern{"bob"}, provides)))),
			func(a *plan.Asked) { a.DelegateTo = "bob" }, "reject by a 0: " + string(plan.RefusalAccess),
		},
		"to delegate takes the identity too": {
			only(provider("a", secrets(rule(github, toDelegates("bob"))), limited(accessRule([]roomv1alpha1.Pattern{"*"}, nil, provides, roomv1alpha1.OperationDelegate)))),
			func(a *plan.Asked) { a.DelegateTo = "bob" }, "reject by a 0: " + string(plan.RefusalAccess),
		},
		"to delegate is allowed": {
			only(provider("a", secrets(rule(github, toDelegates("bob"))), limited(accessRule([]roomv1alpha1.Pattern{"*"}, []roomv1alpha1.Pattern{"bob"}, provides, roomv1alpha1.OperationDelegate)))),
			func(a *plan.Asked) { a.DelegateTo = "bob" }, "answer by a 0",
		},

		"a url of 2048 bytes is fine":     {only(provider("a", secrets(rule("*")))), func(a *plan.Asked) { a.URL = strings.Repeat("u", 2048) }, "answer by a 0"},
		"a longer url is refused":         {only(provider("a", secrets(rule("*")))), func(a *plan.Asked) { a.URL = strings.Repeat("u", 2049) }, "reject by nobody: " + string(plan.RefusalInvalid)},
		"an empty url is refused":         {only(provider("a", secrets(rule("*")))), func(a *plan.Asked) { a.URL = "" }, "reject by nobody: " + string(plan.RefusalInvalid)},
		"a url with a line end":           {only(provider("a", secrets(rule("*")))), func(a *plan.Asked) { a.URL = "a\nb" }, "reject by nobody: " + string(plan.RefusalInvalid)},
		"a url that is not UTF-8":         {only(provider("a", secrets(rule("*")))), func(a *plan.Asked) { a.URL = "a\xff" }, "reject by nobody: " + string(plan.RefusalInvalid)},
		"a long type is refused":          {only(provider("a", secrets(rule("*")))), func(a *plan.Asked) { a.Type = strings.Repeat("u", 513) }, "reject by nobody: " + string(plan.RefusalInvalid)},
		"a long delegate is refused":      {only(provider("a", secrets(rule("*")))), func(a *plan.Asked) { a.DelegateTo = strings.Repeat("u", 513) }, "reject by nobody: " + string(plan.RefusalInvalid)},
		"what is not sensible is ignored": {nil, func(a *plan.Asked) { a.URL = "" }, "ignore"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			asked := asked
			if tc.change != nil {
				tc.change(&asked)
			}
			got := inWords(plan.ProvideSecret(tc.providers, asked))
			if got != tc.want {
				t.Errorf("%s, want %s", got, tc.want)
			}
			turned := slices.Clone(tc.providers)
			slices.Reverse(turned)
			if again := inWords(plan.ProvideSecret(turned, asked)); again != got {
				t.Errorf("%s, and %s with the providers in another order", got, again)
			}
		})
	}
}

func oauthRule(mods ...func(*roomv1alpha1.ProvideOAuth)) roomv1alpha1.ProvideOAuth {
	r := roomv1alpha1.ProvideOAuth{AuthorizationEndpoint: "https://provider.example/*", ClientIDs: []string{"client"}}
	for _, mod := range mods {
		mod(&r)
	}
	return r
}

func TestProvideToken(t *testing.T) {
	t.Parallel()
	asked := plan.AskedToken{
		Asked:    plan.Asked{URL: "https://provider.example/authorize", Asker: "agent"},
		ClientID: "client", Scopes: []string{"read"}, RedirectURI: consentPage,
	}
	scopes := func(scopes ...string) func(*roomv1alpha1.ProvideOAuth) {
		return func(r *roomv1alpha1.ProvideOAuth) { r.Scopes = scopes }
	}
	endpoint := func(endpoint roomv1alpha1.URLPattern) func(*roomv1alpha1.ProvideOAuth) {
		return func(r *roomv1alpha1.ProvideOAuth) { r.AuthorizationEndpoint = endpoint }
	}
	clients := func(clients ...string) func(*roomv1alpha1.ProvideOAuth) {
		return func(r *roomv1alpha1.ProvideOAuth) { r.ClientIDs = clients }
	}
	tokens := func(rules ...roomv1alpha1.ProvideOAuth) []*plan.Provider {
		return []*plan.Provider{provider("a", roomv1alpha1.Provide{OAuth: rules})}
	}
	cases := map[string]struct {
		providers []*plan.Provider
		change    func(*plan.AskedToken)
		page      string
		want      string
	}{
		"an endpoint and client of a rule":    {tokens(oauthRule()), nil, consentPage, "answer by a 0"},
		"another client":                      {tokens(oauthRule(clients("other"))), nil, consentPage, "reject by nobody: " + string(plan.RefusalUnmatched)},
		"the rule with the client is taken":   {tokens(oauthRule(clients("other"), endpoint("https://provider.example/authorize")), oauthRule()), nil, consentPage, "answer by a 1"},
		"another endpoint":                    {tokens(oauthRule(endpoint("https://provider.example/login"))), nil, consentPage, "reject by nobody: " + string(plan.RefusalUnmatched)},
		"a host that begins like it":          {tokens(oauthRule()), func(a *plan.AskedToken) { a.URL = "https://provider.example.evil.example/" }, consentPage, "reject by nobody: " + string(plan.RefusalUnmatched)},
		"the endpoint itself is more":         {tokens(oauthRule(), oauthRule(endpoint("https://provider.example/authorize"))), nil, consentPage, "answer by a 1"},
		"any scope without scopes":            {tokens(oauthRule()), func(a *plan.AskedToken) { a.Scopes = []string{"everything"} }, consentPage, "answer by a 0"},
		"a scope that is named":               {tokens(oauthRule(scopes("write", "read"))), nil, consentPage, "answer by a 0"},
		"a scope that is not named":           {tokens(oauthRule(scopes("read"))), func(a *plan.AskedToken) { a.Scopes = []string{"read", "write"} }, consentPage, "reject by a 0: " + string(plan.RefusalScope)},
		"no scope":                            {tokens(oauthRule(scopes("read"))), func(a *plan.AskedToken) { a.Scopes = nil }, consentPage, "answer by a 0"},
		"no consent page":                     {tokens(oauthRule()), nil, "", "reject by a 0: " + string(plan.RefusalNoPage)},
		"a redirect URI elsewhere":            {tokens(oauthRule()), func(a *plan.AskedToken) { a.RedirectURI = "https://evil.example/" }, consentPage, "reject by a 0: " + string(plan.RefusalRedirect)},
		"a redirect URI below the page":       {tokens(oauthRule()), func(a *plan.AskedToken) { a.RedirectURI = consentPage + "/x" }, consentPage, "reject by a 0: " + string(plan.RefusalRedirect)},
		"no redirect URI":                     {tokens(oauthRule()), func(a *plan.AskedToken) { a.RedirectURI = "" }, consentPage, "reject by a 0: " + string(plan.RefusalRedirect)},
		"no page and no redirect URI":         {tokens(oauthRule()), func(a *plan.AskedToken) { a.RedirectURI = "" }, "", "reject by a 0: " + string(plan.RefusalNoPage)},
		"a delegate":                          {tokens(oauthRule()), func(a *plan.AskedToken) { a.DelegateTo = "bob" }, consentPage, "reject by a 0: " + string(plan.RefusalDelegate)},
		"a connector of the room's own":       {tokens(oauthRule()), func(a *plan.AskedToken) { a.URL, a.ClientID = "", "" }, consentPage, "reject by nobody: " + string(plan.RefusalInvalid)},
		"an endpoint with a fragment":         {tokens(oauthRule()), func(a *plan.AskedToken) { a.URL += "#x" }, consentPage, "reject by nobody: " + string(plan.RefusalInvalid)},
		"an endpoint with a backslash":        {tokens(oauthRule()), func(a *plan.AskedToken) { a.URL = `https://provider.example/\evil` }, consentPage, "reject by nobody: " + string(plan.RefusalInvalid)},
		"an endpoint with a space":            {tokens(oauthRule()), func(a *plan.AskedToken) { a.URL += " x" }, consentPage, "reject by nobody: " + string(plan.RefusalInvalid)},
		"a long client":                       {tokens(oauthRule()), func(a *plan.AskedToken) { a.ClientID = strings.Repeat("c", 513) }, consentPage, "reject by nobody: " + string(plan.RefusalInvalid)},
		"long scopes":                         {tokens(oauthRule()), func(a *plan.AskedToken) { a.Scopes = slices.Repeat([]string{strings.Repeat("c", 64)}, 33) }, consentPage, "reject by nobody: " + string(plan.RefusalInvalid)},
		"a long challenge":                    {tokens(oauthRule()), func(a *plan.AskedToken) { a.Challenge = strings.Repeat("c", 513) }, consentPage, "reject by nobody: " + string(plan.RefusalInvalid)},
		"many scopes":                         {tokens(oauthRule()), func(a *plan.AskedToken) { a.Scopes = slices.Repeat([]string{"s"}, 65) }, consentPage, "reject by nobody: " + string(plan.RefusalInvalid)},
		"who only provides secrets":           {[]*plan.Provider{provider("a", secrets(rule("*")))}, nil, consentPage, "reject by nobody: " + string(plan.RefusalUnmatched)},
		"the operation for another endpoint":  {[]*plan.Provider{provider("a", roomv1alpha1.Provide{OAuth: []roomv1alpha1.ProvideOAuth{oauthRule()}}, limited(accessRule([]roomv1alpha1.Pattern{"https://other/*"}, nil, roomv1alpha1.OperationProvide)))}, nil, consentPage, "reject by a 0: " + string(plan.RefusalAccess)},
		"the operation for the endpoint":      {[]*plan.Provider{provider("a", roomv1alpha1.Provide{OAuth: []roomv1alpha1.ProvideOAuth{oauthRule()}}, limited(accessRule([]roomv1alpha1.Pattern{"https://provider.example/*"}, nil, roomv1alpha1.OperationProvide)))}, nil, consentPage, "answer by a 0"},
		"nobody provides and nothing is said": {nil, nil, consentPage, "ignore"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			asked := asked
			if tc.change != nil {
				tc.change(&asked)
			}
			if got := inWords(plan.ProvideToken(tc.providers, asked, tc.page)); got != tc.want {
				t.Errorf("%s, want %s", got, tc.want)
			}
		})
	}
}
