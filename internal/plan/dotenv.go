// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// The libraries that read such files either replace $NAME, by nothing when they do not know it, or cut values at any
// '#': both would change a secret without a word. So this is a reader of our own, which refuses what is not clear.

// dotenvName is what a line begins with.
const dotenvName = `^[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_.-]*)[ \t]*=[ \t]*`

// dotenvMembers returns the variables of a file of lines NAME=value. Nothing is replaced in values: '$' is a '$'.
func dotenvMembers(file []byte) ([]Member, error) {
	begin := regexp.MustCompile(dotenvName)
	rest := file
	var members []Member
	seen := map[string]bool{}
	for line := 1; len(rest) > 0; {
		text, after, _ := bytes.Cut(rest, []byte("\n"))
		if trimmed := bytes.TrimSpace(text); len(trimmed) == 0 || trimmed[0] == '#' {
			rest, line = after, line+1
			continue
		}
		match := begin.FindSubmatch(text)
		if match == nil {
			return nil, fmt.Errorf("line %d is not NAME=value", line)
		}
		value, used, err := dotenvValue(rest[len(match[0]):])
		if err != nil {
			return nil, fmt.Errorf("line %d %w", line, err)
		}
		name := string(match[1])
		if seen[name] {
			return nil, fmt.Errorf("line %d has a name that was there before", line)
		}
		seen[name] = true
		members = append(members, Member{Name: name, Value: value})
		used += len(match[0])
		line += bytes.Count(rest[:used], []byte("\n"))
		rest = rest[used:]
	}
	return members, nil
}

// dotenvValue reads a value, and returns how many bytes it and the rest of its line take.
func dotenvValue(text []byte) (value []byte, used int, err error) {
	if len(text) > 0 && (text[0] == '"' || text[0] == '\'') {
		return quotedValue(text)
	}
	line, _, more := bytes.Cut(text, []byte("\n"))
	used = len(line)
	if more {
		used++
	}
	for i, c := range line {
		if c == '#' && (i == 0 || line[i-1] == ' ' || line[i-1] == '\t') {
			line = line[:i]
			break
		}
	}
	return bytes.Clone(bytes.TrimRight(line, " \t\r")), used, nil
}

// quotedValue reads a value in quotes, which may span lines. Between double quotes a backslash escapes.
func quotedValue(text []byte) (value []byte, used int, err error) {
	value = []byte{}
	for i := 1; i < len(text); i++ {
		c := text[i]
		switch {
		case c == text[0]:
			used, err = restOfLine(text, i+1)
			return value, used, err
		case c == '\\' && text[0] == '"':
			i++
			at := -1
			if i < len(text) {
				at = strings.IndexByte(`nrt"\$`, text[i])
			}
			if at < 0 {
				return nil, 0, errors.New("has a backslash that escapes nothing: write \\\\, or use single quotes")
			}
			value = append(value, "\n\r\t\"\\$"[at])
		default:
			value = append(value, c)
		}
	}
	return nil, 0, errors.New("has a quote that does not end")
}

// restOfLine makes sure that nothing but a comment follows in the line, and returns where the next one begins.
func restOfLine(text []byte, from int) (int, error) {
	line, _, more := bytes.Cut(text[from:], []byte("\n"))
	if trimmed := bytes.TrimSpace(line); len(trimmed) > 0 && (trimmed[0] != '#' || len(line) == len(bytes.TrimLeft(line, " \t"))) {
		return 0, errors.New("goes on after its closing quote")
	}
	if more {
		return from + len(line) + 1, nil
	}
	return from + len(line), nil
}
