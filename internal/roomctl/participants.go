// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomctl

import (
	"cmp"
	"context"
	"slices"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/roomsecrets/roomsecret-operator/internal/roomctl/target"
	"github.com/roomsecrets/roomsecret-operator/roomclient"
	"github.com/roomsecrets/roomsecret-operator/roomclient/token"
)

func (a *app) newParticipantsCommand() *cobra.Command {
	var format string
	command := &cobra.Command{
		Use:   "participants",
		Short: "List who is in the room",
		Long: "List the participants of the room that have made themselves known: the SDKs do so with messaging.enable(), and so do\n" +
			"'secret provide', 'secret authorize' and the operator. While it looks, this command is one of them, too; it does not\n" +
			"list itself. A participant with several connections is listed once for each.",
		Example: "  kubectl room participants --room support\n" +
			"  kubectl room participants --room support -o json",
		Args: noArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			printer, err := newListPrinter(a.Out, format)
			if err != nil {
				return err
			}
			choice, err := a.choose(command)
			if err != nil {
				return err
			}
			others, err := a.participants(command.Context(), choice)
			if err != nil {
				return err
			}
			if len(others) == 0 && printer.isTable() {
				a.printErr("Nobody else has made themselves known in " + choice.Title() + ".\n")
				return nil
			}
			return printer.printParticipants(others)
		},
	}
	command.Flags().StringVarP(&format, "output", "o", "", "output format: table, json, yaml or name")
	a.options.AddRoomFlags(command.Flags())
	a.options.AddURLFlag(command.Flags())
	a.completeRoomFlags(command)
	a.completeFormats(command)
	return command
}

// participants returns who has made themselves known in the room, by name.
func (a *app) participants(ctx context.Context, choice target.Choice) ([]roomclient.Participant, error) {
	conn, err := a.dial(ctx, choice, token.APIScope{Messaging: token.ListOnly()})
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }()
	if err := conn.Attend(ctx); err != nil {
		return nil, err
	}
	defer conn.Unattend(ctx) // or whoever looks next could see this command still leaving
	others := conn.Participants()
	slices.SortStableFunc(others, func(a, b roomclient.Participant) int { return cmp.Compare(a.Name, b.Name) })
	return others, nil
}

// shownParticipant is a participant as -o json prints it.
type shownParticipant struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Role string `json:"role"`
}

func (p *listPrinter) printParticipants(others []roomclient.Participant) error {
	rows := make([]shownParticipant, len(others))
	table := &metav1.Table{ColumnDefinitions: columns("ID", "Name", "Role")}
	for i, other := range others {
		rows[i] = shownParticipant(other)
		table.Rows = append(table.Rows, row(other.ID, orNone(other.Name), orNone(other.Role)))
	}
	return p.printRows(rows, table, func(i int) string { return others[i].Name })
}
