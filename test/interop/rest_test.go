// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package interop_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/roomsecrets/roomsecret-operator/internal/roomserver"
)

// account is the SDK's client of the REST side.
type account struct {
	sdk    *sdk
	server *service
	token  string // an API key
	room   string
}

func (s *sdk) account(server *service) *account {
	return &account{sdk: s, server: server, token: server.key().Encode(), room: newRoom()}
}

// call calls a method of the client.
func (a *account) call(method string, ok any, with ...any) error {
	return a.sdk.do("rest", args{"baseUrl": "http://" + a.server.address, "token": a.token, "method": method, "args": with}, ok)
}

// secret calls a method about the secrets of the room.
func (a *account) secret(method string, with args, ok any) error {
	with["projectId"], with["roomName"] = a.server.key().ProjectID.String(), a.room
	return a.call(method, ok, with)
}

func (a *account) must(t *testing.T, method string, with args, ok any) {
	t.Helper()
	if err := a.secret(method, with, ok); err != nil {
		t.Fatalf("%s: %v", method, err)
	}
}

// refused is a call that fails with that status, which the SDK tells in its error's text only.
func (a *account) refused(t *testing.T, status int, method string, with args) {
	t.Helper()
	wantStatus(t, a.secret(method, with, nil), status)
}

func wantStatus(t *testing.T, err error, status int) {
	t.Helper()
	failure, ok := errors.AsType[*sdkError](err)
	if !ok || !strings.Contains(failure.Message, fmt.Sprintf("Status code: %d, body: ", status)) {
		t.Errorf("error %v, want one of status %d", err, status)
	}
}

// managedSecret is the SDK's ManagedSecret.
type managedSecret struct {
	ID          string  `json:"id"`
	Type        string  `json:"type"`
	Name        string  `json:"name"`
	DelegatedTo *string `json:"delegatedTo"`
	Data        blob    `json:"data"`
}

// connection is the SDK's RoomConnectionInfo.
type connection struct {
	JWT       string `json:"jwt"`
	RoomName  string `json:"roomName"`
	ProjectID string `json:"projectId"`
	RoomURL   string `json:"roomUrl"`
}

func TestConnect(t *testing.T) {
	t.Parallel()
	server := serve(t, func(c *roomserver.Config) { c.Rooms = []string{"lobby"} })
	eachVersion(t, func(t *testing.T, sdk *sdk) {
		a, project := sdk.account(server), server.key().ProjectID.String()
		var got connection
		if err := a.call("connectRoom", &got, project, "lobby"); err != nil {
			t.Fatal(err)
		}
		want := connection{JWT: got.JWT, RoomName: "lobby", ProjectID: project, RoomURL: server.roomURL("lobby")}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		holder := sdk.joinWith(t, args{"url": got.RoomURL, "token": got.JWT})
		id := "connect-" + strings.ReplaceAll(sdk.version, ".", "-")
		holder.set(t, id, "v")
		holder.wantValue(t, args{"secretId": id}, "v")

		wantStatus(t, a.call("connectRoom", nil, project, "elsewhere"), 404)
		wantStatus(t, a.call("connectRoom", nil, newKey(t).ProjectID.String(), "lobby"), 403)
		a.token = newKey(t).Encode()
		wantStatus(t, a.call("connectRoom", nil, project, "lobby"), 401)
	})
}

