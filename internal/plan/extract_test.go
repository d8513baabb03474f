// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/plan"
)

// told writes members as name=value, each quoted.
func told(members []plan.Member) []string {
	var lines []string
	for _, m := range members {
		lines = append(lines, fmt.Sprintf("%s=%q", m.Name, m.Value))
	}
	return lines
}

func TestExtract(t *testing.T) {
	t.Parallel()
	const asJSON, asDotenv = roomv1alpha1.ExtractJSON, roomv1alpha1.ExtractDotenv
	cases := map[string]struct {
		how   roomv1alpha1.Extract
		value string
		want  []string
	}{
		"nothing is taken apart without extract": {roomv1alpha1.ExtractNone, `{"a":"b"}`, nil},
		"strings are written as they are":        {asJSON, `{"user":"alice","text":"a\n\"b\" é 😀"}`, []string{`user="alice"`, `text="a\n\"b\" é 😀"`}},
		"an empty string is a value":             {asJSON, `{"a":""}`, []string{`a=""`}},
		"null is left out":                       {asJSON, `{"a":null,"b":"c"}`, []string{`b="c"`}},
		"other values are compact JSON":          {asJSON, `{"n": 1.50e3, "t": true, "l": [1, "x", null], "o": { "a" : { } }}`, []string{`n="1.50e3"`, `t="true"`, `l="[1,\"x\",null]"`, `o="{\"a\":{}}"`}},
		"large numbers stay exact":               {asJSON, `{"n":12345678901234567890.123456789}`, []string{`n="12345678901234567890.123456789"`}},
		"space around the object is nothing":     {asJSON, " \n{\"a\":\"b\"}\t\n", []string{`a="b"`}},
		"names need not be keys":                 {asJSON, `{"":"a","a/b":"c"}`, []string{`="a"`, `a/b="c"`}},
		"a replacement character that is meant":  {asJSON, `{"a":"\uFFFD","b":"` + "\ufffd" + `"}`, []string{`a="�"`, `b="�"`}},
		"nesting up to the limit":                {asJSON, `{"a":` + strings.Repeat("[", 63) + strings.Repeat("]", 63) + `}`, []string{`a="` + strings.Repeat("[", 63) + strings.Repeat("]", 63) + `"`}},

		"a variable a line":                {asDotenv, "A=one\nB=two", []string{`A="one"`, `B="two"`}},
		"space and blank lines and export": {asDotenv, "\n  export A = one  \n\t\nB=\n", []string{`A="one"`, `B=""`}},
		"comments":                         {asDotenv, "# A=no\nA=one # two\nB=#\nC=a#b", []string{`A="one"`, `B=""`, `C="a#b"`}},
		"single quotes take everything":    {asDotenv, `A='a "b" \n $C # d' # e`, []string{`A="a \"b\" \\n $C # d"`}},
		"double quotes take escapes":       {asDotenv, `A="a\n\r\t\"\\\$ 'b' # c"`, []string{`A="a\n\r\t\"\\$ 'b' # c"`}},
		"quoted values may span lines":     {asDotenv, "A=\"one\n# two\n\"\nB='x\r\ny'\nC=z", []string{`A="one\n# two\n"`, `B="x\r\ny"`, `C="z"`}},
		"nothing is replaced":              {asDotenv, "A=$HOME/${B}\nB=\"$A\"", []string{`A="$HOME/${B}"`, `B="$A"`}},
		"lines may end as in Windows":      {asDotenv, "A=one\r\nB=\"two\"\r\nC=\r\n", []string{`A="one"`, `B="two"`, `C=""`}},
		"a value with more signs":          {asDotenv, "A==a=b==\nB=a\"b'c", []string{`A="=a=b=="`, `B="a\"b'c"`}},
		"names with dots and dashes":       {asDotenv, "a.b-C_1=x", []string{`a.b-C_1="x"`}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			members, problem := plan.Extract(c.how, []byte(c.value))
			if problem != nil {
				t.Fatal(problem.Message)
			}
			if diff := cmp.Diff(c.want, told(members)); diff != "" {
				t.Errorf("members (-want +got):\n%s", diff)
			}
		})
	}
}

