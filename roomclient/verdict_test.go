// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomclient

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
)

func TestHandshakeStatusesAreJudged(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]verdict{
		400: {ErrInvalid, true}, 401: {ErrUnauthorized, true}, 403: {ErrForbidden, true},
		404: {ErrRoomNotFound, true}, 410: {ErrRoomNotFound, true}, 423: {ErrRoomDisabled, true},
		200: {}, 301: {}, 402: {}, 408: {}, 409: {}, 425: {}, 429: {}, 500: {}, 502: {}, 503: {}, 504: {},
	} {
		if got := statusVerdict(status); got != want {
			t.Errorf("status %d: got %+v, want %+v", status, got, want)
		}
	}
}

func TestCloseCodesAreJudged(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		code  int
		ready bool
		want  verdict
	}{
		{1000, false, verdict{ErrClosed, true}},
		{1000, true, verdict{ErrClosed, true}},
		{1008, false, verdict{ErrForbidden, true}},
		{1008, true, verdict{ErrClosed, false}},
		{1001, false, verdict{ErrClosed, false}},
		{1001, true, verdict{ErrClosed, false}},
		{1005, true, verdict{ErrClosed, false}},
		{1006, true, verdict{ErrClosed, false}},
		{1009, true, verdict{ErrClosed, false}},
		{1011, false, verdict{ErrClosed, false}},
		{1012, true, verdict{ErrClosed, false}},
		{1013, false, verdict{ErrClosed, false}},
		{4000, false, verdict{ErrClosed, false}},
		{4001, true, verdict{ErrClosed, false}},
	} {
		if got := closeVerdict(c.code, c.ready); got != c.want {
			t.Errorf("code %d, ready %v: got %+v, want %+v", c.code, c.ready, got, c.want)
		}
	}
}

func TestErrorCodesAreJudged(t *testing.T) {
	t.Parallel()
	for code, want := range map[protocol.Code]verdict{
		0: {}, 1001: {ErrForbidden, true}, 1002: {ErrInvalid, true}, 1003: {ErrUnsupported, true},
		1004: {nil, true}, 1005: {nil, true}, 1006: {nil, true}, 1007: {nil, true},
		1008: {}, 1009: {}, 7001: {},
	} {
		if got := codeVerdict(code); got != want {
			t.Errorf("code %d: got %+v, want %+v", int(code), got, want)
		}
	}
}

func TestReadErrorsAreJudged(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err  error
		kind error
		text string
	}{
		"a close frame":            {&websocket.CloseError{Code: 1011, Text: "hunter2"}, ErrClosed, "roomclient: read: connection closed: closed with code 1011"},
		"a framing violation":      {&protocol.FramingError{Reason: "why"}, ErrProtocol, "roomclient: read: protocol error: protocol: framing violation: why"},
		"a malformed header":       {fmt.Errorf("%w: why", protocol.ErrMalformed), ErrProtocol, "roomclient: read: protocol error: protocol: malformed message: why"},
		"a message beyond limits":  {fmt.Errorf("%w: hunter2", protocol.ErrTooLarge), ErrProtocol, "roomclient: read: protocol error: the room sent a message beyond MaxMessage"},
		"a packet beyond limits":   {websocket.ErrReadLimit, ErrProtocol, "roomclient: read: protocol error: the room sent a message beyond MaxMessage"},
		"silence":                  {&net.OpError{Op: "read", Net: "tcp", Err: timeout{}}, ErrClosed, "roomclient: read: connection closed: context deadline exceeded"},
		"a reset":                  {&net.OpError{Op: "read", Net: "tcp", Err: errors.New("reset")}, ErrClosed, "roomclient: read: connection closed: read tcp: reset"},
		"the end of the stream":    {io.EOF, ErrClosed, "roomclient: read: connection closed: unexpected EOF"},
		"something the peer wrote": {errors.New("malformed HTTP response: hunter2"), ErrClosed, "roomclient: read: connection closed: the peer, or a proxy on the way, does not speak WebSocket as it should"},
		"a URL":                    {&url.Error{Op: "parse", URL: "ws://h?token=hunter2", Err: io.EOF}, ErrClosed, "roomclient: read: connection closed: unexpected EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := readError(opRead, c.err)
			if !errors.Is(err, c.kind) || err.Error() != c.text {
				t.Errorf("got %q, want %v with text %q", err, c.kind, c.text)
			}
			if errors.Is(err, ErrTooLarge) || IsTerminal(err) {
				t.Errorf("%v is too large or terminal", err)
			}
		})
	}
}

type timeout struct{}

func (timeout) Error() string   { return "i/o timeout" }
func (timeout) Timeout() bool   { return true }
func (timeout) Temporary() bool { return true }

func TestServerTextIsKeptApartAndBounded(t *testing.T) {
	t.Parallel()
	err := contentError("secrets.set_secret", protocol.Error{Text: "hunter2\n\x1b[31m" + strings.Repeat("é", 300), Code: 1001})
	if strings.Contains(err.Error(), "hunter2") || strings.Contains(fmt.Sprintf("%+v", error(err)), "hunter2") {
		t.Errorf("the error shows what the server wrote: %v", err)
	}
	if got := []rune(err.Text); len(got) > maxText || !strings.HasPrefix(err.Text, "hunter2[31mé") {
		t.Errorf("text of %d characters: %q", len(got), err.Text)
	}
	response := &http.Response{StatusCode: http.StatusServiceUnavailable, Header: http.Header{"Retry-After": {"7"}}, Body: io.NopCloser(strings.NewReader(" busy \xff "))}
	busy := refused(opDial, statusVerdict(response.StatusCode), response, time.Now())
	if busy.Text != "busy" || busy.RetryAfter != 7*time.Second || busy.Status != 503 || busy.Terminal() {
		t.Errorf("got %+v", *busy)
	}
	if want := "roomclient: dial: websocket connect failed with status 503"; busy.Error() != want {
		t.Errorf("got %q, want %q", busy, want)
	}
}

func TestRetryAfterIsReadInBothForms(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for header, want := range map[string]time.Duration{
		"": 0, "7": 7 * time.Second, "0": 0, "-1": 0, "soon": 0, "1.5": 0,
		"99999999":             time.Hour,
		"99999999999999999999": 0,
		now.Add(time.Minute).Format(http.TimeFormat):  time.Minute,
		now.Add(-time.Minute).Format(http.TimeFormat): 0,
		now.AddDate(9, 0, 0).Format(http.TimeFormat):  time.Hour,
	} {
		if got := retryAfter(header, now); got != want {
			t.Errorf("%q: got %v, want %v", header, got, want)
		}
	}
}

func TestErrorsOfCallsAreNeverTerminalBecauseOfTheConnection(t *testing.T) {
	t.Parallel()
	normal := readError(opRead, &websocket.CloseError{Code: 1000})
	if !normal.Terminal() {
		t.Fatal("close code 1000 is terminal for the connection")
	}
	call := callError("secrets.exists", normal)
	if !errors.Is(call, ErrClosed) || call.Terminal() || call.CloseCode != 1000 || call.Op != "secrets.exists" {
		t.Errorf("got %+v", *call)
	}
	broken := callError("secrets.exists", readError(opRead, &protocol.FramingError{Reason: "why"}))
	if !errors.Is(broken, ErrClosed) || !errors.Is(broken, ErrProtocol) {
		t.Errorf("got %v", broken)
	}
	late := callError("secrets.exists", context.DeadlineExceeded)
	if !errors.Is(late, context.DeadlineExceeded) || errors.Is(late, ErrClosed) {
		t.Errorf("got %v", late)
	}
}
