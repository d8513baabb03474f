// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"context"
	"net"
	"net/http/httptest"
	"sync"
	"testing"
	"time"
)

// distant returns the URL of a server that is so far away: what is sent arrives after a while, however much of it there is.
func distant(b *testing.B, server *httptest.Server, oneWay time.Duration) string {
	b.Helper()
	if oneWay == 0 {
		return server.URL
	}
	listener, err := (&net.ListenConfig{}).Listen(b.Context(), "tcp", "127.0.0.1:0")
	check(b, err)
	var open sync.WaitGroup
	b.Cleanup(func() {
		_ = listener.Close()
		open.Wait()
	})
	open.Go(func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			far, err := (&net.Dialer{}).DialContext(context.WithoutCancel(b.Context()), "tcp", server.Listener.Addr().String())
			if err != nil {
				_ = near.Close()
				return
			}
			open.Go(func() { carry(far, near, oneWay) })
			open.Go(func() { carry(near, far, oneWay) })
		}
	})
	return "http://" + listener.Addr().String()
}

// parcel is something on its way.
type parcel struct {
	data []byte
	due  time.Time
}

// carry carries what it reads until one of the two ends.
func carry(to, from net.Conn, oneWay time.Duration) {
	way := make(chan parcel, 1<<16)
	go func() {
		defer close(way)
		for {
			data := make([]byte, 32<<10)
			n, err := from.Read(data)
			if err != nil {
				return
			}
			way <- parcel{data[:n], time.Now().Add(oneWay)}
		}
	}()
	for p := range way {
		<-time.After(time.Until(p.due))
		if _, err := to.Write(p.data); err != nil {
			break
		}
	}
	_, _ = to.Close(), from.Close()
	for range way {
		continue // so that the reader is not left waiting
	}
}
