// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomctl

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/roomsecrets/roomsecret-operator/internal/roomctl/usage"
	"github.com/roomsecrets/roomsecret-operator/roomclient"
)

const (
	// defaultType is the type of a secret that is requested when none is given.
	defaultType = "application/octet-stream"
	// defaultTimeout is how long the room waits for the participant who is asked, in seconds.
	defaultTimeout = 300
	// maxTimeout bounds it, in seconds.
	maxTimeout = 24 * 60 * 60
)

func (a *app) newRequestCommand() *cobra.Command {
	var request roomclient.SecretRequest
	var timeout int
	var to destination
	command := &cobra.Command{
		Use:   "request --from-participant-id ID --url URL",
		Short: "Ask another participant for a secret",
		Long: "Ask another participant for a secret, and write the value to standard output or a file. The participant is named by\n" +
			"the id that it has in the room while it is connected; \"kubectl room secret provide\" prints its own.\n\n" +
			"The room keeps the secret and answers the next time without asking: see delete-requested.",
		Example: "  kubectl room secret request --room support --from-participant-id 7d1e… --url secret://example --type text/plain",
		Args:    noArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			switch {
			case request.ParticipantID == "":
				return usage.Missing("--from-participant-id")
			case request.URL == "":
				return usage.Missing("--url")
			case request.Type == "":
				return usage.Missing("--type")
			}
			var err error
			if request.Timeout, err = seconds(timeout); err != nil {
				return err
			}
			if err := to.check(command); err != nil {
				return err
			}
			choice, err := a.choose(command)
			if err != nil {
				return err
			}
			return a.inRoom(command.Context(), choice, func(secrets roomclient.Secrets) error {
				a.printErr(fmt.Sprintf("Requesting secret from participant %s...\n", request.ParticipantID))
				stop := a.spin("Waiting for the answer")
				value, err := secrets.RequestSecret(command.Context(), request)
				stop()
				if err != nil {
					return err
				}
				return a.deliver(value, to)
			})
		},
	}
	flags := command.Flags()
	flags.StringVar(&request.ParticipantID, "from-participant-id", "", "id of the participant to ask (required)")
	flags.StringVar(&request.URL, "url", "", "what the secret is for, such as secret://example (required)")
	flags.StringVar(&request.Type, "type", defaultType, "type of the secret, usually a MIME type")
	flags.StringVar(&request.DelegateTo, "delegate-to", "", "identity that may use the secret afterwards")
	addTimeout(command, &timeout)
	to.addFlags(command)
	return command
}

func addTimeout(command *cobra.Command, timeout *int) {
	command.Flags().IntVar(timeout, "timeout", defaultTimeout, "how long to wait for the answer, in seconds")
}

func seconds(timeout int) (time.Duration, error) {
	if timeout < 1 || timeout > maxTimeout {
		return 0, usage.Errorf("--timeout must be from 1 to %d seconds", maxTimeout)
	}
	return time.Duration(timeout) * time.Second, nil
}
