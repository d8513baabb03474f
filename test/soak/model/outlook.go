// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package model

// Outlook is all that a room may be at a time: somebody has done things to it, and nobody knows which of them the operator
// has seen already.
type Outlook struct {
	maybe map[string]Room
	end   Room
}

// mostStates is in how many states a room may be, so that it can be thought through.
const mostStates = 300

// Settled returns the outlook of a room in which nothing is left to do.
func Settled(r Room) Outlook {
	return Outlook{maybe: map[string]Room{r.key(): r}, end: r}
}

// End returns what the room is once the operator has done all there is to do.
func (o Outlook) End() Room { return o.end }

// After returns the outlook after a step. It reports false when the step cannot be done for sure, or when it would depend on
// what the operator has seen how the room ends.
func (o Outlook) After(step Step) (Outlook, bool) {
	next := Outlook{maybe: map[string]Room{}}
	var unseen []Room
	for _, room := range o.maybe {
		room, can := step.Apply(room)
		if !can {
			return o, false
		}
		unseen = append(unseen, room)
	}
	ends := map[string]bool{}
	for len(unseen) > 0 {
		room := unseen[0]
		unseen = unseen[1:]
		key := room.key()
		if _, seen := next.maybe[key]; seen {
			continue
		}
		next.maybe[key] = room
		acts := false
		for _, actor := range room.Actors() {
			if after, _ := room.Act(actor); after.key() != key {
				acts = true
				unseen = append(unseen, after)
			}
		}
		if !acts {
			next.end = room
			ends[key] = true
		}
		if room.Unclear || len(ends) > 1 || len(next.maybe) > mostStates {
			return o, false
		}
	}
	return next, len(ends) == 1
}

// Settle returns the outlook when the operator has done all there is to do.
func (o Outlook) Settle() Outlook { return Settled(o.end) }
