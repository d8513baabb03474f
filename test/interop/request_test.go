// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package interop_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
)

// eachPair runs a test with each version on either side of a request.
func eachPair(t *testing.T, test func(t *testing.T, asking, asked *sdk)) {
	t.Helper()
	for from, asking := range sdks {
		for to, asked := range sdks {
			t.Run(from+" asks "+to, func(t *testing.T) {
				t.Parallel()
				test(t, asking.sdk(t), asked.sdk(t))
			})
		}
	}
}

// joinAsProvider connects a participant that hears what is requested of it.
func (s *sdk) joinAsProvider(t *testing.T, server *service, identity, room string) *participant {
	t.Helper()
	return s.joinWith(t, args{"url": server.roomURL(room), "token": server.token(t, identity, room, user), "provider": true})
}

// outcome is how a call has ended.
type outcome[T any] struct {
	value T
	err   error
}

// begin makes a call that others have to answer.
func begin[T any](p *participant, method string, with args) <-chan outcome[T] {
	done := make(chan outcome[T], 1)
	go func() {
		var o outcome[T]
		o.err = p.call(method, with, &o.value)
		done <- o
	}()
	return done
}

// secretRequest is the SDK's SecretRequest, which the handler of the asked gets.
type secretRequest struct {
	RequestID  string  `json:"requestId"`
	URL        string  `json:"url"`
	Type       string  `json:"type"`
	DelegateTo *string `json:"delegateTo"`
}

// nextRequest waits for the next push of a kind.
func nextRequest[T any](t *testing.T, p *participant, kind string) (request T) {
	t.Helper()
	if err := json.Unmarshal(p.next(t, kind).Request, &request); err != nil {
		t.Fatal(err)
	}
	return request
}

func wantSecret(t *testing.T, done <-chan outcome[blob], value []byte) {
	t.Helper()
	if got := <-done; got.err != nil || !bytes.Equal(got.value, value) {
		t.Errorf("the request ended with %d bytes and error %v, want %d bytes", len(got.value), got.err, len(value))
	}
}

