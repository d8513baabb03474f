// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomserver_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/roomsecrets/roomsecret-operator/internal/roomserver"
	"github.com/roomsecrets/roomsecret-operator/internal/roomserver/store"
	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
)

const octets = "application/octet-stream"

func TestASecretGoesInAndComesOut(t *testing.T) {
	t.Parallel()
	p := serve(t).dial(t, "alice", "myroom", plainGrant)
	wantEmpty(t, p.set(fields{"secret_id": "s", "type": "text/plain", "name": "My Secret", "has_data": true}, "value"))
	wantFile(t, p.call(protocol.ToolGetSecret, fields{"secret_id": "s"}), "My Secret", "text/plain", "value")
	wantExists(t, p.call(protocol.ToolExists, fields{"secret_id": "s"}), true)
	wantEmpty(t, p.call(protocol.ToolDeleteSecret, fields{"id": "s"}))
	wantEmpty(t, p.call(protocol.ToolGetSecret, fields{"secret_id": "s"}))
	wantExists(t, p.call(protocol.ToolExists, fields{"secret_id": "s"}), false)
	wantEmpty(t, p.call(protocol.ToolDeleteSecret, fields{"id": "s"}))
}

func TestValuesOfEverySizeComeBackWhole(t *testing.T) {
	t.Parallel()
	p := serve(t).dial(t, "alice", "myroom", plainGrant)
	largest := protocol.DefaultMaxMessage - 16<<10
	for _, size := range []int{0, 1, 700, 1023, 1024, 1025, 2048, 100_000, largest} {
		value := strings.Repeat("0123456789abcdef", size/16+1)[:size]
		wantEmpty(t, p.set(fields{"secret_id": "s"}, value))
		file, ok := p.call(protocol.ToolGetSecret, fields{"secret_id": "s"}).(protocol.File)
		if !ok || string(file.Data) != value {
			t.Errorf("%d bytes did not come back", size)
		}
	}
	wantError(t, p.set(fields{"secret_id": "s"}, strings.Repeat("x", largest+1)), protocol.CodeInvalidRequest)
	if got := p.listed(); len(got) != 1 {
		t.Errorf("list %v", got)
	}
}

func TestTypeAndNameHaveDefaultsAndGoBackToThem(t *testing.T) {
	t.Parallel()
	p := serve(t).dial(t, "alice", "myroom", plainGrant)
	steps := []struct {
		given fields
		want  string
	}{
		{fields{"secret_id": "s"}, "s||" + octets + "|s"},
		{fields{"secret_id": "s", "type": "t", "name": "n"}, "s||t|n"},
		{fields{"secret_id": "s", "type": nil, "name": "m"}, "s||" + octets + "|m"},
		{fields{"secret_id": "s", "type": "", "name": ""}, "s||" + octets + "|s"},
	}
	for _, step := range steps {
		wantEmpty(t, p.set(step.given, "v"))
		if diff := cmp.Diff([]string{step.want}, p.listed()); diff != "" {
			t.Errorf("after %v (-want +got):\n%s", step.given, diff)
		}
	}
}

func TestASecretWithoutIDGetsARandomOne(t *testing.T) {
	t.Parallel()
	p := serve(t).dial(t, "alice", "myroom", plainGrant)
	for range 2 {
		wantEmpty(t, p.set(fields{"secret_id": nil, "name": "n", "has_data": true}, "v"))
	}
	lines := p.listed()
	if len(lines) != 2 {
		t.Fatalf("list %v", lines)
	}
	for _, line := range lines {
		id, rest, _ := strings.Cut(line, "|")
		if uuid.Validate(id) != nil || rest != "|"+octets+"|n" {
			t.Errorf("entry %s", line)
		}
	}
}

