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

// pullTale tells what becomes of a pull.
type pullTale struct {
	strings.Builder
	*pullWorld
	spec roomv1alpha1.Pull
}

func (s *pullTale) say(format string, args ...any) { fmt.Fprintf(s, "# "+format+"\n", args...) }

func (s *pullTale) reconcile(effects int) {
	in := plan.PullInput{
		Keys: keysOf(&s.spec), Access: plan.Access{Everything: true},
		Creation: s.spec.Target.CreationPolicyOrDefault(), Deletion: s.spec.DeletionPolicyOrDefault(),
		Adopt: s.spec.Target.Adopt, Name: "pull", Immutable: s.spec.Target.Immutable,
	}
	s.WriteString(s.plan(in).Story(own))
	if !s.pullWorld.reconcile(in, effects) {
		s.WriteString("         (the operator dies)\n")
	}
	lines := []string{}
	for key, digest := range s.target.Keys {
		lines = append(lines, "         target has "+key+" = "+digest)
	}
	for key, record := range s.ledger {
		lines = append(lines, "         ledger says "+key+" = "+recordLine(&record))
	}
	slices.SortFunc(lines, func(a, b string) int { return cmp.Compare(b, a) })
	if !s.target.Exists {
		lines = append(lines, "         there is no target")
	}
	s.WriteString(strings.Join(append(lines, ""), "\n") + "\n")
}

func (s *pullTale) roomHas(key, digest string) {
	s.say("the room has %s for %s", cmp.Or(digest, "nothing"), key)
	s.room[key] = plan.Observed{Exists: digest != "", Digest: digest}
}

// exists makes the target one of somebody else.
func (s *pullTale) exists(key, digest string) {
	s.say("somebody creates the target with %s = %s", key, digest)
	s.appear(key, digest)
}

// gone deletes the target.
func (s *pullTale) gone() {
	s.say("somebody deletes the target")
	s.vanish(s.spec.Target.CreationPolicyOrDefault())
}

func newPullTale() *pullTale {
	s := &pullTale{
		pullWorld: &pullWorld{
			room: map[string]plan.Observed{}, ledger: map[string]plan.Record{}, ours: map[string]bool{},
			target: plan.Target{Name: "app", Metadata: true, Keys: map[string]string{}},
		},
		spec: roomv1alpha1.Pull{Entries: []roomv1alpha1.PullEntry{{Key: "TOKEN", ID: "token"}, {Key: "USER", ID: "user"}}},
	}
	s.roomHas("TOKEN", "t1")
	s.roomHas("USER", "u1")
	return s
}

