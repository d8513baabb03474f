// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomclient

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/gorilla/websocket"

	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
)

// verdict is what a number of the peer means to us: the kind of error, and whether
// trying again is pointless. What is in none of the tables is temporary and has no kind,
// as the SDKs retry whatever they do not know.
type verdict struct {
	kind     error
	terminal bool
}

// statusVerdict judges the HTTP status of a refused upgrade. The SDKs retry 401 and 423
// for ever; we do not, because nothing changes by itself (room protocol, section 1.7).
func statusVerdict(status int) verdict {
	switch status {
	case http.StatusBadRequest:
		return verdict{ErrInvalid, true}
	case http.StatusUnauthorized:
		return verdict{ErrUnauthorized, true}
	case http.StatusForbidden:
		return verdict{ErrForbidden, true}
	case http.StatusNotFound, http.StatusGone:
		return verdict{ErrRoomNotFound, true}
	case http.StatusLocked:
		return verdict{ErrRoomDisabled, true}
	default:
		return verdict{}
	}
}

// restVerdict judges the HTTP status of a refused REST call, which says more about the call.
func restVerdict(status int) verdict {
	switch status {
	case http.StatusRequestEntityTooLarge:
		return verdict{ErrTooLarge, true}
	case http.StatusConflict, http.StatusUnprocessableEntity:
		return verdict{nil, true}
	default:
		return statusVerdict(status)
	}
}

// closeVerdict judges the close code that ended a connection. 1000 tells every client to
// stop. 1008 before the room is ready is how a server refuses a client it has already
// upgraded, the same as status 403; once ready it is retried, because a fresh token may
// be all that is needed, and if it is not the next attempt is refused.
func closeVerdict(code int, ready bool) verdict {
	switch {
	case code == websocket.CloseNormalClosure:
		return verdict{ErrClosed, true}
	case code == websocket.ClosePolicyViolation && !ready:
		return verdict{ErrForbidden, true}
	default:
		return verdict{ErrClosed, false}
	}
}

// codeVerdict judges the code of an error content. Errors without a code and codes we do
// not know are temporary: there is nothing to conclude from them.
func codeVerdict(code protocol.Code) verdict {
	switch code {
	case protocol.CodePermissionDenied:
		return verdict{ErrForbidden, true}
	case protocol.CodeInvalidRequest:
		return verdict{ErrInvalid, true}
	case protocol.CodeNotFound:
		return verdict{ErrUnsupported, true}
	case protocol.CodeAlreadyExists, protocol.CodeConflict,
		protocol.CodeInvalidState, protocol.CodeDependencyMissing:
		return verdict{nil, true}
	default: // CodeOperationFailed and CodeTimeout among them
		return verdict{}
	}
}

// refused makes the error of a request that was answered with something else than wanted.
func refused(op string, v verdict, response *http.Response, now time.Time) *Error {
	body, _ := io.ReadAll(io.LimitReader(response.Body, maxText*4))
	return &Error{
		Op: op, Kind: v.kind, Status: response.StatusCode, terminal: v.terminal,
		RetryAfter: retryAfter(response.Header.Get("Retry-After"), now),
		Text:       printable(string(body)),
	}
}

// contentError makes the error of an error content.
func contentError(op string, content protocol.Error) *Error {
	v := codeVerdict(content.Code)
	return &Error{Op: op, Kind: v.kind, Code: content.Code, Text: printable(content.Text), terminal: v.terminal}
}

// readError makes the error of a connection that cannot be read any more; op is opStart
// while the room is not ready.
func readError(op string, err error) *Error {
	if closed, ok := errors.AsType[*websocket.CloseError](err); ok {
		v := closeVerdict(closed.Code, op != opStart)
		return &Error{Op: op, Kind: v.kind, CloseCode: closed.Code, Text: printable(closed.Text), terminal: v.terminal}
	}
	framing, isFraming := errors.AsType[*protocol.FramingError](err)
	switch {
	case isFraming:
		return &Error{Op: op, Kind: ErrProtocol, Err: framing}
	case errors.Is(err, protocol.ErrMalformed):
		return &Error{Op: op, Kind: ErrProtocol, Err: err}
	case errors.Is(err, protocol.ErrTooLarge), errors.Is(err, websocket.ErrReadLimit):
		// Not ErrTooLarge: the calls that end with the connection were not.
		return &Error{Op: op, Kind: ErrProtocol, Err: errors.New("the room sent a message beyond MaxMessage")}
	default:
		return &Error{Op: op, Kind: ErrClosed, Err: safeCause(err, errNoWebSocket)}
	}
}

// safeCause keeps causes whose text is the system's own. Others, of a peer that is no
// WebSocket server for instance, quote what they received, which may be our request; they
// become the other error.
func safeCause(err, other error) error {
	err = withoutURL(err)
	operation, isOperation := errors.AsType[*net.OpError](err)
	certificate, isCertificate := errors.AsType[*tls.CertificateVerificationError](err)
	switch {
	case errors.Is(err, context.Canceled):
		return context.Canceled
	case errors.Is(err, context.DeadlineExceeded), isTimeout(err):
		return context.DeadlineExceeded
	case isOperation:
		return operation
	case isCertificate:
		return certificate
	case isX509(err):
		return err
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return io.ErrUnexpectedEOF
	default:
		return other
	}
}

var errNoWebSocket = errors.New("the peer, or a proxy on the way, does not speak WebSocket as it should")

func isTimeout(err error) bool {
	timeout, ok := errors.AsType[net.Error](err)
	return ok && timeout.Timeout()
}

func isX509(err error) bool {
	_, authority := errors.AsType[x509.UnknownAuthorityError](err)
	_, hostname := errors.AsType[x509.HostnameError](err)
	_, invalid := errors.AsType[x509.CertificateInvalidError](err)
	_, record := errors.AsType[tls.RecordHeaderError](err)
	return authority || hostname || invalid || record
}

const (
	// maxText is the most of the server's own words that an Error keeps, in characters.
	maxText = 200
	// maxRetryAfter bounds what a server may ask for: one that asks for a year is broken.
	maxRetryAfter = time.Hour
)

func printable(text string) string {
	count := 0
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if count++; count > maxText || r == unicode.ReplacementChar || !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, text))
}

// retryAfter reads both forms of the header, seconds and a date; 0 when there is none.
func retryAfter(header string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(header, 10, 31); err == nil {
		return min(time.Duration(seconds)*time.Second, maxRetryAfter)
	}
	date, err := http.ParseTime(header)
	if err != nil {
		return 0
	}
	return min(max(date.Sub(now), 0), maxRetryAfter)
}

// interrupted makes the error of what ended with its context.
func interrupted(ctx context.Context, op string) *Error {
	return &Error{Op: op, Err: cmp.Or(ctx.Err(), context.DeadlineExceeded)}
}

// callError says what the end of the connection, or of the caller's patience, means to a
// call. It is never terminal: whether to connect again is the session's matter.
func callError(op string, err error) *Error {
	ended, ok := errors.AsType[*Error](err)
	switch {
	case errors.Is(err, errAnswerTooLarge):
		return &Error{Op: op, Kind: ErrTooLarge, Err: err, terminal: true}
	case !ok:
		return &Error{Op: op, Err: err}
	case errors.Is(ended.Kind, ErrClosed):
		closed := *ended
		closed.Op, closed.terminal = op, false
		return &closed
	default:
		return &Error{Op: op, Kind: ErrClosed, Err: ended}
	}
}
