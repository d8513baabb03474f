// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomserver

import (
	"context"
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"time"
)

// faults decides when to misbehave. Nil never does.
type faults []*activeFault

type activeFault struct {
	Fault

	taken atomic.Int64
}

func newFaults(list []Fault) faults {
	all := make(faults, 0, len(list))
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

type closeError struct{ code int }

func (*closeError) Error() string { return "roomserver: a fault is to close the connection" }

// closing returns why a connection is to be closed: before it is ready when tool is empty, else instead of
// answering a call of that tool.
func (all faults) closing(tool string) error {
	if f := all.due(FaultClose, func(f Fault) bool { return f.Tool == tool }); f != nil {
		return &closeError{f.Status}
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
