// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/plan"
)

func delegations(to ...roomv1alpha1.Identity) []roomv1alpha1.Delegation {
	var all []roomv1alpha1.Delegation
	for _, identity := range to {
		all = append(all, roomv1alpha1.Delegation{To: identity})
	}
	return all
}

func TestPushRows(t *testing.T) {
	t.Parallel()
	const octets = roomv1alpha1.DefaultMIMEType
	long := strings.Repeat("k", 128)
	missing := &plan.Problem{Reason: roomv1alpha1.ReasonKeyNotFound}
	cases := map[string]struct {
		push roomv1alpha1.Push
		keys []string
		want []plan.PushRow
	}{
		"the name of the entry is the default of id and display name": {
			push: roomv1alpha1.Push{Entries: []roomv1alpha1.PushEntry{{Name: "api", Key: "k"}}},
			keys: []string{"k"},
			want: []plan.PushRow{{Row: api, Entry: "api", Key: "k", Type: octets, DisplayName: "api"}},
		},
		"the id is the default of the display name": {
			push: roomv1alpha1.Push{Entries: []roomv1alpha1.PushEntry{{Name: "api", Key: "k", ID: "stripe/api"}}},
			keys: []string{"k"},
			want: []plan.PushRow{{Row: plan.Row{Identity: own, ID: "stripe/api"}, Entry: "api", Key: "k", Type: octets, DisplayName: "stripe/api"}},
		},
		"everything can be said": {
			push: roomv1alpha1.Push{Entries: []roomv1alpha1.PushEntry{{
				Name: "api", Key: "k", ID: "x", DisplayName: "X", Type: "text/plain", ForIdentity: "agent",
			}}},
			keys: []string{"k"},
			want: []plan.PushRow{{Row: plan.Row{Identity: "agent", ID: "x"}, Entry: "api", Key: "k", Type: "text/plain", DisplayName: "X"}},
		},
		"each delegation is one more row": {
			push: roomv1alpha1.Push{Entries: []roomv1alpha1.PushEntry{{Name: "api", Key: "k", Delegations: delegations("zoe", "bob")}}},
			keys: []string{"k"},
			want: []plan.PushRow{
				{Row: api, Entry: "api", Key: "k", Type: octets, DisplayName: "api"},
				{Row: plan.Row{Identity: own, ID: "api", DelegatedTo: "bob"}, Entry: "api", Key: "k", Type: octets, DisplayName: "api"},
				{Row: plan.Row{Identity: own, ID: "api", DelegatedTo: "zoe"}, Entry: "api", Key: "k", Type: octets, DisplayName: "api"},
			},
		},
		"delegatedOnly leaves out the row that is not delegated": {
			push: roomv1alpha1.Push{Entries: []roomv1alpha1.PushEntry{{Name: "api", Key: "k", Delegations: delegations("bob"), DelegatedOnly: true}}},
			keys: []string{"k"},
			want: []plan.PushRow{{Row: plan.Row{Identity: own, ID: "api", DelegatedTo: "bob"}, Entry: "api", Key: "k", Type: octets, DisplayName: "api"}},
		},
		"a key that is not there is a problem of every row of its entry": {
			push: roomv1alpha1.Push{Entries: []roomv1alpha1.PushEntry{{Name: "api", Key: "gone", Delegations: delegations("bob")}}},
			keys: []string{"k"},
			want: []plan.PushRow{
				{Row: api, Entry: "api", Key: "gone", Type: octets, DisplayName: "api", Problem: missing},
				{Row: plan.Row{Identity: own, ID: "api", DelegatedTo: "bob"}, Entry: "api", Key: "gone", Type: octets, DisplayName: "api", Problem: missing},
			},
		},
		"allKeys takes the keys that no entry names": {
			push: roomv1alpha1.Push{
				Entries: []roomv1alpha1.PushEntry{{Name: "api", Key: "b"}},
				AllKeys: &roomv1alpha1.PushAllKeys{IDPrefix: "app-", Type: "text/plain"},
			},
			keys: []string{"a", "b", "c"},
			want: []plan.PushRow{
				{Row: api, Entry: "api", Key: "b", Type: octets, DisplayName: "api"},
				{Row: plan.Row{Identity: own, ID: "app-a"}, Entry: "a", Key: "a", Type: "text/plain", DisplayName: "app-a"},
				{Row: plan.Row{Identity: own, ID: "app-c"}, Entry: "c", Key: "c", Type: "text/plain", DisplayName: "app-c"},
			},
		},
		"allKeys of a Secret without keys asks for nothing": {push: roomv1alpha1.Push{AllKeys: &roomv1alpha1.PushAllKeys{}}},
		"an id of 128 characters is long enough": {
			push: roomv1alpha1.Push{AllKeys: &roomv1alpha1.PushAllKeys{}},
			keys: []string{long},
			want: []plan.PushRow{{Row: plan.Row{Identity: own, ID: long}, Entry: long, Key: long, Type: octets, DisplayName: long}},
		},
		"an id of 129 characters is a problem of its row only": {
			push: roomv1alpha1.Push{AllKeys: &roomv1alpha1.PushAllKeys{IDPrefix: "a"}},
			keys: []string{"b", long},
			want: []plan.PushRow{
				{Row: plan.Row{Identity: own, ID: "ab"}, Entry: "b", Key: "b", Type: octets, DisplayName: "ab"},
				{
					Row: plan.Row{Identity: own, ID: "a" + long}, Entry: long, Key: long, Type: octets, DisplayName: "a" + long,
					Problem: &plan.Problem{Reason: roomv1alpha1.ReasonInvalidKey},
				},
			},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, problem := plan.PushRows(&tc.push, own, tc.keys)
			if problem != nil {
				t.Fatalf("the whole spec was refused: %v", problem)
			}
			for i := range got {
				if got[i].Problem != nil { // the wording is not what these cases are about
					got[i].Problem = &plan.Problem{Reason: got[i].Problem.Reason, Passing: got[i].Problem.Passing}
				}
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
		})
	}
}

