// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package sessions

import (
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/types"

	"github.com/roomsecrets/roomsecret-operator/internal/fingerprint"
	"github.com/roomsecrets/roomsecret-operator/internal/plan"
	"github.com/roomsecrets/roomsecret-operator/roomclient"
)

// ErrNotKept says that the room acknowledged a value and then gave back another one.
var ErrNotKept = errors.New("the room did not keep the value that was written")

// Client reads and writes the rows of one room for one owner. What it sees and writes is what the owner is not woken for.
type Client struct {
	pool        *Pool
	key         RoomKey
	connections *connections
	owner       types.NamespacedName
	// own is the operator's identity, and signs whether it can be any other.
	own   string
	signs bool
}

// Seen is the answer to one Read.
type Seen struct {
	// Exists says whether the row is there.
	Exists bool
	// Readable says whether Value was read; a row of an identity that the credential is not for can only be seen.
	Readable bool
	// Digest is that of what the row holds, when Readable.
	Digest string
	// Size is the size of the value in bytes, when Readable.
	Size int
	// Value is what the row holds, when Readable and not Dropped.
	Value Value
	// Dropped is true when the values of one Read are too much to hold together, and all of them were let go.
	Dropped bool
	// Err is set when the row could not be observed; then nothing else is known.
	Err error
}

// Own returns the operator's own identity in the room.
func (c *Client) Own() string { return c.own }

// CanReadAs reports whether the credential can read and delete the rows of an identity.
func (c *Client) CanReadAs(identity string) bool {
	return identity == c.own || c.signs
}

// Track makes rows the ones that the owner is woken for, instead of those it tracked before, and starts the sessions that
// they need. Rows must be tracked before they are read or written. ErrPending means that a session that was needed has
// just been started: an Event follows. Any other error says that a session cannot be started.
// The owner is also woken when what queries find changes.
func (c *Client) Track(ctx context.Context, rows []plan.Row, queries ...plan.Query) error {
	grouped := map[string]wanted{}
	for _, row := range rows {
		identity := c.sees(row.Identity)
		w := grouped[identity]
		w.rows = append(w.rows, row)
		grouped[identity] = w
	}
	for _, query := range queries {
		if c.CanReadAs(query.Identity) {
			w := grouped[query.Identity]
			w.queries = append(w.queries, query)
			grouped[query.Identity] = w
		}
	}
	return c.pool.trackAll(ctx, c.key, c.connections, c.owner, grouped)
}

