// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/roomserver/store"
	"github.com/roomsecrets/roomsecret-operator/internal/sessions"
)

// TestACrashAnywhereEndsAsIfThereWasNone has each story happen in cells of their own: in one without a crash, in one with
// a crash after every single effect, and in one for each of the effects with one crash right after it. The operator
// starts again with empty hands each time. What is there in the end is always the same, and nothing was written twice.
func TestACrashAnywhereEndsAsIfThereWasNone(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		stories map[string]story
		// connected is true when the operator looks at no RoomSecret before the room is connected.
		connected bool
		// kinds of effects that there must be crashes after: whatever the operator does in this direction.
		kinds []string
	}{
		"push": {pushStories(), false, []string{
			"patch RoomSecret", "patch the status of RoomSecret", "patch Room", "put row", "delete row",
		}},
		"pull": {pullStories(), false, []string{
			"patch RoomSecret", "patch the status of RoomSecret", "create Secret", "own the fields of Secret", "apply Secret",
			"hand over keys of Secret", "patch Secret", "delete Secret", "patch Deployment",
		}},
		"beginnings, in rooms that are connected": {beginnings(), true, []string{
			"patch RoomSecret", "patch the status of RoomSecret", "patch Room", "put row",
			"create Secret", "own the fields of Secret", "apply Secret", "patch Secret",
		}},
	}
	for direction, c := range cases {
		t.Run(direction, func(t *testing.T) {
			t.Parallel()
			outcomes, crashes := checkConstantCrashes(t, c.stories, c.connected)
			crashes = append(crashes, checkSingleCrashes(t, c.stories, c.connected, outcomes)...)
			for _, kind := range c.kinds {
				if !slices.ContainsFunc(crashes, func(effect string) bool { return effect == kind || strings.HasPrefix(effect, kind+" ") }) {
					t.Errorf("no crash after: %s", kind)
				}
			}
		})
	}
}

// unhurried is how often all cells are looked at.
const unhurried = 250 * time.Millisecond

// outcome is what a story comes to.
type outcome struct {
	// effects are what it took, in order; dump is what is there in the end.
	effects []string
	dump    string
}

// checkConstantCrashes has each story happen without a crash, and with a crash after every effect. It returns what they
// come to without, and the effects that there were crashes after.
func checkConstantCrashes(t *testing.T, stories map[string]story, connected bool) (map[string]outcome, []string) {
	t.Helper()
	c := newCrashes(t, stories, connected)
	for name := range stories {
		c.add(trial{story: name})
		c.add(trial{story: name, dies: 1, always: true})
	}
	c.live()
	outcomes := map[string]outcome{}
	var last []string
	for _, trial := range c.trials {
		if trial.dies == 0 {
			outcomes[trial.story] = c.outcome(trial)
		} else {
			last = append(last, c.mortal.effects(trial.name)...)
		}
	}
	c.judge(outcomes)
	return outcomes, last
}

// checkSingleCrashes has each story happen once for each of its effects, with a crash right after it. It returns the effects
// that there were crashes after.
func checkSingleCrashes(t *testing.T, stories map[string]story, connected bool, outcomes map[string]outcome) []string {
	t.Helper()
	c := newCrashes(t, stories, connected)
	for name := range stories {
		for i := range outcomes[name].effects {
			c.add(trial{story: name, dies: i + 1})
		}
	}
	c.live()
	c.judge(outcomes)
	var last []string
	for _, trial := range c.trials {
		if trial.deaths > 0 {
			last = append(last, c.mortal.effects(trial.name)[trial.dies-1])
		}
	}
	return last
}

// crashes are stories that are tried in many cells of one world.
type crashes struct {
	*world
	mortal  *mortal
	rows    store.Store
	stories map[string]story
	trials  []*trial
}

// trial is a story in a cell.
type trial struct {
	*cell
	story string
	// dies is after how many effects the operator dies; 0 for never. It does so once, or always, until the story is over.
	dies   int
	always bool
	// deaths is how often it died.
	deaths int
}

func newCrashes(t *testing.T, stories map[string]story, connected bool) *crashes {
	t.Helper()
	w := newStoppedWorld(t)
	c := &crashes{world: w, mortal: &mortal{kube: w.kube}, rows: w.store, stories: stories}
	w.store, w.newClient = mortalStore{Store: w.store, mortal: c.mortal}, c.mortal.client
	if connected {
		c.mortal.looks = w.connected
	}
	w.firstRetry = patience // the dead need not try again and again
	w.startServer()
	_, credential := w.newRoom()
	w.create(credential)
	return c
}

// connected waits until the room of a RoomSecret is connected.
func (w *world) connected(ctx context.Context, rs *roomv1alpha1.RoomSecret) error {
	key := sessions.RoomKey{Kind: roomv1alpha1.KindRoom, Namespace: rs.Namespace, Name: rs.Spec.RoomRef.Name}
	return wait.PollUntilContextCancel(ctx, 20*time.Millisecond, true, func(context.Context) (bool, error) {
		_, err := w.rooms.Client(key, client.ObjectKeyFromObject(rs))
		return err == nil, nil
	})
}

func (c *crashes) add(t trial) {
	t.cell = &cell{world: c.world, name: fmt.Sprintf("cell%04d", len(c.trials)), rows: c.rows}
	c.trials = append(c.trials, &t)
}

