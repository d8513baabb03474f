// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomctl

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/roomsecrets/roomsecret-operator/internal/roomctl/usage"
	"github.com/roomsecrets/roomsecret-operator/roomclient"
)

// minInterval is the shortest time between two looks at a room, which must be asked each time.
const minInterval = time.Second

type listOptions struct {
	format   string
	watch    bool
	interval time.Duration
}

func (a *app) newListCommand() *cobra.Command {
	var o listOptions
	command := &cobra.Command{
		Use:   "list",
		Short: "List the secrets of the room, without values",
		Long: "List the secrets of the room that belong to the identity that the credential stands for, without values.\n\n" +
			"A room does not tell of changes: --watch asks again and again, and sees what comes, goes, or gets another type or\n" +
			"name, but not that a value changes.",
		Example: "  kubectl room secret list --room support\n" +
			"  kubectl room secret list --room support -o json\n" +
			"  kubectl room secret list --room support -o name",
		Args: noArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			printer, err := newListPrinter(a.Out, o.format)
			if err != nil {
				return err
			}
			if o.interval < minInterval {
				return usage.Errorf("--interval must be at least %v", minInterval)
			}
			choice, err := a.choose(command)
			if err != nil {
				return err
			}
			return a.inRoom(command.Context(), choice, func(secrets roomclient.Secrets) error {
				infos, err := secrets.ListSecrets(command.Context())
				if err != nil {
					return err
				}
				if o.watch {
					return a.watchList(command.Context(), secrets, infos, o.interval, printer)
				}
				if len(infos) == 0 && printer.isTable() {
					a.printErr("No secrets found in " + choice.Title() + ".\n")
					return nil
				}
				return printer.print(infos)
			})
		},
	}
	flags := command.Flags()
	flags.StringVarP(&o.format, "output", "o", "", "output format: table, json, yaml or name")
	flags.BoolVarP(&o.watch, "watch", "w", false, "go on and print what changes, until interrupted")
	flags.DurationVar(&o.interval, "interval", 5*time.Second, "how often --watch asks the room")
	a.completeFormats(command)
	return command
}

// watchList prints the secrets, and then what changes, until the context ends.
func (a *app) watchList(ctx context.Context, secrets roomclient.Secrets, infos []roomclient.SecretInfo, interval time.Duration, printer *listPrinter) error {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	var known []roomclient.SecretInfo
	for {
		if err := printer.printChanges(changes(known, infos)); err != nil {
			return err
		}
		known = infos
		select {
		case <-tick.C:
		case <-ctx.Done():
			return unlessInterrupted(ctx.Err())
		}
		var err error
		if infos, err = secrets.ListSecrets(ctx); err != nil {
			return unlessInterrupted(err)
		}
	}
}
