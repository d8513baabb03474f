// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package sessions

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/roomsecrets/roomsecret-operator/roomclient"
)

// line is one connection of a session, with the calls that are under way on it. A session changes from one line to the
// next when its credential does, without any call noticing.
type line struct {
	client *roomclient.Session
	stop   context.CancelFunc
	// calls are under way. No call begins once the session has another line.
	calls sync.WaitGroup

	mu   sync.Mutex
	pass pass
}

// pass says how long the token of a line is good for.
type pass struct {
	// renewal is when another line should be made, with a fresh token; zero for never.
	renewal time.Time
	// expires is when the token does.
	expires time.Time
}

const (
	// renewalFrom and renewalSpread say which part of the life of a token is over when it is renewed. It is spread, so that
	// rooms that were connected together do not renew together.
	renewalFrom, renewalSpread = 0.7, 0.1
	// minRenewal is the shortest time between two renewals, whatever the service says of a token: a clock that is wrong is
	// no reason to connect all the time.
	minRenewal = time.Minute
)

// note notes when the token that the line has got now expires.
func (l *line) note(now, expires time.Time) {
	life := float64(expires.Sub(now)) * (renewalFrom + renewalSpread*rand.Float64()) //nolint:gosec // jitter spreads load and guards nothing
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pass = pass{renewal: now.Add(max(time.Duration(life), minRenewal)), expires: expires}
}

func (l *line) validity() pass {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.pass
}

// postpone puts the renewal off.
func (l *line) postpone(until time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pass.renewal = until
}

// connected reports whether calls can be made.
func (l *line) connected() bool { return l.client.State().Phase == roomclient.PhaseConnected }

// retire ends the line as soon as the calls that are under way have their answers, each of which has its time limit.
func (l *line) retire() {
	l.calls.Wait()
	l.close()
}

// close ends the line now.
func (l *line) close() {
	l.stop()
	_ = l.client.Close() // it is being thrown away: there is nobody to tell
}
