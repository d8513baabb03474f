// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package interop_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
	"github.com/roomsecrets/roomsecret-operator/roomclient/token"
)

// file is the SDK's FileContent, the result of getSecret.
type file struct {
	Name     string `json:"name"`
	MIMEType string `json:"mimeType"`
	Data     blob   `json:"data"`
}

// secretInfo is the SDK's SecretInfo, of which listSecrets returns many.
type secretInfo struct {
	ID          string  `json:"id"`
	Type        string  `json:"type"`
	Name        string  `json:"name"`
	DelegatedTo *string `json:"delegatedTo"`
}

func (p *participant) set(t *testing.T, id, value string) {
	t.Helper()
	p.must(t, "setSecret", args{"secretId": id, "type": "text/plain", "name": id, "data": blob(value)}, nil)
}

// get returns nil when the SDK does.
func (p *participant) get(t *testing.T, with args) *file {
	t.Helper()
	var got *file
	p.must(t, "getSecret", with, &got)
	return got
}

func (p *participant) wantValue(t *testing.T, with args, value string) {
	t.Helper()
	if got := p.get(t, with); got == nil || string(got.Data) != value {
		t.Errorf("got %+v, want the value %q", got, value)
	}
}

func (p *participant) wantNothing(t *testing.T, with args) {
	t.Helper()
	if got := p.get(t, with); got != nil {
		t.Errorf("got %+v, want null", got)
	}
}

func (p *participant) list(t *testing.T) (infos []secretInfo) {
	t.Helper()
	p.must(t, "listSecrets", nil, &infos)
	return infos
}

// secretsTests are run with a participant in a room of its own. Methods the version does not have are left out
// by the cases themselves.
var secretsTests = map[string]func(t *testing.T, alice *participant){
	"what is stored is read back with its name and type": func(t *testing.T, alice *participant) {
		alice.must(t, "setSecret", args{"secretId": "s", "type": "application/json", "name": "My Secret", "data": blob(`{"a":1}`)}, nil)
		want := &file{Name: "My Secret", MIMEType: "application/json", Data: blob(`{"a":1}`)}
		if diff := cmp.Diff(want, alice.get(t, args{"secretId": "s"})); diff != "" {
			t.Error(diff)
		}
	},
	"a type can be given as mimeType": func(t *testing.T, alice *participant) {
		alice.must(t, "setSecret", args{"secretId": "s", "mimeType": "image/png", "data": blob("x")}, nil)
		if got := alice.get(t, args{"secretId": "s"}); got.MIMEType != "image/png" || got.Name != "s" {
			t.Errorf("got %+v", got)
		}
	},
	"what is stored again is replaced": func(t *testing.T, alice *participant) {
		alice.set(t, "s", "old and long")
		alice.set(t, "s", "new")
		alice.wantValue(t, args{"secretId": "s"}, "new")
		if infos := alice.list(t); len(infos) != 1 {
			t.Errorf("listed %+v", infos)
		}
	},
	"a secret that is not there is null and not an error": func(t *testing.T, alice *participant) {
		alice.wantNothing(t, args{"secretId": "missing"})
		alice.wantNothing(t, args{"type": "text/plain", "name": "missing"})
	},
	"a secret is found by its type and name": func(t *testing.T, alice *participant) {
		alice.must(t, "setSecret", args{"secretId": "1", "type": "git", "name": "n", "data": blob("one")}, nil)
		alice.must(t, "setSecret", args{"secretId": "2", "type": "text", "name": "n", "data": blob("two")}, nil)
		alice.wantValue(t, args{"type": "text", "name": "n"}, "two")
		alice.wantValue(t, args{"type": "git"}, "one")
		alice.wantValue(t, args{"name": "n"}, "one")
	},
	"a secret stored without an id gets one that the list tells": func(t *testing.T, alice *participant) {
		alice.must(t, "setSecret", args{"data": blob("v")}, nil)
		infos := alice.list(t)
		if len(infos) != 1 || infos[0].Type != "application/octet-stream" || uuid.Validate(infos[0].ID) != nil {
			t.Fatalf("listed %+v", infos)
		}
		alice.wantValue(t, args{"secretId": infos[0].ID}, "v")
	},
	"the list is sorted and has no values": func(t *testing.T, alice *participant) {
		if infos := alice.list(t); len(infos) != 0 {
			t.Errorf("an empty room lists %+v", infos)
		}
		want := []secretInfo{}
		for _, id := range []string{"c", "a", "b"} {
			alice.must(t, "setSecret", args{"secretId": id, "type": "t-" + id, "name": "n-" + id, "data": blob(id)}, nil)
		}
		for _, id := range []string{"a", "b", "c"} {
			want = append(want, secretInfo{ID: id, Type: "t-" + id, Name: "n-" + id})
		}
		if diff := cmp.Diff(want, alice.list(t)); diff != "" {
			t.Error(diff)
		}
	},
	"a deleted secret is gone, and can be deleted again": func(t *testing.T, alice *participant) {
		alice.set(t, "s", "v")
		alice.set(t, "kept", "v")
		for range 2 {
			alice.must(t, "deleteSecret", args{"secretId": "s"}, nil)
		}
		alice.wantNothing(t, args{"secretId": "s"})
		alice.wantValue(t, args{"secretId": "kept"}, "v")
	},
	"exists tells what is there": func(t *testing.T, alice *participant) {
		alice.set(t, "s", "")
		alice.wantExists(t, args{"secretId": "s"}, true)
		alice.wantExists(t, args{"secretId": "missing"}, false)
	},
	"ids, names and types are any text": func(t *testing.T, alice *participant) {
		id := "Ключ/ключ 🗝\"\\\u2028\x00?"
		alice.must(t, "setSecret", args{"secretId": id, "type": "тип", "name": "名前", "data": blob("v")}, nil)
		want := []secretInfo{{ID: id, Type: "тип", Name: "名前"}}
		if diff := cmp.Diff(want, alice.list(t)); diff != "" {
			t.Error(diff)
		}
		if got := alice.get(t, args{"secretId": id}); got == nil || got.Name != "名前" || got.MIMEType != "тип" {
			t.Errorf("got %+v", got)
		}
	},
	"an empty id is a mistake of the caller": func(t *testing.T, alice *participant) {
		alice.fails(t, protocol.CodeInvalidRequest, "setSecret", args{"secretId": "", "data": blob("v")})
		alice.fails(t, protocol.CodeInvalidRequest, "getSecret", args{"secretId": ""})
		alice.fails(t, protocol.CodeInvalidRequest, "deleteSecret", args{"secretId": ""})
	},
	"what the room does not have is told as not found": func(t *testing.T, alice *participant) {
		for _, call := range []args{{"toolkit": "secrets", "tool": "steal"}, {"toolkit": "storage", "tool": "list"}} {
			call["room"] = alice.name
			wantError(t, alice.sdk.do("invoke", call, nil), protocol.CodeNotFound)
		}
	},
	"400 calls in flight are each answered with their own secret": func(t *testing.T, alice *participant) {
		const calls = 400
		sets, gets := make([]args, calls), make([]args, calls)
		for i := range calls {
			id := fmt.Sprintf("secret-%03d", i)
			sets[i] = args{"secretId": id, "type": "t", "name": id, "data": blob(strings.Repeat(id, i))}
			gets[i] = args{"secretId": id}
		}
		for _, result := range alice.burst(t, "setSecret", sets) {
			if result.Error != nil {
				t.Fatal(result.Error)
			}
		}
		for i, result := range alice.burst(t, "getSecret", gets) {
			if result.Error != nil || result.OK == nil || result.OK.Name != sets[i]["name"] || !bytes.Equal(result.OK.Data, sets[i]["data"].(blob)) {
				t.Fatalf("call %d: %+v", i, result)
			}
		}
		if got := len(alice.list(t)); got != calls {
			t.Errorf("%d secrets are listed", got)
		}
	},
}

