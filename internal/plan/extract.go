// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
)

// Extract makes several values of one, by key. The Problem shows nothing of the value.
func Extract(how roomv1alpha1.Extract, value []byte) (map[string][]byte, *Problem) {
	var members map[string][]byte
	var err error
	switch how {
	case roomv1alpha1.ExtractJSON:
		members, err = fromJSON(value)
	case roomv1alpha1.ExtractDotenv:
		members, err = fromDotenv(value)
	default:
		err = errors.New("nothing that can be extracted")
	}
	if err != nil {
		return nil, &Problem{
			Reason:  roomv1alpha1.ReasonInvalidValue,
			Message: fmt.Sprintf("The value in the room is not what extract %s expects: %s. Correct it there, or change extract.", how, err),
		}
	}
	for key := range members {
		if !validKey(key) {
			// What is wrong is not quoted: in a value that was meant otherwise it may be the secret.
			return nil, &Problem{
				Reason:  roomv1alpha1.ReasonInvalidKey,
				Message: "The value in the room has a name that cannot be a key of a Secret: it may have letters, digits, '-', '_' and '.'. Correct it there.",
			}
		}
	}
	return members, nil
}

// keyForm is the form of a key of a Secret.
var keyForm = regexp.MustCompile(`^[-._a-zA-Z0-9]{1,253}$`)

func validKey(key string) bool {
	return keyForm.MatchString(key) && key != "." && !strings.HasPrefix(key, "..")
}

// fromJSON returns the members of an object: strings as they are, anything else as compact JSON. A null has no value.
func fromJSON(value []byte) (map[string][]byte, error) {
	decoder := json.NewDecoder(bytes.NewReader(value))
	if token, err := decoder.Token(); err != nil || token != json.Delim('{') {
		return nil, errors.New("it is no JSON object")
	}
	members := map[string][]byte{}
	for decoder.More() {
		token, err := decoder.Token()
		name, ok := token.(string)
		var raw json.RawMessage
		if err != nil || !ok || decoder.Decode(&raw) != nil {
			return nil, errors.New("it is no valid JSON")
		}
		if _, twice := members[name]; twice {
			return nil, errors.New("it has a name twice")
		}
		if members[name], err = plain(raw); err != nil {
			return nil, errors.New("it is no valid JSON")
		}
	}
	if _, err := decoder.Token(); err != nil || len(bytes.TrimSpace(value[decoder.InputOffset():])) > 0 {
		return nil, errors.New("it is no valid JSON")
	}
	for name, member := range members {
		if member == nil {
			delete(members, name)
		}
	}
	return members, nil
}

// plain returns the text of a JSON string, nil for null, and anything else as compact JSON.
func plain(raw json.RawMessage) ([]byte, error) {
	switch raw[0] {
	case 'n':
		return nil, nil
	case '"':
		var text string
		err := json.Unmarshal(raw, &text)
		return []byte(text), err
	}
	var compact bytes.Buffer
	err := json.Compact(&compact, raw)
	return compact.Bytes(), err
}

// fromDotenv reads lines NAME=value. A value may be quoted; in double quotes \n, \t, \r, \" and \\ mean what they usually do.
// Nothing is expanded, so that a value with a dollar sign arrives as it is.
func fromDotenv(value []byte) (map[string][]byte, error) {
	members := map[string][]byte{}
	number := 0
	for line := range strings.Lines(string(value)) {
		number++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		name, text, ok := strings.Cut(line, "=")
		if !ok {
			return nil, fmt.Errorf("line %d has no '='", number)
		}
		name = strings.TrimSpace(strings.TrimPrefix(name, "export "))
		if _, twice := members[name]; twice {
			return nil, fmt.Errorf("line %d has a name that came before", number)
		}
		text, ok = unquoted(strings.TrimSpace(text))
		if !ok {
			return nil, fmt.Errorf("line %d has a quotation that does not end, or something behind it", number)
		}
		members[name] = []byte(text)
	}
	return members, nil
}

// unquoted takes the quotes off a value.
func unquoted(text string) (string, bool) {
	if text == "" || (text[0] != '\'' && text[0] != '"') {
		return text, true
	}
	quote := text[0]
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		switch c := text[i]; {
		case c == quote:
			rest := strings.TrimSpace(text[i+1:])
			return b.String(), rest == "" || rest[0] == '#'
		case c == '\\' && quote == '"' && i+1 < len(text):
			i++
			b.WriteString(escaped(text[i]))
		default:
			b.WriteByte(c)
		}
	}
	return "", false
}

// escaped returns what a character means behind a backslash.
func escaped(c byte) string {
	switch c {
	case 'n':
		return "\n"
	case 't':
		return "\t"
	case 'r':
		return "\r"
	case '"', '\\':
		return string(c)
	default:
		return `\` + string(c)
	}
}
