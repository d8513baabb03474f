// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomclient

import "sync"

// maxLent is the size of the largest memory that is kept to be lent again, in bytes.
const maxLent = 64 << 10

// buffers lends memory to requests. The zero value is ready to use, by any goroutine.
type buffers struct{ pool sync.Pool }

// buffer is memory for one request. It has one owner at a time.
type buffer struct {
	bytes []byte
	home  *buffers // nil: it is not to be used again
}

// lend returns an empty buffer.
func (b *buffers) lend() *buffer {
	if lent, ok := b.pool.Get().(*buffer); ok {
		return lent
	}
	return &buffer{home: b}
}

// release ends the use of a buffer. Its bytes, which may be a secret, are wiped.
func (b *buffer) release() {
	clear(b.bytes)
	if b.home != nil && cap(b.bytes) <= maxLent {
		b.bytes = b.bytes[:0]
		b.home.pool.Put(b)
	}
}
