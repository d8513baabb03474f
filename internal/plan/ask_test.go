// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/plan"
)

// asking returns an entry KEY that asks bob for a secret.
func asking(mods ...func(*roomv1alpha1.PullEntry)) roomv1alpha1.PullEntry {
	entry := roomv1alpha1.PullEntry{Key: "KEY", Request: &roomv1alpha1.PullRequest{
		URL: "secret://stripe", From: roomv1alpha1.ParticipantReference{Name: "bob"},
	}}
	for _, mod := range mods {
		mod(&entry)
	}
	return entry
}

// authorizing returns an entry KEY that asks bob for a token.
func authorizing(mods ...func(*roomv1alpha1.PullOAuth)) roomv1alpha1.PullEntry {
	oauth := &roomv1alpha1.PullOAuth{
		ClientID: "app", AuthorizationEndpoint: "https://id.example.com/authorize", TokenEndpoint: "https://id.example.com/token",
		From: roomv1alpha1.ParticipantReference{Name: "bob"},
	}
	for _, mod := range mods {
		mod(oauth)
	}
	return roomv1alpha1.PullEntry{Key: "KEY", OAuth: oauth}
}

func sourceOf(entry roomv1alpha1.PullEntry) plan.PullSource {
	return plan.PullSources(&roomv1alpha1.Pull{Entries: []roomv1alpha1.PullEntry{entry}}, own)[0]
}

func TestWhatHasToBeAskedForAnew(t *testing.T) {
	t.Parallel()
	request := func(change func(*roomv1alpha1.PullRequest)) roomv1alpha1.PullEntry {
		return asking(func(e *roomv1alpha1.PullEntry) { change(e.Request) })
	}
	cases := map[string]struct {
		before, after roomv1alpha1.PullEntry
		anew          bool
	}{
		"the same":                 {asking(), asking(), false},
		"another url":              {asking(), request(func(r *roomv1alpha1.PullRequest) { r.URL = "secret://other" }), true},
		"another type":             {asking(), request(func(r *roomv1alpha1.PullRequest) { r.Type = "text/plain" }), true},
		"the default type":         {asking(), request(func(r *roomv1alpha1.PullRequest) { r.Type = "application/octet-stream" }), false},
		"another delegate":         {asking(), request(func(r *roomv1alpha1.PullRequest) { r.DelegateTo = "eve" }), true},
		"somebody else":            {asking(), request(func(r *roomv1alpha1.PullRequest) { r.From.Name = "eve" }), false},
		"more time":                {asking(), request(func(r *roomv1alpha1.PullRequest) { r.Timeout = &metav1.Duration{Duration: time.Hour} }), false},
		"another deletion policy":  {asking(), request(func(r *roomv1alpha1.PullRequest) { r.DeletionPolicy = "Delete" }), false},
		"decoded":                  {asking(), asking(func(e *roomv1alpha1.PullEntry) { e.Decode = "Base64" }), true},
		"taken apart":              {asking(), asking(func(e *roomv1alpha1.PullEntry) { e.Extract = "JSON" }), true},
		"a token in place of it":   {asking(), authorizing(), true},
		"another client":           {authorizing(), authorizing(func(o *roomv1alpha1.PullOAuth) { o.ClientID = "other" }), true},
		"another token endpoint":   {authorizing(), authorizing(func(o *roomv1alpha1.PullOAuth) { o.TokenEndpoint = "https://other.example.com" }), true},
		"more scopes":              {authorizing(), authorizing(func(o *roomv1alpha1.PullOAuth) { o.Scopes = []string{"repo"} }), true},
		"the default challenge":    {authorizing(), authorizing(func(o *roomv1alpha1.PullOAuth) { o.PKCE = "S256" }), false},
		"a header in place of it":  {authorizing(), authorizing(func(o *roomv1alpha1.PullOAuth) { o.Format = "Header" }), true},
		"another way back":         {authorizing(), authorizing(func(o *roomv1alpha1.PullOAuth) { o.RedirectURI = "https://consent.example.com" }), false},
		"another client of a room": {authorizing(), authorizing(func(o *roomv1alpha1.PullOAuth) { o.Connector = &roomv1alpha1.OAuthConnector{ServerURL: "x"} }), true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before, after := sourceOf(c.before).Ask.Digest, sourceOf(c.after).Ask.Digest
			if (before != after) != c.anew || before == "" || after == "" {
				t.Errorf("%q and %q", before, after)
			}
		})
	}
}

