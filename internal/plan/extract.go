// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
)

// maxNesting is how deep JSON may be nested.
const maxNesting = 64

// Member is one of the keys that a value is made into. Its name need not be valid as a key.
type Member struct {
	Name  string
	Value []byte
}

// Extract takes a value apart into its members, in their order. Each name is there once. The Problem shows nothing of
// the value.
func Extract(how roomv1alpha1.Extract, value []byte) ([]Member, *Problem) {
	var members []Member
	var err error
	switch how {
	case roomv1alpha1.ExtractJSON:
		members, err = jsonMembers(value)
	case roomv1alpha1.ExtractDotenv:
		members, err = dotenvMembers(value)
	case roomv1alpha1.ExtractNone, "":
		return nil, nil
	}
	switch {
	case err != nil:
		return nil, &Problem{Reason: roomv1alpha1.ReasonInvalidValue, Message: fmt.Sprintf("The value in the room cannot be read as %s: %v. Correct it there, or change extract.", how, err)}
	case len(members) == 0:
		return nil, &Problem{Reason: roomv1alpha1.ReasonInvalidValue, Message: fmt.Sprintf("The value in the room, read as %s, has no members: correct it there, or change extract.", how)}
	case len(members) > roomv1alpha1.MaxRows:
		return nil, &Problem{Reason: roomv1alpha1.ReasonTooLarge, Message: fmt.Sprintf("The value in the room has %d members, and one RoomSecret can have at most %d keys: split the value.", len(members), roomv1alpha1.MaxRows)}
	}
	return members, nil
}

// What is wrong with JSON. The errors of encoding/json would quote it.
var (
	errNotJSON = errors.New("it is not one JSON object")
	errTwice   = errors.New("a member is there twice")
	errTooDeep = fmt.Errorf("it is nested deeper than %d", maxNesting)
	errNotText = errors.New("a text in it is not valid Unicode")
)

// jsonMembers returns the members of a JSON object: strings as they are, anything else as compact JSON, and null not at all.
func jsonMembers(value []byte) ([]Member, error) {
	if err := checkJSON(value); err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(value))
	if start, err := decoder.Token(); err != nil || start != json.Delim('{') {
		return nil, errNotJSON
	}
	var members []Member
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return nil, errNotJSON
		}
		var raw json.RawMessage
		if err := decoder.Decode(&raw); err != nil {
			return nil, errNotJSON
		}
		text, err := jsonText(raw)
		if err != nil {
			return nil, err
		}
		if text != nil {
			members = append(members, Member{Name: fmt.Sprint(name), Value: text})
		}
	}
	return members, nil
}

// jsonText returns what a member is written as; nil for null.
func jsonText(raw json.RawMessage) ([]byte, error) {
	if string(raw) == "null" {
		return nil, nil
	}
	if raw[0] != '"' {
		var compact bytes.Buffer
		err := json.Compact(&compact, raw)
		return compact.Bytes(), err
	}
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return nil, errNotJSON
	}
	// Half a surrogate pair is replaced without a word: better no value than another one.
	if strings.ContainsRune(text, utf8.RuneError) && !bytes.Contains(raw, []byte("\ufffd")) && !bytes.Contains(bytes.ToLower(raw), []byte(`\ufffd`)) {
		return nil, errNotText
	}
	return append([]byte{}, text...), nil
}

// checkJSON reads one JSON value, to find what the decoder would let pass: members that are there twice, at any level,
// deep nesting, bytes that are no text, and anything after the value.
func checkJSON(value []byte) error {
	if !utf8.Valid(value) {
		return errNotText
	}
	decoder := json.NewDecoder(bytes.NewReader(value))
	decoder.UseNumber()
	var open []*jsonLevel
	for begun := false; !begun || len(open) > 0; begun = true {
		token, err := decoder.Token()
		switch {
		case err != nil:
			return errNotJSON
		case token == json.Delim('}'), token == json.Delim(']'):
			open = open[:len(open)-1]
			continue
		case len(open) > 0 && open[len(open)-1].repeats(token):
			return errTwice
		}
		if _, begins := token.(json.Delim); begins {
			if open = append(open, newLevel(token)); len(open) > maxNesting {
				return errTooDeep
			}
		}
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errNotJSON
	}
	return nil
}

// jsonLevel is an object or array that has not ended yet; names is nil for an array.
type jsonLevel struct {
	names map[any]bool
	// named is true when the name of the next value has been read.
	named bool
}

func newLevel(start json.Token) *jsonLevel {
	if start == json.Delim('{') {
		return &jsonLevel{names: map[any]bool{}}
	}
	return &jsonLevel{}
}

// repeats takes a token at the level, and reports whether it is a name that was there before.
func (l *jsonLevel) repeats(token json.Token) bool {
	if l.names == nil {
		return false
	}
	if l.named = !l.named; !l.named {
		return false
	}
	before := l.names[token]
	l.names[token] = true
	return before
}

// maxKey is the longest key that a Secret can have, in bytes.
const maxKey = 253

// validKey reports whether a Secret can have a key.
func validKey(key string) bool {
	odd := strings.ContainsFunc(key, func(c rune) bool {
		letter := (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
		return !letter && (c < '0' || c > '9') && c != '-' && c != '_' && c != '.'
	})
	return key != "" && len(key) <= maxKey && !odd && key != "." && !strings.HasPrefix(key, "..")
}
