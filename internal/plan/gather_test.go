// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/plan"
)

// gatherCase is a pull, what the room has, and one line for each key that it then wants.
type gatherCase struct {
	pull roomv1alpha1.Pull
	// rows of the room, by id; their type is text/plain and their name the id in capitals.
	rows map[string]string
	// unknown are the ids of rows that cannot be read, and lost says that nothing can be listed.
	unknown []string
	lost    bool
	held    map[string][]string
	want    []string
}

// gather lists and reads as the operator does.
func (c gatherCase) gather() (plan.Gathered, *plan.Problem) {
	lost := &plan.Problem{Reason: roomv1alpha1.ReasonRoomNotReady, Message: "Lost.", Passing: true}
	in := plan.GatherInput{
		Sources: plan.PullSources(&c.pull, own), Listings: map[plan.Query]plan.Listing{}, Found: map[plan.Row]plan.Found{},
		Access: plan.Access{Everything: true}, Held: c.held, Template: c.pull.Template,
	}
	for _, query := range plan.PullQueries(in.Sources, in.Access) {
		listing := plan.Listing{}
		for _, id := range slices.Sorted(maps.Keys(c.rows)) {
			if row := (plan.Listed{Row: plan.Row{Identity: own, ID: id}, Type: "text/plain", Name: strings.ToUpper(id)}); query.Matches(row) {
				listing.Rows = append(listing.Rows, row)
			}
		}
		if c.lost {
			listing = plan.Listing{Unknown: lost}
		}
		in.Listings[query] = listing
	}
	for _, row := range in.Rows() {
		value, exists := c.rows[row.ID]
		in.Found[row] = plan.Found{Exists: exists, Readable: true, Type: "text/plain", Name: strings.ToUpper(row.ID), Value: []byte(value)}
	}
	for _, id := range c.unknown {
		in.Found[plan.Row{Identity: own, ID: id}] = plan.Found{Unknown: lost}
	}
	return plan.Gather(in)
}

func lines(g plan.Gathered) []string {
	var lines []string
	for _, key := range g.Keys {
		line := key.Key
		if key.Entry != "" {
			line += " of " + key.Entry
		}
		seen, looked := g.Observed[key.Key]
		switch value, known := g.Values[key.Key]; {
		case !looked:
			line += ": not looked at"
		case seen.Unknown != nil:
			line += ": " + string(seen.Unknown.Reason)
		case !seen.Exists:
			line += ": missing, " + string(key.OnMissing)
		case known:
			line += " = " + string(value)
		default:
			line += ": without a value"
		}
		lines = append(lines, line)
	}
	return lines
}

