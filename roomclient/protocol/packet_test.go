// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package protocol_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
)

type framingCase struct {
	Name        string   `json:"name"`
	ID          string   `json:"message_id_decimal"`
	Type        string   `json:"type"`
	DataLen     int      `json:"data_len"`
	DataHex     *string  `json:"data_hex"`
	PacketCount int      `json:"packet_count"`
	FramesHex   []string `json:"frames_hex"`
}

func (c framingCase) message(t *testing.T) protocol.Message {
	t.Helper()
	id, err := strconv.ParseUint(c.ID, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	data := pattern(c.DataLen)
	if c.DataHex != nil {
		data = unhex(t, *c.DataHex)
	}
	return protocol.Message{ID: id, Type: c.Type, Data: data}
}

func TestPacketsAreThoseOfTheSDK(t *testing.T) {
	t.Parallel()
	var file struct {
		Cases []framingCase `json:"cases"`
	}
	golden(t, "framing.json", &file)
	if len(file.Cases) != 9 {
		t.Fatalf("got %d vectors, want 9", len(file.Cases))
	}
	for _, c := range file.Cases {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			want := c.message(t)
			var frames []string
			for packet := range want.Packets() {
				frames = append(frames, hex.EncodeToString(packet))
			}
			if diff := cmp.Diff(c.FramesHex, frames); diff != "" {
				t.Errorf("packets (-want +got):\n%s", diff)
			}
			if got := want.PacketCount(); got != c.PacketCount+1 {
				t.Errorf("PacketCount is %d, want %d", got, c.PacketCount+1)
			}
			got := assemble(t, &protocol.Assembler{}, frames)
			if got.ID != want.ID || got.Type != want.Type || !bytes.Equal(got.Data, want.Data) {
				t.Errorf("assembled %d %q with %d bytes", got.ID, got.Type, len(got.Data))
			}
		})
	}
}

// assemble wants a message to be complete at the last of the frames and not before.
func assemble(t *testing.T, a *protocol.Assembler, frames []string) protocol.Message {
	t.Helper()
	for i, frame := range frames {
		packet := unhex(t, frame)
		msg, complete, err := a.Add(packet)
		clear(packet) // the assembler keeps nothing of it
		if err != nil {
			t.Fatal(err)
		}
		if last := i == len(frames)-1; complete != last {
			t.Fatalf("complete is %v at packet %d of %d", complete, i, len(frames))
		} else if last {
			return msg
		}
	}
	t.Fatal("no frames")
	return protocol.Message{}
}

func TestPacketsStopWhenTheConsumerDoes(t *testing.T) {
	t.Parallel()
	n := 0
	for range (protocol.Message{Data: pattern(5000)}).Packets() {
		if n++; n == 2 {
			break
		}
	}
	if n != 2 {
		t.Errorf("got %d packets, want 2", n)
	}
}

func TestAssemblerRefusesWhatBreaksTheOrder(t *testing.T) {
	t.Parallel()
	const (
		header  = "00000000000000010000000000000002" + "74" // id 1, two data packets, type "t"
		first   = "000000000000000100000001" + "aa"
		second  = "000000000000000100000002" + "bb"
		another = "00000000000000020000000000000000" + "75"
	)
	for name, c := range map[string]struct {
		frames []string
		reason string
	}{
		"an empty packet":                          {[]string{""}, "packet of 0 bytes"},
		"a packet shorter than any":                {[]string{"0000000000000001000000"}, "packet of 11 bytes"},
		"a header packet without a count":          {[]string{"000000000000000100000000"}, "header packet of 12 bytes"},
		"a data packet while idle":                 {[]string{first}, "packet index 1 where 0 was expected"},
		"a header inside a message":                {[]string{header, first, another}, "packet index 0 where 2 was expected"},
		"a packet left out":                        {[]string{header, second}, "packet index 2 where 1 was expected"},
		"a packet twice":                           {[]string{header, first, first}, "packet index 1 where 2 was expected"},
		"another id in the middle":                 {[]string{header, "000000000000000200000001aa"}, "message id changed at packet 1"},
		"a type name that is not text":             {[]string{"00000000000000010000000000000000ff"}, "type name is not UTF-8"},
		"a data packet after a message of no data": {[]string{another, first}, "packet index 1 where 0 was expected"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var a protocol.Assembler
			var err error
			for _, frame := range c.frames {
				_, _, err = a.Add(unhex(t, frame))
			}
			var framing *protocol.FramingError
			if !errors.As(err, &framing) || framing.Reason != c.reason {
				t.Fatalf("got error %v, want reason %q", err, c.reason)
			}
			if !strings.Contains(err.Error(), c.reason) {
				t.Errorf("Error() is %q", err)
			}
			// The unfinished message must not become the beginning of the next one.
			if msg := assemble(t, &a, []string{header, first, second}); !bytes.Equal(msg.Data, []byte{0xaa, 0xbb}) {
				t.Errorf("after the error a message has data %x", []byte(msg.Data))
			}
		})
	}
}

