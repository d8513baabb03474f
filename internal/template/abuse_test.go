// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package template_test

import (
	"bytes"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/roomsecrets/roomsecret-operator/internal/template"
)

// hostile is about as much as a Secret can hold, made to get large.
func hostile() map[string][]byte {
	return map[string][]byte{
		"password": []byte("hunter2"),
		"big":      bytes.Repeat([]byte("x"), 1<<18),
		"lines":    bytes.Repeat([]byte("\n"), 1<<18),
		"binary":   bytes.Repeat([]byte{0xff}, 1<<17),
		"deep":     []byte(strings.Repeat("[", 9000) + strings.Repeat("]", 9000)),
		"maps":     []byte("[" + strings.Repeat(`{"a":0},`, 1<<15) + "0]"),
		"format":   bytes.Repeat([]byte("%999d"), 1<<12),
		"missing":  []byte(`map has no entry for key "hunter2"`),
		"calling":  []byte(`error calling hunter2:`),
	}
}

// upTo4K repeats what is as often as a template has room for, between two others.
func upTo4K(before, repeated, after string) string {
	return before + strings.Repeat(repeated, (4096-len(before)-len(after))/len(repeated)) + after
}

// A process that runs out of memory cannot be saved, so each of these must be known to be too much before it is made.
//
//nolint:paralleltest // what is allocated is counted for the whole process
func TestNoTemplateTakesMuchMemory(t *testing.T) {
	const most = 192 << 20 // including what is garbage at once
	for name, text := range map[string]string{
		"each character replaced":            `{{ replace "x" .big .big }}`,
		"something put between characters":   `{{ replace "" .big .big }}`,
		"a long separator":                   `{{ join .big (splitList "" .big) }}`,
		"a long separator of maps":           `{{ join .big (fromJson .maps) }}`,
		"an argument that is used again":     upTo4K("{{ printf `", "%[1]s", "` .big }}"),
		"an argument used by all verbs":      upTo4K("{{ printf `", "%[1]s%[1]x", "` .big }}"),
		"a width by an argument":             upTo4K("{{ printf `", "%[1]*d", "` 999999 }}"),
		"a width behind a number":            upTo4K("{{ printf `", "%[1]999999d", "` 1 }}"),
		"many widths":                        upTo4K("{{ printf `", "%999d", "` 1 2 3 4 5 6 7 8 9 }}"),
		"a width for each element":           `{{ printf "%999v" (fromJson .maps) }}`,
		"a format from the data":             `{{ printf .format 1 2 3 }}`,
		"many large arguments":               upTo4K("{{ print ", ".big ", "}}"),
		"many large arguments, escaped":      upTo4K("{{ js ", ".binary ", "}}"),
		"indentation of what is nested deep": `{{ len (toPrettyJson (fromJson .deep)) }}`,
		"indentation of many lines":          `{{ len (indent 999 .lines) }}`,
		"a list of single characters":        upTo4K("", `{{ $x := splitList "" .big }}`, ""),
		"many parsed values":                 upTo4K("", `{{ $x := fromJson .maps }}`, ""),
		"a value that doubles":               upTo4K(`{{ $x := .big }}`, `{{ $x = print $x $x }}`, ""),
		"a value that doubles in a loop":     `{{ $x := "x" }}{{ range 60 }}{{ $x = replace "x" "xx" $x }}{{ end }}`,
		"JSON of JSON of JSON":               upTo4K(`{{ $x := .binary }}`, `{{ $x = toJson $x }}`, ""),
		"quotes of quotes":                   upTo4K(`{{ $x := .binary }}`, `{{ $x = quote $x }}`, ""),
		"everything, again and again":        upTo4K("", "{{ . }}", ""),
		"loops in loops":                     upTo4K("", "{{ range . }}", "") + strings.Repeat("{{ end }}", 315),
	} {
		t.Run(name, func(t *testing.T) {
			data := hostile()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			parsed, err := template.Parse(text)
			if err != nil {
				t.Fatal(err)
			}
			out, err := parsed.Render(data)
			runtime.ReadMemStats(&after)
			if took := after.TotalAlloc - before.TotalAlloc; took > most {
				t.Errorf("took %d MiB", took>>20)
			}
			if err == nil && len(out) > 1<<16 {
				t.Errorf("rendered %d bytes", len(out))
			}
		})
	}
}

// Each function is given everything that it may not expect.
func TestNoFunctionCanBeAbused(t *testing.T) {
	t.Parallel()
	arguments := []string{`.password`, `""`, `-1`, `9223372036854775807`, `.`, `(fromJson .deep)`, `(splitList "" .password)`, `.binary`, `1.5`, `true`}
	calls := []string{""}
	for _, a := range arguments {
		calls = append(calls, a)
		for _, b := range arguments {
			calls = append(calls, a+" "+b)
		}
	}
	for _, a := range arguments[:5] {
		for _, b := range arguments[:5] {
			calls = append(calls, a+" "+b+" .password", `"x" `+a+" "+b)
		}
	}
	data := hostile()
	data["deep"], data["binary"] = data["deep"][8900:9100], data["binary"][:100]
	for _, large := range []string{"big", "lines", "maps", "format"} {
		delete(data, large)
	}
	ofGo := []string{"and", "call", "eq", "ge", "gt", "html", "index", "js", "le", "len", "lt", "ne", "not", "or", "print", "printf", "println", "slice", "urlquery"}
	for _, function := range slices.Concat(template.Functions(), ofGo) {
		t.Run(function, func(t *testing.T) {
			t.Parallel()
			for _, call := range calls {
				text := fmt.Sprintf("\n{{ %s %s }}", function, call)
				parsed, err := template.Parse(text)
				if err != nil {
					continue // what is not called at all
				}
				if _, err = parsed.Render(data); err != nil {
					telltale(t, text, err)
				}
			}
		})
	}
}

