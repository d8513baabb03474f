// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/plan"
)

// sourceTale tells what becomes of a pull whose keys depend on what the room has.
type sourceTale struct {
	strings.Builder
	*sourceWorld
}

func (s *sourceTale) say(format string, args ...any) { fmt.Fprintf(s, "# "+format+"\n", args...) }

// reconcile tells the plan, carries it out, and tells what is in the target.
func (s *sourceTale) reconcile() {
	out, _ := s.live(-1)
	s.WriteString(out.Story(own))
	lines := []string{}
	for key, value := range s.target.Keys {
		source := "nobody"
		if record, ok := s.ledger[key]; ok {
			source = cmp.Or(record.Source, key)
		}
		lines = append(lines, fmt.Sprintf("         target has %s = %s, from %s", key, value, source))
	}
	slices.Sort(lines)
	if !s.target.Exists {
		lines = append(lines, "         there is no target")
	}
	s.WriteString(strings.Join(append(lines, ""), "\n") + "\n")
}

func (s *sourceTale) has(id, kind, value string) {
	s.say("the room has %s of type %s: %s", id, kind, value)
	s.put(id, kind, value)
}

func (s *sourceTale) drop(id string) {
	s.say("the room has no %s", id)
	delete(s.rows, plan.Row{Identity: own, ID: id})
}

func (s *sourceTale) entries(entries ...roomv1alpha1.PullEntry) { s.spec.Entries = entries }
func (s *sourceTale) finds(finds ...roomv1alpha1.PullFind)      { s.spec.Find = finds }

func TestSourceStories(t *testing.T) {
	t.Parallel()
	database := roomv1alpha1.PullEntry{Key: "database", ID: "db", Extract: roomv1alpha1.ExtractJSON}
	removable := database
	removable.OnMissing = roomv1alpha1.OnMissingRemove
	stripe := roomv1alpha1.PullFind{IDPrefix: "stripe-", StripPrefix: true}
	github := roomv1alpha1.PullEntry{Key: "TOKEN", Match: &roomv1alpha1.PullMatch{Type: "git", Name: "name"}}
	for name, tell := range map[string]func(s *sourceTale){
		"extract": func(s *sourceTale) {
			s.entries(database)
			s.has("db", "json", `{"user":"alice","password":"one"}`)
			s.reconcile()
			s.has("db", "json", `{"user":"alice","password":"two","port":5432,"../x":"y"}`)
			s.reconcile()
			s.has("db", "json", `{"user":"alice","user":"bob"}`)
			s.reconcile()
			s.has("db", "json", `{"user":"alice"}`)
			s.reconcile()
			s.drop("db")
			s.reconcile()
			s.say("onMissing becomes Remove")
			s.entries(removable)
			s.reconcile()
			s.reconcile()
		},
		"find": func(s *sourceTale) {
			s.finds(stripe)
			s.say("the room has nothing")
			s.reconcile()
			s.has("stripe-key", "text", "one")
			s.has("stripe-hooks/new", "text", "two")
			s.has("other", "text", "three")
			s.reconcile()
			s.has("stripe-webhook", "text", "four")
			s.reconcile()
			s.drop("stripe-key")
			s.reconcile()
			s.drop("stripe-webhook")
			s.drop("stripe-hooks/new")
			s.reconcile()
			s.say("the find is taken out, and an entry put in")
			s.finds()
			s.entries(roomv1alpha1.PullEntry{Key: "other", ID: "other"})
			s.reconcile()
		},
		"find without a list": func(s *sourceTale) {
			s.finds(stripe)
			s.entries(roomv1alpha1.PullEntry{Key: "other", ID: "other"}, roomv1alpha1.PullEntry{Key: "more", ID: "more"})
			s.has("stripe-key", "text", "one")
			s.has("other", "text", "two")
			s.has("more", "text", "three")
			s.reconcile()
			s.say("the room lists nothing that makes sense, and an entry is taken out")
			s.unlisted = true
			s.entries(roomv1alpha1.PullEntry{Key: "other", ID: "other"})
			s.has("other", "text", "new")
			s.drop("stripe-key")
			s.reconcile()
			s.say("the room can be listed again")
			s.unlisted = false
			s.has("stripe-webhook", "text", "four")
			s.reconcile()
		},
		"find too many": func(s *sourceTale) {
			few := stripe
			few.MaxEntries = 1
			s.finds(few)
			s.has("stripe-key", "text", "one")
			s.reconcile()
			s.has("stripe-webhook", "text", "two")
			s.reconcile()
		},
		"match": func(s *sourceTale) {
			s.entries(github)
			s.has("one", "git", "t1")
			s.reconcile()
			s.has("two", "git", "t2")
			s.reconcile()
			s.drop("one")
			s.reconcile()
			s.drop("two")
			s.reconcile()
		},
		"two sources": func(s *sourceTale) {
			s.finds(stripe)
			s.entries(roomv1alpha1.PullEntry{Key: "key", ID: "other"})
			s.has("other", "text", "one")
			s.has("stripe-webhook", "text", "two")
			s.reconcile()
			s.has("stripe-key", "text", "three")
			s.has("other", "text", "new")
			s.reconcile()
			s.say("the entry is taken out")
			s.entries()
			s.reconcile()
		},
		"find access withdrawn": func(s *sourceTale) {
			s.finds(stripe)
			s.has("stripe-key", "text", "one")
			s.has("stripe-webhook", "text", "two")
			s.access = plan.Access{Own: own, Rules: []roomv1alpha1.AccessRule{{IDs: []roomv1alpha1.Pattern{"stripe-*"}, Operations: []roomv1alpha1.Operation{roomv1alpha1.OperationRead}}}}
			s.reconcile()
			s.say("only stripe-webhook may still be read")
			s.access.Rules[0].IDs = []roomv1alpha1.Pattern{"stripe-webhook"}
			s.has("stripe-new", "text", "three")
			s.reconcile()
			s.say("nothing may be read")
			s.access.Rules = nil
			s.reconcile()
		},
		"type without its keys": func(s *sourceTale) {
			s.target.Wanted = "kubernetes.io/tls"
			s.finds(roomv1alpha1.PullFind{IDPrefix: "tls."})
			s.has("tls.crt", "text", "one")
			s.reconcile()
			s.has("tls.key", "text", "two")
			s.reconcile()
			s.drop("tls.crt")
			s.reconcile()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &sourceTale{sourceWorld: newSourceWorld()}
			tell(s)
			for _, fault := range s.faults {
				t.Error(fault)
			}
			compareStory(t, name, s.String())
		})
	}
}
