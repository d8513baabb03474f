// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/plan"
)

func TestWhatASourceFindsAndMayRead(t *testing.T) {
	t.Parallel()
	rule := func(ids, identities []roomv1alpha1.Pattern, operations ...roomv1alpha1.Operation) plan.Access {
		return plan.Access{Own: own, Rules: []roomv1alpha1.AccessRule{{IDs: ids, Identities: identities, Operations: operations}}}
	}
	const read, delegate = roomv1alpha1.OperationRead, roomv1alpha1.OperationDelegate
	anybody := []roomv1alpha1.Pattern{"*"}
	all := plan.Access{Everything: true, Own: own}
	rows := func(ids ...string) plan.Listing {
		var found plan.Listing
		for _, id := range ids {
			found.Rows = append(found.Rows, plan.Listed{Row: plan.Row{Identity: own, ID: id}})
		}
		return found
	}
	match := plan.PullSource{Name: "M", Query: &plan.Query{Identity: own, Type: "git", Name: "github"}}
	delegated := plan.PullSource{Name: "M", Query: &plan.Query{Identity: "agent", DelegatedTo: "bob", Type: "git", Name: "github"}}
	find := plan.PullSource{Name: "find[0]", Query: &plan.Query{Identity: own, IDPrefix: "a"}, MaxRows: 2, Strip: 1}
	extract := plan.PullSource{Name: "E", Row: api, Extract: roomv1alpha1.ExtractJSON}
	gave := func(key, source string) map[string]plan.Record { return map[string]plan.Record{key: {Source: source}} }
	unlisted := plan.Listing{Unknown: &plan.Problem{Reason: roomv1alpha1.ReasonRejected}}
	cases := map[string]struct {
		source plan.PullSource
		found  plan.Listing
		access plan.Access
		ledger map[string]plan.Record
		want   []string
		reason roomv1alpha1.Reason
	}{
		"an id needs no list":                             {source: plan.PullSource{Name: "A", Row: api}, found: unlisted, access: all, want: []string{"api"}},
		"an id that may not be read is left to the key":   {source: plan.PullSource{Name: "A", Row: api}, want: []string{"api"}},
		"what is extracted of it is not":                  {source: extract, reason: roomv1alpha1.ReasonAccessDenied},
		"one that matches":                                {source: match, found: rows("a"), access: all, want: []string{"a"}},
		"none that matches":                               {source: match, access: all},
		"two that match":                                  {source: match, found: rows("a", "b"), access: all, reason: roomv1alpha1.ReasonConflict},
		"two that match, of which one may be read":        {source: match, found: rows("a", "b"), access: rule([]roomv1alpha1.Pattern{"a"}, nil, read), want: []string{"a"}},
		"one that matches and may not be read":            {source: match, found: rows("b"), access: rule([]roomv1alpha1.Pattern{"a"}, nil, read)},
		"one that matches and may be read no longer":      {source: match, found: rows("b"), access: rule([]roomv1alpha1.Pattern{"a"}, nil, read), ledger: gave("k", "M"), reason: roomv1alpha1.ReasonAccessDenied},
		"a match without a list":                          {source: match, found: unlisted, access: all, reason: roomv1alpha1.ReasonRejected},
		"a match where nothing may be read":               {source: match, found: unlisted, access: rule(anybody, nil, roomv1alpha1.OperationWrite), reason: roomv1alpha1.ReasonAccessDenied},
		"a match for an identity that no rule names":      {source: delegated, found: unlisted, access: rule(anybody, []roomv1alpha1.Pattern{"bob"}, read, delegate), reason: roomv1alpha1.ReasonAccessDenied},
		"a match of a delegate whom no rule names":        {source: delegated, found: unlisted, access: rule(anybody, []roomv1alpha1.Pattern{"agent"}, read, delegate), reason: roomv1alpha1.ReasonAccessDenied},
		"a match of a delegate without the operation":     {source: delegated, found: unlisted, access: rule(anybody, anybody, read), reason: roomv1alpha1.ReasonAccessDenied},
		"a match of a delegate that may be read":          {source: delegated, found: plan.Listing{}, access: rule(anybody, anybody, read, delegate)},
		"as many as a find may have":                      {source: find, found: rows("a1", "a2"), access: all, want: []string{"a1", "a2"}},
		"more than a find may have":                       {source: find, found: rows("a1", "a2", "a3"), access: all, reason: roomv1alpha1.ReasonTooLarge},
		"more than a find may have, but not all readable": {source: find, found: rows("a1", "a2", "b"), access: rule([]roomv1alpha1.Pattern{"a*"}, nil, read), want: []string{"a1", "a2"}},
		"nothing that a find finds":                       {source: find, access: all},
		"nothing that a find may read":                    {source: find, found: rows("a1"), access: rule([]roomv1alpha1.Pattern{"b"}, nil, read)},
		"what a find gave and may not read any more":      {source: find, found: rows("a1", "a2"), access: rule([]roomv1alpha1.Pattern{"b"}, nil, read), ledger: gave("2", "find[0]"), want: []string{"a2"}},
		"what another source gave and a find may not":     {source: find, found: rows("a1"), access: rule([]roomv1alpha1.Pattern{"b"}, nil, read), ledger: gave("1", "other")},
		"a find without a list":                           {source: find, found: unlisted, access: all, reason: roomv1alpha1.ReasonRejected},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := plan.GatherInput{Sources: []plan.PullSource{c.source}, Access: c.access, Held: plan.HeldBy(c.ledger)}
			if c.source.Query != nil {
				in.Listings = map[plan.Query]plan.Listing{*c.source.Query: c.found}
			}
			g, _ := plan.Gather(in)
			var got []string
			reason := roomv1alpha1.Reason("")
			for _, key := range g.Keys {
				if seen := g.Observed[key.Key]; seen.Unknown != nil {
					reason = seen.Unknown.Reason
				} else if key.Row != (plan.Row{}) {
					got = append(got, key.Row.ID)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" || reason != c.reason {
				t.Errorf("reason %s, rows (-want +got):\n%s", reason, diff)
			}
			for _, row := range in.Rows() {
				if !c.access.Allows(row, read) {
					t.Errorf("%v is read, which is not allowed", row)
				}
			}
		})
	}
}

