// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomctl

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/roomsecrets/roomsecret-operator/internal/roomctl/usage"
)

func (a *app) newRootCommand() *cobra.Command {
	root := group(&cobra.Command{
		Use:   "kubectl-room",
		Short: "Secrets of rooms, and the RoomSecrets that keep them in step with the cluster",
		Long: "Secrets of rooms, and the RoomSecrets that keep them in step with the cluster.\n\n" +
			"Standard output has what was asked for, standard error everything else. The exit code is 0 for success, 2 for a\n" +
			"mistake in the command line, and 1 for every other failure.",
		Annotations:       map[string]string{cobra.CommandDisplayNameAnnotation: "kubectl room"},
		SilenceUsage:      true,
		SilenceErrors:     true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
	})
	root.SetIn(a.In)
	root.SetOut(a.Out)
	root.SetErr(a.ErrOut)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usage.Errorf("%v", err) })
	a.options.AddKubeFlags(root.PersistentFlags())
	root.PersistentPreRunE = func(*cobra.Command, []string) error { return a.options.CheckKubeFlags() }
	root.AddCommand(a.newSecretCommand(), a.newParticipantsCommand(), a.newSyncCommand(), a.newStatusCommand(), a.newRequestsCommand())
	a.completeKubeFlags(root)
	return root
}

// group makes a command that only has others: alone it prints its help.
func group(command *cobra.Command) *cobra.Command {
	command.Args = func(c *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		return usage.Errorf("unknown command %q for %q%s", args[0], c.CommandPath(), meant(c.SuggestionsFor(args[0])))
	}
	command.SuggestionsMinimumDistance = 1 // of a letter: the names are short
	command.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
	return command
}

// meant asks whether one of the names was meant.
func meant(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return ": did you mean " + strings.Join(names, " or ") + "?"
}

// noArguments is the Args of a command that has only flags.
func noArguments(command *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return usage.Errorf("%s takes no arguments, only flags; %q is one too many", command.CommandPath(), args[0])
}

// oneArgument is the Args of a command with one argument that must be there.
func oneArgument(name string) cobra.PositionalArgs {
	return func(command *cobra.Command, args []string) error {
		switch {
		case len(args) == 0 || args[0] == "":
			return usage.Missing(name)
		case len(args) > 1:
			return usage.Errorf("%s takes one %s; %q is one too many", command.CommandPath(), name, args[1])
		}
		return nil
	}
}
