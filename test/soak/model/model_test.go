// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package model_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/roomsecrets/roomsecret-operator/test/soak/model"
)

var row = model.Row{Owner: model.Own, ID: "x"}

func content(value string) model.Content {
	return model.Content{Type: "text/plain", Name: "X", Value: value}
}

// push returns a step that creates a push of the key a, in a burst.
func push(name string, burst int, mods ...func(*model.PushSpec)) model.PutPush {
	spec := model.PushSpec{
		Source: "source", Conflict: "Fail", Drift: "Correct", Deletion: "Retain", OnSourceDeleted: "Keep",
		Entries: []model.Entry{{ID: "x", Type: "text/plain", Name: "X", Owner: model.Own, Keys: []string{"a"}}},
	}
	for _, mod := range mods {
		mod(&spec)
	}
	return model.PutPush{Name: name, Spec: spec, Born: model.Birth{Burst: burst, Serial: 10*burst + len(name)}}
}

// pull returns a step that creates a pull of the row x.
func pull(name, creation string, mods ...func(*model.PullSpec)) model.PutPull {
	spec := model.PullSpec{Target: "target", Creation: creation, Keys: []model.PullKey{{Key: "k", Row: row, OnMissing: "Fail"}}}
	if creation == "Merge" {
		spec.Deletion = "Delete"
	}
	for _, mod := range mods {
		mod(&spec)
	}
	return model.PutPull{Name: name, Spec: spec, Born: model.Birth{Burst: 1, Serial: len(name)}}
}

func secret(name string, pairs ...string) model.PutSecret {
	data := map[string]string{}
	for pair := range slices.Chunk(pairs, 2) {
		data[pair[0]] = pair[1]
	}
	return model.PutSecret{Name: name, Data: data, Serial: 1}
}

func on(conflict, drift, deletion, sourceDeleted string) func(*model.PushSpec) {
	return func(s *model.PushSpec) {
		s.Conflict, s.Drift, s.Deletion, s.OnSourceDeleted = conflict, drift, deletion, sourceDeleted
	}
}

func entries(ids ...string) func(*model.PushSpec) {
	return func(s *model.PushSpec) {
		s.Entries = nil
		for _, id := range ids {
			s.Entries = append(s.Entries, model.Entry{ID: id, Owner: model.Own, Keys: []string{"a"}})
		}
	}
}

// live has steps done to an empty room, and the operator look after each.
func live(t *testing.T, steps ...model.Step) model.Room {
	t.Helper()
	outlook := model.Settled(model.NewRoom())
	for i, step := range steps {
		next, can := outlook.After(step)
		if !can {
			t.Fatalf("step %d cannot be done: %T%+v", i, step, step)
		}
		outlook = next.Settle()
	}
	return outlook.End()
}