func TestNoErrorTellsAValue(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"a value as a key":                       `{{ index . .password }}`,
		"a value as a key of JSON":               `{{ index (fromJson "{}") .password }}`,
		"a value as a number":                    `{{ index (splitList "" "x") .password }}`,
		"a value as a format":                    `{{ printf .password | fromJson }}`,
		"a value that is no list":                `{{ range .password }}{{ end }}`,
		"a value that looks like a missing key":  `{{ range .missing }}{{ end }}`,
		"a value that looks like a failed call":  `{{ range .calling }}{{ end }}`,
		"a value that is no JSON":                `{{ fromJson .password }}`,
		"a value that is no base64":              `{{ b64dec .password }}`,
		"a value that is no boolean":             `{{ ternary "a" "b" .password }}`,
		"a member of a value":                    `{{ .password.member }}`,
		"a value that is called":                 `{{ call .password }}`,
		"a value compared with something else":   `{{ lt .password 1 }}`,
		"a slice beyond the end":                 `{{ slice .password 1 99 }}`,
		"a value as a key, and a longer literal": `{{ index . .password }}{{ "not hunter2, but more" }}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			parsed, err := template.Parse(text)
			if err != nil {
				t.Fatal(err)
			}
			out, err := parsed.Render(hostile())
			if err == nil {
				t.Fatalf("rendered %q", out)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error quotes a value: %v", err)
			}
			if !strings.HasPrefix(err.Error(), "line 1: ") {
				t.Errorf("the error does not name the line: %v", err)
			}
		})
	}
}

// telltale fails the test when the error is not ours, of the second line, or quotes a value.
func telltale(t *testing.T, text string, err error) {
	t.Helper()
	line := strings.HasPrefix(err.Error(), "line 2: ") || err.Error() == "renders more than 1 MiB" // written by no line alone
	if strings.Contains(err.Error(), "hunter2") || !line {
		t.Errorf("%s: %v", text, err)
	}
}

// Many templates of one object cannot do together what one may not do alone.
func TestTheTemplatesOfAnObjectShareWhatTheySpend(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, says string }{
		"output": {`{{ .big }}{{ .big }}{{ .big }}`, "renders, with the templates before it, more than 4 MiB"},
		"work":   {`{{ range 20 }}{{ $x := upper $.big }}{{ end }}`, "line 1: takes, with the templates before it, too long"},
		"loops":  {`{{ range 50000 }}{{ end }}`, "line 1: takes, with the templates before it, too long"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			parsed, err := template.Parse(c.text)
			if err != nil {
				t.Fatal(err)
			}
			all := template.NewData(hostile())
			for range 3 {
				if _, err := all.Render(parsed); err != nil {
					t.Fatal(err)
				}
			}
			for i := 0; err == nil && i < 10; i++ {
				_, err = all.Render(parsed)
			}
			if err == nil || !strings.HasPrefix(err.Error(), c.says) {
				t.Errorf("got %v, want %s", err, c.says)
			}
		})
	}
}

func BenchmarkRender(b *testing.B) {
	data := map[string][]byte{"user": []byte("ann"), "password": []byte("hunter2")}
	for b.Loop() {
		parsed, err := template.Parse("postgres://{{ .user }}:{{ .password | urlquery }}@db/app")
		if err != nil {
			b.Fatal(err)
		}
		if _, err := parsed.Render(data); err != nil {
			b.Fatal(err)
		}
	}
}

// FuzzRender: no template runs long, takes much memory, panics, or quotes a value in its error.
func FuzzRender(f *testing.F) {
	for _, text := range []string{
		`{{ index . .user }}`, `{{ replace "" .lines .password }}`, `{{ printf "%[1]999d" 1 }}`, `{{ range .user }}{{ end }}`,
		"{{ .user }}", "{{ range . }}{{ . }}{{ end }}", `{{ with fromJson .json }}{{ .host }}{{ end }}`, `{{ printf "%d" 1 }}`,
		`{{ range 10 }}{{ range $ }}{{ end }}{{ end }}`, `{{ index . "user" 0 }}`, `{{ slice .user 1 2 }}`, `{{ b64dec .password }}`,
	} {
		f.Add(text)
	}
	small := maps.Clone(data)
	delete(small, "big")
	secret := "s3cr3t-value-nobody-quotes"
	small["secret"] = []byte(secret)
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 4096 {
			return
		}
		parsed, err := template.Parse(text)
		if err != nil {
			return
		}
		out, err := parsed.Render(small)
		if len(out) > template.MaxOutput {
			t.Errorf("%d bytes", len(out))
		}
		if err != nil && strings.Contains(err.Error(), secret) && !strings.Contains(text, secret) {
			t.Errorf("the error quotes a value: %v", err)
		}
		again, errAgain := parsed.Render(small)
		if !slices.Equal(out, again) || (err == nil) != (errAgain == nil) {
			t.Error("two renderings differ")
		}
	})
}
