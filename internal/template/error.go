// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package template

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Error says what is wrong with a template. It never quotes a value.
type Error struct {
	// Line of the template, from 1; 0 when the problem is of no line.
	Line int
	// Reason says what is wrong, without a full stop.
	Reason string
}

// Error implements error.
func (e *Error) Error() string {
	if e.Line == 0 {
		return e.Reason
	}
	return fmt.Sprintf("line %d: %s", e.Line, e.Reason)
}

// refusal is what one of our own functions says. It quotes nothing.
type refusal string

func (r refusal) Error() string { return string(r) }

const (
	errOutput       = refusal("renders more than 1 MiB")
	errWork         = refusal("takes too long or too much memory")
	errSharedOutput = refusal("renders, with the templates before it, more than 4 MiB")
	errSharedWork   = refusal("takes, with the templates before it, too long or too much memory")
)

// absentError is about a key that is not there. The key may be a value: see named.
type absentError struct{ key string }

func (e *absentError) Error() string { return "there is no such key" }

// named says which key is not there, if the template itself spells it out. Otherwise it comes from the data.
func (t *Template) named(key string) string {
	if spelled.MatchString(key) && (strings.Contains(t.text, "."+key) || strings.Contains(t.text, strconv.Quote(key))) {
		return fmt.Sprintf("there is no key %q", key)
	}
	return (&absentError{key}).Error()
}

// spelled matches the keys that Secrets can have.
var spelled = regexp.MustCompile(`^[-._a-zA-Z0-9]{1,253}$`)

// positioned is how text/template begins its messages: with the template's name, the line and perhaps the column.
var positioned = regexp.MustCompile(`(?s)^template: ` + name + `:(\d+)(?::\d+)?: (.*)$`)

// maxReason bounds what is quoted of the template.
const maxReason = 200

// parseError keeps the message of the parser, which quotes nothing but the template.
func parseError(err error) *Error {
	e := &Error{Reason: strings.TrimPrefix(err.Error(), "template: ")}
	if m := positioned.FindStringSubmatch(err.Error()); m != nil {
		e.Line, _ = strconv.Atoi(m[1])
		e.Reason = m[2]
	}
	if len(e.Reason) > maxReason {
		e.Reason = strings.ToValidUTF8(e.Reason[:maxReason], "") + "..."
	}
	return e
}

var (
	// missing is how text/template says that there is no such key.
	missing = regexp.MustCompile(`map has no entry for key "([^"]*)"$`)
	// called is how text/template says which function failed.
	called = regexp.MustCompile(`error calling (\w+):`)
)

// renderError says what failed in our own words: the message of text/template may quote a value. What is taken out of the
// message is checked, as a value may look like a message.
func (t *Template) renderError(err error) *Error {
	message := err.Error()
	e := &Error{Reason: "cannot be evaluated"}
	if m := positioned.FindStringSubmatch(message); m != nil {
		e.Line, _ = strconv.Atoi(m[1])
	}
	var own refusal
	var absent *absentError
	switch key, function := missing.FindStringSubmatch(message), called.FindStringSubmatch(message); {
	case errors.As(err, &own):
		e.Reason = own.Error()
	case errors.As(err, &absent):
		e.Reason = t.named(absent.key)
	case key != nil:
		e.Reason = t.named(key[1])
	case function != nil && slices.Contains(append(Functions(), ofGo()...), function[1]):
		e.Reason = "function " + function[1] + " does not accept what it is given"
	}
	return e
}
