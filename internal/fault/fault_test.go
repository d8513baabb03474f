// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package fault_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/fault"
	"github.com/roomsecrets/roomsecret-operator/roomclient"
	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
)

// serverText is what the peers of these tests say. No message may repeat it.
const serverText = "words of the server"

// checkMessage checks the laws of all messages: one sentence that says what to do or what will happen, in our words, with
// a reason of the closed set.
func checkMessage(t *testing.T, reason roomv1alpha1.Reason, message string) {
	t.Helper()
	if !slices.Contains(roomv1alpha1.Reasons(), reason) {
		t.Errorf("the reason %q is not in the closed set", reason)
	}
	if strings.Contains(message, serverText) || len(message) > 1024 || !regexp.MustCompile(`^[A-Z][^.\n]*(\.[^. \n]+[^.\n]*)*\.$`).MatchString(message) {
		t.Errorf("not one sentence of ours: %q", message)
	}
	if !regexp.MustCompile(`: |is tried again|it goes on|is being made|cause`).MatchString(message) {
		t.Errorf("does not say what to do: %q", message)
	}
}

// refusedUpgrade returns the error of a connection that was answered with a status.
func refusedUpgrade(t *testing.T, status int, header http.Header) error {
	t.Helper()
	return dial(t, func(w http.ResponseWriter, _ *http.Request) {
		maps.Copy(w.Header(), header)
		http.Error(w, serverText, status)
	})
}

// refusedStart returns the error of a connection that was closed with a code before the room was ready.
func refusedStart(t *testing.T, code int) error {
	t.Helper()
	return dial(t, func(w http.ResponseWriter, r *http.Request) {
		var upgrader websocket.Upgrader
		socket, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		defer func() { _ = socket.Close() }()
		message := websocket.FormatCloseMessage(code, serverText)
		if err := socket.WriteControl(websocket.CloseMessage, message, time.Now().Add(time.Minute)); err != nil {
			t.Error(err)
		}
		_, _, _ = socket.ReadMessage() // until the client has closed, too
	})
}

func dial(t *testing.T, handler http.HandlerFunc) error {
	t.Helper()
	server := httptest.NewServer(handler)
	defer server.Close()
	conn, err := roomclient.Dial(t.Context(), roomclient.Config{
		URL: server.URL, Room: "support", Token: roomclient.StaticToken("token"),
	})
	if err == nil {
		_ = conn.Close()
		t.Fatal("the connection was not refused")
	}
	return err
}

// answered returns the error of a request that was answered with an error content.
func answered(t *testing.T, code protocol.Code) error {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { serveError(t, w, r, code) }))
	defer server.Close()
	conn, err := roomclient.Dial(t.Context(), roomclient.Config{
		URL: server.URL, Room: "support", Token: roomclient.StaticToken("token"),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_, err = conn.Secrets().GetSecret(t.Context(), roomclient.SecretQuery{ID: "a"})
	return err
}

// serveError is a room that answers one request with an error content.
func serveError(t *testing.T, w http.ResponseWriter, r *http.Request, code protocol.Code) {
	var upgrader websocket.Upgrader
	socket, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		t.Error(err)
		return
	}
	defer func() { _ = socket.Close() }()
	send := func(id uint64, kind string, data []byte, err error) {
		if err != nil {
			t.Error(err)
		}
		for packet := range (protocol.Message{ID: id, Type: kind, Data: data}).Packets() {
			if err := socket.WriteMessage(websocket.BinaryMessage, packet); err != nil {
				t.Error(err)
			}
		}
	}
	ready, err := protocol.Pack(protocol.RoomReady{RoomName: "support", RoomURL: "ws://x/rooms/support", SessionID: "s"}, nil)
	send(1, protocol.TypeRoomReady, ready, err)
	connected, err := protocol.Pack(protocol.Connected{Type: "init", ParticipantID: "p"}, nil)
	send(2, protocol.TypeConnected, connected, err)
	var assembler protocol.Assembler
	for {
		_, packet, err := socket.ReadMessage()
		if err != nil {
			return // the client has what it wanted
		}
		request, complete, err := assembler.Add(packet)
		if err != nil {
			t.Error(err)
		}
		if complete && request.Type == protocol.TypeInvokeTool {
			answer, err := protocol.PackContent(protocol.Error{Text: serverText, Code: code})
			send(request.ID, protocol.TypeResponse, answer, err)
		}
	}
}

