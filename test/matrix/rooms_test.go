// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package matrix_test

import (
	"context"
	"net"
	"slices"
	"sync"

	"github.com/roomsecrets/roomsecret-operator/internal/roomserver"
	"github.com/roomsecrets/roomsecret-operator/internal/roomserver/store"
	"github.com/roomsecrets/roomsecret-operator/roomclient/token"
)

// roomServer is a room server. What it holds outlives a stop, and it comes back at the same address.
type roomServer struct {
	address string
	apiKey  token.APIKey
	// rows is what the server holds; watched is that as the server sees it.
	rows    store.Store
	watched *watched

	cancel context.CancelFunc
	done   chan error
}

func startRoomServer(ctx context.Context) (*roomServer, error) {
	apiKey, err := token.NewAPIKey()
	if err != nil {
		return nil, err
	}
	s := &roomServer{address: "127.0.0.1:0", apiKey: apiKey, rows: store.NewMemory(0)}
	s.watched = &watched{Store: s.rows, writes: map[string][]string{}, polls: map[string]int{}}
	return s, s.start(ctx)
}

func (s *roomServer) start(ctx context.Context) error {
	server, err := roomserver.New(roomserver.Config{APIKeys: []token.APIKey{s.apiKey}, Store: s.watched})
	if err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.address)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	s.address, s.cancel, s.done = listener.Addr().String(), cancel, make(chan error, 1)
	go func() { s.done <- server.Serve(ctx, listener) }()
	return nil
}

// stop stops the server, if it runs.
func (s *roomServer) stop() error {
	if s.cancel == nil {
		return nil
	}
	s.cancel()
	s.cancel = nil
	return <-s.done
}

// watched is a store that notes what is done to each room through the server: that is, by the operator. What a test does, it
// does to the store behind it.
type watched struct {
	store.Store

	mu     sync.Mutex
	writes map[string][]string
	polls  map[string]int
}

func (w *watched) note(room, what string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.writes[room] = append(w.writes[room], what)
}

// written returns what the operator has done to a room since it was forgotten last.
func (w *watched) written(room string) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.writes[room])
}

func (w *watched) forget(room string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.writes, room)
}

// polled returns how often the operator has read a room.
func (w *watched) polled(room string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.polls[room]
}

// Put implements store.Store.
func (w *watched) Put(ctx context.Context, row store.Row) error {
	w.note(row.Room, "write "+row.ID)
	return w.Store.Put(ctx, row)
}

// Create implements store.Store.
func (w *watched) Create(ctx context.Context, row store.Row) error {
	w.note(row.Room, "create "+row.ID)
	return w.Store.Create(ctx, row)
}

// Replace implements store.Store.
func (w *watched) Replace(ctx context.Context, row store.Row) error {
	w.note(row.Room, "replace "+row.ID)
	return w.Store.Replace(ctx, row)
}

// Delete implements store.Store.
func (w *watched) Delete(ctx context.Context, key store.Key) error {
	w.note(key.Room, "delete "+key.ID)
	return w.Store.Delete(ctx, key)
}

// List implements store.Store.
func (w *watched) List(ctx context.Context, room, owner string) ([]store.Info, error) {
	w.mu.Lock()
	w.polls[room]++
	w.mu.Unlock()
	return w.Store.List(ctx, room, owner)
}
