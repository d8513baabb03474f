// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomclient

import (
	"fmt"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
)

func nothing() {}

func TestRepetitionsAreForgottenInTheEnd(t *testing.T) {
	t.Parallel()
	r := newRequests(1)
	r.running = -3 * rememberedRequests // places for all
	for i := range 3 * rememberedRequests {
		if refusal := r.take(fmt.Sprint(i), 1, nothing); refusal != "" {
			t.Fatalf("request %d: %s", i, refusal)
		}
	}
	if len(r.seen) != rememberedRequests || len(r.order) != rememberedRequests {
		t.Errorf("remembers %d and %d", len(r.seen), len(r.order))
	}
	if r.take(fmt.Sprint(3*rememberedRequests-1), 1, nothing) == "" || r.take(fmt.Sprint(2*rememberedRequests), 1, nothing) == "" {
		t.Error("a repetition among the last is not recognised")
	}
	if r.take("0", 1, nothing) != "" {
		t.Error("the first one is not forgotten")
	}
}

// TestRequestsWaitForTheirTurn fills all that there is of places and of the queue.
func TestRequestsWaitForTheirTurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const limit = 3
		r, open := newRequests(limit), make(chan struct{})
		var began []int
		taken := 0
		for ; taken < limit+maxWaiting; taken++ {
			i := taken
			if refusal := r.take(fmt.Sprint(i), 1, func() {
				if i < limit {
					<-open
				}
				if i >= limit+10 || i < limit {
					return
				}
				began = append(began, i) // one after the other, because only one place is ever free
				if i%2 == 0 {
					runtime.Goexit() // as a test that fails does
				}
			}); refusal != "" {
				t.Fatalf("request %d: %s", i, refusal)
			}
		}
		if refusal := r.take("one more", 1, nothing); refusal == "" {
			t.Error("one too many is taken")
		}
		if r.take("3", 1, nothing) != "it is a repetition" {
			t.Error("a repetition of one that waits is not recognised")
		}
		open <- struct{}{}
		synctest.Wait()
		if !slices.Equal(began, []int{3, 4, 5, 6, 7, 8, 9, 10, 11, 12}) || r.running != limit-1 || len(r.waiting) != 0 || r.bytes != 0 {
			t.Errorf("began %v; %d run and %d wait", began, r.running, len(r.waiting))
		}
		if refusal := r.take("one more", 1, nothing); refusal != "" {
			t.Errorf("one that was refused is not taken later: %s", refusal)
		}
		close(open)
		synctest.Wait()
		if r.running != 0 {
			t.Errorf("%d run", r.running)
		}
	})
}

func TestRequestsThatWaitAreBoundedInBytes(t *testing.T) {
	t.Parallel()
	r, open := newRequests(1), make(chan struct{})
	defer close(open)
	r.take("runs", 1<<30, func() { <-open })
	if refusal := r.take("waits", maxWaitingBytes, nothing); refusal != "" {
		t.Error(refusal)
	}
	if r.take("too much", 1, nothing) == "" {
		t.Error("more than the bound waits")
	}
}