func TestListIsSortedByIDAndDelegate(t *testing.T) {
	t.Parallel()
	p := serve(t).dial(t, "alice", "myroom", plainGrant)
	if diff := cmp.Diff([]string{}, p.listed()); diff != "" {
		t.Errorf("empty list:\n%s", diff)
	}
	for _, f := range []fields{
		{"secret_id": "b"}, {"secret_id": "a", "delegated_to": "z"}, {"secret_id": "a", "delegated_to": "y"}, {"secret_id": "a"},
	} {
		wantEmpty(t, p.set(f, "v"))
	}
	want := []string{"a||" + octets + "|a", "a|y|" + octets + "|a", "a|z|" + octets + "|a", "b||" + octets + "|b"}
	if diff := cmp.Diff(want, p.listed()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestEachDelegateHasARowOfItsOwn(t *testing.T) {
	t.Parallel()
	p := serve(t).dial(t, "alice", "myroom", plainGrant)
	wantEmpty(t, p.set(fields{"secret_id": "s"}, "mine"))
	wantEmpty(t, p.set(fields{"secret_id": "s", "delegated_to": "bob"}, "for bob"))
	wantFile(t, p.call(protocol.ToolGetSecret, fields{"secret_id": "s"}), "s", octets, "mine")
	wantFile(t, p.call(protocol.ToolGetSecret, fields{"secret_id": "s", "delegated_to": ""}), "s", octets, "mine")
	wantFile(t, p.call(protocol.ToolGetSecret, fields{"secret_id": "s", "delegated_to": "bob"}), "s", octets, "for bob")
	wantEmpty(t, p.call(protocol.ToolGetSecret, fields{"secret_id": "s", "delegated_to": "carol"}))
	wantExists(t, p.call(protocol.ToolExists, fields{"secret_id": "s", "delegated_to": "bob"}), true)
	wantExists(t, p.call(protocol.ToolExists, fields{"secret_id": "s", "delegated_to": "carol"}), false)
	wantEmpty(t, p.call(protocol.ToolDeleteSecret, fields{"id": "s", "delegated_to": "bob"}))
	wantFile(t, p.call(protocol.ToolGetSecret, fields{"secret_id": "s"}), "s", octets, "mine")
	wantEmpty(t, p.call(protocol.ToolGetSecret, fields{"secret_id": "s", "delegated_to": "bob"}))
}

func TestGetByTypeAndNameTakesTheFirstByID(t *testing.T) {
	t.Parallel()
	p := serve(t).dial(t, "alice", "myroom", plainGrant)
	for _, f := range []fields{
		{"secret_id": "c", "type": "git", "name": "hub"},
		{"secret_id": "b", "type": "git", "name": "hub"},
		{"secret_id": "a", "type": "git", "name": "hub", "delegated_to": "bob"},
		{"secret_id": "d", "type": "text", "name": "hub"},
	} {
		id, ok := f["secret_id"].(string)
		if !ok {
			t.Fatal("id")
		}
		wantEmpty(t, p.set(f, "value of "+id))
	}
	get := func(f fields) protocol.Content { return p.call(protocol.ToolGetSecret, f) }
	wantFile(t, get(fields{"secret_id": nil, "type": "git", "name": "hub"}), "hub", "git", "value of b")
	wantFile(t, get(fields{"type": "git", "name": "hub", "delegated_to": "bob"}), "hub", "git", "value of a")
	wantFile(t, get(fields{"type": "text"}), "hub", "text", "value of d")
	wantFile(t, get(fields{"name": "hub"}), "hub", "git", "value of b")
	wantFile(t, get(fields{"secret_id": "c", "type": "other", "name": "other"}), "hub", "git", "value of c")
	wantEmpty(t, get(fields{"type": "git", "name": "lab"}))
	wantError(t, get(fields{"secret_id": nil, "type": nil, "name": nil}), protocol.CodeInvalidRequest)
}

func TestIdentitiesAndRoomsDoNotSeeEachOther(t *testing.T) {
	t.Parallel()
	s := serve(t)
	alice := s.dial(t, "alice", "myroom", plainGrant)
	wantEmpty(t, alice.set(fields{"secret_id": "s", "delegated_to": nil}, "alice's"))
	wantEmpty(t, alice.set(fields{"secret_id": "s", "delegated_to": "bob"}, "alice's for bob"))
	for name, c := range map[string]struct {
		identity, room string
		grants         grants
	}{
		"another identity":        {"bob", "myroom", plainGrant},
		"an admin":                {"root", "myroom", adminGrant},
		"alice in another room":   {"alice", "other", plainGrant},
		"a name that begins so":   {"alice2", "myroom", plainGrant},
		"a name that is a prefix": {"alic", "myroom", plainGrant},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			other := s.dial(t, c.identity, c.room, c.grants)
			wantEmpty(t, other.call(protocol.ToolGetSecret, fields{"secret_id": "s"}))
			wantEmpty(t, other.call(protocol.ToolGetSecret, fields{"secret_id": "s", "delegated_to": "bob"}))
			wantExists(t, other.call(protocol.ToolExists, fields{"secret_id": "s"}), false)
			wantEmpty(t, other.call(protocol.ToolDeleteSecret, fields{"id": "s"}))
			if got := other.listed(); len(got) != 0 {
				t.Errorf("list %v", got)
			}
			again := s.dial(t, "alice", "myroom", plainGrant)
			wantFile(t, again.call(protocol.ToolGetSecret, fields{"secret_id": "s"}), "s", octets, "alice's")
		})
	}
}

