// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

// Package template renders the templates of RoomSecrets: Go's text/template over the keys of a Secret or the values of a
// pull, with a list of functions that see nothing but their arguments. Whoever may write a RoomSecret may write a template,
// so none can run long, take much memory or read anything, and no error quotes a value.
package template

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"text/template"
	"text/template/parse"
)

// MaxOutput is the most that a template may render, in bytes: what a Kubernetes Secret can hold.
const MaxOutput = 1 << 20

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

// Template is a template that has been parsed. It is safe for concurrent use.
type Template struct{ parsed *template.Template }

// name is what the parser calls a template in its messages.
const name = "t"

// Parse reads a template. Errors are an [*Error].
func Parse(text string) (*Template, error) {
	parsed, err := template.New(name).Option("missingkey=error").Funcs(newBudget().functions()).Parse(text)
	if err != nil {
		return nil, parseError(err)
	}
	if len(parsed.Templates()) > 1 || parsed.Tree == nil {
		return nil, &Error{Reason: "define and block are not available"}
	}
	if err := restrict(parsed.Root); err != nil {
		return nil, err
	}
	return &Template{parsed: parsed}, nil
}

// Render fills in the template. A key that it names and the data does not have is an error. Errors are an [*Error].
func (t *Template) Render(data map[string][]byte) ([]byte, error) {
	values := make(map[string]string, len(data))
	for key, value := range data {
		values[key] = string(value)
	}
	run, err := t.parsed.Clone()
	if err != nil {
		return nil, &Error{Reason: "cannot be evaluated"}
	}
	var out bytes.Buffer
	b := newBudget()
	run.Funcs(b.functions()).Funcs(template.FuncMap{tickName: b.tick})
	if err := run.Execute(&limited{&out}, values); err != nil {
		return nil, renderError(err)
	}
	return out.Bytes(), nil
}

// limited is a writer that takes MaxOutput bytes.
type limited struct{ out *bytes.Buffer }

func (l *limited) Write(p []byte) (int, error) {
	if l.out.Len()+len(p) > MaxOutput {
		return 0, errOutput
	}
	return l.out.Write(p)
}

var (
	errOutput = errors.New("renders more than 1 MiB")
	errBudget = errors.New("takes too long or too much memory")
)

// positioned is how text/template begins its messages: with the template's name, the line and perhaps the column.
var positioned = regexp.MustCompile(`^template: ` + name + `:(\d+)(?::\d+)?: (.*)$`)

// parseError keeps the message of the parser, which quotes nothing but the template.
func parseError(err error) *Error {
	message := err.Error()
	if m := positioned.FindStringSubmatch(message); m != nil {
		line, _ := strconv.Atoi(m[1])
		return &Error{Line: line, Reason: m[2]}
	}
	return &Error{Reason: strings.TrimPrefix(message, "template: ")}
}

// missing is how text/template says that there is no such key. The key is a word of the template.
var missing = regexp.MustCompile(`map has no entry for key "([^"]*)"$`)

// called is how text/template says which function failed.
var called = regexp.MustCompile(`error calling (\w+):`)

// renderError says what failed in our own words: the message of text/template may quote a value.
func renderError(err error) *Error {
	message := err.Error()
	e := &Error{Reason: "cannot be evaluated"}
	if m := positioned.FindStringSubmatch(message); m != nil {
		e.Line, _ = strconv.Atoi(m[1])
	}
	var absent *absentError
	switch m := missing.FindStringSubmatch(message); {
	case errors.Is(err, errOutput):
		e.Reason = errOutput.Error()
	case errors.Is(err, errBudget):
		e.Reason = errBudget.Error()
	case errors.As(err, &absent):
		e.Reason = absent.Error()
	case m != nil:
		e.Reason = (&absentError{m[1]}).Error()
	default:
		if m := called.FindStringSubmatch(message); m != nil {
			e.Reason = "function " + m[1] + " does not accept what it is given"
		}
	}
	return e
}

// absentError names a key that is not there.
type absentError struct{ key string }

func (e *absentError) Error() string { return fmt.Sprintf("there is no key %q", e.key) }

// restrict refuses what could call itself, and makes every pass of a loop count.
func restrict(node parse.Node) error {
	switch n := node.(type) {
	case *parse.ListNode:
		if n == nil {
			return nil
		}
		for _, child := range n.Nodes {
			if err := restrict(child); err != nil {
				return err
			}
		}
	case *parse.IfNode:
		return errors.Join(restrict(n.List), restrict(n.ElseList))
	case *parse.WithNode:
		return errors.Join(restrict(n.List), restrict(n.ElseList))
	case *parse.RangeNode:
		if err := errors.Join(restrict(n.List), restrict(n.ElseList)); err != nil {
			return err
		}
		n.List.Nodes = append([]parse.Node{tick(n.List)}, n.List.Nodes...)
	case *parse.TemplateNode:
		return &Error{Line: n.Line, Reason: "template and block are not available"}
	}
	return nil
}

// tick returns a node that spends what one pass of the list costs: as much as the text is long.
func tick(list *parse.ListNode) parse.Node {
	cost := &parse.NumberNode{NodeType: parse.NodeNumber, IsInt: true, Int64: int64(len(list.String())) + 1}
	cost.Text = strconv.FormatInt(cost.Int64, 10)
	return &parse.ActionNode{NodeType: parse.NodeAction, Pos: list.Pos, Pipe: &parse.PipeNode{
		NodeType: parse.NodePipe, Pos: list.Pos, Cmds: []*parse.CommandNode{{
			NodeType: parse.NodeCommand, Pos: list.Pos,
			Args: []parse.Node{parse.NewIdentifier(tickName).SetPos(list.Pos), cost},
		}},
	}}
}