// requestTests are run with Alice, who asks, and Bob, who is asked, in a room of their own.
var requestTests = map[string]func(t *testing.T, c *conversation){
	"a secret is provided": func(t *testing.T, c *conversation) {
		done := c.request(args{"type": "text/plain"})
		got := c.heard(t, c.bob)
		want := secretRequest{RequestID: got.RequestID, URL: "secret://example", Type: "text/plain"}
		if diff := cmp.Diff(want, got); diff != "" || got.RequestID == "" {
			t.Errorf("Bob is asked for %s", diff)
		}
		c.bob.must(t, "provideSecret", args{"requestId": got.RequestID, "data": blob("value")}, nil)
		wantSecret(t, done, []byte("value"))
	},
	"an empty secret is provided": func(t *testing.T, c *conversation) {
		done := c.request(nil)
		c.provide(t, c.bob, nil)
		wantSecret(t, done, nil)
	},
	"a secret of a megabyte is provided": func(t *testing.T, c *conversation) {
		done := c.request(nil)
		c.provide(t, c.bob, pattern(1<<20))
		wantSecret(t, done, pattern(1<<20))
	},
	"a rejection is told with its reason": func(t *testing.T, c *conversation) {
		done := c.request(nil)
		c.bob.must(t, "rejectSecret", args{"requestId": c.heard(t, c.bob).RequestID, "error": "not today"}, nil)
		if reason := wantError(t, (<-done).err, protocol.CodeOperationFailed); reason != "not today" {
			t.Errorf("the reason is %q", reason)
		}
		c.alice.wantNothing(t, args{"type": "application/octet-stream"})
	},
	"a request nobody answers times out": func(t *testing.T, c *conversation) {
		done := c.request(args{"timeout": 1})
		late := c.heard(t, c.bob).RequestID
		wantError(t, (<-done).err, protocol.CodeTimeout)
		c.bob.fails(t, protocol.CodeNotFound, "provideSecret", args{"requestId": late, "data": blob("late")})
	},
	"somebody who is not there cannot be asked": func(t *testing.T, c *conversation) {
		wantError(t, (<-c.request(args{"fromParticipantId": "nobody"})).err, protocol.CodeNotFound)
	},
	"only the one who is asked can answer, and once": func(t *testing.T, c *conversation) {
		carol := c.asked.joinAsProvider(t, c.server, "carol", c.room)
		done := c.request(nil)
		id := c.heard(t, c.bob).RequestID
		for _, other := range []*participant{carol, c.alice} {
			other.fails(t, protocol.CodeNotFound, "provideSecret", args{"requestId": id, "data": blob("forged")})
			other.fails(t, protocol.CodeNotFound, "rejectSecret", args{"requestId": id, "error": "forged"})
		}
		c.bob.must(t, "provideSecret", args{"requestId": id, "data": blob("value")}, nil)
		c.bob.fails(t, protocol.CodeNotFound, "provideSecret", args{"requestId": id, "data": blob("again")})
		wantSecret(t, done, []byte("value"))
	},
	"another connection of the one who is asked can answer": func(t *testing.T, c *conversation) {
		second := c.asked.joinAsProvider(t, c.server, "bob", c.room)
		done := c.request(nil)
		id := c.heard(t, c.bob).RequestID
		if also := c.heard(t, second).RequestID; also != id {
			t.Errorf("the other connection is asked for %q", also)
		}
		c.asked.join(t, c.server, "bob", c.room, user).must(t, "provideSecret", args{"requestId": id, "data": blob("value")}, nil)
		wantSecret(t, done, []byte("value"))
	},
	"what was provided is not asked for again until it is deleted": func(t *testing.T, c *conversation) {
		done := c.request(nil)
		c.provide(t, c.bob, []byte("first"))
		wantSecret(t, done, []byte("first"))
		wantSecret(t, c.request(nil), []byte("first"))

		c.alice.must(t, "deleteRequestedSecret", args{"url": "secret://example", "type": "text"}, nil)
		wantSecret(t, c.request(nil), []byte("first")) // that was another type
		c.alice.must(t, "deleteRequestedSecret", args{"url": "secret://example", "type": "application/octet-stream"}, nil)
		done = c.request(nil)
		c.provide(t, c.bob, []byte("second"))
		wantSecret(t, done, []byte("second"))
	},
	"a secret is requested for a delegate": func(t *testing.T, c *conversation) {
		done := c.request(args{"delegateTo": "agent"})
		got := c.heard(t, c.bob)
		if got.DelegateTo == nil || *got.DelegateTo != "agent" {
			t.Errorf("Bob is asked for %+v", got)
		}
		c.bob.must(t, "provideSecret", args{"requestId": got.RequestID, "data": blob("value")}, nil)
		wantSecret(t, done, []byte("value"))
		if infos := c.alice.list(t); len(infos) != 1 || infos[0].DelegatedTo == nil || *infos[0].DelegatedTo != "agent" {
			t.Errorf("Alice's list: %+v", infos)
		}
		c.alice.must(t, "deleteRequestedSecret", args{"url": "secret://example", "type": "application/octet-stream", "delegatedTo": "agent"}, nil)
		if infos := c.alice.list(t); len(infos) != 0 {
			t.Errorf("Alice's list: %+v", infos)
		}
	},
	"requests wait beside each other and beside other calls": func(t *testing.T, c *conversation) {
		const count = 20
		pending := map[string]<-chan outcome[blob]{}
		for i := range count {
			url := fmt.Sprintf("secret://%d", i)
			pending[url] = c.request(args{"url": url})
		}
		c.alice.set(t, "s", "meanwhile")
		c.alice.wantValue(t, args{"secretId": "s"}, "meanwhile")
		for range count {
			got := c.heard(t, c.bob)
			c.bob.must(t, "provideSecret", args{"requestId": got.RequestID, "data": blob(got.URL)}, nil)
		}
		for url, done := range pending {
			wantSecret(t, done, []byte(url))
		}
	},
	"a client without a handler never answers": func(t *testing.T, c *conversation) {
		mute := c.asked.join(t, c.server, "mute", c.room, user)
		wantError(t, (<-c.request(args{"fromParticipantId": mute.me.ParticipantID, "timeout": 1})).err, protocol.CodeTimeout)
	},
}

// conversation is a room with Alice, who asks, and Bob, who is asked.
type conversation struct {
	server        *service
	room          string
	asking, asked *sdk
	alice, bob    *participant
}

func converse(t *testing.T, server *service, asking, asked *sdk) *conversation {
	t.Helper()
	room := newRoom()
	return &conversation{
		server: server, room: room, asking: asking, asked: asked,
		alice: asking.join(t, server, "alice", room, user), bob: asked.joinAsProvider(t, server, "bob", room),
	}
}

// request lets Alice ask Bob; changes replace what she says.
func (c *conversation) request(changes args) <-chan outcome[blob] {
	with := args{"fromParticipantId": c.bob.me.ParticipantID, "url": "secret://example", "type": "application/octet-stream"}
	maps.Copy(with, changes)
	return begin[blob](c.alice, "requestSecret", with)
}

func (c *conversation) heard(t *testing.T, p *participant) secretRequest {
	t.Helper()
	return nextRequest[secretRequest](t, p, "secretRequest")
}

func (c *conversation) provide(t *testing.T, p *participant, value []byte) {
	t.Helper()
	p.must(t, "provideSecret", args{"requestId": c.heard(t, p).RequestID, "data": blob(value)}, nil)
}

func TestRequests(t *testing.T) {
	t.Parallel()
	server := serve(t)
	eachPair(t, func(t *testing.T, asking, asked *sdk) {
		for name, test := range requestTests {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				test(t, converse(t, server, asking, asked))
			})
		}
	})
}