func TestGather(t *testing.T) {
	t.Parallel()
	entry := func(key string, mods ...func(*roomv1alpha1.PullEntry)) roomv1alpha1.PullEntry {
		e := roomv1alpha1.PullEntry{Key: key, ID: roomv1alpha1.SecretID(strings.ToLower(key))}
		for _, mod := range mods {
			mod(&e)
		}
		return e
	}
	extract := func(how roomv1alpha1.Extract) func(*roomv1alpha1.PullEntry) {
		return func(e *roomv1alpha1.PullEntry) { e.Extract = how }
	}
	match := func(name string) func(*roomv1alpha1.PullEntry) {
		return func(e *roomv1alpha1.PullEntry) {
			e.ID, e.Match = "", &roomv1alpha1.PullMatch{Type: "text/plain", Name: name}
		}
	}
	missing := func(policy roomv1alpha1.OnMissing) func(*roomv1alpha1.PullEntry) {
		return func(e *roomv1alpha1.PullEntry) { e.OnMissing = policy }
	}
	entries := func(entries ...roomv1alpha1.PullEntry) roomv1alpha1.Pull { return roomv1alpha1.Pull{Entries: entries} }
	find := func(finds ...roomv1alpha1.PullFind) roomv1alpha1.Pull { return roomv1alpha1.Pull{Find: finds} }
	templated := func(pull roomv1alpha1.Pull, policy roomv1alpha1.MergePolicy, data map[string]roomv1alpha1.Template) roomv1alpha1.Pull {
		pull.Template = &roomv1alpha1.PullTemplate{Data: data, MergePolicy: policy}
		return pull
	}
	url := map[string]roomv1alpha1.Template{"URL": "{{ .A }}:{{ .B }}"}
	two := map[string]string{"a": "1", "b": "2"}
	stripped := roomv1alpha1.PullFind{IDPrefix: "app/", StripPrefix: true}
	for name, c := range map[string]gatherCase{
		"entries":                             {pull: entries(entry("B"), entry("A")), rows: two, want: []string{"A = 1", "B = 2"}},
		"an entry that is missing":            {pull: entries(entry("A"), entry("C")), rows: two, want: []string{"A = 1", "C: missing, Fail"}},
		"an entry that is unknown":            {pull: entries(entry("A")), unknown: []string{"a"}, want: []string{"A: RoomNotReady"}},
		"a match":                             {pull: entries(entry("X", match("B"))), rows: two, want: []string{"X = 2"}},
		"a match that is missing":             {pull: entries(entry("X", match("C"))), rows: two, want: []string{"X: missing, Fail"}},
		"a match that cannot be looked for":   {pull: entries(entry("X", match("A"))), rows: two, lost: true, want: []string{"X: RoomNotReady"}},
		"a match that is two":                 {pull: entries(entry("X", match("A"))), rows: map[string]string{"a": "1", "A": "2"}, want: []string{"X: Conflict"}},
		"an object":                           {pull: entries(entry("A", extract("JSON"))), rows: map[string]string{"a": `{"x":"1","y":2}`}, want: []string{"x of A = 1", "y of A = 2"}},
		"an object that is none":              {pull: entries(entry("A", extract("JSON"))), rows: two, want: []string{"entries[A] of A: InvalidValue"}},
		"an object that was one":              {pull: entries(entry("A", extract("JSON"))), rows: two, held: map[string][]string{"A": {"x"}}, want: []string{"entries[A] of A: InvalidValue", "x of A: InvalidValue"}},
		"an object that is unknown":           {pull: entries(entry("A", extract("JSON"))), unknown: []string{"a"}, held: map[string][]string{"A": {"x"}}, want: []string{"entries[A] of A: RoomNotReady", "x of A: RoomNotReady"}},
		"an object that is missing":           {pull: entries(entry("A", extract("JSON"))), want: []string{"entries[A] of A: missing, Fail"}},
		"an object that is missing now":       {pull: entries(entry("A", extract("JSON"))), held: map[string][]string{"A": {"x"}}, want: []string{"x of A: missing, Fail"}},
		"an object that may be missing":       {pull: entries(entry("A", extract("JSON"), missing("Keep"))), held: map[string][]string{"A": {"x"}}, want: []string{"x of A: missing, Keep"}},
		"an object that goes":                 {pull: entries(entry("A", extract("JSON"), missing("Remove"))), held: map[string][]string{"A": {"x"}}, want: []string{"x of A: missing, Remove"}},
		"an object that never was":            {pull: entries(entry("A", extract("JSON"), missing("Keep"))), want: nil},
		"two sources for one key":             {pull: entries(entry("A", extract("JSON")), entry("B")), rows: map[string]string{"a": `{"B":"1","y":"2"}`, "b": "3"}, want: []string{"B of A: Conflict", "y of A = 2"}},
		"a find":                              {pull: find(stripped), rows: map[string]string{"app/x": "1", "app/y": "2", "other": "3"}, want: []string{"x of find[0] = 1", "y of find[0] = 2"}},
		"a find of nothing":                   {pull: find(stripped), rows: two, want: nil},
		"a find by type":                      {pull: find(roomv1alpha1.PullFind{Type: "text/plain"}), rows: two, want: []string{"a of find[0] = 1", "b of find[0] = 2"}},
		"a find of another type":              {pull: find(roomv1alpha1.PullFind{Type: "image/png"}), rows: two, want: nil},
		"a find of too many":                  {pull: find(roomv1alpha1.PullFind{Type: "text/plain", MaxEntries: 1}), rows: two, held: map[string][]string{"find[0]": {"a"}}, want: []string{"a of find[0]: TooLarge", "find[0] of find[0]: TooLarge"}},
		"a find with an id that is no key":    {pull: find(roomv1alpha1.PullFind{IDPrefix: "app"}), rows: map[string]string{"app/x": "1", "app": "2"}, want: []string{"app of find[0] = 2", "find[0]#0fda6322622d4277 of find[0]: InvalidKey"}},
		"a find of the prefix itself":         {pull: find(stripped), rows: map[string]string{"app/": "1"}, want: []string{"find[0]#b18da5d8d86f5f97 of find[0]: InvalidKey"}},
		"an object with an odd name":          {pull: entries(entry("A", extract("JSON"))), rows: map[string]string{"a": `{"x":"1","y/z":2}`}, want: []string{"entries[A]#2 of A: InvalidKey", "x of A = 1"}},
		"an object whose key another has now": {pull: entries(entry("A", extract("JSON"), missing("Remove")), entry("B")), rows: map[string]string{"b": "2"}, held: map[string][]string{"A": {"B", "x"}}, want: []string{"B = 2", "x of A: missing, Remove"}},
		"a template beside an odd name":       {pull: templated(entries(entry("O", extract("JSON"))), "Replace", url), rows: map[string]string{"o": `{"A":"1","B":"2","c/d":3}`}, want: []string{"URL of template[URL] = 1:2", "entries[O]#3 of O: InvalidKey"}},
		"a find that cannot be listed":        {pull: find(stripped), lost: true, held: map[string][]string{"find[0]": {"x"}}, want: []string{"find[0] of find[0]: RoomNotReady", "x of find[0]: RoomNotReady"}},
		"a find with a row that is unknown":   {pull: find(stripped), rows: map[string]string{"app/x": "1", "app/y": "2"}, unknown: []string{"app/x"}, want: []string{"x of find[0]: RoomNotReady", "y of find[0] = 2"}},
		"a template":                          {pull: templated(entries(entry("A"), entry("B")), "", url), rows: two, want: []string{"A = 1", "B = 2", "URL of template[URL] = 1:2"}},
		"a template instead":                  {pull: templated(entries(entry("A"), entry("B")), "Replace", url), rows: two, want: []string{"URL of template[URL] = 1:2"}},
		"a template that wins":                {pull: templated(entries(entry("A"), entry("B")), "Merge", map[string]roomv1alpha1.Template{"A": "<{{ .A }}>"}), rows: two, want: []string{"A of template[A] = <1>", "B = 2"}},
		"a template that waits":               {pull: templated(entries(entry("A"), entry("B")), "", url), rows: two, unknown: []string{"b"}, want: []string{"A = 1", "B: RoomNotReady", "URL of template[URL]: RoomNotReady"}},
		"a template that waits instead":       {pull: templated(entries(entry("A"), entry("B")), "Replace", url), rows: map[string]string{"a": "1"}, want: []string{"URL of template[URL]: RoomSecretNotFound", "entries[B]: missing, Fail"}},
		"a template that wins and waits":      {pull: templated(entries(entry("A")), "", map[string]roomv1alpha1.Template{"A": "{{ .A }}"}), unknown: []string{"a"}, want: []string{"A of template[A]: RoomNotReady", "entries[A]: RoomNotReady"}},
		"a template without a key":            {pull: templated(entries(entry("A"), entry("B", missing("Keep"))), "", url), rows: map[string]string{"a": "1"}, want: []string{"A = 1", "B: missing, Keep", "URL of template[URL]: InvalidTemplate"}},
		"a template of an object":             {pull: templated(entries(entry("O", extract("JSON"))), "Replace", url), rows: map[string]string{"o": `{"A":"1","B":"2"}`}, want: []string{"URL of template[URL] = 1:2"}},
		"a template that cannot be read":      {pull: templated(entries(entry("A")), "", map[string]roomv1alpha1.Template{"URL": "{{ .A"}), unknown: []string{"a"}, want: []string{"A: RoomNotReady", "URL of template[URL]: InvalidTemplate"}},
		"a template of a find that waits":     {pull: templated(find(stripped), "Replace", map[string]roomv1alpha1.Template{"URL": "x"}), lost: true, want: []string{"URL of template[URL]: RoomNotReady", "find[0] of find[0]: RoomNotReady"}},
		"a template beside an entry like it": {
			pull: templated(entries(entry("template", extract("JSON"))), "", map[string]roomv1alpha1.Template{"URL": "x"}), unknown: []string{"template"},
			held: map[string][]string{"template": {"A"}, "template[URL]": {"URL"}},
			want: []string{"A of template: RoomNotReady", "URL of template[URL]: RoomNotReady", "entries[template] of template: RoomNotReady"},
		},
		"a template of an object that is not": {pull: templated(entries(entry("O", extract("JSON"))), "Replace", url), rows: map[string]string{"o": "x"}, want: []string{"URL of template[URL]: InvalidValue", "entries[O] of O: InvalidValue"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, problem := c.gather()
			if problem != nil {
				t.Fatal(problem.Message)
			}
			if diff := cmp.Diff(c.want, lines(got)); diff != "" {
				t.Errorf("keys (-want +got):\n%s", diff)
			}
		})
	}
}

func TestATargetHasNotTooManyKeys(t *testing.T) {
	t.Parallel()
	object := func(prefix string, n int) string {
		members := make([]string, n)
		for i := range members {
			members[i] = fmt.Sprintf(`"%s%d":1`, prefix, i)
		}
		return "{" + strings.Join(members, ",") + "}"
	}
	c := gatherCase{
		pull: roomv1alpha1.Pull{Entries: []roomv1alpha1.PullEntry{
			{Key: "A", ID: "a", Extract: roomv1alpha1.ExtractJSON}, {Key: "B", ID: "b", Extract: roomv1alpha1.ExtractJSON},
		}},
		rows: map[string]string{"a": object("a", 128), "b": object("b", 128)},
	}
	if got, problem := c.gather(); problem != nil || len(got.Keys) != roomv1alpha1.MaxRows {
		t.Errorf("%d keys, %v", len(got.Keys), problem)
	}
	c.rows["b"] = object("b", 129)
	if _, problem := c.gather(); problem == nil || problem.Reason != roomv1alpha1.ReasonTooLarge {
		t.Errorf("got %v", problem)
	}
}