func TestOfRequest(t *testing.T) {
	t.Parallel()
	const (
		passing = true
		lasting = false
	)
	kind := func(kind error) func(*testing.T) error {
		return func(*testing.T) error {
			return fmt.Errorf("read: %w", &roomclient.Error{Op: "secrets.get_secret", Kind: kind, Text: serverText})
		}
	}
	code := func(code protocol.Code) func(*testing.T) error {
		return func(t *testing.T) error { return answered(t, code) }
	}
	cases := map[string]struct {
		err     func(*testing.T) error
		reason  roomv1alpha1.Reason
		passing bool
	}{
		"no connection":                   {kind(roomclient.ErrNotConnected), roomv1alpha1.ReasonRoomNotReady, passing},
		"a connection that was lost":      {kind(roomclient.ErrClosed), roomv1alpha1.ReasonRoomNotReady, passing},
		"a token that has become invalid": {kind(roomclient.ErrUnauthorized), roomv1alpha1.ReasonProgressing, passing},
		"something forbidden":             {kind(roomclient.ErrForbidden), roomv1alpha1.ReasonForbidden, lasting},
		"a value that is too large":       {kind(roomclient.ErrTooLarge), roomv1alpha1.ReasonTooLarge, lasting},
		"an operation that nobody offers": {kind(roomclient.ErrUnsupported), roomv1alpha1.ReasonUnsupported, lasting},
		"an answer that makes no sense":   {kind(roomclient.ErrProtocol), roomv1alpha1.ReasonProgressing, passing},
		"a network error":                 {kind(nil), roomv1alpha1.ReasonProgressing, passing},
		"no answer in time":               {func(*testing.T) error { return &roomclient.Error{Err: context.DeadlineExceeded} }, roomv1alpha1.ReasonProgressing, passing},
		"an end in the middle":            {func(*testing.T) error { return &roomclient.Error{Err: context.Canceled} }, roomv1alpha1.ReasonProgressing, passing},
		"a loss while waiting too long": {func(*testing.T) error {
			return &roomclient.Error{Kind: roomclient.ErrClosed, Err: context.DeadlineExceeded}
		}, roomv1alpha1.ReasonRoomNotReady, passing},
		"a session that was refused":       {func(t *testing.T) error { return errors.Join(roomclient.ErrNotConnected, refusedUpgrade(t, 403, nil)) }, roomv1alpha1.ReasonRoomNotReady, passing},
		"the code for permission denied":   {code(protocol.CodePermissionDenied), roomv1alpha1.ReasonForbidden, lasting},
		"the code for an invalid request":  {code(protocol.CodeInvalidRequest), roomv1alpha1.ReasonRejected, lasting},
		"the code for something not found": {code(protocol.CodeNotFound), roomv1alpha1.ReasonUnsupported, lasting},
		"the code for a conflict":          {code(protocol.CodeConflict), roomv1alpha1.ReasonRejected, lasting},
		"the code for a failed operation":  {code(protocol.CodeOperationFailed), roomv1alpha1.ReasonProgressing, passing},
		"the code for a timeout":           {code(protocol.CodeTimeout), roomv1alpha1.ReasonProgressing, passing},
		"a code that nobody knows":         {code(4711), roomv1alpha1.ReasonProgressing, passing},
		"an error of another package":      {func(*testing.T) error { return errors.New(serverText) }, roomv1alpha1.ReasonProgressing, passing},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := fault.OfRequest(c.err(t))
			if got.Reason != c.reason || got.Passing != c.passing {
				t.Errorf("got %+v", got)
			}
			checkMessage(t, got.Reason, got.Message)
		})
	}
}

