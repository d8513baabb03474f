// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package sessions_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"github.com/onsi/gomega"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/roomsecrets/roomsecret-operator/internal/plan"
	"github.com/roomsecrets/roomsecret-operator/internal/roomserver"
	"github.com/roomsecrets/roomsecret-operator/internal/sessions"
	"github.com/roomsecrets/roomsecret-operator/roomclient/token"
)

// gatehouse is in front of a room server and keeps account of the tokens of who comes and goes.
type gatehouse struct {
	server *roomserver.Server
	URL    string

	mu sync.Mutex
	// inside are those who are connected, came is how many have come in all.
	inside map[*token.Claims]bool
	came   int
	// busy is the id of a key whose tokens are told to come back later.
	busy string
}

// newGatehouse starts a gatehouse whose server has keys, over the store of the world.
func (w *world) newGatehouse(secure bool, keys ...token.APIKey) *gatehouse {
	w.t.Helper()
	server, err := roomserver.New(roomserver.Config{APIKeys: keys, Store: w.disk})
	w.Expect(err).NotTo(gomega.HaveOccurred())
	g := &gatehouse{server: server, inside: map[*token.Claims]bool{}}
	front := httptest.NewUnstartedServer(g)
	if secure {
		front.StartTLS()
	} else {
		front.Start()
	}
	g.URL = front.URL
	w.t.Cleanup(func() {
		w.stopPool()
		w.Expect(server.Close()).To(gomega.Succeed())
		front.Close()
	})
	return g
}

func (g *gatehouse) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	claims, err := token.Decode(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
	if err == nil {
		if !g.enter(&claims) {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		defer g.leave(&claims)
	}
	g.server.ServeHTTP(w, r)
}

func (g *gatehouse) enter(claims *token.Claims) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if claims.KeyID == g.busy {
		return false
	}
	g.inside[claims] = true
	g.came++
	return true
}

func (g *gatehouse) leave(claims *token.Claims) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.inside, claims)
}

func (g *gatehouse) setBusy(keyID string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.busy = keyID
}

// keys returns the ids of the keys that signed the tokens of those inside.
func (g *gatehouse) keys() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	ids := make([]string, 0, len(g.inside))
	for claims := range g.inside {
		ids = append(ids, claims.KeyID)
	}
	return ids
}

// arrivals returns how many have come in all.
func (g *gatehouse) arrivals() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.came
}

// expired returns how many of those inside have a token that is of no use any more.
func (g *gatehouse) expired(now time.Time) (n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for claims := range g.inside {
		if !claims.ExpiresAt.IsZero() && !now.Before(claims.ExpiresAt) {
			n++
		}
	}
	return n
}

// hammer reads and writes a row all the time, as an owner of its own, until the function that it returns is called. That
// returns the first error.
func (w *world) hammer(name string, r plan.Row) (stop func() error) {
	w.t.Helper()
	client := w.client(owned(name))
	w.track(client, r)
	over, result := make(chan struct{}), make(chan error, 1)
	go func() {
		for {
			select {
			case <-over:
				result <- nil
				return
			default:
			}
			if err := client.Write(w.t.Context(), r, text(name)); err != nil {
				result <- err
				return
			}
			if err := client.Read(w.t.Context(), []plan.Row{r})[r].Err; err != nil {
				result <- err
				return
			}
		}
	}()
	return func() error {
		close(over)
		return <-result
	}
}

// hammers has rows of several identities hammered.
func (w *world) hammers() (stop func()) {
	w.t.Helper()
	stops := map[string]func() error{}
	for _, identity := range []string{own, "alice"} {
		for _, id := range []string{"a", "b"} {
			name := identity + "-" + id
			stops[name] = w.hammer(name, plan.Row{Identity: identity, ID: id})
		}
	}
	return func() {
		w.t.Helper()
		for name, stop := range stops {
			w.Expect(stop()).To(gomega.Succeed(), name)
		}
	}
}

// with says how the room is reached through a gatehouse with a key.
func (w *world) with(g *gatehouse, key token.APIKey, revision string) sessions.Room {
	room := w.room(revision)
	room.Endpoint, room.APIKey = g.URL, &key
	return room
}

// stoppedClock gives the pool a clock that only the test moves. It begins now, because the room server has its own.
func (w *world) stoppedClock() *clocktesting.FakeClock {
	clock := clocktesting.NewFakeClock(time.Now())
	w.pool.Clock = clock
	return clock
}

// newKey returns another API key.
func (w *world) newKey() token.APIKey {
	w.t.Helper()
	key, err := token.NewAPIKey()
	w.Expect(err).NotTo(gomega.HaveOccurred())
	return key
}