// NoticedAt returns when the first change to one of the rows was noticed since this was last asked, and zero when none
// was. It serves to measure how long a change takes to arrive.
func (c *Client) NoticedAt(rows []plan.Row) time.Time {
	var first time.Time
	for _, s := range c.pool.all(c.connections) {
		if at := s.memory.noticedAt(rows); !at.IsZero() && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	return first
}

// Listing is the answer to a query.
type Listing struct {
	// Rows that the query describes, sorted by id.
	Rows []plan.Listed
	// Err is set when the room could not list them; then nothing is known.
	Err error
}

// Find answers queries, which must be tracked, with one list of each identity. Rows of an identity that the credential is
// not for cannot be listed: roomclient.ErrUnsupported.
func (c *Client) Find(ctx context.Context, queries []plan.Query) map[plan.Query]Listing {
	answers := make(map[plan.Query]Listing, len(queries))
	lists := map[string]Listing{}
	for _, query := range queries {
		list, ok := lists[query.Identity]
		if !ok {
			list.Rows, list.Err = c.list(ctx, query.Identity)
			lists[query.Identity] = list
		}
		answers[query] = Listing{Rows: answer(query, list.Rows), Err: list.Err}
	}
	return answers
}

// list returns all rows of an identity.
func (c *Client) list(ctx context.Context, identity string) ([]plan.Listed, error) {
	if !c.CanReadAs(identity) {
		return nil, roomclient.ErrUnsupported
	}
	s, err := c.pool.session(c.key, c.connections, identity)
	if err != nil {
		return nil, err
	}
	listed, err := s.list(ctx)
	if err == nil || answered(err) {
		s.listings.note(c.owner, listed, err)
	}
	return listed, err
}

// maxHeld is how many bytes of values one Read returns: several times of what a Secret can hold, for values that are
// decoded or picked from. A room can have thousands of times as much.
const maxHeld = 4 << 20

// Read observes rows, several at a time. It has an answer for every row, but it does not hold more values than what fits
// into a few Secrets.
func (c *Client) Read(ctx context.Context, rows []plan.Row) map[plan.Row]Seen {
	var mu sync.Mutex
	answers, held := make(map[plan.Row]Seen, len(rows)), 0
	var group errgroup.Group
	group.SetLimit(readsInFlight)
	for _, row := range rows {
		group.Go(func() error {
			seen := c.read(ctx, row)
			mu.Lock()
			defer mu.Unlock()
			answers[row] = seen
			if held += seen.Size; held > maxHeld {
				dropValues(answers)
			}
			return nil
		})
	}
	_ = group.Wait() // errors are in the answers
	return answers
}

// dropValues lets go of all values: which of them came first is no reason to keep some.
func dropValues(answers map[plan.Row]Seen) {
	for row, seen := range answers {
		if seen.Readable {
			seen.Value, seen.Dropped = Value{}, true
			answers[row] = seen
		}
	}
}

func (c *Client) read(ctx context.Context, row plan.Row) Seen {
	s, err := c.sessionFor(row)
	if err != nil {
		return Seen{Err: err}
	}
	if s.identity != row.Identity {
		exists, err := s.exists(ctx, row)
		if err != nil {
			return Seen{Err: err}
		}
		s.noted(c.owner, row, presence(exists))
		return Seen{Exists: exists}
	}
	value, exists, err := s.get(ctx, row)
	switch {
	case err != nil:
		return Seen{Err: err}
	case !exists:
		s.noted(c.owner, row, absent)
		return Seen{}
	}
	digest := value.Digest(s.digests, row)
	s.noted(c.owner, row, digest)
	return Seen{Exists: true, Readable: true, Digest: digest, Size: len(value.Bytes), Value: value}
}

// Write sets a row and reads it back. ErrNotKept means that the room has something else than what was written.
func (c *Client) Write(ctx context.Context, row plan.Row, value Value) error {
	s, err := c.sessionFor(row)
	if err != nil {
		return err
	}
	defer s.memory.writing(row)()
	if err := s.set(ctx, row, value); err != nil {
		return err
	}
	seen := c.read(ctx, row)
	switch {
	case seen.Err != nil:
		return seen.Err
	case !seen.Exists, seen.Readable && !fingerprint.Equal(seen.Digest, value.Digest(s.digests, row)):
		return ErrNotKept
	}
	return nil
}

// Delete removes a row. A row that is not there counts as removed. roomclient.ErrUnsupported means that the
// credential cannot delete the rows of this identity.
func (c *Client) Delete(ctx context.Context, row plan.Row) error {
	if !c.CanReadAs(row.Identity) {
		return roomclient.ErrUnsupported
	}
	s, err := c.sessionFor(row)
	if err != nil {
		return err
	}
	defer s.memory.writing(row)()
	if err := s.remove(ctx, row); err != nil {
		return err
	}
	s.noted(c.owner, row, absent)
	return nil
}

// sessionFor returns the session that can do the most with a row.
func (c *Client) sessionFor(row plan.Row) (*session, error) {
	return c.pool.session(c.key, c.connections, c.sees(row.Identity))
}

// sees returns the identity of the session that can do the most with the rows of an identity.
func (c *Client) sees(identity string) string {
	if c.CanReadAs(identity) {
		return identity
	}
	return c.Own()
}