func TestPullStories(t *testing.T) {
	t.Parallel()
	for name, tell := range map[string]func(s *pullTale){
		"pull created": func(s *pullTale) {
			s.reconcile(-1)
			s.roomHas("TOKEN", "t2")
			s.reconcile(-1)
			s.say("nothing changes")
			s.reconcile(-1)
		},
		"pull incomplete": func(s *pullTale) {
			s.roomHas("USER", "")
			s.reconcile(-1)
			s.roomHas("USER", "u1")
			s.reconcile(-1)
			s.roomHas("USER", "")
			s.reconcile(-1)
		},
		"pull on missing": func(s *pullTale) {
			s.spec.Entries[0].OnMissing, s.spec.Entries[1].OnMissing = roomv1alpha1.OnMissingKeep, roomv1alpha1.OnMissingRemove
			s.reconcile(-1)
			s.roomHas("TOKEN", "")
			s.roomHas("USER", "")
			s.reconcile(-1)
		},
		"pull tampered": func(s *pullTale) {
			s.reconcile(-1)
			s.say("somebody changes TOKEN in the target, and removes USER")
			s.target.Keys["TOKEN"] = "junk"
			delete(s.target.Keys, "USER")
			s.reconcile(-1)
			s.gone()
			s.reconcile(-1)
		},
		"pull emptied": func(s *pullTale) {
			s.spec.Target.CreationPolicy = roomv1alpha1.CreationOrphan
			s.reconcile(-1)
			s.say("somebody takes every key out of the target")
			clear(s.target.Keys)
			s.reconcile(-1)
		},
		"pull recreated": func(s *pullTale) {
			s.spec.Target.CreationPolicy = roomv1alpha1.CreationOrphan
			s.reconcile(-1)
			s.gone()
			s.exists("TOKEN", "t1")
			s.reconcile(-1)
			s.gone()
			s.reconcile(-1)
		},
		"pull foreign target": func(s *pullTale) {
			s.exists("TOKEN", "theirs")
			s.reconcile(-1)
		},
		"pull adopted": func(s *pullTale) {
			s.spec.Target.Adopt = true
			s.exists("TOKEN", "theirs")
			s.target.Keys["OTHER"] = "theirs"
			s.reconcile(-1)
			s.say("they allow it, but the room does not know everything")
			s.target.Consent = true
			s.roomHas("USER", "")
			s.reconcile(-1)
			s.roomHas("USER", "u1")
			s.say("the operator dies after it wrote the target")
			s.reconcile(2)
			s.say("it comes back, and they no longer allow it")
			s.target.Consent = false
			s.reconcile(-1)
			s.say("TOKEN is taken out of the spec")
			s.spec.Entries = s.spec.Entries[1:]
			s.reconcile(-1)
		},
		"pull immutable": func(s *pullTale) {
			s.reconcile(-1)
			s.say("it is to be immutable, but the room does not know everything")
			s.spec.Target.Immutable = true
			s.roomHas("USER", "")
			s.reconcile(-1)
			s.roomHas("USER", "u2")
			s.reconcile(-1)
			s.roomHas("USER", "u3")
			s.reconcile(-1)
			s.gone()
			s.reconcile(-1)
			s.say("it is no longer to be immutable")
			s.spec.Target.Immutable = false
			s.reconcile(-1)
			s.gone()
			s.reconcile(-1)
		},
		"pull not adopted": func(s *pullTale) {
			s.spec.Target.Adopt = true
			s.exists("TOKEN", "theirs")
			s.target.Consent = true
			s.say("the operator dies before it takes the target over")
			s.reconcile(1)
			s.say("it comes back, and the target has got a controller")
			s.target.Controller = `Tool "theirs"`
			s.reconcile(-1)
			s.say("the target is being deleted")
			s.target.Controller, s.target.Deleting = "", true
			s.reconcile(-1)
			s.gone()
			s.reconcile(-1)
		},
		"merge foreign label": func(s *pullTale) {
			s.spec.Target.CreationPolicy = roomv1alpha1.CreationMerge
			s.exists("OTHER", "theirs")
			s.target.Foreign = `label "team"`
			s.reconcile(-1)
		},
		"pull crash": func(s *pullTale) {
			s.spec.Target.CreationPolicy = roomv1alpha1.CreationOrphan
			s.say("the operator dies after it created the target")
			s.reconcile(2)
			s.roomHas("TOKEN", "t2")
			s.say("it comes back, and dies before it writes the target")
			s.reconcile(1)
			s.say("it comes back")
			s.reconcile(-1)
		},
		"merge conflict": func(s *pullTale) {
			s.spec.Target.CreationPolicy = roomv1alpha1.CreationMerge
			s.reconcile(-1)
			s.exists("TOKEN", "theirs")
			s.reconcile(-1)
			s.say("somebody removes TOKEN")
			delete(s.target.Keys, "TOKEN")
			s.reconcile(-1)
			s.say("TOKEN is taken out of the spec")
			s.spec.Entries = s.spec.Entries[1:]
			s.reconcile(-1)
		},
		"merge crash": func(s *pullTale) {
			s.spec.Target.CreationPolicy = roomv1alpha1.CreationMerge
			s.exists("OTHER", "theirs")
			s.say("the operator dies after it wrote the target")
			s.reconcile(2)
			s.roomHas("TOKEN", "t2")
			s.say("it comes back, and dies before it writes the target")
			s.reconcile(1)
			s.say("it comes back")
			s.reconcile(-1)
		},
		"merge recreated": func(s *pullTale) {
			s.spec.Target.CreationPolicy = roomv1alpha1.CreationMerge
			s.exists("OTHER", "theirs")
			s.reconcile(-1)
			s.gone()
			s.exists("TOKEN", "t1")
			s.reconcile(-1)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newPullTale()
			tell(s)
			for _, fault := range s.faults {
				t.Error(fault)
			}
			compareStory(t, name, s.String())
		})
	}
}
