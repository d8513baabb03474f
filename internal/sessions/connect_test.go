// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package sessions_test

import (
	"crypto/tls"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/roomsecrets/roomsecret-operator/internal/hosts"
	"github.com/roomsecrets/roomsecret-operator/internal/plan"
	"github.com/roomsecrets/roomsecret-operator/internal/sessions"
	"github.com/roomsecrets/roomsecret-operator/roomclient"
	"github.com/roomsecrets/roomsecret-operator/roomclient/token"
)

// ticketed says how the room is reached with tickets.
func (w *world) ticketed(g *gatehouse, key token.APIKey, revision string) sessions.Room {
	room := w.with(g, key, revision)
	room.Connect, room.Identity = true, ""
	return room
}

// keyIdentity is who the room server makes the holder of a key.
func keyIdentity(key token.APIKey) string { return "key-" + key.ID.String() }

func TestTheServiceSaysWhoTheOperatorIs(t *testing.T) {
	t.Parallel()
	for name, secure := range map[string]bool{"without TLS": false, "with TLS": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			clock := w.stoppedClock()
			key := w.newKey()
			g := w.newGatehouse(secure, key)
			room := w.ticketed(g, key, "1")
			if secure {
				room.TLS = &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12}
			}
			w.Expect(w.pool.Identity(roomKey)).To(BeEmpty())
			client := w.connect(room, owned("a"))
			w.Expect(w.pool.Identity(roomKey)).To(Equal(keyIdentity(key)))
			w.Expect(client.Own()).To(Equal(keyIdentity(key)))
			w.Expect(client.CanReadAs("alice")).To(BeFalse(), "a ticket is for one identity")

			mine, alice := plan.Row{Identity: client.Own(), ID: "a"}, plan.Row{Identity: "alice", ID: "a"}
			w.see(client, mine, alice)
			w.Expect(client.Write(t.Context(), mine, text("x"))).To(Succeed())
			w.Expect(client.Write(t.Context(), alice, text("y"))).To(Succeed())
			kept, _ := w.stored(mine)
			w.Expect(kept).To(Equal(text("x")))
			w.Eventually(w.up).Should(Equal(1.0))

			stop := w.hammer("b", mine)
			clock.Step(55 * time.Minute)
			w.Eventually(g.arrivals).Should(Equal(2), "a ticket is followed by another before it expires")
			w.Eventually(g.keys).Should(HaveLen(1))
			w.Expect(g.expired(clock.Now())).To(BeZero())
			w.Expect(stop()).To(Succeed())
		})
	}
}

func TestARotatedKeyMayMakeTheOperatorSomebodyElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first, second := w.newKey(), w.newKey()
	g := w.newGatehouse(false, first, second)
	old := w.connect(w.ticketed(g, first, "1"), owned("a"))
	w.Expect(w.pool.Ensure(t.Context(), roomKey, w.ticketed(g, second, "2"))).To(Succeed())
	w.Eventually(func() string { return w.pool.Identity(roomKey) }).Should(Equal(keyIdentity(second)))
	next := w.client(owned("a"))
	w.Expect(next.Own()).To(Equal(keyIdentity(second)))
	w.see(next, plan.Row{Identity: next.Own(), ID: "a"})
	w.Eventually(g.keys).Should(ConsistOf(second.ID.String()))
	r := plan.Row{Identity: old.Own(), ID: "a"}
	w.Expect(old.Read(t.Context(), []plan.Row{r})[r].Err).To(MatchError(roomclient.ErrNotConnected))
}

func TestAKeyThatGetsNoTicketIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	g := w.newGatehouse(false, w.newKey())
	w.Expect(w.pool.Ensure(t.Context(), roomKey, w.ticketed(g, w.newKey(), "1"))).To(Succeed())
	w.Eventually(w.phase).Should(Equal(roomclient.PhaseFailed))
	state, _ := w.pool.State(roomKey)
	w.Expect(state.Err).To(MatchError(roomclient.ErrUnauthorized))
	w.Expect(g.arrivals()).To(BeZero())
}

// A token goes nowhere that is less secure than where it came from.
func TestATicketThatLeadsAstrayIsNotUsed(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		secure  bool
		address string
		// hosts are those that are allowed; empty for all.
		hosts string
		// serverName is the name that the certificate of the endpoint is said to have.
		serverName string
	}{
		"from TLS to none":                        {secure: true, address: "ws://127.0.0.1:1/rooms/support"},
		"to another host without TLS":             {address: "ws://another.example/rooms/support"},
		"to another host under a name of our own": {secure: true, address: "wss://another.example/rooms/support", serverName: "example.com"},
		"to a host that is not allowed":           {secure: true, address: "wss://another.example/rooms/support", hosts: "127.0.0.1"},
		"to another room":                         {address: "/rooms/another"},
		"to nowhere":                              {address: "://"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			jwt, err := w.apiKey.Sign(token.Claims{Name: "x", Grants: []token.Grant{token.RoomGrant(roomName)}})
			w.Expect(err).NotTo(HaveOccurred())
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
				if r.Method != http.MethodPost {
					t.Errorf("%s %s: the token was used", r.Method, r.URL.Path)
				}
				address := c.address
				if address[0] == '/' {
					address = "ws://" + r.Host + address
				}
				_, _ = io.WriteString(out, `{"jwt":"`+jwt+`","room_name":"support","project_id":"p","room_url":"`+address+`"}`)
			}))
			if c.secure {
				server.StartTLS()
			} else {
				server.Start()
			}
			t.Cleanup(server.Close)
			t.Cleanup(w.stopPool)
			room := w.room("1")
			room.Endpoint, room.Connect, room.Identity = server.URL, true, ""
			if c.hosts != "" {
				room.Hosts, err = hosts.Parse(c.hosts)
				w.Expect(err).NotTo(HaveOccurred())
			}
			if c.secure {
				room.TLS = &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12, ServerName: c.serverName}
			}
			w.Expect(w.pool.Ensure(t.Context(), roomKey, room)).To(Succeed())
			var state roomclient.State
			w.Eventually(func() error { state, _ = w.pool.State(roomKey); return state.Err }).Should(HaveOccurred())
			w.Expect(state.Phase).NotTo(Equal(roomclient.PhaseConnected))
			w.Expect(state.Err.Error()).NotTo(Or(ContainSubstring("another.example"), ContainSubstring(jwt)))
		})
	}
}
