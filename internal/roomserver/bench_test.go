// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomserver_test

import (
	"testing"

	"github.com/roomsecrets/roomsecret-operator/internal/roomserver"
	"github.com/roomsecrets/roomsecret-operator/internal/roomserver/store"
	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
)

// BenchmarkCalls measures calls one after the other over one loopback connection.
func BenchmarkCalls(b *testing.B) {
	for name, open := range map[string]func(b *testing.B) store.Store{
		"memory": func(*testing.B) store.Store { return store.NewMemory(0) },
		"bolt": func(b *testing.B) store.Store {
			b.Helper()
			rows, err := store.OpenBolt(store.BoltConfig{Dir: b.TempDir()})
			if err != nil {
				b.Fatal(err)
			}
			return rows
		},
	} {
		b.Run(name, func(b *testing.B) {
			rows := open(b)
			b.Cleanup(func() { _ = rows.Close() })
			p := serve(b, func(c *roomserver.Config) { c.Store = rows }).dial(b, "alice", "myroom", plainGrant)
			value := string(make([]byte, 1024))
			b.Run("set 1 KiB", func(b *testing.B) {
				for b.Loop() {
					p.set(fields{"secret_id": "s"}, value)
				}
			})
			b.Run("get 1 KiB", func(b *testing.B) {
				for b.Loop() {
					p.call(protocol.ToolGetSecret, fields{"secret_id": "s"})
				}
			})
		})
	}
}
