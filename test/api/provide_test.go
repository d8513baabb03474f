// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// provide makes a RoomSecret from the members of spec.provide.
func provide(members ...string) *unstructured.Unstructured {
	return roomSecret(support, "provide: {"+strings.Join(members, ", ")+"}")
}

// provideSecret makes a RoomSecret from the members of spec.provide.secrets[0].
func provideSecret(members ...string) *unstructured.Unstructured {
	return provide("secrets: [{" + strings.Join(members, ", ") + "}]")
}

// provideToken makes a RoomSecret from the members of spec.provide.oauth[0].
func provideToken(members ...string) *unstructured.Unstructured {
	return provide("oauth: [{" + strings.Join(members, ", ") + "}]")
}

const (
	patternForm  = "must be a literal, or a prefix followed by one '*' at the end"
	providerForm = "must be an https URL with a host and a path (or http on localhost)"
	// oneSecret and oneToken are all that a rule must have.
	oneSecret = "url: 'secret://a', secretKeyRef: {name: source, key: k}"
	oneToken  = "authorizationEndpoint: 'https://provider.example.com/authorize', clientIDs: [client]"
)

func TestAProvideThatMakesNoSenseIsRefused(t *testing.T) {
	t.Parallel()
	checkRefused(t, map[string]refusal{
		"nothing to provide":       {provide(), []string{"spec.provide", "at least one of secrets and oauth must be set"}},
		"only what is unmatched":   {provide("onUnmatched: Ignore"), []string{"spec.provide", "at least one of secrets and oauth must be set"}},
		"an unknown onUnmatched":   {provide("secrets: [{"+oneSecret+"}]", "onUnmatched: Panic"), []string{"spec.provide.onUnmatched", `supported values: "Reject", "Ignore"`}},
		"an empty list of secrets": {provide("secrets: []"), []string{"spec.provide.secrets", "at least 1 items"}},
		"an empty list of tokens":  {provide("oauth: []"), []string{"spec.provide.oauth", "at least 1 items"}},
		"too many secrets":         {provide("secrets: " + list(65, "{url: 'secret://%d', secretKeyRef: {name: source, key: k}}")), []string{"spec.provide.secrets", "64"}},
		"too many tokens":          {provide("oauth: " + list(17, "{authorizationEndpoint: 'https://provider.example.com/%d', clientIDs: [client]}")), []string{"spec.provide.oauth", "16"}},
		"provide besides push":     {roomSecret(support, "push: {secretRef: {name: a}, allKeys: {}}", "provide: {secrets: [{"+oneSecret+"}]}"), []string{"exactly one of spec.push, spec.pull and spec.provide must be set"}},
		"an unknown member":        {provide("secrets: [{"+oneSecret+"}]", "access: []"), []string{`unknown field "spec.provide.access"`}},
	})
}

func TestARuleForSecretsThatMakesNoSenseIsRefused(t *testing.T) {
	t.Parallel()
	at := func(member string) string { return "spec.provide.secrets[0]." + member }
	const ref = "secretKeyRef: {name: source, key: k}"
	checkRefused(t, map[string]refusal{
		"no url":                    {provideSecret(ref), []string{at("url: Required value")}},
		"an empty url":              {provideSecret(ref, "url: ''"), []string{at("url"), atLeastOne}},
		"a url with a space":        {provideSecret(ref, "url: 'secret://a b'"), []string{at("url"), patternForm}},
		"a star in the middle":      {provideSecret(ref, "url: 'secret://*/a'"), []string{at("url"), patternForm}},
		"two stars":                 {provideSecret(ref, "url: 'secret://**'"), []string{at("url"), patternForm}},
		"too long a url":            {provideSecret(ref, "url: "+long(513)), []string{at("url"), "512"}},
		"a type with a space":       {provideSecret(oneSecret, "type: 'text/plain; charset=utf-8'"), []string{at("type"), typeForm}},
		"no value":                  {provideSecret("url: a"), []string{at("secretKeyRef: Required value")}},
		"no key":                    {provideSecret("url: a, secretKeyRef: {name: source}"), []string{at("secretKeyRef.key: Required value")}},
		"a Secret elsewhere":        {provideSecret("url: a, secretKeyRef: {name: source, key: k, namespace: b}"), []string{`unknown field "spec.provide.secrets[0].secretKeyRef.namespace"`}},
		"an empty list of askers":   {provideSecret(oneSecret, "askers: []"), []string{at("askers"), "at least 1 items"}},
		"an asker twice":            {provideSecret(oneSecret, "askers: [a, a]"), []string{at("askers[1]: Duplicate value")}},
		"an asker with a space":     {provideSecret(oneSecret, "askers: ['a b']"), []string{at("askers[0]"), patternForm}},
		"an asker like a regex":     {provideSecret(oneSecret, "askers: ['a*b']"), []string{at("askers[0]"), patternForm}},
		"too many askers":           {provideSecret(oneSecret, "askers: "+list(65, "a%d")), []string{at("askers"), "64"}},
		"an empty list of delegate": {provideSecret(oneSecret, "delegateTo: []"), []string{at("delegateTo"), "at least 1 items"}},
		"a delegate twice":          {provideSecret(oneSecret, "delegateTo: [a, a]"), []string{at("delegateTo[1]: Duplicate value")}},
		"a delegate with a space":   {provideSecret(oneSecret, "delegateTo: ['a b']"), []string{at("delegateTo[0]"), identityForm}},
	})
}

