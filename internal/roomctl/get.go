// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomctl

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/roomsecrets/roomsecret-operator/internal/roomctl/usage"
	"github.com/roomsecrets/roomsecret-operator/roomclient"
)

// errNotFound is what there is to say of a secret that is not there.
const errNotFound = plainError("Secret not found")

func (a *app) newGetCommand() *cobra.Command {
	var query roomclient.SecretQuery
	var to destination
	command := &cobra.Command{
		Use:   "get --id ID",
		Short: "Write the value of a secret to standard output or a file",
		Example: "  kubectl room secret get --room support --id stripe-api-key\n" +
			"  kubectl room secret get --room support --id tls-key --out tls.key",
		Args: noArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			if query.ID == "" {
				return usage.Missing("--id")
			}
			if err := to.check(command); err != nil {
				return err
			}
			choice, err := a.choose(command)
			if err != nil {
				return err
			}
			return a.inRoom(command.Context(), choice, func(secrets roomclient.Secrets) error {
				secret, err := secrets.GetSecret(command.Context(), query)
				if errors.Is(err, roomclient.ErrNotFound) {
					return errNotFound
				}
				if err != nil {
					return err
				}
				a.printErr(fmt.Sprintf("Got secret name=%s mime_type=%s bytes=%d\n", secret.Name, secret.Type, len(secret.Value)))
				return a.deliver(secret.Value, to)
			})
		},
	}
	command.Flags().StringVar(&query.ID, "id", "", "id of the secret (required)")
	command.Flags().StringVar(&query.DelegatedTo, "delegated-to", "", delegatedToUsage)
	to.addFlags(command)
	a.completeIDs(command)
	return command
}
