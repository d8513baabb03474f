// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package template

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"text/template"

	"github.com/Masterminds/sprig/v3"
)

// tickName is the function that each pass of a loop calls. No template can name it: the parser does not know it.
const tickName = "tick"

const (
	// maxWork is how many bytes the functions of one rendering may take in and give back altogether, and how long, in
	// characters of the template, its loops may be.
	maxWork   = 16 << 20
	maxLooped = 100_000
	// maxWidth is the largest indentation.
	maxWidth = 1000
)

// fromSprig are the functions of github.com/Masterminds/sprig that are available. They see only their arguments, and what
// they return is not much larger than those. What builds lists and dictionaries is not here: they can share their parts,
// and so stand for far more than they take.
func fromSprig() []string {
	return []string{
		"trim", "trimAll", "trimPrefix", "trimSuffix", "upper", "lower", "title", "replace", "quote", "squote", "trunc", "substr",
		"contains", "hasPrefix", "hasSuffix", "splitList", "join", "first", "last",
		"b64enc", "b64dec", "sha256sum", "toJson", "mustToPrettyJson", "mustFromJson", "default", "empty", "coalesce", "ternary",
		"atoi", "int", "toString",
	}
}

// Functions returns the names of the functions that templates can use besides those of text/template, sorted.
func Functions() []string {
	names := slices.Sorted(maps.Keys(newBudget().functions()))
	return slices.DeleteFunc(names, func(name string) bool {
		return slices.Contains([]string{"print", "printf", "println", "html", "js", "urlquery", "index"}, name)
	})
}

// budget is what one rendering may still do.
type budget struct{ work, looped int }

func newBudget() *budget { return &budget{work: maxWork, looped: maxLooped} }

// functions returns all functions, each of which spends of the budget.
func (b *budget) functions() template.FuncMap {
	available := template.FuncMap{
		"print": fmt.Sprint, "println": fmt.Sprintln, "printf": printf, "index": index,
		"html": template.HTMLEscaper, "js": template.JSEscaper, "urlquery": template.URLQueryEscaper,
	}
	all := sprig.HermeticTxtFuncMap()
	for _, name := range fromSprig() {
		available[name] = all[name]
	}
	available["toPrettyJson"], available["fromJson"] = available["mustToPrettyJson"], available["mustFromJson"]
	delete(available, "mustToPrettyJson")
	delete(available, "mustFromJson")
	available["indent"], available["nindent"] = indented(all["indent"]), indented(all["nindent"])
	for name, function := range available {
		available[name] = b.guard(function)
	}
	return available
}

// tick spends what one pass of a loop costs.
func (b *budget) tick(cost int) (string, error) {
	b.looped -= cost
	if b.looped < 0 {
		return "", errBudget
	}
	return "", nil
}

// guard returns a function that does the same and spends the bytes of what it is given and of what it returns.
func (b *budget) guard(function any) any {
	f := reflect.ValueOf(function)
	t := f.Type()
	in, out := make([]reflect.Type, t.NumIn()), []reflect.Type{t.Out(0), reflect.TypeFor[error]()}
	for i := range in {
		in[i] = t.In(i)
	}
	return reflect.MakeFunc(reflect.FuncOf(in, out, t.IsVariadic()), func(args []reflect.Value) []reflect.Value {
		if !b.spend(args) {
			return []reflect.Value{reflect.Zero(out[0]), reflect.ValueOf(errBudget)}
		}
		call := f.Call
		if t.IsVariadic() {
			call = f.CallSlice
		}
		results := call(args)
		if !b.spend(results[:1]) {
			return []reflect.Value{reflect.Zero(out[0]), reflect.ValueOf(errBudget)}
		}
		if len(results) == 1 {
			results = append(results, reflect.Zero(out[1]))
		}
		return results
	}).Interface()
}

// spend takes the size of values from the budget.
func (b *budget) spend(values []reflect.Value) bool {
	for _, value := range values {
		b.work -= size(value) + 1
	}
	return b.work >= 0
}

// size is about how many bytes a value has, including what it consists of.
func size(v reflect.Value) int {
	total := 0
	switch v.Kind() {
	case reflect.String:
		return v.Len()
	case reflect.Interface:
		if !v.IsNil() {
			return size(v.Elem())
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			total += size(v.Index(i)) + 1
		}
	case reflect.Map:
		for key, value := range v.Seq2() {
			total += size(key) + size(value) + 1
		}
	default:
	}
	return total
}

// wide finds a width or precision of more than three digits, or one that is an argument.
var wide = regexp.MustCompile(`%[-+# 0]*(\d{4,}|\d*\.\d{4,}|[^%a-zA-Z]*\*)`)

func printf(format string, args ...any) (string, error) {
	if wide.MatchString(format) {
		return "", errBudget
	}
	return fmt.Sprintf(format, args...), nil
}

// indented bounds the indentation.
func indented(function any) any {
	f, ok := function.(func(int, string) string)
	if !ok {
		return nil
	}
	return func(spaces int, text string) (string, error) {
		lines := 1
		for _, c := range text {
			if c == '\n' {
				lines++
			}
		}
		if spaces < 0 || spaces > maxWidth || lines*spaces > MaxOutput {
			return "", errBudget
		}
		return f(spaces, text), nil
	}
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
				return nil, errors.New("no map")
			}
			if v = v.MapIndex(reflect.ValueOf(k).Convert(v.Type().Key())); !v.IsValid() {
				return nil, &absentError{k}
			}
		case int:
			if (v.Kind() != reflect.Slice && v.Kind() != reflect.String) || k < 0 || k >= v.Len() {
				return nil, errors.New("no such element")
			}
			v = v.Index(k)
		default:
			return nil, errors.New("neither a key nor a number")
		}
	}
	if !v.IsValid() {
		return nil, errors.New("nothing")
	}
	return v.Interface(), nil
}
