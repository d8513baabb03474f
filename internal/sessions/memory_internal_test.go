// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package sessions

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/types"

	"github.com/roomsecrets/roomsecret-operator/internal/plan"
	"github.com/roomsecrets/roomsecret-operator/roomclient"
)

// TestPollsAndOwners tells stories of one row that two owners track. What happens is written in order; each step of the
// story that wakes somebody ends with who.
func TestPollsAndOwners(t *testing.T) {
	t.Parallel()
	const (
		// A poll reads the versions (begins), and later compares what it saw of the row.
		begins = "a poll begins"
		sees1  = "it sees one"
		sees2  = "it sees two"
		none   = "it sees nothing"
		// Owners note what they have read or written.
		a1 = "a has one"
		a2 = "a has two"
		b1 = "b has one"
		// Writes of a are what lies between.
		starts = "a starts to write"
		ends   = "a ends to write"
		// a lets go of the row, or takes it up again.
		leaves  = "a leaves"
		returns = "a returns"
	)
	cases := map[string]struct {
		story []string
		want  []string
	}{
		"a poll that sees the same wakes nobody":         {[]string{a1, begins, sees1}, nil},
		"a poll that sees a change wakes all":            {[]string{a1, begins, sees2}, []string{sees2 + ": a b"}},
		"a poll that sees a deletion wakes all":          {[]string{a1, begins, none}, []string{none + ": a b"}},
		"a change is told once":                          {[]string{a1, begins, sees2, begins, sees2}, []string{sees2 + ": a b"}},
		"a change back is a change":                      {[]string{a1, begins, sees2, begins, sees1}, []string{sees2 + ": a b", sees1 + ": a b"}},
		"a poll that began before a write is void":       {[]string{a1, begins, a2, sees1}, []string{a2 + ": b"}},
		"what it saw does not overwrite what is newer":   {[]string{a1, begins, a2, sees1, begins, sees2}, []string{a2 + ": b"}},
		"a write that is under way keeps polls out":      {[]string{a1, starts, begins, sees2, a2, ends, begins, sees2}, []string{a2 + ": b"}},
		"a poll that began during a write is void":       {[]string{a1, starts, begins, ends, sees2}, nil},
		"a write that nobody confirmed is looked at":     {[]string{a1, starts, ends, begins, sees2}, []string{sees2 + ": a b"}},
		"two writes at once keep polls out to the end":   {[]string{a1, starts, starts, ends, begins, sees2}, nil},
		"what one owner finds, the others are told":      {[]string{a1, b1, a2}, []string{a2 + ": b"}},
		"what both have seen is nothing new":             {[]string{a1, b1, a1}, nil},
		"a row that is about to be read is left alone":   {[]string{begins, sees1, a1}, []string{a1 + ": b"}},
		"a row that was not read is told at second poll": {[]string{begins, sees1, begins, sees1}, []string{sees1 + ": a b"}},
		"a row that is left is told to who stays":        {[]string{a1, leaves, begins, sees2}, []string{sees2 + ": b"}},
		"who returns is told again":                      {[]string{a1, leaves, returns, begins, sees2}, []string{sees2 + ": a b"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, row := newMemory(), plan.Row{Identity: "operator", ID: "row"}
			m.track(owner("a"), []plan.Row{row})
			m.track(owner("b"), []plan.Row{row})
			var versions map[plan.Row]uint64
			var writes []func()
			sees := func(digest string) func() []types.NamespacedName {
				return func() []types.NamespacedName {
					woken, _ := m.compare(row, versions[row], digest, time.Now())
					return woken
				}
			}
			steps := map[string]func() []types.NamespacedName{
				begins: func() []types.NamespacedName { versions = m.tracked(); return nil },
				sees1:  sees("one"),
				sees2:  sees("two"),
				none:   sees(absent),
				a1:     func() []types.NamespacedName { return m.note(owner("a"), row, "one") },
				a2:     func() []types.NamespacedName { return m.note(owner("a"), row, "two") },
				b1:     func() []types.NamespacedName { return m.note(owner("b"), row, "one") },
				starts: func() []types.NamespacedName { writes = append(writes, m.writing(row)); return nil },
				ends: func() []types.NamespacedName {
					writes[0]()
					writes = writes[1:]
					return nil
				},
				leaves:  func() []types.NamespacedName { m.track(owner("a"), nil); return nil },
				returns: func() []types.NamespacedName { m.track(owner("a"), []plan.Row{row}); return nil },
			}
			var got []string
			for i, step := range c.story {
				woken := steps[step]()
				if first := i == 0 && len(c.story) > 1; len(woken) > 0 && !first { // the first to see a row tells the rest
					got = append(got, step+":"+names(woken))
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("who is woken (-want +got):\n%s", diff)
			}
		})
	}
}

func owner(name string) types.NamespacedName { return types.NamespacedName{Name: name} }

func names(owners []types.NamespacedName) (text string) {
	sorted := make([]string, 0, len(owners))
	for _, o := range owners {
		sorted = append(sorted, " "+o.Name)
	}
	slices.Sort(sorted)
	for _, name := range sorted {
		text += name
	}
	return text
}

func TestARowThatWasReleasedMeanwhileIsAnotherRow(t *testing.T) {
	t.Parallel()
	m, row := newMemory(), plan.Row{Identity: "operator", ID: "row"}
	m.track(owner("a"), []plan.Row{row})
	m.note(owner("a"), row, "one")
	versions := m.tracked()
	m.track(owner("a"), nil)
	m.track(owner("a"), []plan.Row{row})
	m.note(owner("a"), row, "two")
	if woken, _ := m.compare(row, versions[row], "one", time.Now()); woken != nil {
		t.Errorf("a poll of the time before woke %v", woken)
	}
}

// Whatever a poll sees while an owner reads the row is void: the owner may have seen what was there before, and nobody should have to
// wait for the next poll to be told of what came after.
func TestAPollThatIsVoidLooksAgain(t *testing.T) {
	t.Parallel()
	row := plan.Row{Identity: "operator", ID: "row"}
	for name, c := range map[string]struct {
		first, second string
		want          string
	}{
		"the owner has not seen the change": {"two", "two", " a"},
		"the owner has seen what is there":  {"two", "one", ""},
		"it has been deleted since":         {"one", absent, " a"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMemory()
			m.track(owner("a"), []plan.Row{row})
			m.note(owner("a"), row, "zero")
			woken, err := m.examine(row, m.tracked()[row], func(again bool) (string, error) {
				if again {
					return c.second, nil
				}
				m.note(owner("a"), row, "one")
				return c.first, nil
			})
			if err != nil || names(woken) != c.want {
				t.Errorf("woken:%s (error %v), want:%s", names(woken), err, c.want)
			}
		})
	}
	t.Run("but not for ever", func(t *testing.T) {
		t.Parallel()
		m, looks := newMemory(), 0
		m.track(owner("a"), []plan.Row{row})
		woken, err := m.examine(row, m.tracked()[row], func(bool) (string, error) {
			looks++
			m.note(owner("a"), row, "one")
			return "two", nil
		})
		if looks != 2 || woken != nil || err != nil {
			t.Errorf("looked %d times and woke %v (error %v), want 2 times and nobody", looks, woken, err)
		}
	})
}

