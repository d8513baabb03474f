// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

// Package fault says what an error means to a reconciler: whether a person, a change elsewhere, or just time will mend
// it, which reason and message the status gets, and when to try again.
package fault

import (
	"errors"
	"fmt"
	"time"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
)

// Kind says what will mend a fault.
type Kind int

const (
	// Terminal means that only a change by a person can help. The object is Stalled and is not tried again by itself.
	Terminal Kind = iota + 1
	// Waiting means that a change elsewhere, which a watch reports, will help.
	Waiting
	// Transient means that trying again, with back-off, will probably help.
	Transient
)

// Fault is an error with its meaning. Message is shown to users: it holds no value, no token and no text of the room.
type Fault struct { //nolint:errname // it is what a fault is called all over the house: fault.Fault
	// Kind says what will mend it.
	Kind Kind
	// Reason is the reason of the condition.
	Reason roomv1alpha1.Reason
	// Message tells what to do.
	Message string
	// RetryAfter is how long the peer asked us to wait; zero when it did not.
	RetryAfter time.Duration
	// Err is the cause, for logs; it may be nil.
	Err error
}

// Error implements error.
func (f *Fault) Error() string {
	if f.Err == nil {
		return fmt.Sprintf("%s: %s", f.Reason, f.Message)
	}
	return fmt.Sprintf("%s: %s: %v", f.Reason, f.Message, f.Err)
}

// Unwrap returns the cause.
func (f *Fault) Unwrap() error { return f.Err }

// NewTerminal returns a fault that only a person can mend.
func NewTerminal(reason roomv1alpha1.Reason, format string, args ...any) *Fault {
	return &Fault{Kind: Terminal, Reason: reason, Message: fmt.Sprintf(format, args...)}
}

// NewWaiting returns a fault that a change elsewhere will mend.
func NewWaiting(reason roomv1alpha1.Reason, format string, args ...any) *Fault {
	return &Fault{Kind: Waiting, Reason: reason, Message: fmt.Sprintf(format, args...)}
}

// NewTransient returns a fault that time will probably mend.
func NewTransient(err error, reason roomv1alpha1.Reason, format string, args ...any) *Fault {
	return &Fault{Kind: Transient, Reason: reason, Message: fmt.Sprintf(format, args...), Err: err}
}

// From returns the fault in an error's chain. An error without one is transient: what nobody understands is tried again.
func From(err error) *Fault {
	if err == nil {
		return nil
	}
	if f, ok := errors.AsType[*Fault](err); ok {
		return f
	}
	return NewTransient(err, roomv1alpha1.ReasonProgressing, "The last attempt failed and is tried again; the log of the operator has the cause.")
}

// Known reports whether there is a fault in an error's chain, so that it is known what it means.
func Known(err error) bool {
	_, known := errors.AsType[*Fault](err)
	return known
}