func TestAssemblerKeepsItsLimits(t *testing.T) {
	t.Parallel()
	packets := func(m protocol.Message) (frames [][]byte) {
		for p := range m.Packets() {
			frames = append(frames, slices.Clone(p))
		}
		return frames
	}
	for name, c := range map[string]struct {
		assembler protocol.Assembler
		frames    [][]byte
		tooLarge  bool
	}{
		"a message of the limit":                {protocol.Assembler{MaxMessage: 3000}, packets(protocol.Message{Data: pattern(3000)}), false},
		"a message one byte beyond":             {protocol.Assembler{MaxMessage: 3000}, packets(protocol.Message{Data: pattern(3001)}), true},
		"a message of the default limit":        {protocol.Assembler{}, packets(protocol.Message{Data: pattern(4 << 20)}), false},
		"a message beyond the default limit":    {protocol.Assembler{}, packets(protocol.Message{Data: pattern(4<<20 + 1)}), true},
		"more packets than bytes are allowed":   {protocol.Assembler{}, [][]byte{unhex(t, "0000000000000001"+"00000000"+"ffffffff")}, true},
		"a type name of the limit":              {protocol.Assembler{}, packets(protocol.Message{Type: strings.Repeat("a", 256)}), false},
		"a type name beyond":                    {protocol.Assembler{}, packets(protocol.Message{Type: strings.Repeat("a", 257)}), true},
		"a chunk beyond the limit":              {protocol.Assembler{MaxChunk: 512}, packets(protocol.Message{Data: pattern(513)}), true},
		"chunks longer than the SDKs send":      {protocol.Assembler{}, oneChunk(pattern(1 << 20)), false},
		"a chunk longer than the default limit": {protocol.Assembler{}, oneChunk(pattern(1<<20 + 1)), true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var err error
			complete := false
			for _, frame := range c.frames {
				if _, complete, err = c.assembler.Add(frame); err != nil {
					break
				}
			}
			if got := errors.Is(err, protocol.ErrTooLarge); got != c.tooLarge || complete == c.tooLarge {
				t.Errorf("complete %v, error %v; want too large: %v", complete, err, c.tooLarge)
			}
		})
	}
}

func oneChunk(data []byte) [][]byte {
	header := []byte{0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 1, 't'}
	return [][]byte{header, append([]byte{0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 1}, data...)}
}

func TestAnnouncedPacketsHoldNoMemory(t *testing.T) {
	header := unhex(t, "0000000000000001"+"00000000"+"00400000")
	allocs := testing.AllocsPerRun(100, func() {
		var a protocol.Assembler
		if _, _, err := a.Add(header); err != nil {
			t.Fatal(err)
		}
	})
	if allocs > 0 {
		t.Errorf("a header packet that announces 4 MiB allocates %v times", allocs)
	}
}

func TestAMessageBeyondTheLimitIsPassedOver(t *testing.T) {
	t.Parallel()
	a := protocol.Assembler{MaxMessage: 4096, MaxSkip: 50 << 20}
	small := protocol.Message{ID: 8, Type: "small", Data: []byte("data")}
	cases := map[string]struct {
		size    int
		skipped bool
	}{
		"as large as may be":    {4096, false},
		"one byte larger":       {4097, true},
		"fifty megabytes":       {50 << 20, true},
		"and then a small one":  {1, false},
		"nothing at all, again": {0, false},
	}
	for name, c := range cases {
		large := protocol.Message{ID: 7, Type: "large", Data: make([]byte, c.size)}
		got, err := lastOf(t, &a, large)
		if skipped := errors.Is(err, protocol.ErrTooLarge); skipped != c.skipped || got.ID != 7 || (skipped && len(got.Data) > 0) {
			t.Errorf("%s: message %d with %d bytes, %v", name, got.ID, len(got.Data), err)
		}
		if got, err := lastOf(t, &a, small); err != nil || string(got.Data) != "data" {
			t.Errorf("%s: the next message has %d bytes, %v", name, len(got.Data), err)
		}
	}
}

