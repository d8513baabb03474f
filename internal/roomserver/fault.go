// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomserver

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
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
	return err
}

func (f Fault) validate() error {
	switch {
	case !slices.Contains([]FaultKind{FaultRefuse, FaultDelay, FaultDrop, FaultClose}, f.Kind):
		return fmt.Errorf("roomserver: unknown fault %q", f.Kind)
	case f.Kind == FaultRefuse && (f.Status < 400 || f.Status > 599):
		return fmt.Errorf("roomserver: fault refuse: %d is no HTTP status of an error", f.Status)
	case f.Kind == FaultRefuse && f.Tool != "":
		return errors.New("roomserver: fault refuse: nobody uses a tool before joining")
	case f.Kind == FaultClose && (f.Status < websocket.CloseNormalClosure || f.Status > 4999 ||
		len(websocket.FormatCloseMessage(f.Status, "")) == 0 || reserved(f.Status)):
		return fmt.Errorf("roomserver: fault close: %d is no close code that can be sent", f.Status)
	case f.Kind == FaultDelay && f.Delay <= 0:
		return errors.New("roomserver: fault delay: the delay must be more than nothing")
	case !(f.Rate >= 0 && f.Rate <= 1): // not a number is neither
		return errors.New("roomserver: a fault's rate is between 0 and 1")
	case f.Times < 0:
		return errors.New("roomserver: a fault's times cannot be negative")
	default:
		return nil
	}
}

// reserved tells the close codes that must not be on the wire.
func reserved(code int) bool {
	return slices.Contains([]int{1004, websocket.CloseNoStatusReceived, websocket.CloseAbnormalClosure, websocket.CloseTLSHandshake}, code)
}

// faults decides when to misbehave. Nil never does.
type faults []*activeFault

type activeFault struct {
	Fault

	taken atomic.Int64
}

func newFaults(list []Fault) faults {
	var all faults
	for _, f := range list {
		if f.Rate == 0 {
			f.Rate = 1
		}
		all = append(all, &activeFault{Fault: f})
	}
	return all
}

// due returns the first fault of a kind that takes this occasion.
func (all faults) due(kind FaultKind, matches func(Fault) bool) *activeFault {
	for _, f := range all {
		if f.Kind == kind && matches(f.Fault) && f.takes() {
			return f
		}
	}
	return nil
}

func (f *activeFault) takes() bool {
	if f.Rate < 1 && rand.Float64() >= f.Rate { //nolint:gosec // chance, not secrecy
		return false
	}
	return f.Times == 0 || f.taken.Add(1) <= int64(f.Times)
}

// refusing returns why a handshake is to be refused.
func (all faults) refusing() error {
	if f := all.due(FaultRefuse, func(Fault) bool { return true }); f != nil {
		return &refusal{f.Status, http.StatusText(f.Status) + " (a fault injected for a test)"}
	}
	return nil
}

type closeFault struct{ code int }

func (*closeFault) Error() string { return "roomserver: a fault is to close the connection" }

// closing returns why a connection is to be closed: before it is ready when tool is empty, else instead of
// answering a call of that tool.
func (all faults) closing(tool string) error {
	if f := all.due(FaultClose, func(f Fault) bool { return f.Tool == tool }); f != nil {
		return &closeFault{f.Status}
	}
	return nil
}

// delaying waits as long as the answer to a call of a tool is to be held back.
func (all faults) delaying(ctx context.Context, tool string) error {
	f := all.due(FaultDelay, func(f Fault) bool { return f.Tool == "" || f.Tool == tool })
	if f == nil {
		return nil
	}
	timer := time.NewTimer(f.Delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// dropping tells whether the answer to a call of a tool is to be lost.
func (all faults) dropping(tool string) bool {
	return all.due(FaultDrop, func(f Fault) bool { return f.Tool == "" || f.Tool == tool }) != nil
}
