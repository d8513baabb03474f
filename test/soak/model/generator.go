// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package model

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// Theirs is the name of a Secret, and the id of rows of two owners, that are in every room and nobody's business.
const Theirs = "theirs"

// Event is one thing that happens in a burst: a step in a room, or a fault that concerns all of them.
type Event struct {
	// Pause comes before.
	Pause time.Duration
	Room  int
	Step  Step
	Fault Fault
}

// String tells the event.
func (e Event) String() string {
	if e.Fault != "" {
		return fmt.Sprintf("%4dms           %s", e.Pause.Milliseconds(), e.Fault)
	}
	return fmt.Sprintf("%4dms in room %d: %T%+v", e.Pause.Milliseconds(), e.Room, e.Step, e.Step)
}

// Burst is what happens between two quiet points.
type Burst struct {
	Number int
	Events []Event
	// Want is how the rooms are in the end.
	Want []Room
}

// Generator makes bursts. The same seed gives the same bursts.
type Generator struct {
	dice
	rooms  []Outlook
	burst  int
	active map[Fault]Fault // by what mends it
}

// NewGenerator returns a generator for so many rooms.
func NewGenerator(seed uint64, rooms int) *Generator {
	g := &Generator{dice: dice{Rand: rand.New(rand.NewPCG(seed, 0)), serial: new(int)}, active: map[Fault]Fault{}}
	for range rooms {
		g.rooms = append(g.rooms, Settled(Beginning()))
	}
	return g
}

// Beginning returns a room as it is before the first burst.
func Beginning() Room {
	r := NewRoom()
	r.Secrets[Theirs] = Secret{Data: map[string]string{"a": "their own"}}
	for _, owner := range Owners() {
		r.Rows[Row{Owner: owner, ID: Theirs}] = Content{"text/plain", "Theirs", "their own"}
	}
	return r
}

// Rooms returns how the rooms are now, with nothing left to do.
func (g *Generator) Rooms() []Room {
	rooms := make([]Room, 0, len(g.rooms))
	for _, outlook := range g.rooms {
		rooms = append(rooms, outlook.End())
	}
	return rooms
}

// mostEvents of a burst, besides the mending, and the longest pause before one.
const (
	mostEvents = 16
	mostPause  = 800 * time.Millisecond
)

// Burst returns the next burst. Everything is mended in the end.
func (g *Generator) Burst() Burst {
	g.burst++
	burst := Burst{Number: g.burst}
	for range 4 + g.IntN(mostEvents-4) {
		event := g.event()
		if g.oneIn(2) {
			event.Pause = time.Duration(g.IntN(int(mostPause.Milliseconds()))) * time.Millisecond
		}
		burst.Events = append(burst.Events, event)
	}
	for _, kind := range g.shuffled(kinds()) {
		if g.active[kind.mend] != "" {
			burst.Events = append(burst.Events, g.mend(kind))
		}
	}
	for i, outlook := range g.rooms {
		g.rooms[i] = outlook.Settle()
	}
	burst.Want = g.Rooms()
	return burst
}

func (g *Generator) event() Event {
	if g.oneIn(5) {
		return g.fault(pick(g.dice, kinds()...))
	}
	for {
		room := g.IntN(len(g.rooms))
		step := g.step(g.rooms[room].End(), Birth{g.burst, g.next()})
		if !g.possible(step) {
			continue
		}
		if outlook, can := g.rooms[room].After(step); can {
			g.rooms[room] = outlook
			return Event{Room: room, Step: step}
		}
	}
}

// fault brings a fault about, or mends it.
func (g *Generator) fault(k kind) Event {
	if k.mend != "" && g.active[k.mend] != "" {
		return g.mend(k)
	}
	fault := pick(g.dice, k.faults...)
	if k.mend != "" {
		g.active[k.mend] = fault
	}
	return Event{Fault: fault}
}

func (g *Generator) mend(k kind) Event {
	delete(g.active, k.mend)
	return Event{Fault: k.mend}
}

// possible reports whether a step can be done while the faults are as they are.
func (g *Generator) possible(step Step) bool {
	switch step.(type) {
	case PutRow, DropRow:
		return g.active[StartRoomServer] == ""
	}
	return step != nil
}

// dice are a source of chance that numbers what it makes.
type dice struct {
	*rand.Rand
	serial *int
}

func (d dice) oneIn(n int) bool { return d.IntN(n) == 0 }

func (d dice) shuffled(kinds []kind) []kind {
	kinds = slices.Clone(kinds)
	d.Shuffle(len(kinds), func(i, j int) { kinds[i], kinds[j] = kinds[j], kinds[i] })
	return kinds
}

func (d dice) next() int {
	*d.serial++
	return *d.serial
}

func pick[T any](d dice, choices ...T) T { return choices[d.IntN(len(choices))] }