func TestWhatAnAnswerGives(t *testing.T) {
	t.Parallel()
	waiting := &plan.Problem{Reason: roomv1alpha1.ReasonAwaitingParticipant, Message: "Bob.", Passing: true, Awaited: true}
	taken := func(e *roomv1alpha1.PullEntry) { e.Extract = roomv1alpha1.ExtractJSON }
	everything := plan.Access{Everything: true}
	rule := func(operations ...roomv1alpha1.Operation) plan.Access {
		return plan.Access{Own: own, Rules: []roomv1alpha1.AccessRule{{IDs: []roomv1alpha1.Pattern{"secret://*"}, Operations: operations}}}
	}
	delegated := func(e *roomv1alpha1.PullEntry) { e.Request.DelegateTo = own }
	cases := map[string]struct {
		entry    roomv1alpha1.PullEntry
		access   plan.Access
		answers  map[string]plan.Reply
		held     map[string][]string
		template map[string]roomv1alpha1.Template
		want     []string
	}{
		"a value":                          {asking(), everything, answered("KEY", plan.Reply{Value: []byte("v")}), nil, nil, []string{"KEY = v"}},
		"an empty value":                   {asking(), everything, answered("KEY", plan.Reply{Value: []byte{}}), nil, nil, []string{"KEY = "}},
		"nobody was asked":                 {asking(), everything, nil, nil, nil, []string{"KEY: Progressing"}},
		"nobody has answered":              {asking(), everything, answered("KEY", plan.Reply{Unknown: waiting}), nil, nil, []string{"KEY: AwaitingParticipant"}},
		"the target has it":                {asking(), everything, answered("KEY", plan.Reply{Held: map[string][]byte{"KEY": []byte("held")}}), nil, nil, []string{"KEY = held"}},
		"a value that is taken apart":      {asking(taken), everything, answered("KEY", plan.Reply{Value: []byte(`{"a":"1","b":"2"}`)}), nil, nil, []string{"a of KEY = 1", "b of KEY = 2"}},
		"the target has its parts":         {asking(taken), everything, answered("KEY", plan.Reply{Held: map[string][]byte{"b": []byte("2"), "a": []byte("1")}}), nil, nil, []string{"a of KEY = 1", "b of KEY = 2"}},
		"parts that are asked for anew":    {asking(taken), everything, answered("KEY", plan.Reply{Unknown: waiting}), map[string][]string{"KEY": {"a"}}, nil, []string{"a of KEY: AwaitingParticipant", "entries[KEY] of KEY: AwaitingParticipant"}},
		"a value that cannot be":           {asking(taken), everything, answered("KEY", plan.Reply{Value: []byte("x")}), nil, nil, []string{"entries[KEY] of KEY: InvalidValue"}},
		"a header":                         {authorizing(func(o *roomv1alpha1.PullOAuth) { o.Format = roomv1alpha1.TokenHeader }), everything, answered("KEY", plan.Reply{Value: []byte("t")}), nil, nil, []string{"KEY = Bearer t"}},
		"a template waits for the answer":  {asking(), everything, answered("KEY", plan.Reply{Unknown: waiting}), nil, map[string]roomv1alpha1.Template{"URL": "x:{{ .KEY }}"}, []string{"KEY: AwaitingParticipant", "URL of template[URL]: AwaitingParticipant"}},
		"a template of the answer":         {asking(), everything, answered("KEY", plan.Reply{Value: []byte("v")}), nil, map[string]roomv1alpha1.Template{"URL": "x:{{ .KEY }}"}, []string{"KEY = v", "URL of template[URL] = x:v"}},
		"it is allowed":                    {asking(), rule("Request"), answered("KEY", plan.Reply{Value: []byte("v")}), nil, nil, []string{"KEY = v"}},
		"reading is not asking":            {asking(), rule("Read"), answered("KEY", plan.Reply{Value: []byte("v")}), nil, nil, []string{"KEY: AccessDenied"}},
		"asking is not delegating":         {asking(delegated), rule("Request"), answered("KEY", plan.Reply{Value: []byte("v")}), nil, nil, []string{"KEY: AccessDenied"}},
		"asking and delegating is allowed": {asking(delegated), rule("Request", "Delegate"), answered("KEY", plan.Reply{Value: []byte("v")}), nil, nil, []string{"KEY = v"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := plan.GatherInput{Sources: []plan.PullSource{sourceOf(c.entry)}, Access: c.access, Replies: c.answers, Held: c.held}
			if c.template != nil {
				in.Template = &roomv1alpha1.PullTemplate{Data: c.template}
			}
			if rows := in.Rows(); len(rows) > 0 {
				t.Errorf("reads %v", rows)
			}
			got, problem := plan.Gather(in)
			if diff := cmp.Diff(c.want, lines(got)); diff != "" || problem != nil {
				t.Errorf("%v (-want +got):\n%s", problem, diff)
			}
		})
	}
}

