// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/roomsecrets/roomsecret-operator/internal/roomserver"
	"github.com/roomsecrets/roomsecret-operator/internal/roomserver/store"
	"github.com/roomsecrets/roomsecret-operator/roomclient"
)

const idleConnections = 5000

// BenchmarkIdleConnections compares what an idle connection costs a room server with what one
// costs a bare WebSocket server with the same buffers: one goroutine that reads. The clients
// are the same in both cases and in the same process, so they cancel out.
func BenchmarkIdleConnections(b *testing.B) {
	for b.Loop() {
		room, bare := roomPerConnection(b), barePerConnection(b)
		b.ReportMetric(0, "ns/op")
		b.ReportMetric((room-bare)/1024, "KiB/conn-beyond-bare")
		b.ReportMetric(room/bare, "of-bare")
	}
}

func roomPerConnection(b *testing.B) float64 {
	b.Helper()
	url, key, stop := serve(b, roomserver.Config{
		Store: store.NewMemory(0), Limits: roomserver.Limits{MaxConnections: idleConnections},
	})
	defer stop()
	signed, err := roomclient.SignedToken(key, alice(b), time.Hour)(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	return perConnection(b, url+"/rooms/myroom?token="+signed, 4) // the packets of two messages
}

func barePerConnection(b *testing.B) float64 {
	b.Helper()
	var upgrader websocket.Upgrader
	var open sync.WaitGroup
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		socket, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		open.Add(1)
		defer open.Done()
		defer func() { _ = socket.Close() }()
		for {
			if _, _, err := socket.ReadMessage(); err != nil {
				return
			}
		}
	}))
	defer server.Close()
	defer open.Wait()
	return perConnection(b, server.URL, 0)
}

// perConnection opens idle connections, reads what the server says first, and returns the bytes
// of memory that each of them takes.
func perConnection(b *testing.B, address string, packets int) float64 {
	b.Helper()
	before := memory()
	sockets := make([]*websocket.Conn, 0, idleConnections)
	defer func() {
		for _, socket := range sockets {
			_ = socket.Close()
		}
	}()
	for range idleConnections {
		socket, response, err := websocket.DefaultDialer.DialContext(b.Context(), "ws"+strings.TrimPrefix(address, "http"), nil)
		if err != nil {
			b.Fatal(err)
		}
		_ = response.Body.Close()
		sockets = append(sockets, socket)
		for range packets {
			if _, _, err := socket.ReadMessage(); err != nil {
				b.Fatal(err)
			}
		}
	}
	return float64(memory()-before) / idleConnections
}

// memory is what live objects and stacks take up.
func memory() uint64 {
	runtime.GC()
	runtime.GC() // what the first one has finalized
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapInuse + stats.StackInuse
}
