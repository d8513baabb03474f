// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomctl

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/roomsecrets/roomsecret-operator/internal/roomctl/usage"
	"github.com/roomsecrets/roomsecret-operator/roomclient"
)

func (a *app) newDeleteCommand() *cobra.Command {
	var delegatedTo string
	command := &cobra.Command{
		Use:     "delete ID",
		Short:   "Delete a secret",
		Long:    "Delete a secret. That there is none is a success too.",
		Example: "  kubectl room secret delete stripe-api-key --room support",
		Args:    oneArgument("ID"),
		RunE: func(command *cobra.Command, args []string) error {
			choice, err := a.choose(command)
			if err != nil {
				return err
			}
			return a.inRoom(command.Context(), choice, func(secrets roomclient.Secrets) error {
				if err := secrets.DeleteSecret(command.Context(), args[0], delegatedTo); err != nil {
					return err
				}
				_, err := fmt.Fprintln(a.Out, "deleted secret")
				return err
			})
		},
		ValidArgsFunction: first(a.ids),
	}
	command.Flags().StringVar(&delegatedTo, "delegated-to", "", delegatedToUsage)
	return command
}

func (a *app) newDeleteRequestedCommand() *cobra.Command {
	var secret roomclient.RequestedSecret
	command := &cobra.Command{
		Use:     "delete-requested --url URL",
		Short:   "Delete a secret that was obtained with request",
		Long:    "Delete a secret that was obtained with request, so that it is asked for anew. That there is none is a success too.",
		Example: "  kubectl room secret delete-requested --room support --url secret://example --type text/plain",
		Args:    noArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			if secret.URL == "" {
				return usage.Missing("--url")
			}
			choice, err := a.choose(command)
			if err != nil {
				return err
			}
			return a.inRoom(command.Context(), choice, func(secrets roomclient.Secrets) error {
				if err := secrets.DeleteRequestedSecret(command.Context(), secret); err != nil {
					return err
				}
				_, err := fmt.Fprintln(a.Out, "deleted secret")
				return err
			})
		},
	}
	flags := command.Flags()
	flags.StringVar(&secret.URL, "url", "", "what the secret was requested for (required)")
	flags.StringVar(&secret.Type, "type", defaultType, "type that was requested")
	flags.StringVar(&secret.DelegatedTo, "delegated-to", "", delegatedToUsage)
	return command
}