func numbered(count int) []string {
	var keys []string
	for i := range count {
		keys = append(keys, fmt.Sprintf("k%03d", i))
	}
	return keys
}

func TestPushRowsRefusesASpecThatContradictsItself(t *testing.T) {
	t.Parallel()
	everything := roomv1alpha1.Push{AllKeys: &roomv1alpha1.PushAllKeys{}}
	cases := map[string]struct {
		push        roomv1alpha1.Push
		keys        []string
		want        roomv1alpha1.Reason
		wantMessage []string
	}{
		"256 rows are enough": {push: everything, keys: numbered(256)},
		"257 rows are more than one RoomSecret may have": {
			push: everything, keys: numbered(257), want: roomv1alpha1.ReasonTooLarge, wantMessage: []string{"257", "256"},
		},
		"delegations count as rows": {
			push: roomv1alpha1.Push{
				Entries: []roomv1alpha1.PushEntry{{Name: "api", Key: "k000", Delegations: delegations("a", "b")}},
				AllKeys: &roomv1alpha1.PushAllKeys{IDPrefix: "p"},
			},
			keys: numbered(255), want: roomv1alpha1.ReasonTooLarge, wantMessage: []string{"257"},
		},
		"two entries with one id": {
			push: roomv1alpha1.Push{Entries: []roomv1alpha1.PushEntry{{Name: "one", Key: "k000"}, {Name: "two", Key: "k001", ID: "one"}}},
			keys: numbered(2), want: roomv1alpha1.ReasonConflict, wantMessage: []string{`"one" and "two"`, `room secret "one"`},
		},
		"an entry that names us as its owner, and one that leaves it out": {
			push: roomv1alpha1.Push{Entries: []roomv1alpha1.PushEntry{{Name: "one", Key: "k000", ForIdentity: own}, {Name: "two", Key: "k001", ID: "one"}}},
			keys: numbered(2), want: roomv1alpha1.ReasonConflict, wantMessage: []string{`"one" and "two"`},
		},
		"one id for two owners is two rows": {
			push: roomv1alpha1.Push{Entries: []roomv1alpha1.PushEntry{{Name: "one", Key: "k000", ForIdentity: "agent"}, {Name: "two", Key: "k001", ID: "one"}}},
			keys: numbered(2),
		},
		"one id for two delegates is two rows": {
			push: roomv1alpha1.Push{Entries: []roomv1alpha1.PushEntry{
				{Name: "one", Key: "k000", Delegations: delegations("a"), DelegatedOnly: true},
				{Name: "two", Key: "k001", ID: "one", Delegations: delegations("b"), DelegatedOnly: true},
			}},
			keys: numbered(2),
		},
		"an entry and a key of allKeys with one id": {
			push: roomv1alpha1.Push{Entries: []roomv1alpha1.PushEntry{{Name: "k001", Key: "k000"}}, AllKeys: &roomv1alpha1.PushAllKeys{}},
			keys: numbered(2), want: roomv1alpha1.ReasonConflict, wantMessage: []string{`"k001" and "k001"`},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rows, problem := plan.PushRows(&tc.push, own, tc.keys)
			if reasonOf(problem) != tc.want || (problem != nil && rows != nil) {
				t.Fatalf("%d rows, problem %+v; want reason %q", len(rows), problem, tc.want)
			}
			for _, part := range tc.wantMessage {
				if !strings.Contains(problem.Message, part) {
					t.Errorf("message %q does not say %q", problem.Message, part)
				}
			}
		})
	}
}