// managedTests are run with a room of its own.
var managedTests = map[string]func(t *testing.T, a *account){
	"a secret is created, read, updated, listed and deleted": func(t *testing.T, a *account) {
		var id string
		a.must(t, "createRoomSecret", args{"secretId": "s", "type": "text/plain", "name": "n", "data": blob("old")}, &id)
		a.must(t, "updateRoomSecret", args{"secretId": "s", "type": "text/plain", "name": "n", "data": blob("new")}, nil)
		var got managedSecret
		a.must(t, "getRoomSecret", args{"secretId": id}, &got)
		if diff := cmp.Diff(managedSecret{ID: "s", Type: "text/plain", Name: "n", Data: blob("new")}, got); diff != "" {
			t.Error(diff)
		}
		var infos []secretInfo
		a.must(t, "listRoomSecrets", args{}, &infos)
		if diff := cmp.Diff([]secretInfo{{ID: "s", Type: "text/plain", Name: "n"}}, infos); diff != "" {
			t.Error(diff)
		}
		a.must(t, "deleteRoomSecret", args{"secretId": "s"}, nil)
		a.refused(t, 404, "getRoomSecret", args{"secretId": "s"})
		a.must(t, "listRoomSecrets", args{}, &infos)
		if len(infos) != 0 {
			t.Errorf("listed %+v", infos)
		}
	},
	"a secret without an id gets one": func(t *testing.T, a *account) {
		var id string
		a.must(t, "createRoomSecret", args{"data": blob("v")}, &id)
		var got managedSecret
		if a.must(t, "getRoomSecret", args{"secretId": id}, &got); string(got.Data) != "v" {
			t.Errorf("got %+v", got)
		}
	},
	"values of all sizes come back as they were": func(t *testing.T, a *account) {
		for _, size := range []int{0, 1, 1024, 1025, 65536, 1 << 20} {
			id := fmt.Sprintf("s%d", size)
			a.must(t, "createRoomSecret", args{"secretId": id, "data": blob(pattern(size))}, nil)
			var got managedSecret
			if a.must(t, "getRoomSecret", args{"secretId": id}, &got); string(got.Data) != string(pattern(size)) {
				t.Errorf("a value of %d bytes is another one", size)
			}
		}
	},
	"what is stored for an identity is the participant's of that name": func(t *testing.T, a *account) {
		alice := a.sdk.join(t, a.server, "alice", a.room, user)
		a.must(t, "createRoomSecret", args{"secretId": "s", "forIdentity": "alice", "data": blob("by REST")}, nil)
		alice.wantValue(t, args{"secretId": "s"}, "by REST")
		alice.set(t, "own", "by the room")
		var got managedSecret
		if a.must(t, "getRoomSecret", args{"secretId": "own", "forIdentity": "alice"}, &got); string(got.Data) != "by the room" {
			t.Errorf("got %+v", got)
		}
		a.refused(t, 404, "getRoomSecret", args{"secretId": "own"})
		var infos []secretInfo
		if a.must(t, "listRoomSecrets", args{"forIdentity": "alice"}, &infos); len(infos) != 2 {
			t.Errorf("listed %+v", infos)
		}
		a.must(t, "deleteRoomSecret", args{"secretId": "own", "forIdentity": "alice"}, nil)
		alice.wantNothing(t, args{"secretId": "own"})
	},
	"a delegated secret is another one": func(t *testing.T, a *account) {
		for _, delegate := range []any{nil, "agent"} {
			a.must(t, "createRoomSecret", args{"secretId": "s", "delegatedTo": delegate, "data": blob(fmt.Sprint(delegate))}, nil)
		}
		var got managedSecret
		a.must(t, "getRoomSecret", args{"secretId": "s", "delegatedTo": "agent"}, &got)
		if string(got.Data) != "agent" || got.DelegatedTo == nil || *got.DelegatedTo != "agent" {
			t.Errorf("got %+v", got)
		}
		a.must(t, "updateRoomSecret", args{"secretId": "s", "delegatedTo": "agent", "data": blob("new")}, nil)
		a.must(t, "deleteRoomSecret", args{"secretId": "s"}, nil)
		if a.must(t, "getRoomSecret", args{"secretId": "s", "delegatedTo": "agent"}, &got); string(got.Data) != "new" {
			t.Errorf("got %+v", got)
		}
	},
	"without the right key nothing is told": func(t *testing.T, a *account) {
		a.must(t, "createRoomSecret", args{"secretId": "s", "data": blob("v")}, nil)
		for _, wrong := range []string{newKey(t).Encode(), "nonsense", a.server.token(t, "alice", a.room, admin)} {
			a.token = wrong
			a.refused(t, 401, "getRoomSecret", args{"secretId": "s"})
			a.refused(t, 401, "listRoomSecrets", args{})
		}
	},
}

func TestManagedSecrets(t *testing.T) {
	t.Parallel()
	server := serve(t)
	eachVersion(t, func(t *testing.T, sdk *sdk) {
		for name, test := range managedTests {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				test(t, sdk.account(server))
			})
		}
	})
}
