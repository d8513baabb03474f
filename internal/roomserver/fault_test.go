// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomserver_test

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"

	"github.com/roomsecrets/roomsecret-operator/internal/roomserver"
	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
)

// faulty is a server with the faults written as on the command line.
func faulty(t *testing.T, texts ...string) *service {
	t.Helper()
	return serve(t, func(c *roomserver.Config) {
		for _, text := range texts {
			fault, err := roomserver.ParseFault(text)
			if err != nil {
				t.Fatal(err)
			}
			c.Faults = append(c.Faults, fault)
		}
	})
}

func TestFaultRefuse(t *testing.T) {
	t.Parallel()
	s := faulty(t, "refuse=503,times=2")
	address := s.roomURL("myroom", s.token(t, "alice", "myroom", plainGrant))
	for i, want := range []int{503, 503, 101} {
		if got := handshake(t, address, nil); got.status != want {
			t.Errorf("attempt %d: status %d, want %d", i, got.status, want)
		}
	}
}

func TestFaultRefuseSometimes(t *testing.T) {
	t.Parallel()
	s := faulty(t, "refuse=429,rate=0.5")
	address := s.roomURL("myroom", s.token(t, "alice", "myroom", plainGrant))
	seen := map[int]bool{}
	for range 60 { // all alike: one chance in 2^59
		seen[handshake(t, address, nil).status] = true
	}
	if !seen[429] || !seen[101] || len(seen) != 2 {
		t.Errorf("statuses %v", seen)
	}
}

func TestFaultDelay(t *testing.T) {
	t.Parallel()
	p := faulty(t, "delay=100ms,tool=get_secret").dial(t, "alice", "myroom", plainGrant)
	began := time.Now()
	wantEmpty(t, p.call(protocol.ToolGetSecret, fields{"secret_id": "s"}))
	if took := time.Since(began); took < 100*time.Millisecond {
		t.Errorf("answered after %v", took)
	}
	p.listed()
}

func TestFaultDrop(t *testing.T) {
	t.Parallel()
	p := faulty(t, "drop=set_secret,times=1").dial(t, "alice", "myroom", plainGrant)
	p.begin(protocol.ToolSetSecret, protocol.Binary{Headers: fields{"secret_id": "s"}.json(t).Value, Data: []byte("v")})
	wantFile(t, p.call(protocol.ToolGetSecret, fields{"secret_id": "s"}), "s", octets, "v") // carried out, not answered
	wantEmpty(t, p.set(fields{"secret_id": "s"}, "w"))
}

func TestFaultClose(t *testing.T) {
	t.Parallel()
	s := faulty(t, "close=1013,times=1", "close=4001,tool=list_secrets")
	address := s.roomURL("myroom", s.token(t, "alice", "myroom", plainGrant))
	socket, response, err := websocket.DefaultDialer.DialContext(t.Context(), address, nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	t.Cleanup(func() { _ = socket.Close() })
	if _, _, err := socket.ReadMessage(); !websocket.IsCloseError(err, websocket.CloseTryAgainLater) {
		t.Errorf("before the room is ready: %v", err)
	}
	p := s.dial(t, "alice", "myroom", plainGrant)
	wantEmpty(t, p.set(fields{"secret_id": "s"}, "v"))
	p.begin(protocol.ToolListSecrets, fields{}.json(t))
	if code := p.closed(); code != 4001 {
		t.Errorf("close code %d", code)
	}
	s.eventually(t, `roomserver_disconnects_total{reason="fault"} 2`)
}

func TestFaultsAreAnnounced(t *testing.T) {
	t.Parallel()
	var log locked
	serve(t, func(c *roomserver.Config) {
		c.Logger = slog.New(slog.NewTextHandler(&log, nil))
		c.Faults = []roomserver.Fault{{Kind: roomserver.FaultDrop}}
	})
	if text := log.String(); !strings.Contains(text, "level=WARN") || !strings.Contains(text, "MISBEHAVES") {
		t.Errorf("the log says %q", text)
	}
}

func TestFaultsAreWrittenAsText(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		want roomserver.Fault
		fail string
	}{
		"refuse=503":                     {want: roomserver.Fault{Kind: roomserver.FaultRefuse, Status: 503}},
		"delay=1m,tool=exists,rate=0.25": {want: roomserver.Fault{Kind: roomserver.FaultDelay, Delay: time.Minute, Tool: "exists", Rate: 0.25}},
		"drop=*":                         {want: roomserver.Fault{Kind: roomserver.FaultDrop}},
		"drop=get_secret,times=3":        {want: roomserver.Fault{Kind: roomserver.FaultDrop, Tool: "get_secret", Times: 3}},
		"close=1013":                     {want: roomserver.Fault{Kind: roomserver.FaultClose, Status: 1013}},
		"":                               {fail: "begin with refuse=STATUS"},
		"sulk=1":                         {fail: "begin with refuse=STATUS"},
		"rate=0.5,drop=x":                {fail: "begin with refuse=STATUS"},
		"drop=x,delay=1s":                {fail: "the options are"},
		"refuse=ok":                      {fail: `"ok" is not a number that fits`},
		"refuse=200":                     {fail: "no HTTP status of an error, from 400 to 599"},
		"refuse=503,tool=x":              {fail: "before joining"},
		"close=999":                      {fail: "no close code"},
		"close=1006":                     {fail: "no close code"},
		"close=5000":                     {fail: "no close code"},
		"delay=0s":                       {fail: "more than nothing"},
		"delay=-1s":                      {fail: "more than nothing"},
		"drop=x,rate=2":                  {fail: "between 0 and 1"},
		"drop=x,rate=NaN":                {fail: "between 0 and 1"},
		"drop=x,times=-1":                {fail: "negative"},
	}
	for text, c := range cases {
		got, err := roomserver.ParseFault(text)
		switch {
		case c.fail != "":
			if err == nil || !strings.Contains(err.Error(), c.fail) {
				t.Errorf("%q: error %v does not say %q", text, err, c.fail)
			}
		case err != nil || !cmp.Equal(got, c.want):
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
}
