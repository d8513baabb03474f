// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomclient

import (
	"context"
	"encoding/json"
	"testing"
	"testing/synctest"
	"time"

	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
)

func TestACallThatAsksSomebodyWaitsLonger(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		timeout, want time.Duration
		seconds       float64
	}{
		"as long as it says":       {time.Minute, 90 * time.Second, 60},
		"five minutes by default":  {0, 330 * time.Second, 300},
		"in whole seconds":         {1500 * time.Millisecond, 32 * time.Second, 2},
		"at least a second anyway": {time.Nanosecond, 31 * time.Second, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				asked := make(chan protocol.Message, 1)
				conn := dial(t, serveInMemory(t, upgrading(t, func(p *peer) {
					p.begin()
					if msg, ok := p.receive(); ok {
						asked <- msg
					}
					_ = p.drain()
				})))
				began := time.Now()
				_, err := conn.Secrets().RequestSecret(t.Context(), SecretRequest{URL: "u", Type: "t", ParticipantID: "p", Timeout: c.timeout})
				wantError(t, err, context.DeadlineExceeded)
				if waited := time.Since(began); waited != c.want {
					t.Errorf("waited for %v, want %v", waited, c.want)
				}
				call, err := protocol.UnpackInvoke((<-asked).Data)
				if err != nil {
					t.Fatal(err)
				}
				var request struct {
					Timeout float64 `json:"timeout"`
				}
				if err := json.Unmarshal(call.Input.(protocol.JSON).Value, &request); err != nil || request.Timeout != c.seconds {
					t.Errorf("asked for %v seconds, error %v, want %v", request.Timeout, err, c.seconds)
				}
			})
		})
	}
}

func TestATimeoutIsNoLongerThanCanBe(t *testing.T) {
	t.Parallel()
	const most = 1<<31 - 1
	seconds, wait, err := waiting("tool", 1<<62)
	if seconds != most || wait != most*time.Second || err != nil {
		t.Errorf("got %d seconds, %v, error %v", seconds, wait, err)
	}
}
