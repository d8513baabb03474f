// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package answers_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/roomsecrets/roomsecret-operator/internal/roomctl/answers"
	"github.com/roomsecrets/roomsecret-operator/roomclient"
	"github.com/roomsecrets/roomsecret-operator/roomclient/redact"
)

func readFile(path string) (redact.Bytes, error) { return os.ReadFile(path) }

func load(t *testing.T, content string) (answers.Rules, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "answers.yaml")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return answers.Load(path, func(name string) string { return map[string]string{"SET": "from the environment"}[name] }, readFile)
}

func TestTheFirstRuleThatFitsDecides(t *testing.T) {
	t.Parallel()
	rules, err := load(t, `answers:
- {url: secret://a, type: text/plain, value: text}
- {url: secret://a, value: anything}
- {url: "secret://b/*", env: SET, delegateTo: [bob, carol]}
- {url: "secret://b/1", value: never}
- {url: secret://empty, value: ""}
`)
	if err != nil {
		t.Fatal(err)
	}
	const none = "nothing is provided for this url and type"
	const notShared = "the secret is not provided for delegation to this identity"
	cases := map[string]struct {
		request      roomclient.SecretRequest
		want, reason string
	}{
		"a literal of its type":              {roomclient.SecretRequest{URL: "secret://a", Type: "text/plain"}, "text", ""},
		"a literal of any type":              {roomclient.SecretRequest{URL: "secret://a", Type: "git"}, "anything", ""},
		"a prefix":                           {roomclient.SecretRequest{URL: "secret://b/1"}, "from the environment", ""},
		"a prefix, for a delegate":           {roomclient.SecretRequest{URL: "secret://b/", DelegateTo: "carol"}, "from the environment", ""},
		"a prefix, for somebody else":        {roomclient.SecretRequest{URL: "secret://b/", DelegateTo: "eve"}, "", notShared},
		"nothing may be delegated by itself": {roomclient.SecretRequest{URL: "secret://a", DelegateTo: "bob"}, "", notShared},
		"an empty value":                     {roomclient.SecretRequest{URL: "secret://empty"}, "", ""},
		"longer than a literal":              {roomclient.SecretRequest{URL: "secret://ab"}, "", none},
		"shorter than a prefix":              {roomclient.SecretRequest{URL: "secret://b"}, "", none},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rule, reason, found := rules.Find(c.request)
			if found != (c.reason == "") || reason != c.reason {
				t.Fatalf("found %v, %q", found, reason)
			}
			if !found {
				return
			}
			if value, err := rule.Value(); err != nil || string(value) != c.want {
				t.Errorf("value %q, %v", string(value), err)
			}
		})
	}
}

func TestMistakesInAFileNameThePlaceAndNoValue(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ content, want string }{
		"no list":              {"answers: hidden", "is no file of answers"},
		"no YAML":              {"answers: [hidden", "is no file of answers"},
		"an unknown member":    {"answers: [{url: u, val: hidden}]", "is no file of answers"},
		"nothing":              {"answers: []", "holds no answers"},
		"an answer to nothing": {"answers: [{value: hidden}]", "answer 1: the url is missing"},
		"no value":             {"answers: [{url: u, value: hidden}, {url: u}]", "answer 2: exactly one of"},
		"two values":           {"answers: [{url: u, value: hidden, env: SET}]", "answer 1: exactly one of"},
		"a variable not set":   {"answers: [{url: u, env: UNSET}]", "UNSET is not set"},
		"a file that is not":   {"answers: [{url: u, file: none}]", "no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := load(t, c.content)
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "hidden") {
				t.Errorf("got %v, want an error that says %q", err, c.want)
			}
		})
	}
	if _, err := answers.Load("none.yaml", os.Getenv, readFile); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}