// live has all the stories happen, with as many starts of the operator as it takes.
func (c *crashes) live() {
	c.t.Helper()
	for _, trial := range c.trials {
		trial.open()
		if given := c.stories[trial.story].given; given != nil {
			given(trial.cell)
		}
	}
	c.startManager()
	c.Eventually(c.unprepared, 10*patience, unhurried).Should(BeEmpty())
	c.stopManager()
	for _, trial := range c.trials {
		c.mortal.forget(trial.name)
		c.stories[trial.story].then(trial.cell)
	}
	const mostLives = 25
	for life := 0; c.liveOnce(life); life++ {
		c.Expect(life).To(BeNumerically("<", mostLives), "no story takes so many effects")
	}
}

// liveOnce starts the operator, and stops it when there is nothing left to do or it is dead, in each of the cells. It reports
// whether it has to be started again.
func (c *crashes) liveOnce(life int) bool {
	c.t.Helper()
	for _, trial := range c.trials {
		effects := immortal
		if trial.dies > 0 && (life == 0 || trial.always) {
			effects = trial.dies
		}
		c.mortal.lives(trial.name, effects)
	}
	c.startManager()
	c.Eventually(func() ([]string, error) { return c.unfinished(arrived) }, 10*patience, unhurried).Should(BeEmpty())
	c.stopManager()
	again := false
	for _, trial := range c.trials {
		if c.mortal.dead(trial.name) {
			trial.deaths++
			again = true
		}
	}
	return again
}

// unprepared returns the cells that are not as the stories find them: the RoomSecret in sync, and the room known to be
// connected.
func (c *crashes) unprepared() ([]string, error) {
	return c.unfinished(func(_ story, state, room string) bool { return (state == gone || state == inSync) && room == connected })
}

// arrived reports whether a story is over: a room that nobody needs any more, and that is being deleted, goes last.
func arrived(s story, state, room string) bool { return state == s.ends && room != leaving }

// unfinished returns the cells in which the operator lives and has not arrived, or says that something has happened just now.
func (c *crashes) unfinished(arrived func(s story, state, room string) bool) ([]string, error) {
	const stillness = 1500 * time.Millisecond
	states, err := c.states(&roomv1alpha1.RoomSecretList{})
	if err != nil {
		return nil, err
	}
	rooms, err := c.states(&roomv1alpha1.RoomList{})
	if err != nil {
		return nil, err
	}
	var left []string
	for _, trial := range c.trials {
		state, room := states[trial.name], rooms[trial.name]
		if !c.mortal.dead(trial.name) && !arrived(c.stories[trial.story], state, room) {
			left = append(left, fmt.Sprintf("%s: %s, in a room that is %s", trial.story, state, room))
		}
	}
	if len(left) == 0 && c.mortal.still() < stillness {
		left = append(left, "something is still happening")
	}
	return left, nil
}

// states returns how all objects of a kind stand, by name. What does not exist, in the story or any more, is not among them.
func (c *crashes) states(list client.ObjectList) (map[string]string, error) {
	if err := c.kube.List(c.ctx, list, client.InNamespace(c.ns)); err != nil {
		return nil, err
	}
	states := map[string]string{}
	return states, meta.EachListItem(list, func(item runtime.Object) error {
		object, ok := item.(client.Object)
		if !ok {
			return fmt.Errorf("%T is no object", item)
		}
		states[object.GetName()] = stateOf(object)
		if !object.GetDeletionTimestamp().IsZero() {
			states[object.GetName()] = leaving
		}
		return nil
	})
}

func (c *crashes) outcome(t *trial) outcome {
	c.t.Helper()
	dump, err := t.dump()
	c.Expect(err).NotTo(HaveOccurred())
	return outcome{c.mortal.effects(t.name), dump}
}

// judge compares all trials with the outcomes without a crash.
func (c *crashes) judge(outcomes map[string]outcome) {
	c.t.Helper()
	for _, trial := range c.trials {
		want, got := outcomes[trial.story], c.outcome(trial)
		what := fmt.Sprintf("%s, with %d crashes, after %d effects:", trial.story, trial.deaths, trial.dies)
		if diff := cmp.Diff(want.dump, got.dump); diff != "" {
			c.t.Errorf("%s\n%q, and without\n%q\nThe end (-without +with):\n%s", what, got.effects, want.effects, diff)
		}
		if again := again(want.effects, got.effects); len(again) > 0 || len(got.effects) > len(want.effects)+trial.deaths {
			c.t.Errorf("%s\n%q and without\n%q\nDone again: %q", what, got.effects, want.effects, again)
		}
	}
}

// again returns the effects on values that were had more often than was needed: the writes and deletions of rows and of
// Secrets, and the restarts. What only keeps the books may be written once more for each crash.
func again(needed, had []string) []string {
	left := slices.Clone(needed)
	var again []string
	for _, effect := range had {
		if i := slices.Index(left, effect); i >= 0 {
			left = slices.Delete(left, i, i+1)
		} else if strings.Contains(effect, " row ") || strings.Contains(effect, " Secret ") || strings.Contains(effect, " Deployment ") {
			again = append(again, effect)
		}
	}
	return again
}
