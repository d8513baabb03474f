// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

// Package answers decides which value a participant provides when another one asks for a secret.
package answers

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/roomsecrets/roomsecret-operator/roomclient"
	"github.com/roomsecrets/roomsecret-operator/roomclient/redact"
)

// Rule provides one value.
type Rule struct {
	// URL is what is asked for: a literal, or a prefix followed by "*".
	URL string
	// Type is the type that is asked for; empty: any.
	Type string
	// DelegateTo are the identities that the value may be delegated to; when it is empty the value is for the one who
	// asks alone.
	DelegateTo []string
	// Value is what is provided. It is read when it is asked for, so that it may change.
	Value func() (redact.Bytes, error)
}

// Rules are tried in order: the first one whose URL and Type match decides.
type Rules []Rule

// Find returns the rule for a request. Without one it returns false and the reason, for the one who asks.
func (r Rules) Find(request roomclient.SecretRequest) (rule Rule, reason string, found bool) {
	i := slices.IndexFunc(r, func(rule Rule) bool {
		return Matches(rule.URL, request.URL) && (rule.Type == "" || rule.Type == request.Type)
	})
	switch {
	case i < 0:
		return Rule{}, "nothing is provided for this url and type", false
	case request.DelegateTo != "" && !slices.Contains(r[i].DelegateTo, request.DelegateTo):
		return Rule{}, "the secret is not provided for delegation to this identity", false
	}
	return r[i], "", true
}

// Matches reports whether a text is what a pattern says: a literal, or a prefix followed by "*".
func Matches(pattern, text string) bool {
	if prefix, ok := strings.CutSuffix(pattern, "*"); ok {
		return strings.HasPrefix(text, prefix)
	}
	return pattern == text
}

// file is the content of a file of answers.
type file struct {
	Answers []answer `json:"answers"`
}

type answer struct {
	URL        string   `json:"url"`
	Type       string   `json:"type"`
	DelegateTo []string `json:"delegateTo"`

	Value *string `json:"value"`
	File  string  `json:"file"`
	Env   string  `json:"env"`
}

// Load reads a file of answers. Files that it names are relative to its own directory. Errors quote no value.
func Load(path string, getenv func(string) string, readFile func(string) (redact.Bytes, error)) (Rules, error) {
	text, err := readFile(path)
	if err != nil {
		return nil, err
	}
	var content file
	if err := yaml.UnmarshalStrict(text, &content); err != nil {
		return nil, fmt.Errorf("%s is no file of answers: it must have the member answers, a list of objects with url and one of value, file and env; and besides them type and delegateTo, a list", path)
	}
	if len(content.Answers) == 0 {
		return nil, fmt.Errorf("%s holds no answers", path)
	}
	rules := make(Rules, len(content.Answers))
	for i, answer := range content.Answers {
		value, err := answer.source(filepath.Dir(path), getenv, readFile)
		if err != nil {
			return nil, fmt.Errorf("%s, answer %d: %w", path, i+1, err)
		}
		rules[i] = Rule{URL: answer.URL, Type: answer.Type, DelegateTo: answer.DelegateTo, Value: value}
	}
	return rules, nil
}

// source returns where the value comes from.
func (a answer) source(dir string, getenv func(string) string, readFile func(string) (redact.Bytes, error)) (func() (redact.Bytes, error), error) {
	given := 0
	for _, is := range []bool{a.Value != nil, a.File != "", a.Env != ""} {
		if is {
			given++
		}
	}
	switch {
	case a.URL == "":
		return nil, errors.New("the url is missing")
	case given != 1:
		return nil, errors.New("exactly one of value, file and env must be given")
	case a.Value != nil:
		return func() (redact.Bytes, error) { return redact.Bytes(*a.Value), nil }, nil
	case a.Env != "":
		if getenv(a.Env) == "" {
			return nil, fmt.Errorf("the environment variable %s is not set", a.Env)
		}
		return func() (redact.Bytes, error) { return redact.Bytes(getenv(a.Env)), nil }, nil
	}
	path := a.File
	if !filepath.IsAbs(path) {
		path = filepath.Join(cmp.Or(dir, "."), path)
	}
	if _, err := os.Stat(path); err != nil {
		return nil, err
	}
	return func() (redact.Bytes, error) { return readFile(path) }, nil
}