func TestOfList(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		kind    error
		reason  roomv1alpha1.Reason
		passing bool
	}{
		"no connection":                   {roomclient.ErrNotConnected, roomv1alpha1.ReasonRoomNotReady, true},
		"a list that is too large":        {roomclient.ErrTooLarge, roomv1alpha1.ReasonTooLarge, false},
		"a list that makes no sense":      {roomclient.ErrProtocol, roomv1alpha1.ReasonRejected, false},
		"a list of another identity":      {roomclient.ErrUnsupported, roomv1alpha1.ReasonUnsupported, false},
		"a list that is forbidden":        {roomclient.ErrForbidden, roomv1alpha1.ReasonForbidden, false},
		"an error that nobody knows more": {nil, roomv1alpha1.ReasonProgressing, true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := fault.OfList(fmt.Errorf("list: %w", &roomclient.Error{Op: "secrets.list_secrets", Kind: c.kind, Text: serverText}))
			if got.Reason != c.reason || got.Passing != c.passing {
				t.Errorf("got %+v", got)
			}
			checkMessage(t, got.Reason, got.Message)
		})
	}
}

func TestOfConnection(t *testing.T) {
	t.Parallel()
	status := func(status int) func(*testing.T) error {
		return func(t *testing.T) error { return refusedUpgrade(t, status, nil) }
	}
	closed := func(code int) func(*testing.T) error {
		return func(t *testing.T) error { return refusedStart(t, code) }
	}
	paused := func(status int) func(*testing.T) error {
		return func(t *testing.T) error { return refusedUpgrade(t, status, http.Header{"Retry-After": {"7"}}) }
	}
	nothing := func(*testing.T) error { return nil }
	type verdict struct {
		Kind       fault.Kind
		Reason     roomv1alpha1.Reason
		RetryAfter time.Duration
	}
	refused := func(reason roomv1alpha1.Reason) verdict { return verdict{Kind: fault.Terminal, Reason: reason} }
	unreachable := verdict{Kind: fault.Waiting, Reason: roomv1alpha1.ReasonUnreachable}
	paused7 := verdict{fault.Waiting, roomv1alpha1.ReasonRateLimited, 7 * time.Second}
	cases := map[string]struct {
		err func(*testing.T) error
		// trying is what it means while another attempt is made or waited for, over when there will be none.
		trying, over verdict
	}{
		"nothing went wrong yet":   {nothing, verdict{Kind: fault.Waiting, Reason: roomv1alpha1.ReasonConnecting}, refused(roomv1alpha1.ReasonUnreachable)},
		"status 400":               {status(400), refused(roomv1alpha1.ReasonUnauthorized), refused(roomv1alpha1.ReasonUnauthorized)},
		"status 401":               {status(401), refused(roomv1alpha1.ReasonUnauthorized), refused(roomv1alpha1.ReasonUnauthorized)},
		"status 403":               {status(403), refused(roomv1alpha1.ReasonForbidden), refused(roomv1alpha1.ReasonForbidden)},
		"status 404":               {status(404), refused(roomv1alpha1.ReasonRoomUnknown), refused(roomv1alpha1.ReasonRoomUnknown)},
		"status 410":               {status(410), refused(roomv1alpha1.ReasonRoomUnknown), refused(roomv1alpha1.ReasonRoomUnknown)},
		"status 423":               {status(423), refused(roomv1alpha1.ReasonRoomClosed), refused(roomv1alpha1.ReasonRoomClosed)},
		"status 500":               {status(500), unreachable, refused(roomv1alpha1.ReasonUnreachable)},
		"status 429 with a delay":  {paused(429), paused7, refused(roomv1alpha1.ReasonUnreachable)},
		"status 503 with a delay":  {paused(503), paused7, refused(roomv1alpha1.ReasonUnreachable)},
		"no WebSocket":             {status(200), unreachable, refused(roomv1alpha1.ReasonUnreachable)},
		"closed for good":          {closed(websocket.CloseNormalClosure), refused(roomv1alpha1.ReasonRoomClosed), refused(roomv1alpha1.ReasonRoomClosed)},
		"closed for the client":    {closed(websocket.ClosePolicyViolation), refused(roomv1alpha1.ReasonForbidden), refused(roomv1alpha1.ReasonForbidden)},
		"closed for a while":       {closed(websocket.CloseTryAgainLater), unreachable, refused(roomv1alpha1.ReasonRoomClosed)},
		"a token cannot be signed": {func(*testing.T) error { return &roomclient.Error{Op: "token", Err: errors.New("no key")} }, unreachable, refused(roomv1alpha1.ReasonUnreachable)},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := c.err(t)
			for _, phase := range []roomclient.Phase{
				roomclient.PhaseConnecting, roomclient.PhaseWaiting, roomclient.PhaseFailed, roomclient.PhaseClosed, roomclient.PhaseConnected,
			} {
				got := fault.OfConnection(roomclient.State{Phase: phase, Err: err})
				want := c.over
				switch phase {
				case roomclient.PhaseConnected:
					if got != nil {
						t.Errorf("%s: %+v", phase, got)
					}
					continue
				case roomclient.PhaseConnecting, roomclient.PhaseWaiting:
					want = c.trying
				case roomclient.PhaseFailed, roomclient.PhaseClosed:
				}
				if diff := cmp.Diff(want, verdict{got.Kind, got.Reason, got.RetryAfter}); diff != "" {
					t.Errorf("%s (-want +got):\n%s", phase, diff)
				}
				if err != nil && !errors.Is(got, err) {
					t.Errorf("%s: the cause is lost", phase)
				}
				checkMessage(t, got.Reason, got.Message)
			}
		})
	}
}