// TestThePolicies has the cells of the matrix in docs/policies.md that a soak makes use of.
func TestThePolicies(t *testing.T) {
	t.Parallel()
	source, foreign := secret("source", "a", "one"), model.PutRow{Row: row, Content: content("theirs")}
	edited, dropped, gone := model.SetKey{Secret: "source", Key: "a", Value: "two"}, model.DropRow{Row: row}, model.DropSecret{Name: "source"}
	room, target := model.PutRow{Row: row, Content: content("one")}, secret("target", "theirs", "1")
	keep := func(s *model.PullSpec) { s.Keys[0].OnMissing = "Keep" }
	remove := func(s *model.PullSpec) { s.Keys[0].OnMissing = "Remove" }
	for name, c := range map[string]struct {
		steps  []model.Step
		row    string // its value, or empty
		key    string // the value of the key k of the target, or empty
		reason string
	}{
		"a push":                             {[]model.Step{source, push("p", 1)}, "one", "", "InSync"},
		"a push of an edited source":         {[]model.Step{source, push("p", 1), edited}, "two", "", "InSync"},
		"a push without a source":            {[]model.Step{push("p", 1)}, "", "", "SourceNotFound"},
		"a push without its key":             {[]model.Step{secret("source"), push("p", 1)}, "", "", "KeyNotFound"},
		"a conflict that fails":              {[]model.Step{source, foreign, push("p", 1)}, "theirs", "", "Conflict"},
		"a conflict that is over":            {[]model.Step{source, foreign, push("p", 1), dropped}, "one", "", "InSync"},
		"a row that is adopted":              {[]model.Step{source, foreign, push("p", 1, on("Adopt", "Correct", "Retain", "Keep"))}, "one", "", "InSync"},
		"a row that is skipped":              {[]model.Step{source, foreign, push("p", 1, on("Skip", "Correct", "Retain", "Keep"))}, "theirs", "", "InSync"},
		"drift that is corrected":            {[]model.Step{source, push("p", 1), foreign}, "one", "", "InSync"},
		"a row that is written again":        {[]model.Step{source, push("p", 1), dropped}, "one", "", "InSync"},
		"drift that is reported":             {[]model.Step{source, push("p", 1, on("Fail", "Report", "Retain", "Keep")), foreign}, "theirs", "", "Drifted"},
		"a loss that is reported":            {[]model.Step{source, push("p", 1, on("Fail", "Report", "Retain", "Keep")), dropped}, "", "", "Drifted"},
		"drift that an edit ends":            {[]model.Step{source, push("p", 1, on("Fail", "Report", "Retain", "Keep")), foreign, edited}, "two", "", "InSync"},
		"drift that is ignored":              {[]model.Step{source, push("p", 1, on("Fail", "Ignore", "Retain", "Keep")), foreign}, "theirs", "", "InSync"},
		"a source that is gone":              {[]model.Step{source, push("p", 1), gone}, "one", "", "SourceNotFound"},
		"a source that takes its rows along": {[]model.Step{source, push("p", 1, on("Fail", "Correct", "Retain", "Delete")), gone}, "", "", "SourceNotFound"},
		"a push that leaves its row":         {[]model.Step{source, push("p", 1), model.Drop{Name: "p"}}, "one", "", ""},
		"a push that takes its row along":    {[]model.Step{source, push("p", 1, on("Fail", "Correct", "Delete", "Keep")), model.Drop{Name: "p"}}, "", "", ""},
		"a push that never had the row":      {[]model.Step{source, foreign, push("p", 1, on("Fail", "Correct", "Delete", "Keep")), model.Drop{Name: "p"}}, "theirs", "", ""},
		"an entry that is taken out":         {[]model.Step{source, push("p", 1, on("Fail", "Correct", "Delete", "Keep")), push("p", 1, on("Fail", "Correct", "Delete", "Keep"), entries("y"))}, "", "", "InSync"},
		"too much that is taken out": {[]model.Step{
			source, push("p", 1, on("Fail", "Correct", "Delete", "Keep"), entries("w", "x", "y", "z")), push("p", 1, on("Fail", "Correct", "Delete", "Keep"), entries("z")),
		}, "one", "", "PruneBlocked"},
		"the older of two pushes":       {[]model.Step{source, push("p", 1), push("older", 0)}, "one", "", "InSync"},
		"a push that another is before": {[]model.Step{source, push("another", 1), push("p", 2)}, "one", "", "Conflict"},
		"a push that is suspended":      {[]model.Step{source, push("p", 1, func(s *model.PushSpec) { s.Suspend = true })}, "", "", "Suspended"},

		"a pull":                      {[]model.Step{room, pull("p", "Owner")}, "one", "one", "InSync"},
		"a pull of what is not there": {[]model.Step{pull("p", "Owner")}, "", "", "RoomSecretNotFound"},
		"a target that is changed":    {[]model.Step{room, pull("p", "Owner"), model.SetKey{Secret: "target", Key: "k", Value: "theirs"}}, "one", "one", "InSync"},
		"a target that is deleted":    {[]model.Step{room, pull("p", "Owner"), model.DropSecret{Name: "target"}}, "one", "one", "InSync"},
		"a row that is gone":          {[]model.Step{room, pull("p", "Owner"), dropped}, "", "one", "RoomSecretNotFound"},
		"a row that may be gone":      {[]model.Step{room, pull("p", "Owner", keep), dropped}, "", "one", "InSync"},
		"a key that goes with a row":  {[]model.Step{room, pull("p", "Owner", remove), dropped}, "", "", "InSync"},
		"a target of somebody else":   {[]model.Step{room, target, pull("p", "Owner")}, "one", "", "Conflict"},
		"a target that goes along":    {[]model.Step{room, pull("p", "Owner"), model.Drop{Name: "p"}}, "one", "", ""},
		"a target that stays":         {[]model.Step{room, pull("p", "Orphan"), model.Drop{Name: "p"}}, "one", "one", ""},
		"a merge":                     {[]model.Step{room, target, pull("p", "Merge")}, "one", "one", "InSync"},
		"a merge into nothing":        {[]model.Step{room, pull("p", "Merge")}, "one", "", "TargetNotFound"},
		"a merge that is taken back":  {[]model.Step{room, target, pull("p", "Merge"), model.Drop{Name: "p"}}, "one", "", ""},
		"a merge that is left":        {[]model.Step{room, target, pull("p", "Merge", func(s *model.PullSpec) { s.Deletion = "Retain" }), model.Drop{Name: "p"}}, "one", "one", ""},
		"a key of somebody else":      {[]model.Step{room, secret("target", "k", "theirs"), pull("p", "Merge")}, "one", "theirs", "Conflict"},
		"a key that was ours in another Secret": {[]model.Step{
			room, target, pull("p", "Merge"), model.DropSecret{Name: "target"}, model.PutSecret{Name: "target", Data: map[string]string{"k": "theirs"}, Serial: 2},
		}, "one", "theirs", "Conflict"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			end := live(t, c.steps...)
			got := []string{end.Rows[row].Value, end.Secrets["target"].Data["k"], end.Reasons()["p"]}
			if diff := cmp.Diff([]string{c.row, c.key, c.reason}, got); diff != "" {
				t.Errorf("row, key and reason (-want +got):\n%s", diff)
			}
		})
	}
}

