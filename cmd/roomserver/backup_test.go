// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
)

// TestABackupOfARunningServerIsRestored goes the whole way: store, copy while running, lose everything, put the copy
// and the key in place, read.
func TestABackupOfARunningServerIsRestored(t *testing.T) {
	t.Parallel()
	keys, dir, copied := keyFile(t), filepath.Join(t.TempDir(), "rooms"), filepath.Join(t.TempDir(), "copy")
	first := start(t, "--data", dir, "--api-key-file", keys)
	jwt := mint(t, keys)
	socket := join(t, "ws://"+first.address+"/rooms/myroom?token="+jwt, websocket.Dialer{})
	call(t, socket, protocol.ToolSetSecret, protocol.Binary{Headers: []byte(`{"secret_id":"s"}`), Data: []byte("before")})
	code, stdout, stderr := execute(t, "backup", "--server", "http://"+first.address, "--api-key-file", keys, copied)
	if code != exitOK || !strings.HasPrefix(stdout, "wrote ") {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	call(t, socket, protocol.ToolSetSecret, protocol.Binary{Headers: []byte(`{"secret_id":"s"}`), Data: []byte("after")})
	first.stop()

	restored := filepath.Join(t.TempDir(), "restored")
	if err := os.Mkdir(restored, 0o700); err != nil {
		t.Fatal(err)
	}
	for from, to := range map[string]string{copied: "rooms.db", filepath.Join(dir, "seal.key"): "seal.key"} {
		if err := os.Rename(from, filepath.Join(restored, to)); err != nil {
			t.Fatal(err)
		}
	}
	second := start(t, "--data", restored, "--api-key-file", keys)
	socket = join(t, "ws://"+second.address+"/rooms/myroom?token="+jwt, websocket.Dialer{})
	got := call(t, socket, protocol.ToolGetSecret, protocol.JSON{Value: []byte(`{"secret_id":"s"}`)})
	if file, ok := got.(protocol.File); !ok || string(file.Data) != "before" {
		t.Errorf("restored: %+v", got)
	}
}

func TestABackupThatFailsLeavesNothing(t *testing.T) {
	t.Parallel()
	keys, dir := keyFile(t), t.TempDir()
	memory := start(t, "--in-memory", "--api-key-file", keys)
	file := filepath.Join(dir, "copy")
	cases := map[string]struct {
		keys, server, want string
	}{
		"nothing to copy": {keys, "http://" + memory.address, "404"},
		"a foreign key":   {keyFile(t), "http://" + memory.address, "401"},
		"no server":       {keys, "http://127.0.0.1:1", "refused"},
	}
	for name, c := range cases {
		code, stdout, stderr := execute(t, "backup", "--server", c.server, "--api-key-file", c.keys, file)
		if code != exitFailure || stdout != "" || !strings.Contains(stderr, c.want) {
			t.Errorf("%s: exit %d, %q, %s", name, code, stdout, stderr)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