func TestWhatIsPassedOverHoldsNoMemory(t *testing.T) {
	var packets [][]byte
	for packet := range (protocol.Message{Data: make([]byte, 4<<20)}).Packets() {
		packets = append(packets, slices.Clone(packet))
	}
	a := protocol.Assembler{MaxMessage: 4096, MaxSkip: 4 << 20}
	allocs := testing.AllocsPerRun(10, func() {
		for _, packet := range packets {
			_, _, _ = a.Add(packet)
		}
	})
	if allocs > 10 { // as much as is within the limit, and the error
		t.Errorf("a message that is passed over allocates %v times", allocs)
	}
}

// lastOf adds all packets of a message and returns what the last of them completes.
func lastOf(t *testing.T, a *protocol.Assembler, msg protocol.Message) (last protocol.Message, err error) {
	t.Helper()
	complete := false
	for packet := range msg.Packets() {
		if complete || err != nil {
			t.Fatalf("packets are left: complete %v, %v", complete, err)
		}
		last, complete, err = a.Add(packet)
	}
	if !complete {
		t.Fatalf("not complete: %v", err)
	}
	return last, err
}

func FuzzPackets(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x01t"), uint16(17))
	f.Add(bytes.Repeat([]byte{0}, 64), uint16(16))
	f.Add(pattern(5000), uint16(1036))
	f.Fuzz(func(t *testing.T, stream []byte, size uint16) {
		neverMisbehaves(t, stream, int(size))
		comesBackWhole(t, stream, uint64(size))
	})
}

// neverMisbehaves feeds arbitrary packets: no panic, no message beyond the limit, and the
// errors are of the two kinds that are promised.
func neverMisbehaves(t *testing.T, stream []byte, size int) {
	t.Helper()
	a := protocol.Assembler{MaxMessage: 2048, MaxSkip: 4096}
	for packet := range slices.Chunk(stream, max(size, 1)) {
		msg, complete, err := a.Add(packet)
		var framing *protocol.FramingError
		switch {
		case err != nil && !errors.As(err, &framing) && !errors.Is(err, protocol.ErrTooLarge):
			t.Fatalf("unexpected error %v", err)
		case complete && len(msg.Data) > 2048:
			t.Fatalf("message of %d bytes", len(msg.Data))
		}
	}
}

// comesBackWhole sends the bytes as a message's data, cut at random places on the way as
// other SDK versions may do.
func comesBackWhole(t *testing.T, data []byte, seed uint64) {
	t.Helper()
	want := protocol.Message{ID: seed, Type: protocol.TypeResponse, Data: data}
	var a protocol.Assembler
	for packet := range want.Packets() {
		msg, complete, err := a.Add(packet)
		if err != nil {
			t.Fatal(err)
		}
		if complete && (msg.ID != want.ID || msg.Type != want.Type || !bytes.Equal(msg.Data, want.Data)) {
			t.Fatal("the message changed on its way")
		}
	}
	rnd := rand.New(rand.NewPCG(seed, 0))
	if len(data) == 0 {
		return
	}
	cut := rnd.IntN(len(data))
	for _, packet := range twoChunks(data, cut) {
		msg, complete, err := a.Add(packet)
		if err != nil {
			t.Fatal(err)
		}
		if complete && !bytes.Equal(msg.Data, data) {
			t.Fatal("the message changed when it was cut differently")
		}
	}
}

func twoChunks(data []byte, cut int) [][]byte {
	head := []byte{0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 2, 't'}
	part := func(i byte, b []byte) []byte { return append([]byte{0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, i}, b...) }
	return [][]byte{head, part(1, data[:cut]), part(2, data[cut:])}
}

func TestTheDataOfAnAnswerWithoutAValueTakesNoMemory(t *testing.T) {
	for name, content := range map[string]protocol.Content{
		"empty":          protocol.Empty{},
		"exists":         protocol.Object(protocol.ExistsResponse{Exists: true}),
		"does not exist": protocol.Object(protocol.ExistsResponse{}),
	} {
		t.Run(name, func(t *testing.T) {
			data, err := protocol.PackContent(content)
			if err != nil {
				t.Fatal(err)
			}
			message := protocol.Message{ID: 7, Type: protocol.TypeResponse, Data: data}
			packets := slices.Collect(func(yield func([]byte) bool) {
				for packet := range message.Packets() {
					yield(slices.Clone(packet))
				}
			})
			var assembler protocol.Assembler
			var got protocol.Message
			if n := testing.AllocsPerRun(100, func() {
				for _, packet := range packets {
					got, _, _ = assembler.Add(packet)
				}
			}); n != 0 {
				t.Errorf("%v allocations, want none", n)
			}
			if diff := cmp.Diff(message, got); diff != "" {
				t.Errorf("message (-sent +received):\n%s", diff)
			}
		})
	}
}
