// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomctl

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/roomsecrets/roomsecret-operator/internal/roomctl/usage"
	"github.com/roomsecrets/roomsecret-operator/roomclient"
)

func (a *app) newSetCommand() *cobra.Command {
	var request roomclient.SetSecretRequest
	var from source
	command := &cobra.Command{
		Use:   "set --id ID (--in FILE | --text TEXT | --base64 DATA)",
		Short: "Store a secret, or replace it",
		Long: "Store a secret, or replace it.\n\n" +
			"Others can see --text and --base64 on the command line; --in - reads standard input, and asks for the value\n" +
			"when that is a terminal.",
		Example: "  kubectl room secret set --room support --id stripe-api-key --type text/plain --in key.txt\n" +
			"  pass show stripe | kubectl room secret set --room support --id stripe-api-key --in -",
		Args: noArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			if request.ID == "" {
				return usage.Missing("--id")
			}
			if err := from.check(command, false); err != nil {
				return err
			}
			choice, err := a.choose(command)
			if err != nil {
				return err
			}
			if request.Value, err = from.value(command.Context(), a); err != nil {
				return err
			}
			return a.inRoomAs(command.Context(), choice, request.ForIdentity != "", func(secrets roomclient.Secrets) error {
				if err := secrets.SetSecret(command.Context(), request); err != nil {
					return err
				}
				a.printErr(fmt.Sprintf("Stored %d bytes\n", len(request.Value)))
				return nil
			})
		},
	}
	flags := command.Flags()
	flags.StringVar(&request.ID, "id", "", "id of the secret (required)")
	flags.StringVar(&request.Type, "type", "", "type of the value, usually a MIME type")
	flags.StringVar(&request.Name, "name", "", "name of the secret, for people")
	flags.StringVar(&request.DelegatedTo, "delegated-to", "", delegatedToUsage)
	flags.StringVar(&request.ForIdentity, "for-identity", "", forIdentityUsage)
	from.addFlags(command)
	a.completeIDs(command)
	return command
}
