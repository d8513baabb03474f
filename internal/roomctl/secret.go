// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomctl

import (
	"github.com/spf13/cobra"
)

func (a *app) newSecretCommand() *cobra.Command {
	secret := group(&cobra.Command{
		Use:     "secret",
		Aliases: []string{"secrets"},
		Short:   "Manage secrets in a room",
		Long: "Manage secrets in a room.\n\n" +
			"The room is, whichever of these applies first:\n" +
			"  1. with --room-url, --token, --token-file or --api-key-file: the room --room at that address;\n" +
			"  2. with --cluster-room: that ClusterRoom; with -n, --context or --kubeconfig: the Room object --room;\n" +
			"  3. with MESHAGENT_TOKEN or MESHAGENT_API_KEY in the environment: the room --room at MESHAGENT_ROOM_URL;\n" +
			"  4. otherwise the Room object --room of the current namespace.",
	})
	a.options.AddRoomFlags(secret.PersistentFlags())
	for _, command := range []*cobra.Command{
		a.newListCommand(), a.newGetCommand(), a.newSetCommand(), a.newExistsCommand(), a.newDeleteCommand(),
		a.newDeleteRequestedCommand(), a.newRequestCommand(), a.newProvideCommand(),
		a.newOAuthCommand(), a.newOfflineTokenCommand(), a.newAuthorizeCommand(),
	} {
		if command.Flags().Lookup("url") == nil { // where it is what is requested
			a.options.AddURLFlag(command.Flags())
		}
		secret.AddCommand(command)
	}
	a.completeRoomFlags(secret)
	return secret
}

const (
	delegatedToUsage = "identity that the secret is delegated to; it is part of which secret is meant"
	forIdentityUsage = "identity that owns the secret, when it is another one; needs the admin grant"
)
