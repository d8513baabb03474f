// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package sessions

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/roomsecrets/roomsecret-operator/internal/plan"
)

func TestWhoWantsAListWhileOneIsUnderWayShareTheNext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLists()
		asked, answers := 0, make(chan error)
		ask := func() ([]plan.Listed, error) {
			asked++
			return make([]plan.Listed, asked), <-answers
		}
		var mu sync.Mutex
		got := map[int]int{} // how many got the list with so many rows
		var group sync.WaitGroup
		want := func(people int) {
			for range people {
				group.Go(func() {
					list, _ := l.share(t.Context(), ask)
					mu.Lock()
					defer mu.Unlock()
					got[len(list)]++
				})
			}
			synctest.Wait()
		}
		want(1)
		want(10) // too late for the first list
		if _, err := l.share(canceled(t), ask); !errors.Is(err, context.Canceled) {
			t.Errorf("who does not want to wait any more got %v", err)
		}
		answers <- nil
		synctest.Wait()
		want(5) // too late for the second
		answers <- nil
		synctest.Wait()
		answers <- errors.New("no list")
		group.Wait()
		if asked != 3 || got[1] != 1 || got[2] != 10 || got[3] != 5 {
			t.Errorf("%d lists, shared as %v", asked, got)
		}
		if l.last != nil || l.err != nil || l.begun != 0 || l.waiting != 0 {
			t.Errorf("left over: %d rows, %v", len(l.last), l.err)
		}
	})
}

func TestAListThatIsGivenUpIsNotShared(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLists()
		ctx, cancel := context.WithCancel(t.Context())
		var group sync.WaitGroup
		first := make(chan struct{})
		group.Go(func() {
			_, _ = l.share(t.Context(), func() ([]plan.Listed, error) { <-first; return nil, nil })
		})
		synctest.Wait()
		group.Go(func() {
			_, _ = l.share(ctx, func() ([]plan.Listed, error) { cancel(); return nil, ctx.Err() })
		})
		synctest.Wait()
		group.Go(func() {
			if list, err := l.share(t.Context(), func() ([]plan.Listed, error) { return make([]plan.Listed, 1), nil }); err != nil || len(list) != 1 {
				t.Errorf("%d rows, %v", len(list), err)
			}
		})
		synctest.Wait()
		close(first)
		group.Wait()
	})
}

// canceled returns a context that is over.
func canceled(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}