func TestOnlyAnAdminActsForOthers(t *testing.T) {
	t.Parallel()
	s := serve(t)
	admin, alice, bob := s.dial(t, "root", "myroom", adminGrant), s.dial(t, "alice", "myroom", plainGrant), s.dial(t, "bob", "myroom", plainGrant)

	wantError(t, alice.set(fields{"secret_id": "s", "for_identity": "bob"}, "v"), protocol.CodePermissionDenied)
	wantError(t, alice.call(protocol.ToolExists, fields{"secret_id": "s", "for_identity": "bob"}), protocol.CodePermissionDenied)
	wantEmpty(t, alice.set(fields{"secret_id": "own", "for_identity": "alice"}, "v"))
	wantExists(t, alice.call(protocol.ToolExists, fields{"secret_id": "own", "for_identity": "alice"}), true)

	wantEmpty(t, admin.set(fields{"secret_id": "s", "for_identity": "bob", "delegated_to": "carol"}, "for carol"))
	wantEmpty(t, admin.set(fields{"secret_id": "s", "for_identity": "bob"}, "bob's"))
	wantExists(t, admin.call(protocol.ToolExists, fields{"secret_id": "s", "for_identity": "bob"}), true)
	wantExists(t, admin.call(protocol.ToolExists, fields{"secret_id": "s"}), false)
	if got := admin.listed(); len(got) != 0 {
		t.Errorf("the admin's own list: %v", got)
	}
	wantFile(t, bob.call(protocol.ToolGetSecret, fields{"secret_id": "s"}), "s", octets, "bob's")
	wantFile(t, bob.call(protocol.ToolGetSecret, fields{"secret_id": "s", "delegated_to": "carol"}), "s", octets, "for carol")
}

func TestWithoutTheSecretsGrantCallsAreDenied(t *testing.T) {
	t.Parallel()
	p := serve(t).dial(t, "alice", "myroom", noAPIGrant)
	wantError(t, p.set(fields{"secret_id": "s"}, "v"), protocol.CodePermissionDenied)
	wantError(t, p.call(protocol.ToolGetSecret, fields{"secret_id": "s"}), protocol.CodePermissionDenied)
	wantError(t, p.call(protocol.ToolExists, fields{"secret_id": "s"}), protocol.CodePermissionDenied)
	wantError(t, p.call(protocol.ToolListSecrets, fields{}), protocol.CodePermissionDenied)
	wantError(t, p.call(protocol.ToolDeleteSecret, fields{"id": "s"}), protocol.CodePermissionDenied)
	wantError(t, p.call("no_such_tool", fields{}), protocol.CodeNotFound)
}

func TestArgumentsThatMakeNoSense(t *testing.T) {
	t.Parallel()
	s := serve(t)
	long := strings.Repeat("x", 513)
	cases := map[string]func(*peer) protocol.Content{
		"set: data said to be missing": func(p *peer) protocol.Content { return p.set(fields{"secret_id": "s", "has_data": false}, "") },
		"set: an empty id":             func(p *peer) protocol.Content { return p.set(fields{"secret_id": ""}, "v") },
		"set: an id that is a number":  func(p *peer) protocol.Content { return p.set(fields{"secret_id": 7}, "v") },
		"set: a long id":               func(p *peer) protocol.Content { return p.set(fields{"secret_id": long}, "v") },
		"set: a long type":             func(p *peer) protocol.Content { return p.set(fields{"secret_id": "s", "type": long}, "v") },
		"set: a long name":             func(p *peer) protocol.Content { return p.set(fields{"secret_id": "s", "name": long}, "v") },
		"set: a long delegate":         func(p *peer) protocol.Content { return p.set(fields{"secret_id": "s", "delegated_to": long}, "v") },
		"set: a long owner":            func(p *peer) protocol.Content { return p.set(fields{"secret_id": "s", "for_identity": long}, "v") },
		"set: json input":              func(p *peer) protocol.Content { return p.call(protocol.ToolSetSecret, fields{"secret_id": "s"}) },
		"set: control input": func(p *peer) protocol.Content {
			return p.tool(protocol.ToolSetSecret, protocol.Control{Method: "open"})
		},
		"get: control input": func(p *peer) protocol.Content {
			return p.tool(protocol.ToolGetSecret, protocol.Control{Method: "open"})
		},
		"get: binary input":               func(p *peer) protocol.Content { return p.tool(protocol.ToolGetSecret, protocol.Binary{}) },
		"get: no input":                   func(p *peer) protocol.Content { return p.tool(protocol.ToolGetSecret, nil) },
		"get: an empty id":                func(p *peer) protocol.Content { return p.call(protocol.ToolGetSecret, fields{"secret_id": ""}) },
		"get: an object for a string":     func(p *peer) protocol.Content { return p.call(protocol.ToolGetSecret, fields{"secret_id": fields{}}) },
		"exists: no id":                   func(p *peer) protocol.Content { return p.call(protocol.ToolExists, fields{}) },
		"exists: a list for a string":     func(p *peer) protocol.Content { return p.call(protocol.ToolExists, fields{"secret_id": []int{1}}) },
		"delete: secret_id instead of id": func(p *peer) protocol.Content { return p.call(protocol.ToolDeleteSecret, fields{"secret_id": "s"}) },
		"delete: a long id":               func(p *peer) protocol.Content { return p.call(protocol.ToolDeleteSecret, fields{"id": long}) },
		"list: text input":                func(p *peer) protocol.Content { return p.tool(protocol.ToolListSecrets, protocol.Text{Text: "{}"}) },
		"a call on behalf of somebody": func(p *peer) protocol.Content {
			return p.invoke(protocol.Invoke{Toolkit: "secrets", Tool: "exists", OnBehalfOfID: new("x")})
		},
	}
	for name, ask := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := s.dial(t, "alice", "myroom", adminGrant)
			wantError(t, ask(p), protocol.CodeInvalidRequest)
			if got := p.listed(); len(got) != 0 {
				t.Errorf("something was stored: %v", got)
			}
		})
	}
}

