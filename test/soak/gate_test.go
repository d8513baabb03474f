// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package soak_test

import (
	"io"
	"net"
	"sync"
	"testing"
)

// gate passes connections on to a server, and can be closed.
type gate struct {
	listener net.Listener
	target   string

	mu     sync.Mutex
	closed bool
	conns  map[net.Conn]bool
}

func openGate(t *testing.T, target string) *gate {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := &gate{listener: listener, target: target, conns: map[net.Conn]bool{}}
	go g.serve()
	t.Cleanup(func() {
		listener.Close()
		g.cut()
	})
	return g
}

func (g *gate) address() string { return g.listener.Addr().String() }

func (g *gate) serve() {
	for {
		from, err := g.listener.Accept()
		if err != nil {
			return
		}
		go g.pass(from)
	}
}

// pass copies in both directions until one side ends.
func (g *gate) pass(from net.Conn) {
	defer g.drop(from)
	if !g.keep(from) {
		return
	}
	to, err := net.Dial("tcp", g.target)
	if err != nil {
		return
	}
	defer g.drop(to)
	if !g.keep(to) {
		return
	}
	go func() {
		defer g.drop(from)
		defer g.drop(to)
		_, _ = io.Copy(to, from) // it ends when either is closed, by whomever
	}()
	_, _ = io.Copy(from, to)
}

// keep reports whether a connection may go on, and remembers it so that it can be cut.
func (g *gate) keep(conn net.Conn) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.conns[conn] = true
	return !g.closed
}

func (g *gate) drop(conn net.Conn) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.conns, conn)
	conn.Close()
}

// cut ends all connections.
func (g *gate) cut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for conn := range g.conns {
		conn.Close()
	}
}

// close lets nothing through until the gate is opened.
func (g *gate) close() {
	g.set(true)
	g.cut()
}

func (g *gate) open() { g.set(false) }

func (g *gate) set(closed bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = closed
}