// TestWhatDependsOnWhoIsFaster has steps that are not done together, since it would not be known how they end.
func TestWhatDependsOnWhoIsFaster(t *testing.T) {
	t.Parallel()
	source, foreign := secret("source", "a", "one"), model.PutRow{Row: row, Content: content("theirs")}
	for name, c := range map[string]struct {
		before   []model.Step
		together []model.Step
	}{
		"who has a row first":           {[]model.Step{source}, []model.Step{push("p", 1), foreign}},
		"who of two is the older":       {[]model.Step{source}, []model.Step{push("p", 1), push("two", 1)}},
		"whether something was written": {nil, []model.Step{source, push("p", 1), model.Drop{Name: "p"}}},
		"whether an edit was written":   {[]model.Step{source, push("p", 1, on("Fail", "Report", "Retain", "Keep"))}, []model.Step{model.SetKey{Secret: "source", Key: "a", Value: "two"}, foreign}},
		"whether a target was there":    {[]model.Step{pull("p", "Owner")}, []model.Step{model.PutRow{Row: row, Content: content("one")}, model.DropRow{Row: row}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			outlook := model.Settled(live(t, c.before...))
			for i, step := range c.together {
				next, can := outlook.After(step)
				if can == (i == len(c.together)-1) {
					t.Fatalf("step %d of %d can be done: %v", i+1, len(c.together), can)
				}
				outlook = next
			}
		})
	}
}

// TestTheSameSeedGivesTheSameBursts also sees that everything that goes wrong is mended, and that all happens some time.
func TestTheSameSeedGivesTheSameBursts(t *testing.T) {
	t.Parallel()
	one, same, another := model.NewGenerator(7, 2), model.NewGenerator(7, 2), model.NewGenerator(8, 2)
	reasons, differ := map[string]bool{}, false
	for range 60 {
		burst := one.Burst()
		if diff := cmp.Diff(burst, same.Burst()); diff != "" {
			t.Fatalf("burst %d (-one +same):\n%s", burst.Number, diff)
		}
		differ = differ || !cmp.Equal(burst, another.Burst())
		for _, room := range burst.Want {
			for _, reason := range room.Reasons() {
				reasons[reason] = true
			}
		}
	}
	if !differ {
		t.Error("another seed gives the same bursts")
	}
	for _, reason := range []string{"InSync", "Conflict", "Drifted", "SourceNotFound", "KeyNotFound", "RoomSecretNotFound", "TargetNotFound", "Suspended"} {
		if !reasons[reason] {
			t.Errorf("%s is nothing that happens", reason)
		}
	}
}
