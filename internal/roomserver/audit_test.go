// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomserver_test

import (
	"bufio"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/roomsecrets/roomsecret-operator/internal/roomserver"
	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
)

// TestEachOperationIsWrittenDownAndNoValueIs looks at the lines of one of each kind.
func TestEachOperationIsWrittenDownAndNoValueIs(t *testing.T) {
	t.Parallel()
	var log locked
	op := newProvider(t)
	s := serve(t, func(c *roomserver.Config) {
		c.Audit = slog.New(slog.NewJSONHandler(&log, nil))
		c.OAuthOrigins = []string{op.URL}
	})
	alice, human := s.dial(t, "alice", "myroom", adminGrant), s.dial(t, "human", "myroom", plainGrant)
	wantEmpty(t, alice.set(fields{"secret_id": "s", "name": "hidden", "delegated_to": "bob", "for_identity": "carol"}, "hidden"))
	wantError(t, human.set(fields{"secret_id": "s", "for_identity": "carol"}, "hidden"), protocol.CodePermissionDenied)
	wantError(t, human.ask("hidden", []byte("hidden")), protocol.CodeInvalidRequest)
	id := alice.begin(protocol.ToolRequestSecret, wanted(human, fields{"url": "https://x/?hidden"}).json(t))
	push := human.asked()
	wantEmpty(t, human.provide(push.RequestID, "hidden"))
	alice.answer(id)
	client := op.client(fields{"client_secret": "hidden"})
	oauth, answer := consent(t, alice, human, authorization(human, client))
	wantToken(t, answer, "access-1")
	s.ask(t, "POST", s.rest("myroom")+"/secrets", "", `{"data_base64":"aGlkZGVu","secret_id":"r","for_identity":"alice"}`)
	s.ask(t, "GET", s.rest("myroom")+"/secrets/none", "ma-hidden", "")
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	want := []map[string]string{
		{"identity": "alice", "tool": "set_secret", "id": "s", "delegated_to": "bob", "owner": "carol", "outcome": "ok"},
		{"identity": "human", "tool": "set_secret", "id": "s", "owner": "carol", "outcome": "permission denied"},
		{"identity": "human", "tool": "unknown", "outcome": "invalid request"},
		{"identity": "human", "tool": "provide_secret", "request": push.RequestID, "outcome": "ok"},
		{"identity": "alice", "tool": "request_secret", "id": "*", "request": push.RequestID, "asked": "human", "outcome": "ok"},
		{"identity": "human", "tool": "provide_oauth_authorization", "request": oauth.RequestID, "outcome": "ok"},
		{"identity": "alice", "tool": "request_oauth_token", "id": "*", "request": oauth.RequestID, "asked": "human", "outcome": "ok"},
		{"identity": "key-" + s.key.ID.String(), "tool": "rest create", "id": "r", "owner": "alice", "outcome": "ok"},
		{"tool": "rest get", "outcome": "Unauthorized"},
	}
	got := auditLines(t, log.String(), alice.me.ParticipantID, human.me.ParticipantID)
	if diff := cmp.Diff(lines(want), lines(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, never := range []string{"hidden", "aGlkZGVu", "access-1", "the-code", s.key.Encode()} {
		if strings.Contains(log.String(), never) {
			t.Errorf("the audit log holds %q", never)
		}
	}
}

// auditLines reads what was logged, without what differs from run to run.
func auditLines(t *testing.T, text string, participants ...string) []map[string]string {
	t.Helper()
	var all []map[string]string
	scanner := bufio.NewScanner(strings.NewReader(text))
	for scanner.Scan() {
		var line map[string]any
		if err := json.Unmarshal(scanner.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		if _, ok := line["duration"].(float64); !ok || line["msg"] != "operation" || line["level"] != "INFO" {
			t.Errorf("line %v", line)
		}
		kept := map[string]string{}
		for name, value := range line {
			text, _ := value.(string)
			switch {
			case name == "participant" && !strings.Contains(strings.Join(participants, " "), text):
				t.Errorf("participant %q is none", text)
			case name == "id" && (strings.HasPrefix(text, "requested-") || strings.HasPrefix(text, "oauth-")):
				kept[name] = "*"
			case name == "room" && text != "myroom":
				t.Errorf("room %q", text)
			case name == "identity", name == "tool", name == "id", name == "delegated_to", name == "owner",
				name == "request", name == "asked", name == "outcome":
				kept[name] = text
			}
		}
		all = append(all, kept)
	}
	return all
}

// lines makes a set of what may be written in any order.
func lines(all []map[string]string) map[string]bool {
	set := map[string]bool{}
	for _, line := range all {
		encoded, _ := json.Marshal(line) //nolint:errchkjson // strings encode
		set[string(encoded)] = true
	}
	return set
}

// TestAConnectionThatIsTooFastIsSlowedDownAndLosesNothing sends twice its rate at once.
func TestAConnectionThatIsTooFastIsSlowedDownAndLosesNothing(t *testing.T) {
	t.Parallel()
	p := serve(t, func(c *roomserver.Config) { c.Limits.MaxRate = 10 }).dial(t, "alice", "myroom", plainGrant)
	began := time.Now()
	for range 15 {
		p.begin(protocol.ToolListSecrets, fields{}.json(t))
	}
	for id := range uint64(15) {
		p.answer(id)
	}
	if took := time.Since(began); took < 400*time.Millisecond {
		t.Errorf("15 calls at 10 a second and a burst of 10 took %v", took)
	}
}