// burstResult is the outcome of one call of a burst.
type burstResult struct {
	OK    *file     `json:"ok"`
	Error *sdkError `json:"error"`
}

// burst makes all calls at once.
func (p *participant) burst(t *testing.T, method string, with []args) (results []burstResult) {
	t.Helper()
	if err := p.sdk.do("burst", args{"room": p.name, "method": method, "args": with}, &results); err != nil {
		t.Fatal(err)
	}
	return results
}

// wantExists asks the versions that can.
func (p *participant) wantExists(t *testing.T, with args, want bool) {
	t.Helper()
	if p.sdk.version == older {
		return
	}
	var got bool
	if p.must(t, "exists", with, &got); got != want {
		t.Errorf("exists %v: %v", with, got)
	}
}

func TestSecrets(t *testing.T) {
	t.Parallel()
	server := serve(t)
	eachVersion(t, func(t *testing.T, sdk *sdk) {
		for name, test := range secretsTests {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				test(t, sdk.join(t, server, "alice", newRoom(), user))
			})
		}
		for _, size := range []int{0, 1, 1023, 1024, 1025, 65536, 1 << 20} {
			t.Run(fmt.Sprintf("a value of %d bytes comes back as it was", size), func(t *testing.T) {
				t.Parallel()
				alice := sdk.join(t, server, "alice", newRoom(), user)
				value := pattern(size)
				alice.must(t, "setSecret", args{"secretId": "s", "data": blob(value)}, nil)
				if got := alice.get(t, args{"secretId": "s"}); got == nil || !bytes.Equal(got.Data, value) {
					t.Error("the value is another one")
				}
			})
		}
	})
}

// pattern are bytes of all values that do not repeat with the size of a packet.
func pattern(size int) []byte {
	value := make([]byte, size)
	for i := range value {
		value[i] = byte(i + i/251)
	}
	return value
}

