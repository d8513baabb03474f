// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package template_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/roomsecrets/roomsecret-operator/internal/template"
)

var data = map[string][]byte{
	"user":     []byte("ann"),
	"password": []byte("hunter2"),
	"tls.crt":  []byte("CERT"),
	"json":     []byte(`{"host":"db","port":5432,"tags":["a","b"]}`),
	"encoded":  []byte("aHVudGVyMg=="),
	"binary":   {0xff, 0x00, 0xfe},
	"empty":    {},
	"lines":    []byte("a\nb"),
	"big":      []byte(strings.Repeat("x", 1<<19)),
}

func TestRender(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, want string }{
		"nothing to fill in":              {"plain", "plain"},
		"the empty template":              {"", ""},
		"keys":                            {"postgres://{{ .user }}:{{ .password }}@db", "postgres://ann:hunter2@db"},
		"a key that is no identifier":     {`{{ index . "tls.crt" }}`, "CERT"},
		"bytes that are no text":          {"{{ .binary }}", "\xff\x00\xfe"},
		"a condition":                     {"{{ if .empty }}yes{{ else }}no{{ end }}", "no"},
		"a loop over all keys":            {`{{ range $k, $v := . }}{{ if hasPrefix "us" $k }}{{ $k }}={{ $v }}{{ end }}{{ end }}`, "user=ann"},
		"a loop that ends early":          {`{{ range splitList "," "a,b,c" }}{{ if eq . "b" }}{{ break }}{{ end }}{{ . }}{{ end }}`, "a"},
		"members of a JSON value":         {`{{ with fromJson .json }}{{ .host }}:{{ .port }} {{ join "," .tags }}{{ end }}`, "db:5432 a,b"},
		"an element of a list":            {`{{ index (fromJson .json) "tags" 1 }}`, "b"},
		"decoding":                        {`{{ b64dec .encoded }}`, "hunter2"},
		"encoding":                        {`{{ b64enc .password }}`, "aHVudGVyMg=="},
		"a default for what is empty":     {`{{ default "none" .empty }}`, "none"},
		"quoting":                         {`{{ quote .user }}`, `"ann"`},
		"JSON of a value":                 {`{{ toJson .lines }}`, `"a\nb"`},
		"indentation":                     {`{{ nindent 2 .lines }}`, "\n  a\n  b"},
		"a number in a format":            {`{{ printf "%05d" 42 }}`, "00042"},
		"white space that is trimmed":     {"a {{- .user -}} b", "aannb"},
		"a variable":                      {`{{ $u := upper .user }}{{ $u }}{{ $u }}`, "ANNANN"},
		"text escaped for a query":        {`{{ urlquery "a b&c" }}`, "a+b%26c"},
		"a pipeline through several":      {`{{ .password | trimPrefix "hunt" | upper | trunc 2 }}`, "ER"},
		"a comment":                       {`{{/* {{ .nothing }} */}}x`, "x"},
		"as much as a Secret can hold":    {`{{ .big }}{{ .big }}`, strings.Repeat("x", 1<<20)},
		"a percent sign that is no width": {`{{ printf "100%% of %s" .user }}`, "100% of ann"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			parsed, err := template.Parse(c.text)
			if err != nil {
				t.Fatal(err)
			}
			got, err := parsed.Render(data)
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != c.want {
				t.Errorf("got %.80q, want %.80q", got, c.want)
			}
		})
	}
}

func TestTemplatesThatAreRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text string
		line int
		says string
	}{
		"an action that does not end":         {"a\n{{ .user", 2, "unclosed action"},
		"a function that is not available":    {"\n\n{{ env \"HOME\" }}", 3, `function "env" not defined`},
		"the time":                            {"{{ now }}", 1, `function "now" not defined`},
		"chance":                              {"{{ randAlpha 5 }}", 1, `function "randAlpha" not defined`},
		"a key pair":                          {`{{ genPrivateKey "rsa" }}`, 1, `function "genPrivateKey" not defined`},
		"a look-up in the network":            {`{{ getHostByName "localhost" }}`, 1, `function "getHostByName" not defined`},
		"repetition":                          {`{{ repeat 9 "x" }}`, 1, `function "repeat" not defined`},
		"the function that counts loops":      {`{{ tick 1 }}`, 1, `function "tick" not defined`},
		"a template that would call itself":   {`{{ define "t" }}{{ template "t" }}{{ end }}{{ template "t" }}`, 1, "multiple definition"},
		"another template":                    {`{{ define "x" }}{{ end }}`, 0, "not available"},
		"a block":                             {"\n{{ block \"x\" . }}{{ end }}", 0, "not available"},
		"a long word":                         {"{{ " + strings.Repeat("x", 4000) + " }}", 1, `function "xxx`},
		"an if that does not end":             {"{{ if .user }}", 1, "unexpected EOF"},
		"a template call inside a range loop": {`{{ range . }}{{ template "t" }}{{ end }}`, 1, "not available"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := template.Parse(c.text)
			check(t, err, c.line, c.says)
		})
	}
}