func TestARuleForTokensThatMakesNoSenseIsRefused(t *testing.T) {
	t.Parallel()
	at := func(member string) string { return "spec.provide.oauth[0]." + member }
	const client = "clientIDs: [client]"
	endpoint := func(url string) refusal {
		return refusal{provideToken(client, "authorizationEndpoint: '"+url+"'"), []string{at("authorizationEndpoint"), providerForm}}
	}
	checkRefused(t, map[string]refusal{
		"no endpoint":                  {provideToken(client), []string{at("authorizationEndpoint: Required value")}},
		"anywhere":                     endpoint("*"),
		"any host":                     endpoint("https://*"),
		"hosts that begin like one":    endpoint("https://provider.example.com*"),
		"a host without a path":        endpoint("https://provider.example.com"),
		"a user":                       endpoint("https://user@provider.example.com/"),
		"a query before the path":      endpoint("https://provider.example.com?/"),
		"http":                         endpoint("http://provider.example.com/"),
		"http to what is not loopback": endpoint("http://localhost.example.com/"),
		"another scheme":               endpoint("javascript://a/"),
		"an endpoint with two stars":   {provideToken(client, "authorizationEndpoint: 'https://provider.example.com/*/*'"), []string{at("authorizationEndpoint"), patternForm}},
		"no clients":                   {provideToken("authorizationEndpoint: 'https://provider.example.com/a'"), []string{at("clientIDs: Required value")}},
		"an empty list of clients":     {provideToken(oneEndpoint, "clientIDs: []"), []string{at("clientIDs"), "at least 1 items"}},
		"an empty client":              {provideToken(oneEndpoint, "clientIDs: ['']"), []string{at("clientIDs[0]"), atLeastOne}},
		"too many clients":             {provideToken(oneEndpoint, "clientIDs: "+list(33, "c%d")), []string{at("clientIDs"), "32"}},
		"an empty list of scopes":      {provideToken(oneToken, "scopes: []"), []string{at("scopes"), "at least 1 items"}},
		"an empty scope":               {provideToken(oneToken, "scopes: ['']"), []string{at("scopes[0]"), atLeastOne}},
		"an asker with a star inside":  {provideToken(oneToken, "askers: ['a*b']"), []string{at("askers[0]"), patternForm}},
		"a delegate with a '>'":        {provideToken(oneToken, "delegateTo: ['a>b']"), []string{at("delegateTo[0]"), identityForm}},
		"approvers who are nobody":     {provideToken(oneToken, "approvers: {}"), []string{at("approvers"), "at least one of emails and groups must be set"}},
		"an empty list of emails":      {provideToken(oneToken, "approvers: {emails: []}"), []string{at("approvers.emails"), "at least 1 items"}},
		"too short an email":           {provideToken(oneToken, "approvers: {emails: ['a@']}"), []string{at("approvers.emails[0]"), "at least 3 chars long"}},
		"an empty group":               {provideToken(oneToken, "approvers: {groups: ['']}"), []string{at("approvers.groups[0]"), atLeastOne}},
	})
}

const oneEndpoint = "authorizationEndpoint: 'https://provider.example.com/authorize'"
