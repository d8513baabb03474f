// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package sessions_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/roomsecrets/roomsecret-operator/internal/plan"
	"github.com/roomsecrets/roomsecret-operator/internal/sessions"
	"github.com/roomsecrets/roomsecret-operator/roomclient"
	"github.com/roomsecrets/roomsecret-operator/roomclient/token"
)

// find tracks a query and returns the ids of what it finds.
func (w *world) find(client *sessions.Client, query plan.Query) []string {
	w.t.Helper()
	w.Expect(client.Track(w.t.Context(), nil, query)).To(Succeed())
	listing := client.Find(w.t.Context(), []plan.Query{query})[query]
	w.Expect(listing.Err).NotTo(HaveOccurred())
	ids := []string{}
	for _, row := range listing.Rows {
		ids = append(ids, row.ID)
	}
	return ids
}

func TestAQueryFindsAndWakesWhenItWouldFindSomethingElse(t *testing.T) {
	t.Parallel()
	app := plan.Query{Identity: own, IDPrefix: "app-"}
	for name, c := range map[string]struct {
		change func(w *world)
		wakes  bool
	}{
		"a row that is described":         {func(w *world) { w.put(row("app-c"), text("one")) }, true},
		"a row that is gone":              {func(w *world) { w.remove(row("app-a")) }, true},
		"another type":                    {func(w *world) { v := text("one"); v.Type = "text/html"; w.put(row("app-a"), v) }, true},
		"another value":                   {func(w *world) { w.put(row("app-a"), text("two")) }, false},
		"a row that is not described":     {func(w *world) { w.put(row("other"), text("one")) }, false},
		"a delegated row":                 {func(w *world) { w.put(plan.Row{Identity: own, ID: "app-a", DelegatedTo: "bob"}, text("one")) }, false},
		"a row of somebody else":          {func(w *world) { w.put(plan.Row{Identity: "alice", ID: "app-c"}, text("one")) }, false},
		"a row that is described by half": {func(w *world) { w.put(row("app"), text("one")) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.put(row("app-b"), text("one"))
			w.put(row("app-a"), text("one"))
			w.put(row("b"), text("one"))
			w.Expect(w.find(w.connect(w.room("1"), owned("first")), app)).To(Equal([]string{"app-a", "app-b"}))
			c.change(w)
			if c.wakes {
				w.Eventually(w.woken(owned("first"))).Should(Equal(1))
			}
			before := w.requests("list", "ok")
			w.Eventually(func() float64 { return w.requests("list", "ok") }).Should(BeNumerically(">", before+1))
			w.Expect(w.wakes() > 0).To(Equal(c.wakes))
		})
	}
}

func TestQueriesOfOneIdentityTakeOneList(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(row("a"), text("one"))
	slow := w.room("1")
	slow.PollInterval = time.Hour
	client := w.connect(slow, owned("first"))
	queries := []plan.Query{{Identity: own, IDPrefix: "a"}, {Identity: own, Type: "text/plain"}, {Identity: own, Name: "b"}}
	w.Expect(client.Track(t.Context(), nil, queries...)).To(Succeed())
	before := w.requests("list", "ok")
	var found map[plan.Query]sessions.Listing
	for range 10 {
		found = client.Find(t.Context(), queries)
	}
	w.Expect(w.requests("list", "ok")-before).To(BeNumerically("<=", 11), "each time one, and one poll at most")
	w.Expect(found).To(HaveLen(3))
	w.Expect(found[queries[0]].Rows).To(HaveLen(1))
	w.Expect(found[queries[2]].Rows).To(BeEmpty())
}

func TestRowsOfOthersCannotBeListedWithAToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	client := w.connect(w.tokenRoom(token.APIScope{Secrets: &token.SecretsGrant{}}), owned("first"))
	query := plan.Query{Identity: "alice", IDPrefix: "a"}
	w.Expect(client.Track(t.Context(), nil, query)).To(Succeed())
	w.Expect(client.Find(t.Context(), []plan.Query{query})[query].Err).To(MatchError(roomclient.ErrUnsupported))
}

func TestWhoAskedIsToldWhenTheRoomCannotBeListedAnyMore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(row("a1"), text("one"))
	client := w.connect(w.room("1"), owned("first"))
	query := plan.Query{Identity: own, IDPrefix: "a"}
	w.Expect(w.find(client, query)).To(Equal([]string{"a1"}))
	fill := func(change func(plan.Row)) {
		for i := range 30_000 {
			change(row("z" + strconv.Itoa(i) + strings.Repeat("-", 100)))
		}
	}
	fill(func(r plan.Row) { w.put(r, text("")) })
	w.Eventually(w.woken(owned("first"))).Should(Equal(1), "or it would go on saying that all is well")
	w.Expect(client.Find(t.Context(), []plan.Query{query})[query].Err).To(HaveOccurred())
	w.Consistently(w.wakes).Should(Equal(1))
	fill(w.remove)
	w.Eventually(w.woken(owned("first"))).Should(Equal(2))
	w.Expect(w.find(client, query)).To(Equal([]string{"a1"}))
}

func TestAnOutageIsNoAnswerToAQuery(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(row("a1"), text("one"))
	client := w.connect(w.room("1"), owned("first"))
	query := plan.Query{Identity: own, IDPrefix: "a"}
	w.find(client, query)
	w.stopServer()
	w.Eventually(w.phase).ShouldNot(Equal(roomclient.PhaseConnected))
	w.Expect(client.Find(t.Context(), []plan.Query{query})[query].Err).To(MatchError(roomclient.ErrNotConnected))
	w.startServer()
	w.Eventually(w.phase).Should(Equal(roomclient.PhaseConnected))
	w.Consistently(w.wakes).Should(Equal(0), "an outage is no change")
}

func TestAListBeyondTheLimitIsAnErrorOfTheQueryOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 30_000 {
		w.put(row(strconv.Itoa(i)+strings.Repeat("-", 100)), text(""))
	}
	client := w.connect(w.room("1"), owned("first"))
	query := plan.Query{Identity: own, IDPrefix: "1"}
	w.Expect(client.Track(t.Context(), []plan.Row{row("1")}, query)).To(Succeed())
	w.Expect(client.Find(t.Context(), []plan.Query{query})[query].Err).To(HaveOccurred())
	w.Expect(client.Read(t.Context(), []plan.Row{row("1")})[row("1")].Err).NotTo(HaveOccurred())
}