func TestRenderingThatFails(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text string
		line int
		says string
	}{
		"a key that is not there":         {"x\n{{ .nobody }}", 2, `there is no key "nobody"`},
		"an index that is not there":      {"x\n{{ index . \"no.body\" }}", 2, `there is no key "no.body"`},
		"a member that is not there":      {`{{ (fromJson .json).user }}`, 1, `there is no key "user"`},
		"an element that is not there":    {`{{ index (fromJson .json) "tags" 7 }}`, 1, "no such element"},
		"a value that is no JSON":         {`{{ fromJson .password }}`, 1, "function fromJson"},
		"a field of a string":             {`{{ .password.x }}`, 1, "cannot be evaluated"},
		"a number that is none":           {`{{ indent .password "x" }}`, 1, "cannot be evaluated"},
		"more than a Secret can hold":     {`{{ .big }}{{ .big }}{{ .user }}`, 0, "renders more than 1 MiB"},
		"a wide format":                   {`{{ printf "%1000000d" 1 }}`, 1, "up to 999"},
		"a width that is an argument":     {`{{ printf "%*d" 1000000 1 }}`, 1, "neither * nor [n]"},
		"a precise format":                {`{{ printf "%.1000000f" 1.0 }}`, 1, "up to 999"},
		"a wide indentation":              {`{{ indent 1000000 "x" }}`, 1, "0 to 999"},
		"an indentation of many lines":    {`{{ indent 900 (join "\n" (splitList "x" .big)) }}`, 1, "takes too long"},
		"a loop that does nothing":        {`{{ range 1000000000 }}{{ end }}`, 1, "takes too long"},
		"loops in loops":                  {`{{ range . }}{{ range $ }}{{ range $ }}{{ range $ }}{{ range $ }}{{ range $ }}{{ end }}{{ end }}{{ end }}{{ end }}{{ end }}{{ end }}`, 1, "takes too long"},
		"a value that doubles":            {`{{ $x := "x" }}{{ range 60 }}{{ $x = printf "%s%s" $x $x }}{{ end }}`, 1, "takes too long"},
		"a value that doubles by print":   {`{{ $x := "x" }}{{ range 60 }}{{ $x = print $x $x }}{{ end }}`, 1, "takes too long"},
		"a value that doubles by replace": {`{{ $x := "x" }}{{ range 60 }}{{ $x = replace "x" "xx" $x }}{{ end }}`, 1, "takes too long"},
		"what is not base64":              {`{{ b64dec .password }}`, 1, "b64dec needs standard base64"},
		"much work that is thrown away":   {`{{ range 1000 }}{{ $x := sha256sum $.big }}{{ end }}`, 1, "takes too long"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			parsed, err := template.Parse(c.text)
			if err != nil {
				t.Fatal(err)
			}
			got, err := parsed.Render(data)
			if err == nil {
				t.Fatalf("rendered %.80q", got)
			}
			check(t, err, c.line, c.says)
		})
	}
}

func check(t *testing.T, err error, line int, says string) {
	t.Helper()
	e, ok := errors.AsType[*template.Error](err)
	if !ok {
		t.Fatalf("got %v, want an Error", err)
	}
	if e.Line != line || !strings.Contains(e.Reason, says) {
		t.Errorf("got line %d: %s; want line %d and %q", e.Line, e.Reason, line, says)
	}
	if len(e.Reason) > 256 {
		t.Errorf("the reason is %d bytes long", len(e.Reason))
	}
	for key, value := range data {
		if len(value) > 4 && key != "json" && strings.Contains(e.Error(), string(value)) {
			t.Errorf("the error quotes %s", key)
		}
	}
}

// The list is what docs/roomsecret.md promises.
func TestFunctions(t *testing.T) {
	t.Parallel()
	want := []string{
		"atoi", "b64dec", "b64enc", "coalesce", "contains", "default", "empty", "first", "fromJson", "hasPrefix", "hasSuffix", "indent",
		"int", "join", "last", "lower", "nindent", "quote", "replace", "sha256sum", "splitList", "squote", "substr", "ternary", "title",
		"toJson", "toPrettyJson", "toString", "trim", "trimAll", "trimPrefix", "trimSuffix", "trunc", "upper",
	}
	if diff := cmp.Diff(want, template.Functions()); diff != "" {
		t.Errorf("functions (-want +got):\n%s", diff)
	}
}
