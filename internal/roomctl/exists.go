// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomctl

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/roomsecrets/roomsecret-operator/internal/roomctl/usage"
	"github.com/roomsecrets/roomsecret-operator/roomclient"
)

func (a *app) newExistsCommand() *cobra.Command {
	var query roomclient.ExistsQuery
	command := &cobra.Command{
		Use:     "exists --id ID",
		Short:   "Print true or false: whether there is such a secret",
		Long:    "Print true or false: whether there is such a secret. The exit code is 0 in both cases.",
		Example: "  kubectl room secret exists --room support --id stripe-api-key",
		Args:    noArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			if query.ID == "" {
				return usage.Missing("--id")
			}
			choice, err := a.choose(command)
			if err != nil {
				return err
			}
			return a.inRoomAs(command.Context(), choice, query.ForIdentity != "", func(secrets roomclient.Secrets) error {
				exists, err := secrets.Exists(command.Context(), query)
				if err != nil {
					return err
				}
				_, err = fmt.Fprintln(a.Out, exists)
				return err
			})
		},
	}
	flags := command.Flags()
	flags.StringVar(&query.ID, "id", "", "id of the secret (required)")
	flags.StringVar(&query.DelegatedTo, "delegated-to", "", delegatedToUsage)
	flags.StringVar(&query.ForIdentity, "for-identity", "", forIdentityUsage)
	a.completeIDs(command)
	return command
}
