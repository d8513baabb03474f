// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/plan"
)

func TestExtract(t *testing.T) {
	t.Parallel()
	const json, dotenv = roomv1alpha1.ExtractJSON, roomv1alpha1.ExtractDotenv
	for name, c := range map[string]struct {
		how   roomv1alpha1.Extract
		value string
		want  map[string]string
	}{
		"an object":                  {json, `{"user":"ann","port":5432,"tls":true,"hosts":[ "a", "b" ],"none":null,"o":{ "x": 1.50 }}`, map[string]string{"user": "ann", "port": "5432", "tls": "true", "hosts": `["a","b"]`, "o": `{"x":1.50}`}},
		"an empty object":            {json, " {}\n", map[string]string{}},
		"escapes":                    {json, `{"a":"\u00fc\n\""}`, map[string]string{"a": "ü\n\""}},
		"a number of many digits":    {json, `{"a":12345678901234567890123}`, map[string]string{"a": "12345678901234567890123"}},
		"lines":                      {dotenv, "A=1\r\n\n# comment\nexport B = two words \nC=\nD=a=b", map[string]string{"A": "1", "B": "two words", "C": "", "D": "a=b"}},
		"quotations":                 {dotenv, "A='it is $HOME \\n' # comment\nB=\"x\\n\\\"y\\\" $HOME \\q\"", map[string]string{"A": `it is $HOME \n`, "B": "x\n\"y\" $HOME \\q"}},
		"a dollar sign stays":        {dotenv, "A=pa$$word${B}", map[string]string{"A": "pa$$word${B}"}},
		"a hash in a value stays":    {dotenv, "A=a#b # c", map[string]string{"A": "a#b # c"}},
		"nothing":                    {dotenv, "", map[string]string{}},
		"a key with dots and dashes": {json, `{"tls.crt":"x","a-b":"y"}`, map[string]string{"tls.crt": "x", "a-b": "y"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, problem := plan.Extract(c.how, []byte(c.value))
			if problem != nil {
				t.Fatal(problem.Message)
			}
			texts := map[string]string{}
			for key, value := range got {
				texts[key] = string(value)
			}
			if diff := cmp.Diff(c.want, texts); diff != "" {
				t.Errorf("members (-want +got):\n%s", diff)
			}
		})
	}
}

func TestExtractRefusesWhatIsNotMeantAndQuotesNothing(t *testing.T) {
	t.Parallel()
	const json, dotenv = roomv1alpha1.ExtractJSON, roomv1alpha1.ExtractDotenv
	for name, c := range map[string]struct {
		how    roomv1alpha1.Extract
		value  string
		reason roomv1alpha1.Reason
		says   string
	}{
		"no JSON":                  {json, "hunter2", roomv1alpha1.ReasonInvalidValue, "no JSON object"},
		"a list":                   {json, `["hunter2"]`, roomv1alpha1.ReasonInvalidValue, "no JSON object"},
		"nothing at all":           {json, "", roomv1alpha1.ReasonInvalidValue, "no JSON object"},
		"an object that ends":      {json, `{"a":"hunter2"`, roomv1alpha1.ReasonInvalidValue, "no valid JSON"},
		"something behind it":      {json, `{"a":1} hunter2`, roomv1alpha1.ReasonInvalidValue, "no valid JSON"},
		"a name twice":             {json, `{"a":"hunter2","a":null}`, roomv1alpha1.ReasonInvalidValue, "a name twice"},
		"endless nesting":          {json, `{"a":` + strings.Repeat("[", 1<<16), roomv1alpha1.ReasonInvalidValue, "no valid JSON"},
		"a name that is no key":    {json, `{"hunter2 hunter2":1}`, roomv1alpha1.ReasonInvalidKey, "cannot be a key"},
		"an empty name":            {json, `{"":1}`, roomv1alpha1.ReasonInvalidKey, "cannot be a key"},
		"two dots":                 {json, `{"..a":1}`, roomv1alpha1.ReasonInvalidKey, "cannot be a key"},
		"a line without a sign":    {dotenv, "A=1\nhunter2", roomv1alpha1.ReasonInvalidValue, "line 2 has no '='"},
		"a line that comes twice":  {dotenv, "A=1\nA=hunter2", roomv1alpha1.ReasonInvalidValue, "line 2 has a name that came before"},
		"a quotation without end":  {dotenv, "A='hunter2", roomv1alpha1.ReasonInvalidValue, "line 1 has a quotation"},
		"text behind a quotation":  {dotenv, `A="1"hunter2`, roomv1alpha1.ReasonInvalidValue, "line 1 has a quotation"},
		"a name with a space":      {dotenv, "A hunter2=1", roomv1alpha1.ReasonInvalidKey, "cannot be a key"},
		"extracting in no way":     {roomv1alpha1.ExtractNone, "hunter2", roomv1alpha1.ReasonInvalidValue, "nothing that can be extracted"},
		"a line with a sign first": {dotenv, "=hunter2", roomv1alpha1.ReasonInvalidKey, "cannot be a key"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, problem := plan.Extract(c.how, []byte(c.value))
			if problem == nil {
				t.Fatalf("got %d members", len(got))
			}
			if problem.Reason != c.reason || !strings.Contains(problem.Message, c.says) || strings.Contains(problem.Message, "hunter2") {
				t.Errorf("got %s: %s", problem.Reason, problem.Message)
			}
		})
	}
}

// FuzzExtract: no value makes it panic, and what it gives are keys that a Secret can have.
func FuzzExtract(f *testing.F) {
	f.Add([]byte(`{"a":"b","c":[1,{}]}`))
	f.Add([]byte("A=1\nexport B='x'\n#c\nC=\"\\n\""))
	f.Fuzz(func(t *testing.T, value []byte) {
		for _, how := range []roomv1alpha1.Extract{roomv1alpha1.ExtractJSON, roomv1alpha1.ExtractDotenv} {
			members, problem := plan.Extract(how, value)
			if (members == nil) == (problem == nil) {
				t.Errorf("%s gave %d members and %v", how, len(members), problem)
			}
			for key := range members {
				if key == "" || len(key) > 253 || strings.ContainsAny(key, " /=\n\x00") {
					t.Errorf("%s gave the key %q", how, key)
				}
			}
		}
	})
}
