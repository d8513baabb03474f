// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

// Package template renders the templates of RoomSecrets: Go's text/template over the keys of a Secret or the values of a
// pull, with a list of functions that see nothing but their arguments. Whoever may write a RoomSecret may write a template,
// so none can run long, take much memory or read anything, and no error quotes a value.
package template

import (
	"bytes"
	"strconv"
	"text/template"
	"text/template/parse"
)

// MaxOutput is the most that a template may render, in bytes: what a Kubernetes Secret can hold.
const MaxOutput = 1 << 20

// Template is a template that has been parsed. It is safe for concurrent use.
type Template struct {
	parsed *template.Template
	// text is what it was parsed from: errors quote nothing else.
	text string
}

// name is what the parser calls a template in its messages.
const name = "t"

// Parse reads a template. Errors are an [*Error].
func Parse(text string) (*Template, error) {
	parsed, err := template.New(name).Option("missingkey=error").Funcs(available()).Parse(text)
	if err != nil {
		return nil, parseError(err)
	}
	if len(parsed.Templates()) > 1 || parsed.Tree == nil {
		return nil, &Error{Reason: "define and block are not available"}
	}
	if err := restrict(parsed.Root); err != nil {
		return nil, err
	}
	return &Template{parsed: parsed, text: text}, nil
}

// Render fills in the template. A key that it names and the data does not have is an error. Errors are an [*Error].
func (t *Template) Render(data map[string][]byte) ([]byte, error) {
	return NewData(data).Render(t)
}

// Data is what the templates of one object are filled in with. They share what they may spend, so that many of them cannot
// do together what one may not do alone. It is not safe for concurrent use.
type Data struct {
	values    map[string]string
	allowance *allowance
	functions template.FuncMap
}

// NewData copies the values.
func NewData(data map[string][]byte) *Data {
	d := &Data{values: make(map[string]string, len(data)), allowance: newAllowance()}
	for key, value := range data {
		d.values[key] = string(value)
	}
	d.functions = d.allowance.functions()
	return d
}

// Render fills in a template, as [Template.Render] does.
func (d *Data) Render(t *Template) ([]byte, error) {
	run, err := t.parsed.Clone()
	if err != nil {
		return nil, &Error{Reason: "cannot be evaluated"}
	}
	d.allowance.renew()
	out := limited{allowance: d.allowance}
	if err := run.Funcs(d.functions).Execute(&out, d.values); err != nil {
		return nil, t.renderError(err)
	}
	return out.written.Bytes(), nil
}

// limited is a writer that takes what the allowance has left.
type limited struct {
	written   bytes.Buffer
	allowance *allowance
}

func (l *limited) Write(p []byte) (int, error) {
	if err := l.allowance.write(len(p)); err != nil {
		return 0, err
	}
	return l.written.Write(p)
}

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
		return restrictBoth(&n.BranchNode)
	case *parse.WithNode:
		return restrictBoth(&n.BranchNode)
	case *parse.RangeNode:
		if err := restrictBoth(&n.BranchNode); err != nil {
			return err
		}
		n.List.Nodes = append([]parse.Node{tick(n.List)}, n.List.Nodes...)
	case *parse.TemplateNode:
		return &Error{Line: n.Line, Reason: "template and block are not available"}
	}
	return nil
}

func restrictBoth(n *parse.BranchNode) error {
	if err := restrict(n.List); err != nil {
		return err
	}
	return restrict(n.ElseList)
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
