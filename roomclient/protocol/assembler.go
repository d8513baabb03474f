// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package protocol

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"
)

// Defaults of an [Assembler]'s limits, in bytes.
const (
	DefaultMaxMessage  = 4 << 20
	DefaultMaxChunk    = 1 << 20
	DefaultMaxTypeName = 256
)

// ErrTooLarge is returned for a message, packet or type name beyond the limits.
var ErrTooLarge = errors.New("protocol: message too large")

// FramingError says how a peer broke the order of packets. Nothing the peer sent is
// quoted. The connection is of no use afterwards: close it with status 1002.
type FramingError struct{ Reason string }

// Error implements error.
func (e *FramingError) Error() string { return "protocol: framing violation: " + e.Reason }

func violation(format string, args ...any) error {
	return &FramingError{Reason: fmt.Sprintf(format, args...)}
}

// Assembler puts packets together again: one state machine a connection, because
// messages are never interleaved (room protocol, section 1.4). The zero value is
// ready to use. It is not safe for concurrent use: the reader owns it.
type Assembler struct {
	// MaxMessage is the most data bytes of a message; 0 means DefaultMaxMessage.
	MaxMessage int
	// MaxChunk is the most data bytes of a packet; 0 means DefaultMaxChunk. It is
	// larger than what we send because receivers accept whatever length arrives.
	MaxChunk int
	// MaxType is the longest type name in bytes; 0 means DefaultMaxTypeName.
	MaxType int
	// MaxSkip is the most data bytes of a message beyond MaxMessage that is passed over instead of being an error
	// that ends the connection; 0 means that none is.
	MaxSkip int

	msg  Message
	want uint32 // data packets of the message under way; 0: idle
	next uint32 // index of the packet expected next
	// skipped counts the data bytes of the message under way that are not kept, once it is being passed over.
	skipped int

	// usual answers are most of what arrives: all messages that are one share its memory.
	usual [][]byte
}

// Add takes the next packet. complete tells that msg is whole; its memory is then
// the caller's, to read. The packet's own memory is not kept. Errors are a [*FramingError] or
// [ErrTooLarge]; after an error the unfinished message is forgotten. An ErrTooLarge of a complete message
// says that it has been passed over and is without its data; more messages can follow.
func (a *Assembler) Add(packet []byte) (msg Message, complete bool, err error) {
	if err := a.add(packet); err != nil {
		a.reset()
		return Message{}, false, err
	}
	if a.next <= a.want {
		return Message{}, false, nil
	}
	msg = a.msg
	if a.skipped > 0 {
		err = fmt.Errorf("%w: %d data bytes", ErrTooLarge, a.skipped)
	}
	a.reset()
	return msg, true, err
}

func (a *Assembler) reset() { a.msg, a.want, a.next, a.skipped = Message{}, 0, 0, 0 }

func (a *Assembler) add(packet []byte) error {
	if len(packet) < dataPacketSize {
		return violation("packet of %d bytes", len(packet))
	}
	id := binary.BigEndian.Uint64(packet)
	index := binary.BigEndian.Uint32(packet[8:])
	switch {
	case index != a.next:
		return violation("packet index %d where %d was expected", index, a.next)
	case index == 0:
		return a.begin(id, packet)
	case id != a.msg.ID:
		return violation("message id changed at packet %d", index)
	default:
		return a.extend(packet[dataPacketSize:])
	}
}

func (a *Assembler) begin(id uint64, packet []byte) error {
	if len(packet) < headerPacketSize {
		return violation("header packet of %d bytes", len(packet))
	}
	count := binary.BigEndian.Uint32(packet[12:])
	name := packet[headerPacketSize:]
	switch {
	case len(name) > limit(a.MaxType, DefaultMaxTypeName):
		return fmt.Errorf("%w: type name of %d bytes", ErrTooLarge, len(name))
	case !utf8.Valid(name):
		return violation("type name is not UTF-8")
	case int64(count) > int64(max(limit(a.MaxMessage, DefaultMaxMessage), a.MaxSkip)):
		// Even packets of one byte would go beyond the limit.
		return fmt.Errorf("%w: %d packets announced", ErrTooLarge, count)
	}
	a.msg = Message{ID: id, Type: typeName(name)}
	a.want, a.next = count, 1
	return nil
}

// extend grows the message by what arrived and never by what was announced, so that
// a header alone holds no memory.
func (a *Assembler) extend(chunk []byte) error {
	if len(chunk) > limit(a.MaxChunk, DefaultMaxChunk) {
		return fmt.Errorf("%w: packet of %d data bytes", ErrTooLarge, len(chunk))
	}
	if a.skipped > 0 || len(a.msg.Data)+len(chunk) > limit(a.MaxMessage, DefaultMaxMessage) {
		return a.skip(len(chunk))
	}
	a.next++
	if a.want == 1 && a.msg.Type == TypeResponse {
		if a.msg.Data = a.interned(chunk); a.msg.Data != nil {
			return nil
		}
	}
	if len(a.msg.Data)+len(chunk) > cap(a.msg.Data) {
		a.grow(len(chunk))
	}
	a.msg.Data = append(a.msg.Data, chunk...)
	return nil
}

// skip passes over the message under way, which is too large, or gives it up.
func (a *Assembler) skip(chunk int) error {
	a.skipped += len(a.msg.Data) + chunk
	a.msg.Data = nil
	if a.skipped > a.MaxSkip {
		return fmt.Errorf("%w: more than %d data bytes", ErrTooLarge, max(limit(a.MaxMessage, DefaultMaxMessage), a.MaxSkip))
	}
	a.next++
	return nil
}

// interned returns the usual data that equals chunk, or nil.
func (a *Assembler) interned(chunk []byte) []byte {
	if a.usual == nil {
		a.usual = usualAnswers()
	}
	for _, data := range a.usual {
		if bytes.Equal(chunk, data) {
			return data
		}
	}
	return nil
}

// usualAnswers returns the data of the answers that carry no value.
func usualAnswers() [][]byte {
	var usual [][]byte
	for _, answer := range []Content{Empty{}, Object(ExistsResponse{Exists: true}), Object(ExistsResponse{})} {
		if data, err := PackContent(answer); err == nil {
			usual = append(usual, slices.Clip(data))
		}
	}
	return usual
}

// grow makes room for a chunk and for as much again as has come already, but not for more
// than is announced.
func (a *Assembler) grow(chunk int) {
	announced := chunk * int(a.want-a.next+2)
	room := min(max(chunk, len(a.msg.Data)), announced)
	a.msg.Data = append(make([]byte, 0, len(a.msg.Data)+max(room, chunk)), a.msg.Data...)
}

// typeName returns the constant for the names that arrive all the time, which saves
// an allocation a message.
func typeName(name []byte) string {
	switch string(name) {
	case TypeResponse:
		return TypeResponse
	case TypeInvokeTool:
		return TypeInvokeTool
	default:
		return string(name)
	}
}

func limit(configured, standard int) int {
	if configured > 0 {
		return configured
	}
	return standard
}