func TestListTakesNoInputAtAll(t *testing.T) {
	t.Parallel()
	p := serve(t).dial(t, "alice", "myroom", plainGrant)
	if content, ok := p.tool(protocol.ToolListSecrets, nil).(protocol.JSON); !ok || string(content.Value) != `{"secrets":[]}` {
		t.Errorf("got %s", content.Value)
	}
}

func TestWhatHappensBehindTheServersBackIsSeen(t *testing.T) {
	t.Parallel()
	s := serve(t)
	p := s.dial(t, "alice", "myroom", plainGrant)
	wantEmpty(t, p.set(fields{"secret_id": "s"}, "v"))
	key := store.Key{Room: "myroom", Owner: "alice", ID: "s"}
	row, err := s.rows.Get(t.Context(), key)
	if err != nil || string(row.Value) != "v" {
		t.Fatalf("row %v, %v", row, err)
	}
	row.Value = []byte("tampered")
	if err := s.rows.Put(t.Context(), row); err != nil {
		t.Fatal(err)
	}
	wantFile(t, p.call(protocol.ToolGetSecret, fields{"secret_id": "s"}), "s", octets, "tampered")
	if err := s.rows.Delete(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	wantEmpty(t, p.call(protocol.ToolGetSecret, fields{"secret_id": "s"}))
}

func TestAFullOrClosedStoreIsAnErrorAndNotTheEnd(t *testing.T) {
	t.Parallel()
	small := store.NewMemory(1000)
	s := serve(t, func(c *roomserver.Config) { c.Store = small })
	p := s.dial(t, "alice", "myroom", plainGrant)
	wantError(t, p.set(fields{"secret_id": "s"}, strings.Repeat("x", 2000)), protocol.CodeOperationFailed)
	wantEmpty(t, p.set(fields{"secret_id": "s"}, "v"))
	if err := small.Close(); err != nil {
		t.Fatal(err)
	}
	wantError(t, p.set(fields{"secret_id": "s"}, "v"), protocol.CodeOperationFailed)
	wantError(t, p.call(protocol.ToolGetSecret, fields{"secret_id": "s"}), protocol.CodeOperationFailed)
	wantError(t, p.call(protocol.ToolGetSecret, fields{"name": "s"}), protocol.CodeOperationFailed)
	wantError(t, p.call(protocol.ToolExists, fields{"secret_id": "s"}), protocol.CodeOperationFailed)
	wantError(t, p.call(protocol.ToolListSecrets, fields{}), protocol.CodeOperationFailed)
	wantError(t, p.call(protocol.ToolDeleteSecret, fields{"id": "s"}), protocol.CodeOperationFailed)
}

func TestAListLargerThanAMessageIsAnError(t *testing.T) {
	t.Parallel()
	s := serve(t, func(c *roomserver.Config) { c.Limits.MaxMessage = 64 << 10 })
	p := s.dial(t, "alice", "myroom", plainGrant)
	for i := range 150 {
		info := store.Info{Key: store.Key{Room: "myroom", Owner: "alice", ID: strings.Repeat("i", i+1)}, Name: strings.Repeat("n", 512)}
		if err := s.rows.Put(t.Context(), store.Row{Info: info}); err != nil {
			t.Fatal(err)
		}
	}
	wantError(t, p.call(protocol.ToolListSecrets, fields{}), protocol.CodeOperationFailed)
	wantFile(t, p.call(protocol.ToolGetSecret, fields{"secret_id": "i"}), strings.Repeat("n", 512), "", "")
}