func TestFrom(t *testing.T) {
	t.Parallel()
	if f := fault.From(nil); f != nil {
		t.Errorf("nothing is %+v", f)
	}
	cause := errors.New(serverText)
	terminal := fault.NewTerminal(roomv1alpha1.ReasonRejected, "%s is refused.", "It")
	waiting := fault.NewWaiting(roomv1alpha1.ReasonRoomNotReady, "It %s.", "waits")
	transient := fault.NewTransient(cause, roomv1alpha1.ReasonProgressing, "It is tried again.")
	for _, f := range []*fault.Fault{terminal, waiting, transient} {
		if got := fault.From(fmt.Errorf("push: %w", errors.Join(cause, f))); got != f {
			t.Errorf("got %+v instead of %+v", got, f)
		}
	}
	unknown := fault.From(cause)
	if unknown.Kind != fault.Transient || unknown.Reason != roomv1alpha1.ReasonProgressing || !errors.Is(unknown, cause) {
		t.Errorf("what nobody understands is %+v", unknown)
	}
	checkMessage(t, unknown.Reason, unknown.Message)
}

func TestFaultsAreErrorsWithTheirCause(t *testing.T) {
	t.Parallel()
	cause := errors.New("cause")
	for want, f := range map[string]*fault.Fault{
		"Rejected: Change it.":                fault.NewTerminal(roomv1alpha1.ReasonRejected, "Change it."),
		"RoomNotReady: Wait 5s.":              fault.NewWaiting(roomv1alpha1.ReasonRoomNotReady, "Wait %s.", 5*time.Second),
		"Progressing: It goes on soon: cause": fault.NewTransient(cause, roomv1alpha1.ReasonProgressing, "It goes on soon"),
	} {
		if got := f.Error(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
