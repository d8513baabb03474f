// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomserver

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gorilla/websocket"
)

// FaultKind is a way to misbehave.
type FaultKind string

// What a server can be told to do wrong.
const (
	// FaultRefuse answers requests to join with Status.
	FaultRefuse FaultKind = "refuse"
	// FaultDelay holds back the answer to a call by Delay.
	FaultDelay FaultKind = "delay"
	// FaultDrop carries out a call and never answers it.
	FaultDrop FaultKind = "drop"
	// FaultClose ends the connection with Status as close code: instead of answering a call of Tool, or, without
	// Tool, before the room is ready.
	FaultClose FaultKind = "close"
)

// Fault makes a server misbehave, for tests of clients.
type Fault struct {
	Kind FaultKind
	// Status is an HTTP status or a close code.
	Status int
	// Delay is for FaultDelay.
	Delay time.Duration
	// Tool is the one tool whose calls are affected; empty: all, except for FaultClose.
	Tool string
	// Rate is how many of the occasions are taken, from 0 to 1. 0 means 1: all.
	Rate float64
	// Times is how many occasions are taken at most. 0: no limit.
	Times int
}

// ParseFault reads the text form: kind=value, followed by any of tool=NAME, rate=0.5 and times=3, all separated by
// commas. The kinds are refuse=503, delay=200ms, drop=get_secret, where * stands for all tools, and close=1013.
func ParseFault(text string) (Fault, error) {
	var f Fault
	for i, part := range strings.Split(text, ",") {
		name, value, _ := strings.Cut(part, "=")
		err := f.set(i == 0, name, value)
		if err != nil {
			return Fault{}, fmt.Errorf("fault %q: %w", text, err)
		}
	}
	return f, f.validate()
}

func (f *Fault) set(first bool, name, value string) (err error) {
	switch kind := FaultKind(name); {
	case first && (kind == FaultRefuse || kind == FaultClose):
		f.Kind = kind
		f.Status, err = strconv.Atoi(value)
	case first && kind == FaultDelay:
		f.Kind = kind
		f.Delay, err = time.ParseDuration(value)
	case first && kind == FaultDrop:
		f.Kind, f.Tool = kind, strings.TrimSuffix(value, "*")
	case first:
		err = errors.New("begin with refuse=STATUS, delay=DURATION, drop=TOOL or close=CODE")
	case name == "tool":
		f.Tool = value
	case name == "rate":
		f.Rate, err = strconv.ParseFloat(value, 64)
	case name == "times":
		f.Times, err = strconv.Atoi(value)
	default:
		err = errors.New("the options are tool=NAME, rate=0.5 and times=3")
	}
	if _, is := errors.AsType[*strconv.NumError](err); is {
		return fmt.Errorf("%s: %q is not a number that fits", name, value)
	}
	return err
}

func (f Fault) validate() error {
	switch {
	case !(f.Rate >= 0 && f.Rate <= 1): // not a number is neither
		return errors.New("roomserver: a fault's rate is between 0 and 1")
	case f.Times < 0:
		return errors.New("roomserver: a fault's times cannot be negative")
	}
	switch f.Kind {
	case FaultRefuse:
		return f.validateRefuse()
	case FaultClose:
		if !sendable(f.Status) {
			return fmt.Errorf("roomserver: fault close: %d is no close code that can be sent", f.Status)
		}
	case FaultDelay:
		if f.Delay <= 0 {
			return errors.New("roomserver: fault delay: the delay must be more than nothing")
		}
	case FaultDrop:
	default:
		return fmt.Errorf("roomserver: unknown fault %q", f.Kind)
	}
	return nil
}

func (f Fault) validateRefuse() error {
	if f.Status < 400 || f.Status > 599 {
		return fmt.Errorf("roomserver: fault refuse: %d is no HTTP status of an error, from 400 to 599", f.Status)
	}
	if f.Tool != "" {
		return errors.New("roomserver: fault refuse: nobody uses a tool before joining")
	}
	return nil
}

// sendable tells the close codes that may be on the wire.
func sendable(code int) bool {
	const reserved = 1004
	return code >= websocket.CloseNormalClosure && code <= 4999 && !slices.Contains([]int{
		reserved, websocket.CloseNoStatusReceived, websocket.CloseAbnormalClosure, websocket.CloseTLSHandshake,
	}, code)
}
