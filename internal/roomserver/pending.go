// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomserver

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
	"github.com/roomsecrets/roomsecret-operator/roomclient/redact"
)

// reply is what somebody answers to a request: a value, or the reason of a refusal.
type reply struct {
	value  redact.Bytes
	reason *string
}

// pending is the table of requests that wait for somebody's answer. An entry belongs to the call that asks: it
// opens it, waits and drops it. The first answer takes an entry out.
type pending struct {
	maxAll, maxEach int

	mu      sync.Mutex
	entries map[string]*request
	each    map[person]int // by who asks
}

type request struct {
	id      string
	tool    string // that answers it
	asker   person
	asked   person
	replies chan reply // holds the one reply there can be
}

func newPending(limits Limits) *pending {
	return &pending{
		maxAll: limits.MaxPending, maxEach: limits.MaxPendingEach,
		entries: map[string]*request{}, each: map[person]int{},
	}
}

func (p *pending) open(tool string, asker, asked person) (*request, error) {
	id, err := uuid.NewRandom()
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case len(p.entries) >= p.maxAll:
		return nil, failed("too many requests wait for an answer on this server: try again later")
	case p.each[asker] >= p.maxEach:
		return nil, failed("too many of your requests wait for an answer: try again when some have been answered")
	}
	r := &request{id: id.String(), tool: tool, asker: asker, asked: asked, replies: make(chan reply, 1)}
	p.entries[r.id] = r
	p.each[asker]++
	return r, nil
}

// drop takes a request out of the table. It reports whether it was still there.
func (p *pending) drop(r *request) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.remove(r)
}

func (p *pending) remove(r *request) bool {
	if _, there := p.entries[r.id]; !there {
		return false
	}
	delete(p.entries, r.id)
	p.each[r.asker]--
	if p.each[r.asker] == 0 {
		delete(p.each, r.asker)
	}
	return true
}

// settle hands a reply to whoever waits for it. A request that is somebody else's to answer looks like one that
// is not there.
func (p *pending) settle(id, tool string, from person, answer reply) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	r, there := p.entries[id]
	if !there || r.asked != from || r.tool != tool {
		return notFound("no such request: it was answered, has timed out or never was")
	}
	p.remove(r)
	r.replies <- answer
	return nil
}

// await waits for the reply to an open request. A refusal is an error with the reason given.
func (p *pending) await(ctx context.Context, r *request, timeout time.Duration) (redact.Bytes, error) {
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	select {
	case answer := <-r.replies:
		return answer.accepted()
	case <-timer.C:
		if p.drop(r) {
			return nil, &toolError{protocol.CodeTimeout, "nobody answered in time"}
		}
		answer := <-r.replies // came at the last moment
		return answer.accepted()
	case <-ctx.Done():
		p.drop(r)
		return nil, failed("the caller has left")
	}
}

func (a reply) accepted() (redact.Bytes, error) {
	switch {
	case a.reason == nil:
		return a.value, nil
	case *a.reason == "":
		return nil, failed("the request was rejected")
	default:
		return nil, failed(cut(*a.reason))
	}
}

// cut shortens a text to what a text may have, at the end of a character.
func cut(text string) string {
	return strings.ToValidUTF8(text[:min(len(text), maxText)], "")
}