func TestWhoTheParticipantIs(t *testing.T) {
	t.Parallel()
	server := serve(t)
	eachVersion(t, func(t *testing.T, sdk *sdk) {
		room := newRoom()
		one, two := sdk.join(t, server, "alice", room, user), sdk.join(t, server, "alice", room, user)
		if one.me.Name != "alice" || one.me.ParticipantID == "" || one.me.ParticipantID == two.me.ParticipantID {
			t.Errorf("participants %+v and %+v", one.me, two.me)
		}
		if sdk.version == newest && (one.me.RoomName != room || one.me.RoomURL != server.roomURL(room) || one.me.SessionID != two.me.SessionID) {
			t.Errorf("room of %+v and %+v", one.me, two.me)
		}
	})
}

func TestIdentities(t *testing.T) {
	t.Parallel()
	server := serve(t)
	eachVersion(t, func(t *testing.T, sdk *sdk) {
		room := newRoom()
		alice, again := sdk.join(t, server, "alice", room, user), sdk.join(t, server, "alice", room, user)
		bob, elsewhere := sdk.join(t, server, "bob", room, user), sdk.join(t, server, "alice", newRoom(), user)
		alice.set(t, "s", "alice's")
		again.wantValue(t, args{"secretId": "s"}, "alice's")
		bob.wantNothing(t, args{"secretId": "s"})
		elsewhere.wantNothing(t, args{"secretId": "s"})
		bob.set(t, "s", "bob's")
		bob.must(t, "deleteSecret", args{"secretId": "other"}, nil)
		alice.wantValue(t, args{"secretId": "s"}, "alice's")
		bob.must(t, "deleteSecret", args{"secretId": "s"}, nil)
		alice.wantValue(t, args{"secretId": "s"}, "alice's")
		if infos := bob.list(t); len(infos) != 0 {
			t.Errorf("bob's list: %+v", infos)
		}
	})
}

func TestDelegation(t *testing.T) {
	t.Parallel()
	server := serve(t)
	eachVersion(t, func(t *testing.T, sdk *sdk) {
		alice := sdk.join(t, server, "alice", newRoom(), user)
		alice.set(t, "s", "mine")
		alice.must(t, "setSecret", args{"secretId": "s", "type": "t", "name": "n", "delegatedTo": "agent", "data": blob("delegated")}, nil)
		want := []secretInfo{{ID: "s", Type: "text/plain", Name: "s"}, {ID: "s", Type: "t", Name: "n", DelegatedTo: new("agent")}}
		if diff := cmp.Diff(want, alice.list(t)); diff != "" {
			t.Error(diff)
		}
		alice.wantValue(t, args{"secretId": "s"}, "mine")
		alice.wantValue(t, args{"secretId": "s", "delegatedTo": "agent"}, "delegated")
		alice.wantExists(t, args{"secretId": "s", "delegatedTo": "agent"}, true)
		alice.wantExists(t, args{"secretId": "s", "delegatedTo": "other"}, false)
		alice.must(t, "deleteSecret", args{"secretId": "s"}, nil)
		alice.wantNothing(t, args{"secretId": "s"})
		alice.wantValue(t, args{"secretId": "s", "delegatedTo": "agent"}, "delegated")
		alice.must(t, "deleteSecret", args{"secretId": "s", "delegatedTo": "agent"}, nil)
		if infos := alice.list(t); len(infos) != 0 {
			t.Errorf("listed %+v", infos)
		}
	})
}

func TestActingForOthers(t *testing.T) {
	t.Parallel()
	server := serve(t)
	eachVersion(t, func(t *testing.T, sdk *sdk) {
		room := newRoom()
		root, alice := sdk.join(t, server, "root", room, admin), sdk.join(t, server, "alice", room, user)
		forAlice := args{"secretId": "s", "forIdentity": "alice", "data": blob("from root")}
		root.must(t, "setSecret", forAlice, nil)
		alice.wantValue(t, args{"secretId": "s"}, "from root")
		root.wantNothing(t, args{"secretId": "s"})
		if infos := root.list(t); len(infos) != 0 {
			t.Errorf("the admin's own list: %+v", infos)
		}
		root.wantExists(t, args{"secretId": "s", "forIdentity": "alice"}, true)
		root.wantExists(t, args{"secretId": "s"}, false)
		alice.fails(t, protocol.CodePermissionDenied, "setSecret", args{"secretId": "s", "forIdentity": "root", "data": blob("x")})
		alice.must(t, "setSecret", args{"secretId": "own", "forIdentity": "alice", "data": blob("x")}, nil)
		if sdk.version == newest {
			alice.fails(t, protocol.CodePermissionDenied, "exists", args{"secretId": "s", "forIdentity": "root"})
		}
	})
}

func TestATokenWithoutTheSecretsGrantCanJoinAndNoMore(t *testing.T) {
	t.Parallel()
	server := serve(t)
	eachVersion(t, func(t *testing.T, sdk *sdk) {
		alice := sdk.join(t, server, "alice", newRoom(), token.APIScope{})
		alice.fails(t, protocol.CodePermissionDenied, "listSecrets", nil)
		alice.fails(t, protocol.CodePermissionDenied, "setSecret", args{"secretId": "s", "data": blob("v")})
		alice.fails(t, protocol.CodePermissionDenied, "getSecret", args{"secretId": "s"})
	})
}