func TestWhatTheRoomSaysOfAListedRowMustAgree(t *testing.T) {
	t.Parallel()
	match := roomv1alpha1.PullEntry{Key: "K", Match: &roomv1alpha1.PullMatch{Type: "git", Name: "github"}}
	extract := match
	extract.Extract = roomv1alpha1.ExtractJSON
	find := []roomv1alpha1.PullFind{{Type: "git"}}
	good := plan.Found{Exists: true, Readable: true, Type: "git", Name: "github", Value: []byte(`{"a":"b"}`)}
	with := func(mod func(*plan.Found)) plan.Found {
		reading := good
		mod(&reading)
		return reading
	}
	otherType := with(func(r *plan.Found) { r.Type = "text" })
	otherName := with(func(r *plan.Found) { r.Name = "gitlab" })
	unseen := with(func(r *plan.Found) { r.Readable, r.Value = false, nil })
	lost := plan.Found{Unknown: &plan.Problem{Reason: roomv1alpha1.ReasonRoomNotReady, Passing: true}}
	cases := map[string]struct {
		spec    roomv1alpha1.Pull
		reading plan.Found
		want    roomv1alpha1.Reason
	}{
		"a match":                             {roomv1alpha1.Pull{Entries: []roomv1alpha1.PullEntry{match}}, good, ""},
		"a match of another type":             {roomv1alpha1.Pull{Entries: []roomv1alpha1.PullEntry{match}}, otherType, roomv1alpha1.ReasonInvalidValue},
		"a match of another name":             {roomv1alpha1.Pull{Entries: []roomv1alpha1.PullEntry{match}}, otherName, roomv1alpha1.ReasonInvalidValue},
		"a match that is not there":           {roomv1alpha1.Pull{Entries: []roomv1alpha1.PullEntry{match}}, plan.Found{}, roomv1alpha1.ReasonProgressing},
		"a match that cannot be read":         {roomv1alpha1.Pull{Entries: []roomv1alpha1.PullEntry{match}}, lost, roomv1alpha1.ReasonRoomNotReady},
		"a match that can only be seen":       {roomv1alpha1.Pull{Entries: []roomv1alpha1.PullEntry{match}}, unseen, roomv1alpha1.ReasonUnsupported},
		"an extract":                          {roomv1alpha1.Pull{Entries: []roomv1alpha1.PullEntry{extract}}, good, ""},
		"an extract of another type":          {roomv1alpha1.Pull{Entries: []roomv1alpha1.PullEntry{extract}}, otherType, roomv1alpha1.ReasonInvalidValue},
		"an extract that is not there":        {roomv1alpha1.Pull{Entries: []roomv1alpha1.PullEntry{extract}}, plan.Found{}, roomv1alpha1.ReasonProgressing},
		"an extract that can only be seen":    {roomv1alpha1.Pull{Entries: []roomv1alpha1.PullEntry{extract}}, unseen, roomv1alpha1.ReasonUnsupported},
		"an extract that is no JSON":          {roomv1alpha1.Pull{Entries: []roomv1alpha1.PullEntry{extract}}, with(func(r *plan.Found) { r.Value = []byte("x") }), roomv1alpha1.ReasonInvalidValue},
		"an extract without a value":          {roomv1alpha1.Pull{Entries: []roomv1alpha1.PullEntry{extract}}, with(func(r *plan.Found) { r.Value = nil }), roomv1alpha1.ReasonInvalidValue},
		"something found":                     {roomv1alpha1.Pull{Find: find}, good, ""},
		"something found of another type":     {roomv1alpha1.Pull{Find: find}, otherType, roomv1alpha1.ReasonInvalidValue},
		"something found of another name":     {roomv1alpha1.Pull{Find: find}, otherName, ""},
		"something found that is not there":   {roomv1alpha1.Pull{Find: find}, plan.Found{}, roomv1alpha1.ReasonProgressing},
		"something found that cannot be read": {roomv1alpha1.Pull{Find: find}, lost, roomv1alpha1.ReasonRoomNotReady},
		"something found without a value":     {roomv1alpha1.Pull{Find: find}, with(func(r *plan.Found) { r.Value = nil }), ""},
	}
	row := plan.Row{Identity: own, ID: "row"}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := plan.GatherInput{
				Sources: plan.PullSources(&c.spec, own), Access: plan.Access{Everything: true},
				Found: map[plan.Row]plan.Found{row: c.reading}, Listings: map[plan.Query]plan.Listing{},
			}
			for _, source := range in.Sources {
				in.Listings[*source.Query] = plan.Listing{Rows: []plan.Listed{{Row: row}}}
			}
			g, _ := plan.Gather(in)
			if len(g.Keys) != 1 {
				t.Fatalf("keys %v", g.Keys)
			}
			if got := reasonOf(g.Observed[g.Keys[0].Key].Unknown); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestAKeyThatNoSecretCanHaveIsReported(t *testing.T) {
	t.Parallel()
	for id, valid := range map[string]bool{
		"a": true, "Az09._-": true, ".env": true, "a..b": true, strings.Repeat("k", 253): true,
		".": false, "..": false, "..a": false, "a/b": false, "ä": false, "a b": false, "a\x00": false, strings.Repeat("k", 254): false,
	} {
		w := newSourceWorld()
		w.spec.Find = []roomv1alpha1.PullFind{{Type: "text"}}
		w.put(id, "text", "x")
		w.put("sure", "text", "y")
		out, _ := w.live(-1)
		if _, there := w.target.Keys[id]; there != valid || w.target.Keys["sure"] != "y" {
			t.Errorf("%q: %v, keys %v", id, there, w.target.Keys)
		}
		for _, step := range out.Steps {
			if step.Reason == roomv1alpha1.ReasonInvalidKey && (len(step.Key) > 30 || len(step.Message) > 1024) {
				t.Errorf("%q: a step with the name %q says %q", id, step.Key, step.Message)
			}
		}
	}
}

func TestTooManyKeysAreRefused(t *testing.T) {
	t.Parallel()
	w := newSourceWorld()
	w.spec.Find = []roomv1alpha1.PullFind{{IDPrefix: "a", MaxEntries: 256}, {IDPrefix: "b", MaxEntries: 256}}
	for i := range 128 {
		w.put(fmt.Sprintf("a%d", i), "text", "x")
		w.put(fmt.Sprintf("b%d", i), "text", "x")
	}
	if _, problem := w.look(); problem != nil {
		t.Errorf("256 keys: %+v", problem)
	}
	w.put("a", "text", "x")
	if _, problem := w.look(); reasonOf(problem) != roomv1alpha1.ReasonTooLarge || !strings.Contains(problem.Message, "257") {
		t.Errorf("257 keys: %+v", problem)
	}
}

func TestTheLedgerOfAPullIsBounded(t *testing.T) {
	t.Parallel()
	in := pullOf(target(true), func(in *plan.PullInput) {
		in.Unsettled = true
		for i := range 511 {
			in.Ledger[fmt.Sprintf("old%d", i)] = plan.Record{Source: "find[0]"}
		}
	})
	if out := plan.Pull(in); out.Problem != nil || len(out.Steps) != 512 {
		t.Errorf("512 keys: %d steps, %+v", len(out.Steps), out.Problem)
	}
	in.Ledger["old"] = plan.Record{Source: "gone"}
	out := plan.Pull(in)
	if reasonOf(out.Problem) != roomv1alpha1.ReasonTooLarge || len(out.Steps) != 512 {
		t.Errorf("513 keys: %d steps, %+v", len(out.Steps), out.Problem)
	}
	for _, step := range out.Steps {
		if step.Before == nil {
			t.Errorf("%s has no record that would be lost", step.Key)
		}
	}
}
