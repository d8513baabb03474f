// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package target

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/gorilla/websocket"

	"github.com/roomsecrets/roomsecret-operator/roomclient"
)

// Dial connects. A room that says that it is only starting is tried again until the context ends; anything else that goes
// wrong is told at once.
func (t Target) Dial(ctx context.Context, config roomclient.Config) (*roomclient.Conn, error) {
	for attempt := 0; ; attempt++ {
		conn, err := roomclient.Dial(ctx, config)
		if err == nil {
			return conn, nil
		}
		err = fmt.Errorf("connect to %s as %s: %w", t, t.Identity, err)
		failed, ok := errors.AsType[*roomclient.Error](err)
		if !ok || !starting(failed) || !pause(ctx, attempt, failed.RetryAfter) {
			return nil, err
		}
	}
}

// starting reports whether an error means that the room will be there in a while.
func starting(err *roomclient.Error) bool {
	switch err.Status {
	case http.StatusTooEarly, http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return true
	}
	return err.CloseCode == websocket.CloseTryAgainLater
}

// pause waits before the next attempt, and reports whether there is time for one.
func pause(ctx context.Context, attempt int, asked time.Duration) bool {
	timer := time.NewTimer(asked + roomclient.Delay(attempt, rand.Float64())) //nolint:gosec // jitter guards nothing
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
