// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package errands

import (
	"context"
	"slices"
	"sync"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"

	"github.com/roomsecrets/roomsecret-operator/roomclient/redact"
)

// Errands are those that are under way. It is safe for concurrent use. The zero value is ready to use.
type Errands struct {
	// Clock tells when to ask again; nil means the time of day. It must not be changed once in use.
	Clock clock.Clock

	mu     sync.Mutex
	owners map[types.NamespacedName]map[string]*errand
	rooms  map[string]*room
	// closed says that Start is over, or about to be: nothing is begun any more.
	closed bool
	under  sync.WaitGroup

	// subscribers have a lock of their own: they may come back with questions.
	subscribing sync.Mutex
	subscribers []func(types.NamespacedName)
}

// Subscribe adds a function that is called with an owner when there is news for it. It must not block.
func (g *Errands) Subscribe(subscriber func(types.NamespacedName)) {
	g.subscribing.Lock()
	defer g.subscribing.Unlock()
	g.subscribers = append(g.subscribers, subscriber)
}

func (g *Errands) publish(owner types.NamespacedName) {
	g.subscribing.Lock()
	subscribers := slices.Clone(g.subscribers)
	g.subscribing.Unlock()
	for _, subscriber := range subscribers {
		subscriber(owner)
	}
}

// Start implements manager.Runnable: it ends everything when ctx is done, and returns when all has ended.
func (g *Errands) Start(ctx context.Context) error {
	<-ctx.Done()
	g.mu.Lock()
	g.closed = true
	for owner := range g.owners {
		g.keep(owner, nil)
	}
	g.mu.Unlock()
	g.under.Wait()
	return nil
}

// Want makes errands the ones that an owner wants: those that are under way go on undisturbed, others are begun, and what is
// not wanted any more ends.
func (g *Errands) Want(ctx context.Context, owner types.NamespacedName, wanted []Errand) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return
	}
	g.keep(owner, wanted)
	for _, w := range wanted {
		current := g.owners[owner][w.Name]
		if current != nil && current.Digest == w.Digest && current.Wish == w.Wish {
			current.hold(w.Held)
			continue
		}
		if current != nil {
			w.Prior = Standing{} // is of what was asked for before
			g.end(current)
		}
		g.begin(ctx, owner, w)
	}
}

// Drop ends all errands of an owner.
func (g *Errands) Drop(owner types.NamespacedName) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.keep(owner, nil)
}

// keep ends the errands of an owner that are not among the wanted ones. The caller holds the lock.
func (g *Errands) keep(owner types.NamespacedName, wanted []Errand) {
	for name, current := range g.owners[owner] {
		if !slices.ContainsFunc(wanted, func(w Errand) bool { return w.Name == name }) {
			g.end(current)
			delete(g.owners[owner], name)
		}
	}
	if len(g.owners[owner]) == 0 {
		delete(g.owners, owner)
	}
}

// begin begins an errand. The caller holds the lock.
func (g *Errands) begin(ctx context.Context, owner types.NamespacedName, w Errand) {
	// It outlives the reconcile that wants it; ending it is what stops it.
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	e := &errand{
		Errand: w, clock: g.clock(), room: g.room(w.Room), stop: stop,
		news: func() { g.publish(owner) }, poked: make(chan struct{}, 1),
	}
	e.begin()
	if g.owners == nil {
		g.owners = map[types.NamespacedName]map[string]*errand{}
	}
	if g.owners[owner] == nil {
		g.owners[owner] = map[string]*errand{}
	}
	g.owners[owner][w.Name] = e
	g.under.Go(func() { e.run(ctx) })
}

// end ends an errand. The caller holds the lock.
func (g *Errands) end(e *errand) {
	e.stop()
	if e.room.users--; e.room.users == 0 {
		delete(g.rooms, e.Room)
	}
}

// room returns a room for one more errand. The caller holds the lock.
func (g *Errands) room(name string) *room {
	if g.rooms == nil {
		g.rooms = map[string]*room{}
	}
	if g.rooms[name] == nil {
		g.rooms[name] = newRoom()
	}
	g.rooms[name].users++
	return g.rooms[name]
}

// clock returns what tells the time.
func (g *Errands) clock() clock.Clock {
	if g.Clock == nil {
		return clock.RealClock{}
	}
	return g.Clock
}

// Stir tells the errands of a room that its connection has changed, or who is there.
func (g *Errands) Stir(room string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if r := g.rooms[room]; r != nil {
		r.stir()
	}
}

// Standing returns how an errand stands, and what was answered; nil when nothing was, or it has been taken.
func (g *Errands) Standing(owner types.NamespacedName, name string) (Standing, redact.Bytes) {
	g.mu.Lock()
	e := g.owners[owner][name]
	g.mu.Unlock()
	if e == nil {
		return Standing{}, nil
	}
	return e.answer()
}

// Taken says that an answer is where it should be, and forgets it. An errand that does not look for others is over.
func (g *Errands) Taken(owner types.NamespacedName, name string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	e := g.owners[owner][name]
	switch {
	case e == nil:
	case e.Every > 0:
		e.taken()
	default:
		g.end(e)
		delete(g.owners[owner], name)
		if len(g.owners[owner]) == 0 {
			delete(g.owners, owner)
		}
	}
}
