// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomclient

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
)

// SecretRequest is what one participant asks another one for.
type SecretRequest struct {
	// URL says what for, such as "https://github.com"; Type is a label, usually a MIME type.
	URL, Type string
	// ParticipantID is who is asked.
	ParticipantID string
	// DelegateTo is the identity that may use the secret afterwards; empty: the one who asks.
	DelegateTo string
	// Timeout is how long the room waits for the answer, in whole seconds, rounded up.
	// 0: 300 s.
	Timeout time.Duration
}

// RequestedSecret names a secret that was obtained by asking for it.
type RequestedSecret struct{ URL, Type, DelegatedTo string }

// RequestSecret asks another participant for a secret, through the room, and waits for the
// value: as long as r.Timeout and Config.RequestTimeout together, unless the context ends
// first. The room may keep the secret and answer the next time without asking.
//
// The error has the code [protocol.CodeOperationFailed] when the other one refused, with
// the reason in Text, and [protocol.CodeTimeout] when there was no answer in time; it is
// [ErrNotFound] when the room knows no such participant.
func (s Secrets) RequestSecret(ctx context.Context, r SecretRequest) (Bytes, error) {
	if r.URL == "" || r.Type == "" || r.ParticipantID == "" {
		return nil, invalid(protocol.ToolRequestSecret, "a url, a type and a participant are required")
	}
	seconds, wait, err := waiting(protocol.ToolRequestSecret, r.Timeout)
	if err != nil {
		return nil, err
	}
	request, err := s.packed(protocol.ToolRequestSecret, protocol.Object(&protocol.RequestSecret{
		URL: r.URL, Type: r.Type, ParticipantID: r.ParticipantID,
		Timeout: &seconds, DelegateTo: protocol.Optional(r.DelegateTo),
	}), wait)
	if err != nil {
		return nil, err
	}
	answer, err := s.call(ctx, request)
	if err != nil {
		return nil, notFound(err)
	}
	file, ok := answer.File()
	if !ok {
		return nil, unexpected(protocol.ToolRequestSecret)
	}
	return file.Data, nil
}

// DeleteRequestedSecret makes the room forget a secret that was obtained by RequestSecret.
// That there is none is a success.
func (s Secrets) DeleteRequestedSecret(ctx context.Context, r RequestedSecret) error {
	if r.URL == "" || r.Type == "" {
		return invalid(protocol.ToolDeleteRequestedSecret, "a url and a type are required")
	}
	return unlessMissing(s.do(ctx, protocol.ToolDeleteRequestedSecret, protocol.Object(&protocol.DeleteRequestedSecret{
		URL: r.URL, Type: r.Type, DelegatedTo: protocol.Optional(r.DelegatedTo),
	})))
}

// ProvideSecret answers a request for a secret, from any connection of the identity that
// was asked. It returns [ErrNotFound] when no such request waits any more. The value may be
// empty but not nil.
func (s Secrets) ProvideSecret(ctx context.Context, requestID string, value Bytes) error {
	if requestID == "" || value == nil {
		return invalid(protocol.ToolProvideSecret, "a request id and secret data are required")
	}
	return s.provideSecret(ctx, &protocol.ProvideSecret{RequestID: requestID}, value)
}

// RejectSecret answers that there will be no secret, and why, which the other participant
// gets to read. It returns [ErrNotFound] when no such request waits any more.
func (s Secrets) RejectSecret(ctx context.Context, requestID, reason string) error {
	if requestID == "" || reason == "" {
		return invalid(protocol.ToolProvideSecret, "a request id and a reason are required")
	}
	return s.provideSecret(ctx, &protocol.ProvideSecret{RequestID: requestID, Error: &reason}, nil)
}

func (s Secrets) provideSecret(ctx context.Context, headers *protocol.ProvideSecret, value Bytes) error {
	return notFound(s.do(ctx, protocol.ToolProvideSecret, protocol.ObjectWithData(headers, value)))
}

// waiting is the timeout member of a request and how long that is.
func waiting(tool string, timeout time.Duration) (seconds int, wait time.Duration, err error) {
	if timeout < 0 {
		return 0, 0, invalid(tool, "the timeout must not be negative")
	}
	if timeout == 0 {
		timeout = protocol.DefaultRequestTimeout
	}
	seconds = int(min(math.Ceil(timeout.Seconds()), math.MaxInt32))
	return seconds, protocol.RequestTimeout(&seconds), nil
}

// notFound gives the code its meaning in tools that concern another participant or what
// waits for one: they have no other way to say that there is none.
func notFound(err error) error {
	e, ok := errors.AsType[*Error](err)
	if !ok || e.Code != protocol.CodeNotFound {
		return err
	}
	missing := *e
	missing.Kind = ErrNotFound
	return &missing
}
