// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
	"github.com/roomsecrets/roomsecret-operator/roomclient/token"
)

// tokenOptions are the flags of the token command.
type tokenOptions struct {
	apiKeyFile string
	identity   string
	room       string
	admin      bool
	ttl        time.Duration
}

func newTokenCommand() *cobra.Command {
	var o tokenOptions
	command := &cobra.Command{
		Use:     "token",
		Short:   "Print a participant token",
		Long:    "Print a participant token for one identity and one room, signed with the first key of the file.",
		Example: "  roomserver token --api-key-file api-keys --identity alice --room myroom",
		Args:    noArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			if err := o.validate(); err != nil {
				return err
			}
			signed, err := o.sign(time.Now())
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(command.OutOrStdout(), signed)
			return err
		},
	}
	flags := command.Flags()
	flags.StringVar(&o.apiKeyFile, "api-key-file", "", apiKeyFileUsage)
	flags.StringVar(&o.identity, "identity", "", "name of the participant, the owner of the secrets it stores")
	flags.StringVar(&o.room, "room", "", "room the token opens")
	flags.BoolVar(&o.admin, "admin", false, "let the participant store secrets for other identities")
	flags.DurationVar(&o.ttl, "ttl", time.Hour, "how long the token is valid")
	return command
}

func (o tokenOptions) validate() error {
	switch {
	case o.apiKeyFile == "":
		return usagef("--api-key-file is missing: name the file that holds the API key")
	case o.identity == "":
		return usagef("--identity is missing: name the participant the token is for")
	case o.room == "":
		return usagef("--room is missing: name the room the token opens")
	case !protocol.ValidRoomName(o.room):
		return usagef("--room %q is not a room name: 1 to 63 lower-case letters, digits and dashes, no dash at either end", o.room)
	case o.ttl < time.Second:
		return usagef("--ttl must be at least 1s")
	default:
		return nil
	}
}

func (o tokenOptions) sign(now time.Time) (string, error) {
	keys, err := readAPIKeys(o.apiKeyFile)
	if err != nil {
		return "", err
	}
	scope := token.APIScope{Secrets: &token.SecretsGrant{}, Messaging: &token.MessagingGrant{}}
	if o.admin {
		scope.Admin = &token.AdminGrant{}
	}
	api, err := token.APIGrant(scope)
	if err != nil {
		return "", err
	}
	return keys[0].Sign(token.Claims{
		Name:      o.identity,
		Grants:    []token.Grant{token.RoomGrant(o.room), token.RoleGrant(token.RoleUser), api},
		ExpiresAt: now.Add(o.ttl),
	})
}