func answered(name string, answer plan.Reply) map[string]plan.Reply {
	return map[string]plan.Reply{name: answer}
}

// askedRecord is the record of a key that the source gave.
func askedRecord(source plan.PullSource, digest string) plan.Record {
	return plan.Record{Digest: digest, Origin: roomv1alpha1.OriginCreated, Confirmed: true, Asked: source.Ask}
}

func TestAnAnswerIsHeldWhileTheTargetHasIt(t *testing.T) {
	t.Parallel()
	source, taken := sourceOf(asking()), sourceOf(asking(func(e *roomv1alpha1.PullEntry) { e.Extract = "JSON" }))
	part := askedRecord(taken, "d")
	part.Source = "KEY"
	cases := map[string]struct {
		source plan.PullSource
		ledger map[string]plan.Record
		keys   map[string]string
		want   []string
	}{
		"it is there":                  {source, map[string]plan.Record{"KEY": askedRecord(source, "d")}, map[string]string{"KEY": "d"}, []string{"KEY"}},
		"nothing was ever answered":    {source, nil, map[string]string{"KEY": "d"}, nil},
		"something else is there":      {source, map[string]plan.Record{"KEY": askedRecord(source, "d")}, map[string]string{"KEY": "e"}, nil},
		"the target has lost it":       {source, map[string]plan.Record{"KEY": askedRecord(source, "d")}, nil, nil},
		"the room gave it, unasked":    {source, map[string]plan.Record{"KEY": confirmed("d")}, map[string]string{"KEY": "d"}, nil},
		"something else was asked for": {source, map[string]plan.Record{"KEY": askedRecord(sourceOf(authorizing()), "d")}, map[string]string{"KEY": "d"}, nil},
		"all of its parts are there":   {taken, map[string]plan.Record{"a": part, "b": part}, map[string]string{"a": "d", "b": "d"}, []string{"a", "b"}},
		"a part of it is there":        {taken, map[string]plan.Record{"a": part, "b": part}, map[string]string{"a": "d"}, nil},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := plan.PullInput{Ledger: c.ledger, Target: plan.Target{Exists: true, Keys: c.keys}}
			if diff := cmp.Diff(c.want, in.HeldAnswer(c.source), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("held (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNobodyIsAskedForWhatHasNoPlace(t *testing.T) {
	t.Parallel()
	owner, merge := creating(roomv1alpha1.CreationOwner), creating(roomv1alpha1.CreationMerge)
	cases := map[string]struct {
		in   plan.PullInput
		want roomv1alpha1.Reason
	}{
		"a target that is absent":                    {pullOf(owner), ""},
		"a target of ours":                           {pullOf(owner, target(true)), ""},
		"a target that is too large":                 {pullOf(owner, target(true), func(in *plan.PullInput) { in.Size = 2 << 20 }), ""},
		"a target that is claimed":                   {pullOf(owner, func(in *plan.PullInput) { in.ClaimedBy = "older" }), roomv1alpha1.ReasonConflict},
		"a target of somebody else":                  {pullOf(owner, target(false)), roomv1alpha1.ReasonConflict},
		"a target that may not be taken over":        {pullOf(owner, target(false), adopting), roomv1alpha1.ReasonAdoptionRequired},
		"a target that may be taken over":            {pullOf(owner, target(false, "KEY", "x"), adopting, consenting), ""},
		"a target of another type":                   {pullOf(owner, target(true), typed("kubernetes.io/tls", "Opaque")), roomv1alpha1.ReasonTypeMismatch},
		"a target that is immutable":                 {pullOf(owner, target(true), immutable), roomv1alpha1.ReasonTargetImmutable},
		"a target to merge into that is absent":      {pullOf(merge), roomv1alpha1.ReasonTargetNotFound},
		"a target to merge into":                     {pullOf(merge, target(false, "OTHER", "x")), ""},
		"a target to merge into that has the key":    {pullOf(merge, target(false, "KEY", "x")), roomv1alpha1.ReasonConflict},
		"a target to merge into that has our key":    {pullOf(merge, target(false, "KEY", "x"), func(in *plan.PullInput) { in.Ledger = map[string]plan.Record{"KEY": confirmed("x")} }), ""},
		"a target of ours that somebody added it to": {pullOf(owner, target(true, "KEY", "x")), ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got roomv1alpha1.Reason
			if problem := c.in.Obstacle(sourceOf(asking())); problem != nil {
				got = problem.Reason
			}
			if got != c.want {
				t.Errorf("got %q instead of %q", got, c.want)
			}
		})
	}
}

func TestWhatTheRoomIsToForget(t *testing.T) {
	t.Parallel()
	deleting := func(e *roomv1alpha1.PullEntry) { e.Request.DeletionPolicy = "Delete" }
	was := askedRecord(sourceOf(asking(deleting)), "d")
	retained := askedRecord(sourceOf(asking()), "d")
	renamed, elsewhere := asking(), asking()
	renamed.Key, elsewhere.Request = "OTHER", &roomv1alpha1.PullRequest{URL: "secret://other"}
	cases := map[string]struct {
		record  plan.Record
		sources []plan.PullSource
		want    []string
	}{
		"the entry is gone":                   {was, nil, []string{"KEY"}},
		"the entry asks for something else":   {was, []plan.PullSource{sourceOf(elsewhere)}, []string{"KEY"}},
		"the entry names a room secret":       {was, []plan.PullSource{sourceOf(roomv1alpha1.PullEntry{Key: "KEY", ID: "secret"})}, []string{"KEY"}},
		"the entry asks for it":               {was, []plan.PullSource{sourceOf(asking())}, nil},
		"the entry takes it apart":            {was, []plan.PullSource{sourceOf(asking(func(e *roomv1alpha1.PullEntry) { e.Extract = "JSON" }))}, nil},
		"another entry asks for it":           {was, []plan.PullSource{sourceOf(renamed)}, nil},
		"the entry is gone, and retained it":  {retained, nil, nil},
		"what was not asked for is no answer": {confirmed("d"), nil, nil},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := plan.Forsaken(map[string]plan.Record{"KEY": c.record}, c.sources)
			if diff := cmp.Diff(c.want, slices.Sorted(maps.Keys(got)), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("forsaken (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAKeyStaysUntilTheRoomHasForgottenItsAnswer(t *testing.T) {
	t.Parallel()
	record := askedRecord(sourceOf(asking(func(e *roomv1alpha1.PullEntry) { e.Request.DeletionPolicy = "Delete" })), "old")
	owed := func(in *plan.PullInput) {
		in.Ledger = map[string]plan.Record{"TOKEN": record}
		in.Owed = map[string]plan.Problem{"TOKEN": {Reason: roomv1alpha1.ReasonForbidden, Message: "No."}}
	}
	for name, in := range map[string]plan.PullInput{
		"a key that is not wanted":   pullOf(target(true, "TOKEN", "old"), owed, func(in *plan.PullInput) { in.Keys = nil }),
		"a key that gets a value":    pullOf(target(true, "TOKEN", "old"), owed),
		"a key that is not there":    pullOf(target(true), owed),
		"a target that is not there": pullOf(owed),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out := plan.Pull(in)
			step := out.Steps[0]
			if step.Op != plan.KeyKeep || step.After == nil || *step.After != record || step.Reason != roomv1alpha1.ReasonForbidden || out.Create {
				t.Errorf("got %+v", step)
			}
		})
	}
}