func TestMemoryForgetsWhatNobodyTracks(t *testing.T) {
	t.Parallel()
	m := newMemory()
	rows := func(n int) (rows []plan.Row) {
		for i := range n {
			rows = append(rows, plan.Row{Identity: "operator", ID: fmt.Sprint(i)})
		}
		return rows
	}
	m.track(owner("a"), rows(256))
	m.track(owner("b"), rows(3))
	m.track(owner("a"), rows(1))
	if len(m.rows) != 3 || len(m.owners) != 2 || m.idle() {
		t.Errorf("%d rows of %d owners, idle %v", len(m.rows), len(m.owners), m.idle())
	}
	m.track(owner("a"), nil)
	m.track(owner("b"), nil)
	m.track(owner("never-seen"), nil)
	if len(m.rows) != 0 || len(m.owners) != 0 || !m.idle() {
		t.Errorf("%d rows of %d owners, idle %v", len(m.rows), len(m.owners), m.idle())
	}
	m.note(owner("a"), rows(1)[0], "digest")
	m.writing(rows(1)[0])()
	if len(m.rows) != 0 {
		t.Error("a row that nobody tracks is remembered")
	}
}

func TestChangesAreNoticedOnce(t *testing.T) {
	t.Parallel()
	m, rows := newMemory(), []plan.Row{{ID: "early"}, {ID: "late"}, {ID: "same"}}
	m.track(owner("a"), rows)
	early, late := time.Unix(1, 0), time.Unix(2, 0)
	for _, row := range rows {
		m.note(owner("a"), row, "one")
	}
	versions := m.tracked()
	_, _ = m.compare(rows[1], versions[rows[1]], "two", late)
	_, _ = m.compare(rows[0], versions[rows[0]], "two", early)
	if at := m.noticedAt(rows[1:2]); !at.Equal(late) {
		t.Errorf("noticed at %v", at)
	}
	if at := m.noticedAt(rows); !at.Equal(early) {
		t.Errorf("noticed at %v", at)
	}
	if at := m.noticedAt(append(rows, plan.Row{ID: "unknown"})); !at.IsZero() {
		t.Errorf("noticed again at %v", at)
	}
}

func TestResultsAreAClosedSet(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		err  error
		want string
	}{
		"success":          {nil, "ok"},
		"forbidden":        {&roomclient.Error{Kind: roomclient.ErrForbidden}, "denied"},
		"unauthorized":     {&roomclient.Error{Kind: roomclient.ErrUnauthorized}, "denied"},
		"not connected":    {errors.Join(roomclient.ErrNotConnected, roomclient.ErrForbidden), "denied"},
		"never connected":  {roomclient.ErrNotConnected, "lost"},
		"connection ended": {&roomclient.Error{Kind: roomclient.ErrClosed, Err: context.DeadlineExceeded}, "lost"},
		"deadline":         {&roomclient.Error{Err: context.DeadlineExceeded}, "failed"},
		"anything else":    {errors.New("other"), "failed"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := result(c.err); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestMetricsAreRegisteredOnce(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	if _, err := NewMetrics(registry); err != nil {
		t.Fatal(err)
	}
	if _, err := NewMetrics(registry); err == nil {
		t.Error("a second set of the same metrics was registered")
	}
}