// secretText is in every value that cannot be read, and in no message.
const secretText = "hunter2"

func TestWhatCannotBeExtractedIsSaidWithoutTheValue(t *testing.T) {
	t.Parallel()
	const asJSON, asDotenv = roomv1alpha1.ExtractJSON, roomv1alpha1.ExtractDotenv
	deep := strings.Repeat("[", 100_000)
	cases := map[string]struct {
		how    roomv1alpha1.Extract
		value  string
		reason roomv1alpha1.Reason
		says   string
	}{
		"a text":                          {asJSON, `"hunter2"`, roomv1alpha1.ReasonInvalidValue, "not one JSON object"},
		"a list":                          {asJSON, `["hunter2"]`, roomv1alpha1.ReasonInvalidValue, "not one JSON object"},
		"no JSON":                         {asJSON, `hunter2`, roomv1alpha1.ReasonInvalidValue, "not one JSON object"},
		"nothing":                         {asJSON, ``, roomv1alpha1.ReasonInvalidValue, "not one JSON object"},
		"half an object":                  {asJSON, `{"a":"hunter2"`, roomv1alpha1.ReasonInvalidValue, "not one JSON object"},
		"two objects":                     {asJSON, `{"a":"hunter2"}{}`, roomv1alpha1.ReasonInvalidValue, "not one JSON object"},
		"an object and more":              {asJSON, `{"a":"b"} hunter2`, roomv1alpha1.ReasonInvalidValue, "not one JSON object"},
		"a member twice":                  {asJSON, `{"a":"hunter2","a":"b"}`, roomv1alpha1.ReasonInvalidValue, "twice"},
		"a member twice, escaped":         {asJSON, `{"a":"hunter2","\u0061":"b"}`, roomv1alpha1.ReasonInvalidValue, "twice"},
		"a member twice below":            {asJSON, `{"a":[{"b":{"c":1,"hunter2":2,"hunter2":3}}]}`, roomv1alpha1.ReasonInvalidValue, "twice"},
		"nesting beyond the limit":        {asJSON, `{"a":` + strings.Repeat("[", 64) + strings.Repeat("]", 64) + `}`, roomv1alpha1.ReasonInvalidValue, "deeper than 64"},
		"huge nesting":                    {asJSON, `{"hunter2":` + deep, roomv1alpha1.ReasonInvalidValue, "deeper than 64"},
		"bytes that are no text":          {asJSON, "{\"a\":\"hunter2\xff\"}", roomv1alpha1.ReasonInvalidValue, "Unicode"},
		"half a character":                {asJSON, `{"a":"hunter2\ud800"}`, roomv1alpha1.ReasonInvalidValue, "Unicode"},
		"an object without members":       {asJSON, `{}`, roomv1alpha1.ReasonInvalidValue, "no members"},
		"an object with nulls only":       {asJSON, `{"hunter2":null}`, roomv1alpha1.ReasonInvalidValue, "no members"},
		"too many members":                {asJSON, manyMembers(257), roomv1alpha1.ReasonTooLarge, "257 members"},
		"a line without a sign":           {asDotenv, "A=b\nhunter2", roomv1alpha1.ReasonInvalidValue, "line 2 is not NAME=value"},
		"a name with a space":             {asDotenv, "hunter2 A=b", roomv1alpha1.ReasonInvalidValue, "line 1 is not NAME=value"},
		"a name that begins with a digit": {asDotenv, "2A=hunter2", roomv1alpha1.ReasonInvalidValue, "line 1 is not NAME=value"},
		"no name":                         {asDotenv, "=hunter2", roomv1alpha1.ReasonInvalidValue, "line 1 is not NAME=value"},
		"a name twice":                    {asDotenv, "A=\"1\n2\"\nB=hunter2\nA=c", roomv1alpha1.ReasonInvalidValue, "line 4 has a name that was there before"},
		"a quote that does not end":       {asDotenv, "A=b\nB='hunter2\nC=d", roomv1alpha1.ReasonInvalidValue, "line 2 has a quote that does not end"},
		"more after the quote":            {asDotenv, "A='b' hunter2", roomv1alpha1.ReasonInvalidValue, "line 1 goes on after its closing quote"},
		"a sign right after the quote":    {asDotenv, "A='b'#hunter2", roomv1alpha1.ReasonInvalidValue, "line 1 goes on after its closing quote"},
		"an escape that is none":          {asDotenv, `A="hunter2\x"`, roomv1alpha1.ReasonInvalidValue, "escapes nothing"},
		"an escape at the end":            {asDotenv, `A="hunter2\`, roomv1alpha1.ReasonInvalidValue, "escapes nothing"},
		"a file without variables":        {asDotenv, "# hunter2\n\n", roomv1alpha1.ReasonInvalidValue, "no members"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			members, problem := plan.Extract(c.how, []byte(c.value))
			if problem == nil || members != nil {
				t.Fatalf("members %v, no problem", told(members))
			}
			if problem.Reason != c.reason || problem.Passing || !strings.Contains(problem.Message, c.says) {
				t.Errorf("problem %+v does not say %q", problem, c.says)
			}
			if strings.Contains(problem.Message, secretText) {
				t.Errorf("the value shows in %q", problem.Message)
			}
		})
	}
}

func manyMembers(n int) string {
	object := map[string]string{}
	for i := range n {
		object[strconv.Itoa(i)] = secretText
	}
	text, err := json.Marshal(object)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// FuzzExtract holds the JSON reader to what encoding/json makes of the same value, and both readers to the bounds.
func FuzzExtract(f *testing.F) {
	f.Add([]byte(`{"a":"b","c":[1,2,{"d":null}],"e":null}`))
	f.Add([]byte(`{"a":"\ud83d\ude00","A":"\ud800"}`))
	f.Add([]byte("export A=one # two\nB='x\ny'\nC=\"a\\n\\\"\"\r\n"))
	f.Fuzz(func(t *testing.T, value []byte) {
		for _, how := range []roomv1alpha1.Extract{roomv1alpha1.ExtractJSON, roomv1alpha1.ExtractDotenv} {
			members, problem := plan.Extract(how, value)
			if (problem == nil) == (len(members) == 0) || len(members) > roomv1alpha1.MaxRows {
				t.Fatalf("%s: %d members, problem %v", how, len(members), problem)
			}
			names := map[string]bool{}
			for _, m := range members {
				if names[m.Name] || m.Value == nil {
					t.Errorf("%s: %q is there twice, or has no value", how, m.Name)
				}
				names[m.Name] = true
				if how == roomv1alpha1.ExtractJSON {
					checkMember(t, value, m)
				}
			}
			if problem != nil && !utf8.ValidString(problem.Message) {
				t.Errorf("%s: message %q", how, problem.Message)
			}
		}
	})
}

// checkMember compares a member with what encoding/json says.
func checkMember(t *testing.T, value []byte, m plan.Member) {
	t.Helper()
	var object map[string]json.RawMessage
	if err := json.Unmarshal(value, &object); err != nil {
		t.Fatalf("extracted what is no JSON object: %v", err)
	}
	raw, ok := object[m.Name]
	if !ok {
		t.Fatalf("%q is no member", m.Name)
	}
	var text string
	if json.Unmarshal(raw, &text) == nil {
		if text != string(m.Value) {
			t.Errorf("%q is %q, not %q", m.Name, m.Value, text)
		}
		return
	}
	var want, got any
	if json.Unmarshal(raw, &want) != nil || json.Unmarshal(m.Value, &got) != nil || !cmp.Equal(want, got) {
		t.Errorf("%q is %q, not %q", m.Name, m.Value, raw)
	}
}
