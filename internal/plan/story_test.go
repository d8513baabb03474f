// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/plan"
)

// update rewrites the golden files instead of comparing with them.
var update = flag.Bool("update", false, "write testdata/stories/*.golden anew")

// compareStory compares a story with its golden file.
func compareStory(t *testing.T, name, story string) {
	t.Helper()
	story = strings.TrimSpace(story) + "\n"
	path := filepath.Join("testdata", "stories", strings.ReplaceAll(name, " ", "-")+".golden")
	if *update {
		if err := os.WriteFile(path, []byte(story), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("no golden file, run with -update: %v", err)
	}
	if diff := cmp.Diff(string(want), story); diff != "" {
		t.Errorf("%s (-want +got), run with -update if this is meant:\n%s", path, diff)
	}
}

// pushTale tells what becomes of a push. The values of the source are called v1, v2 and so on, and stand for digests.
type pushTale struct {
	strings.Builder
	*pushWorld
	spec   roomv1alpha1.Push
	source map[string]string
	access plan.Access
}

func (s *pushTale) say(format string, args ...any) { fmt.Fprintf(s, "# "+format+"\n", args...) }

func (s *pushTale) input() plan.PushInput {
	rows, problem := plan.PushRows(&s.spec, own, slices.Sorted(maps.Keys(s.source)))
	if problem != nil {
		s.say("%s", problem.Message)
	}
	in := plan.PushInput{
		Rows: rows, Digests: map[plan.Row]string{}, Own: own, CanDelete: func(string) bool { return true }, Access: s.access,
		Conflict: s.spec.ConflictPolicyOrDefault(), Drift: s.spec.DriftPolicyOrDefault(), Deletion: s.spec.DeletionPolicyOrDefault(),
	}
	for _, row := range rows {
		in.Digests[row.Row] = s.source[row.Key]
	}
	return in
}

// reconcile tells the plan, carries it out and shows the room; it dies after so many effects unless that is negative.
func (s *pushTale) reconcile(effects int) {
	in := s.input()
	s.WriteString(plan.Story(s.plan(in), own))
	if !s.pushWorld.reconcile(in, effects) {
		s.WriteString("         (the operator dies)\n")
	}
	s.show()
}

func (s *pushTale) show() {
	lines := []string{}
	for row, digest := range s.room {
		line := "         room has " + row.Name(own) + " = " + digest
		if record, ok := s.ledger[row]; ok {
			line += ", ledger says " + recordLine(&record)
		}
		lines = append(lines, line)
	}
	for row, record := range s.ledger {
		if _, there := s.room[row]; !there {
			lines = append(lines, "         room lacks "+row.Name(own)+", ledger says "+recordLine(&record))
		}
	}
	slices.Sort(lines)
	s.WriteString(strings.Join(append(lines, ""), "\n") + "\n")
}

func (s *pushTale) somebodyWrites(id, digest string) {
	s.say("somebody writes %s to %s in the room", digest, id)
	s.room[plan.Row{Identity: own, ID: id}] = digest
	delete(s.byUs, plan.Row{Identity: own, ID: id})
}

func newPushTale() *pushTale {
	return &pushTale{
		pushWorld: newPushWorld(),
		access:    plan.Access{Everything: true},
		source:    map[string]string{"apiKey": "v1"},
		spec: roomv1alpha1.Push{Entries: []roomv1alpha1.PushEntry{{
			Name: "api-key", Key: "apiKey", ID: "stripe-api-key", Delegations: delegations("billing-agent"),
		}}},
	}
}

// simple leaves out the delegation.
func (s *pushTale) simple() *pushTale {
	s.spec.Entries[0].Delegations = nil
	return s
}

func TestPushStories(t *testing.T) {
	t.Parallel()
	for name, tell := range map[string]func(s *pushTale){
		"create": func(s *pushTale) {
			s.say("a value is pushed, and delegated to billing-agent")
			s.reconcile(-1)
			s.say("nothing changes")
			s.reconcile(-1)
		},
		"rotate": func(s *pushTale) {
			s.reconcile(-1)
			s.say("the source is edited")
			s.source["apiKey"] = "v2"
			s.reconcile(-1)
		},
		"undelegate": func(s *pushTale) {
			s.spec.DeletionPolicy = roomv1alpha1.DeletionDelete
			s.reconcile(-1)
			s.say("the delegation is taken out of the spec; deletionPolicy is Delete")
			s.spec.Entries[0].Delegations = nil
			s.reconcile(-1)
		},
		"undelegate retain": func(s *pushTale) {
			s.reconcile(-1)
			s.say("the delegation is taken out of the spec; deletionPolicy is Retain")
			s.spec.Entries[0].Delegations = nil
			s.reconcile(-1)
		},
		"drift corrected": func(s *pushTale) {
			s.simple().reconcile(-1)
			s.somebodyWrites("stripe-api-key", "junk")
			s.reconcile(-1)
			s.say("somebody deletes it")
			clear(s.room)
			s.reconcile(-1)
		},
		"drift reported": func(s *pushTale) {
			s.spec.DriftPolicy = roomv1alpha1.DriftReport
			s.simple().reconcile(-1)
			s.somebodyWrites("stripe-api-key", "junk")
			s.reconcile(-1)
			s.say("the source is edited")
			s.source["apiKey"] = "v2"
			s.reconcile(-1)
		},
		"conflict": func(s *pushTale) {
			s.somebodyWrites("stripe-api-key", "theirs")
			s.reconcile(-1)
			s.say("somebody deletes it")
			delete(s.room, plan.Row{Identity: own, ID: "stripe-api-key"})
			s.reconcile(-1)
		},
		"adopt": func(s *pushTale) {
			s.spec.ConflictPolicy, s.spec.DeletionPolicy = roomv1alpha1.ConflictAdopt, roomv1alpha1.DeletionDelete
			s.somebodyWrites("stripe-api-key", "theirs")
			s.simple().reconcile(-1)
			s.say("the entry is taken out of the spec; deletionPolicy is Delete")
			s.spec.Entries = nil
			s.reconcile(-1)
		},
		"crash after intent": func(s *pushTale) {
			s.say("the operator dies after it wrote its intents")
			s.reconcile(1)
			s.say("it comes back, and dies after the first row was written")
			s.reconcile(2)
			s.say("it comes back while the source has been edited, and dies after the rows were written")
			s.source["apiKey"] = "v2"
			s.reconcile(3)
			s.say("it comes back")
			s.reconcile(-1)
		},
		"crash overtaken": func(s *pushTale) {
			s.say("the operator dies after it wrote its intents, and before it comes back somebody else takes the id")
			s.simple().reconcile(1)
			s.somebodyWrites("stripe-api-key", "theirs")
			s.reconcile(-1)
		},
		"access withdrawn": func(s *pushTale) {
			s.reconcile(-1)
			s.say("the room no longer allows to delegate; the source is edited")
			s.access = plan.Access{Own: own, Rules: []roomv1alpha1.AccessRule{{
				IDs: []roomv1alpha1.Pattern{"stripe-*"}, Operations: []roomv1alpha1.Operation{roomv1alpha1.OperationWrite},
			}}}
			s.source["apiKey"] = "v2"
			s.reconcile(-1)
			s.say("the room allows everything again")
			s.access = plan.Access{Everything: true}
			s.reconcile(-1)
		},
		"room unreachable": func(s *pushTale) {
			s.spec.DeletionPolicy = roomv1alpha1.DeletionDelete
			s.reconcile(-1)
			s.say("the room is out of reach; the source is edited and the delegation is taken out of the spec")
			for row := range s.room {
				s.unknown[row] = true
			}
			s.source["apiKey"] = "v2"
			s.spec.Entries[0].Delegations = nil
			s.reconcile(-1)
			s.say("the room is back")
			clear(s.unknown)
			s.reconcile(-1)
		},
		"key missing": func(s *pushTale) {
			s.reconcile(-1)
			s.say("the key is taken out of the source")
			clear(s.source)
			s.reconcile(-1)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newPushTale()
			tell(s)
			reportFaults(t, s.pushWorld)
			compareStory(t, name, s.String())
		})
	}
}
