// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomctl

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/roomsecrets/roomsecret-operator/internal/roomctl/target"
	"github.com/roomsecrets/roomsecret-operator/roomclient"
	"github.com/roomsecrets/roomsecret-operator/roomclient/token"
)

// answerTimeout bounds telling the room an answer, also when the command is being interrupted.
const answerTimeout = 10 * time.Second

// attend stays in the room, and connects again when the connection is lost, until the context ends. It prints the id that
// others need in order to ask. configure sets the handlers, which hold turn while they answer: whoever is being answered
// when the context ends still gets the answer.
func (a *app) attend(ctx context.Context, choice target.Choice, waitFor string, turn *sync.Mutex, configure func(*roomclient.Config)) error {
	room, err := a.resolve(ctx, choice)
	if err != nil {
		return err
	}
	config, err := room.Config(token.APIScope{Messaging: token.ListOnly()})
	if err != nil {
		return err
	}
	configure(&config)
	for attempt := 0; ; attempt++ {
		err := a.attendOnce(ctx, room, config, waitFor, turn)
		if ctx.Err() != nil {
			return unlessInterrupted(ctx.Err())
		}
		if err == nil {
			attempt = 0
		}
		if roomclient.IsTerminal(err) || attempt == 0 && err != nil {
			return err
		}
		a.warn("the connection was lost; connecting again")
		if !sleep(ctx, roomclient.Delay(attempt, rand.Float64())) { //nolint:gosec // jitter guards nothing
			return unlessInterrupted(ctx.Err())
		}
	}
}

// attendOnce is one connection. Its error says why there was none.
func (a *app) attendOnce(ctx context.Context, room target.Target, config roomclient.Config, waitFor string, turn *sync.Mutex) error {
	stop := a.spin("Connecting to " + room.String())
	dialing, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	conn, err := room.Dial(dialing, config)
	stop()
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	a.makeKnown(ctx, conn)
	if err := a.printOut("participant id: " + conn.ParticipantID() + "\n"); err != nil {
		return err
	}
	a.printErr(fmt.Sprintf("Waiting for %s in room %s as %s. Interrupt to stop.\n", waitFor, room.Room, room.Identity))
	select {
	case <-conn.Done():
	case <-ctx.Done():
		turn.Lock()
		defer turn.Unlock()
	}
	return nil
}

// makeKnown makes the command one of the participants that others can find by their name. Where that cannot be, they
// can still ask it by its id.
func (a *app) makeKnown(ctx context.Context, conn *roomclient.Conn) {
	attending, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	if err := conn.Attend(attending); err != nil && ctx.Err() == nil && conn.Err() == nil {
		a.warn("others can ask by the participant id only: " + a.describe(err))
	}
}

// unlessInterrupted is the outcome of a command that goes on until it is interrupted.
func unlessInterrupted(err error) error {
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
