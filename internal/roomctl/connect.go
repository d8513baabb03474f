// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomctl

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/roomsecrets/roomsecret-operator/internal/roomctl/target"
	"github.com/roomsecrets/roomsecret-operator/roomclient"
	"github.com/roomsecrets/roomsecret-operator/roomclient/token"
)

// connectTimeout bounds finding the room and connecting, a room that has to be started included.
const connectTimeout = 90 * time.Second

// choose decides which room a command means, without connecting to anything.
func (a *app) choose(command *cobra.Command) (target.Choice, error) {
	return a.options.Choose(command.Flags())
}

// resolve finds out how the room is reached.
func (a *app) resolve(ctx context.Context, choice target.Choice) (target.Target, error) {
	defer a.spin("Looking up " + choice.Title())()
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	room, err := choice.Resolve(ctx)
	a.hide(room.Token)
	if room.APIKey != nil {
		a.hide(room.APIKey.Secret)
	}
	return room, err
}

// dial connects to the room that was chosen. A token that is signed here allows what is in the scope, beside the use of
// secrets. The caller closes the connection.
func (a *app) dial(ctx context.Context, choice target.Choice, scope token.APIScope) (*roomclient.Conn, error) {
	room, err := a.resolve(ctx, choice)
	if err != nil {
		return nil, err
	}
	config, err := room.Config(scope)
	if err != nil {
		return nil, err
	}
	defer a.spin("Connecting to " + room.String())()
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	return room.Dial(ctx, config)
}

// inRoom connects, does something with the secrets of the room, and disconnects.
func (a *app) inRoom(ctx context.Context, choice target.Choice, do func(roomclient.Secrets) error) error {
	return a.inRoomAs(ctx, choice, false, do)
}

// inRoomAs does the same; admin asks for the grant to act on the secrets of other identities.
func (a *app) inRoomAs(ctx context.Context, choice target.Choice, admin bool, do func(roomclient.Secrets) error) error {
	var scope token.APIScope
	if admin {
		scope.Admin = &token.AdminGrant{}
	}
	conn, err := a.dial(ctx, choice, scope)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	return do(conn.Secrets())
}
