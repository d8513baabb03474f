// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomctl

import (
	"fmt"
	"sync"
	"time"

	"k8s.io/cli-runtime/pkg/printers"
)

const (
	spinnerDelay = 300 * time.Millisecond // what is done by then needs no explanation
	spinnerPace  = 100 * time.Millisecond
	eraseLine    = "\r\x1b[2K"
)

// spin shows that something takes its time, if standard error is a terminal, until the function that it returns is
// called. That may be done more than once.
func (a *app) spin(doing string) (stop func()) {
	if !isTerminal(a.ErrOut) || a.Getenv("TERM") == "dumb" {
		return func() {}
	}
	done := make(chan struct{})
	var spinning sync.WaitGroup
	spinning.Go(func() { a.turn(printers.EscapeTerminal(doing), done) })
	return sync.OnceFunc(func() {
		close(done)
		spinning.Wait()
	})
}

func (a *app) turn(doing string, done <-chan struct{}) {
	tick := time.NewTicker(spinnerPace)
	defer tick.Stop()
	for shown := -int(spinnerDelay / spinnerPace); ; shown++ {
		select {
		case <-tick.C:
		case <-done:
			if shown > 0 {
				_, _ = fmt.Fprint(a.ErrOut, eraseLine)
			}
			return
		}
		if shown >= 0 {
			_, _ = fmt.Fprintf(a.ErrOut, "%s%c %s", eraseLine, `|/-\`[shown%4], doing)
		}
	}
}
