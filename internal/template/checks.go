// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package template

import (
	"reflect"
	"regexp"
	"strconv"
	"strings"
)

const (
	// maxResult is the most that one call may give back, in bytes.
	maxResult = maxWork
	// maxWidth is the largest indentation, width and precision.
	maxWidth = 999
	// escaped is how many times as large text can get by escaping it.
	escaped = 6
	// parsed is how many times as large JSON can get by parsing it.
	parsed = 32
)

// checks are about functions whose result can be far larger than what they are given. They know before the call how large it
// is at most, as a process that runs out of memory cannot be saved afterwards.
func checks() map[string]func(args []reflect.Value) error {
	return map[string]func([]reflect.Value) error{
		"replace": func(args []reflect.Value) error { // old, new, text
			return within(strings.Count(args[2].String(), args[0].String()) * args[1].Len())
		},
		"splitList": func(args []reflect.Value) error { // separator, text
			return within(strings.Count(args[1].String(), args[0].String()) * perValue)
		},
		"join": func(args []reflect.Value) error { // separator, list
			list := measure(args[1])
			return within(list.values*args[0].Len() + list.bytes)
		},
		"indent":  checkIndent,
		"nindent": checkIndent,
		"fromJson": func(args []reflect.Value) error {
			return within(args[0].Len() * parsed)
		},
		"toPrettyJson": func(args []reflect.Value) error {
			value := measure(args[0])
			return within(value.bytes*escaped + value.values*2*(value.depth+1))
		},
		"printf": checkFormat,
	}
}

func within(size int) error {
	if size > maxResult {
		return errWork
	}
	return nil
}

func checkIndent(args []reflect.Value) error {
	if spaces := args[0].Int(); spaces < 0 || spaces > maxWidth {
		return refusal("indentation is 0 to 999")
	}
	return within(strings.Count(args[1].String(), "\n") * int(args[0].Int()))
}

var (
	// reused finds an argument that is used by number, as a width or out of turn: one argument could be printed many times.
	reused = regexp.MustCompile(`%[^%a-zA-Z]*[*\[]`)
	// width finds widths and precisions.
	width = regexp.MustCompile(`%[-+# 0]*(\d*)\.?(\d*)`)
)

// checkFormat lets printf have smaller widths than in Go, and each argument in turn.
func checkFormat(args []reflect.Value) error {
	format, widest := args[0].String(), 0
	if reused.MatchString(format) {
		return refusal("printf takes neither * nor [n]")
	}
	for _, m := range width.FindAllStringSubmatch(format, -1) {
		for _, digits := range m[1:] {
			n, err := strconv.Atoi(digits)
			if digits != "" && (err != nil || n > maxWidth) {
				return refusal("printf takes widths and precisions up to 999")
			}
			widest = max(widest, n)
		}
	}
	values := measure(args[1])
	return within((len(format)+values.bytes)*escaped + values.values*widest)
}