func TestPushRowsDoNotDependOnTheOrderOfKeysAndEntries(t *testing.T) {
	t.Parallel()
	push := roomv1alpha1.Push{
		Entries: []roomv1alpha1.PushEntry{{Name: "z", Key: "k001", Delegations: delegations("b", "a")}, {Name: "a", Key: "k000"}},
		AllKeys: &roomv1alpha1.PushAllKeys{IDPrefix: "m"},
	}
	keys := numbered(5)
	want, _ := plan.PushRows(&push, own, keys)
	slices.Reverse(push.Entries)
	slices.Reverse(push.Entries[1].Delegations)
	slices.Reverse(keys)
	got, _ := plan.PushRows(&push, own, keys)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rows (-in order +reversed):\n%s", diff)
	}
}

func TestPullKeys(t *testing.T) {
	t.Parallel()
	pull := roomv1alpha1.Pull{Entries: []roomv1alpha1.PullEntry{
		{Key: "Z", ID: "api"},
		{Key: "A", ID: "db", ForIdentity: "agent", DelegatedTo: "bob", OnMissing: roomv1alpha1.OnMissingRemove},
	}}
	want := []plan.PullKey{
		{Key: "A", Row: plan.Row{Identity: "agent", ID: "db", DelegatedTo: "bob"}, OnMissing: roomv1alpha1.OnMissingRemove},
		{Key: "Z", Row: api, OnMissing: roomv1alpha1.OnMissingFail},
	}
	if diff := cmp.Diff(want, keysOf(&pull)); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
}

// keysOf returns the keys that entries name.
func keysOf(pull *roomv1alpha1.Pull) []plan.PullKey {
	gathered, _ := plan.Gather(plan.GatherInput{Sources: plan.PullSources(pull, own)})
	return gathered.Keys
}

func TestRowNamesAreUnique(t *testing.T) {
	t.Parallel()
	want := map[plan.Row]string{
		api:                            "api",
		{Identity: "agent", ID: "api"}: "api@agent",
		{Identity: own, ID: "api", DelegatedTo: "bob"}:       "api>bob",
		{Identity: "agent", ID: "api", DelegatedTo: "bob"}:   "api@agent>bob",
		{Identity: "agent@x", ID: "api", DelegatedTo: "b@y"}: "api@agent@x>b@y",
	}
	got := map[plan.Row]string{}
	for row := range want {
		got[row] = row.Name(own)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
}

func TestKeysAreSorted(t *testing.T) {
	t.Parallel()
	if diff := cmp.Diff([]string{"a", "b", "c"}, plan.Keys(map[string][]byte{"c": nil, "a": nil, "b": nil})); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
}
