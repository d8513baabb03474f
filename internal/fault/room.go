// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package fault

import (
	"context"
	"errors"
	"time"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/plan"
	"github.com/roomsecrets/roomsecret-operator/roomclient"
)

// OfRequest says what the error of one request to a room means for the row it was about.
func OfRequest(err error) plan.Problem {
	switch {
	case errors.Is(err, roomclient.ErrNotConnected), errors.Is(err, roomclient.ErrClosed):
		return plan.Problem{Reason: roomv1alpha1.ReasonRoomNotReady, Passing: true, Message: "The connection to the room was lost; it goes on when it is back."}
	case errors.Is(err, context.DeadlineExceeded):
		return plan.Problem{Reason: roomv1alpha1.ReasonProgressing, Passing: true, Message: "The room did not answer in time; it is tried again."}
	case errors.Is(err, roomclient.ErrForbidden):
		return plan.Problem{Reason: roomv1alpha1.ReasonForbidden, Message: "The room does not allow it: the token needs the secrets grant, and the admin grant to write for another identity."}
	case errors.Is(err, roomclient.ErrTooLarge):
		return plan.Problem{Reason: roomv1alpha1.ReasonTooLarge, Message: "The value is larger than a message of the room may be: make it smaller."}
	case errors.Is(err, roomclient.ErrUnsupported):
		return plan.Problem{Reason: roomv1alpha1.ReasonUnsupported, Message: "The room or its credential does not offer this operation: deleting what belongs to another identity needs an API key."}
	case roomclient.IsTerminal(err):
		return plan.Problem{Reason: roomv1alpha1.ReasonRejected, Message: "The room understood the request and refused it: check the id, the type and the size of the value."}
	}
	return plan.Problem{Reason: roomv1alpha1.ReasonProgressing, Passing: true, Message: "The room could not do it; it is tried again."}
}

// OfList says what it means for what is looked for that a room did not give the list of its secrets.
func OfList(err error) plan.Problem {
	switch {
	case errors.Is(err, roomclient.ErrTooLarge):
		return plan.Problem{Reason: roomv1alpha1.ReasonTooLarge, Message: "The room has more secrets than it can list in one message: ask for them by their ids, or spread them over several rooms."}
	case errors.Is(err, roomclient.ErrProtocol):
		return plan.Problem{Reason: roomv1alpha1.ReasonRejected, Message: "The list of the room's secrets makes no sense: ask for them by their ids, or mend the room service."}
	case errors.Is(err, roomclient.ErrUnsupported):
		return plan.Problem{Reason: roomv1alpha1.ReasonUnsupported, Message: "The credential of the room cannot list the room secrets of this identity: use an API key, leave out forIdentity, or use the id."}
	}
	return OfRequest(err)
}

// OfConnection says what it means that a session of a room is not connected. It returns nil when it is.
func OfConnection(state roomclient.State) *Fault {
	switch state.Phase {
	case roomclient.PhaseConnected:
		return nil
	case roomclient.PhaseFailed, roomclient.PhaseClosed:
		return ofRefusal(state.Err)
	case roomclient.PhaseConnecting, roomclient.PhaseWaiting:
	}
	if state.Err == nil {
		return &Fault{Kind: Waiting, Reason: roomv1alpha1.ReasonConnecting, Message: "The connection is being made."}
	}
	if roomclient.IsTerminal(state.Err) {
		return ofRefusal(state.Err) // it was refused, and is being tried once more
	}
	f := &Fault{
		Kind: Waiting, Reason: roomv1alpha1.ReasonUnreachable, Err: state.Err, RetryAfter: retryAfter(state.Err),
		Message: "The endpoint does not answer as a room should, or the connection was lost; it is tried again: check spec.endpoint, spec.tls and that the service runs.",
	}
	if f.RetryAfter > 0 {
		f.Reason, f.Message = roomv1alpha1.ReasonRateLimited, "The endpoint asks for a pause; it is tried again after it."
	}
	return f
}

// ofRefusal says what it means that the endpoint refused a connection for good.
func ofRefusal(err error) *Fault {
	f := &Fault{Kind: Terminal, Err: err}
	switch {
	case errors.Is(err, roomclient.ErrUnauthorized), errors.Is(err, roomclient.ErrInvalid):
		f.Reason, f.Message = roomv1alpha1.ReasonUnauthorized, "The endpoint does not accept the credential: put a valid one into the Secret that spec.auth names."
	case errors.Is(err, roomclient.ErrForbidden):
		f.Reason, f.Message = roomv1alpha1.ReasonForbidden, "The credential is not for this room: put one for it into the Secret that spec.auth names, or correct spec.roomName."
	case errors.Is(err, roomclient.ErrRoomNotFound):
		f.Reason, f.Message = roomv1alpha1.ReasonRoomUnknown, "The endpoint has no room of this name: create it there, or correct spec.roomName."
	case errors.Is(err, roomclient.ErrRoomDisabled):
		f.Reason, f.Message = roomv1alpha1.ReasonRoomClosed, "The room is switched off at the endpoint: switch it on there."
	case errors.Is(err, roomclient.ErrClosed):
		f.Reason, f.Message = roomv1alpha1.ReasonRoomClosed, "The endpoint closed the room for good: it is tried again from time to time."
	default:
		f.Reason, f.Message = roomv1alpha1.ReasonUnreachable, "The endpoint refused the connection: check spec.endpoint and spec.tls; the log of the operator has the cause."
	}
	return f
}

func retryAfter(err error) time.Duration {
	if e, ok := errors.AsType[*roomclient.Error](err); ok {
		return e.RetryAfter
	}
	return 0
}
