// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package protocol

import (
	"bytes"
	"encoding/json"
	"iter"
)

// membersOf goes through the members of a JSON object that is known to be valid. Names are
// decoded; values are as they stand and alias the object. Headers are read this way because
// encoding/json would allocate a dozen times for each, and they come with every call.
func membersOf(object []byte) iter.Seq2[[]byte, json.RawMessage] {
	return func(yield func([]byte, json.RawMessage) bool) {
		i := skipSpace(object, 0) + 1 // behind the brace
		for {
			i = skipSpace(object, i)
			if object[i] == '}' {
				return
			}
			nameEnd := valueEnd(object, i)
			name := unquote(object[i:nameEnd])
			i = skipSpace(object, skipSpace(object, nameEnd)+1) // behind the colon
			end := valueEnd(object, i)
			if !yield(name, object[i:end:end]) {
				return
			}
			i = skipSpace(object, end)
			if object[i] == ',' {
				i++
			}
		}
	}
}

func skipSpace(raw []byte, i int) int {
	for raw[i] == ' ' || raw[i] == '\t' || raw[i] == '\r' || raw[i] == '\n' {
		i++
	}
	return i
}

// valueEnd returns the index behind the value that begins at i.
func valueEnd(raw []byte, i int) int {
	switch raw[i] {
	case '"':
		return stringEnd(raw, i)
	case '{', '[':
		return nestedEnd(raw, i)
	default: // a number or a word, which something always follows
		return i + bytes.IndexAny(raw[i:], ",}] \t\r\n")
	}
}

func stringEnd(raw []byte, i int) int {
	for i++; raw[i] != '"'; i++ {
		if raw[i] == '\\' {
			i++
		}
	}
	return i + 1
}

func nestedEnd(raw []byte, i int) int {
	for depth := 0; ; i++ {
		switch raw[i] {
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
		case '"':
			i = stringEnd(raw, i) - 1
		}
	}
}

// unquote returns the text of a JSON string; without escapes it is a part of it.
func unquote(quoted []byte) []byte {
	if bytes.IndexByte(quoted, '\\') < 0 {
		return quoted[1 : len(quoted)-1]
	}
	var text string
	_ = json.Unmarshal(quoted, &text) // known to be valid
	return []byte(text)
}
