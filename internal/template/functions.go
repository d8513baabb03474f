// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package template

import (
	"encoding/base64"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"text/template"

	"github.com/Masterminds/sprig/v3"
)

// fromSprig are the functions of github.com/Masterminds/sprig that are available. They see only their arguments, and what
// they return is at most escaped times as large as those, unless checks has them. What builds lists and dictionaries is not
// here: they can share their parts, and so stand for far more than they take.
func fromSprig() []string {
	return []string{
		"trim", "trimAll", "trimPrefix", "trimSuffix", "upper", "lower", "title", "quote", "squote", "trunc", "substr",
		"replace", "join", "splitList", "indent", "nindent",
		"contains", "hasPrefix", "hasSuffix", "first", "last", "b64enc", "sha256sum", "toJson", "default", "empty", "coalesce",
		"ternary", "atoi", "int", "toString",
	}
}

// ofGo are the names that text/template has itself and that we replace, by what counts or is stricter.
func ofGo() []string {
	return []string{"print", "printf", "println", "html", "js", "urlquery", "index"}
}

// Functions returns the names of the functions that templates can use besides those of text/template, sorted.
func Functions() []string {
	names := slices.Sorted(maps.Keys(available()))
	return slices.DeleteFunc(names, func(name string) bool { return slices.Contains(ofGo(), name) })
}

// available returns all functions.
func available() template.FuncMap {
	functions := template.FuncMap{
		"print": fmt.Sprint, "println": fmt.Sprintln, "printf": fmt.Sprintf, "index": index,
		"html": template.HTMLEscaper, "js": template.JSEscaper, "urlquery": template.URLQueryEscaper,
		"b64dec": decode,
	}
	all := sprig.HermeticTxtFuncMap()
	for _, name := range fromSprig() {
		functions[name] = all[name]
	}
	// The others give nothing where they should fail.
	functions["fromJson"], functions["toPrettyJson"] = all["mustFromJson"], all["mustToPrettyJson"]
	return functions
}

// functions returns all functions, each of which spends of the allowance, and the one that loops call.
func (a *allowance) functions() template.FuncMap {
	functions, checks := available(), checks()
	for name, function := range functions {
		functions[name] = a.guard(function, checks[name])
	}
	functions[tickName] = a.tick
	return functions
}

// decode is b64dec. That of Sprig gives the text of the error as the value.
func decode(text string) (string, error) {
	decoded, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return "", refusal("b64dec needs standard base64")
	}
	return string(decoded), nil
}

// index is that of text/template, except that a key that is not there is an error.
func index(item any, keys ...any) (any, error) {
	v := reflect.ValueOf(item)
	for _, key := range keys {
		if v.Kind() == reflect.Interface {
			v = v.Elem()
		}
		switch k := key.(type) {
		case string:
			if v.Kind() != reflect.Map || v.Type().Key().Kind() != reflect.String {
				return nil, refusal("index needs something with keys")
			}
			if v = v.MapIndex(reflect.ValueOf(k).Convert(v.Type().Key())); !v.IsValid() {
				return nil, &absentError{k}
			}
		case int:
			if (v.Kind() != reflect.Slice && v.Kind() != reflect.String) || k < 0 || k >= v.Len() {
				return nil, refusal("index finds no such element")
			}
			v = v.Index(k)
		default:
			return nil, refusal("index needs a key or a number")
		}
	}
	if !v.IsValid() {
		return nil, refusal("index finds nothing")
	}
	return v.Interface(), nil
}
