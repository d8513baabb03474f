// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomctl_test

import (
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/roomsecrets/roomsecret-operator/internal/roomserver/store"
)

func TestAListGoesOnWithWhatChanges(t *testing.T) {
	t.Parallel()
	g, r := NewWithT(t), newRoom(t)
	r.put(t, "first", "1")
	table := r.start(t, "secret list --watch --interval 1s --as-identity alice")
	json := r.start(t, "secret list --watch --interval 1s --as-identity alice -o json")
	g.Eventually(table.stdout.String).Should(MatchRegexp(`^EVENT +ID +TYPE +NAME +DELEGATED TO\nADDED +first +text/plain +first +<none>\n$`))
	r.put(t, "second", "2")
	g.Eventually(table.stdout.String).Should(MatchRegexp(`\nADDED +second `))
	g.Expect(r.store.Delete(t.Context(), store.Key{Room: "myroom", Owner: "alice", ID: "first"})).To(Succeed())
	g.Eventually(table.stdout.String).Should(MatchRegexp(`\nDELETED +first `))
	g.Eventually(json.stdout.String).Should(Equal(strings.Join([]string{
		`{"type":"ADDED","object":{"id":"first","type":"text/plain","name":"first","delegated_to":null}}`,
		`{"type":"ADDED","object":{"id":"second","type":"text/plain","name":"second","delegated_to":null}}`,
		`{"type":"DELETED","object":{"id":"first","type":"text/plain","name":"first","delegated_to":null}}`, "",
	}, "\n")))
	g.Expect(table.stdout.String()).To(MatchRegexp(`(?m)^DELETED    first    text/plain   first    <none>$`), "columns stay where they are")
	g.Expect(table.stop()).To(Equal(0), "to be interrupted is how it is meant to end")
	g.Expect(json.stop()).To(Equal(0))
	g.Expect(table.stderr.String()).To(BeEmpty())
}

func TestRowsThatComeTogetherHaveColumnsInCommon(t *testing.T) {
	t.Parallel()
	g, r := NewWithT(t), newRoom(t)
	r.put(t, "a", "1")
	r.put(t, "much-longer", "2")
	run := r.start(t, "secret list --watch --as-identity alice")
	g.Eventually(run.stdout.String).Should(Equal("" +
		"EVENT      ID            TYPE         NAME          DELEGATED TO\n" +
		"ADDED      a             text/plain   a             <none>\n" +
		"ADDED      much-longer   text/plain   much-longer   <none>\n"))
}

func TestIdsAreCompleted(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	r.put(t, "stripe", "1")
	r.put(t, "github", "2")
	if got := r.run(t, "secret set --id stripe --delegated-to bob --name stripe --text 3"); got.Code != 0 {
		t.Fatal(got.Stderr)
	}
	for line, want := range map[string]string{
		"__complete secret get --as-identity alice --id ":      "github\nstripe\n:4\n",
		"__complete secret get --as-identity alice --id st":    "stripe\n:4\n",
		"__complete secret delete --as-identity alice ":        "github\nstripe\n:4\n",
		"__complete secret delete --as-identity alice stripe ": ":4\n",
		"__complete secret list -o ":                           "table\njson\nyaml\nname\n:4\n",
		"__complete secret get --url ws://127.0.0.1:1 --id ":   ":4\n",
		"__complete secret list --room ":                       ":4\n",
	} {
		got := execute(t.Context(), r.env, nil, strings.Split(line, " ")...)
		if got.Code != 0 || got.Stdout != want {
			t.Errorf("%s: exit %d\n%s%s", line, got.Code, got.Stdout, got.Stderr)
		}
	}
}
