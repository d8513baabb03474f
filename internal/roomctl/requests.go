// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomctl

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/cli-runtime/pkg/printers"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/roomctl/cluster"
	"github.com/roomsecrets/roomsecret-operator/internal/roomctl/usage"
)

// pendingRequest is a request with the RoomSecret that it is of.
type pendingRequest struct {
	Namespace  string `json:"namespace"`
	RoomSecret string `json:"roomSecret"`

	roomv1alpha1.PendingRequest `json:",inline"`
}

type requestsOptions struct {
	format        string
	allNamespaces bool
}

func (a *app) newRequestsCommand() *cobra.Command {
	var o requestsOptions
	command := &cobra.Command{
		Use:   "requests",
		Short: "Show the requests that wait for somebody, and answer them",
		Long: "Show the requests that wait for somebody: for the participant whom a RoomSecret has asked, or for a person who\n" +
			"approves what others have asked the operator for. With -o wide there is the page on which that is done.",
		Example: "  kubectl room requests\n" +
			"  kubectl room requests --all-namespaces -o wide\n" +
			"  kubectl room requests approve github-tokens\n" +
			"  kubectl room requests deny github-tokens --reason \"not this week\"",
		Args: noArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			if !slices.Contains(requestsFormats(), cmp.Or(o.format, formatTable)) {
				return usage.Errorf("-o %s is none of the output formats: table, wide, json, yaml", o.format)
			}
			kube, namespace, err := cluster.Connect(a.options.Kube)
			if err != nil {
				return err
			}
			if o.allNamespaces {
				namespace = ""
			}
			return a.showRequests(command.Context(), kube, namespace, o)
		},
	}
	command.Flags().StringVarP(&o.format, "output", "o", "", "output format: table, wide, json or yaml")
	command.Flags().BoolVarP(&o.allNamespaces, "all-namespaces", "A", false, "show those of all namespaces")
	register(command, "output", cobra.FixedCompletions(requestsFormats(), cobra.ShellCompDirectiveNoFileComp))
	command.AddCommand(a.newApproveCommand(), a.newDenyCommand())
	return command
}

func requestsFormats() []string { return []string{formatTable, "wide", "json", "yaml"} }

func (a *app) showRequests(ctx context.Context, kube client.Client, namespace string, o requestsOptions) error {
	var list roomv1alpha1.RoomSecretList
	if err := kube.List(ctx, &list, client.InNamespace(namespace)); err != nil {
		return err
	}
	requests := requestsOf(list.Items)
	switch o.format {
	case "json":
		text, err := encode(requests, "  ")
		return a.printEncoded(text, err)
	case "yaml":
		text, err := yaml.Marshal(requests)
		return a.printEncoded(text, err)
	}
	if len(requests) == 0 {
		a.printErr("No request waits for anybody.\n")
		return nil
	}
	printer := printers.NewTablePrinter(printers.PrintOptions{Wide: o.format == "wide"})
	return printObj(printer, requestsTable(requests, o.allNamespaces), a.Out)
}

func (a *app) printEncoded(text []byte, err error) error {
	if err != nil {
		return fmt.Errorf("encode the requests: %w", err)
	}
	return a.printOut(string(text))
}

// requestsOf lists the requests of RoomSecrets, the oldest first.
func requestsOf(all []roomv1alpha1.RoomSecret) []pendingRequest {
	requests := []pendingRequest{} // an empty list is printed as one
	for i := range all {
		for _, pending := range all[i].Status.Pending {
			requests = append(requests, pendingRequest{Namespace: all[i].Namespace, RoomSecret: all[i].Name, PendingRequest: pending})
		}
	}
	slices.SortStableFunc(requests, func(a, b pendingRequest) int { return a.Since.Compare(b.Since.Time) })
	return requests
}

func requestsTable(requests []pendingRequest, withNamespace bool) *metav1.Table {
	names := []string{"RoomSecret", "Request", "Kind", "Participant", "URL", "State", "Since", "Client", "Page"}
	if withNamespace {
		names = append([]string{"Namespace"}, names...)
	}
	table := &metav1.Table{ColumnDefinitions: columns(names...)}
	for i := range 2 {
		table.ColumnDefinitions[len(names)-1-i].Priority = 1 // wide
	}
	for _, r := range requests {
		var client string
		if r.Authorization != nil {
			client = r.Authorization.ClientID
		}
		cells := []string{
			r.RoomSecret, r.Name, string(r.Kind), orNone(r.Participant), orNone(r.URL), string(r.State), ago(&r.Since),
			orNone(client), orNone(r.ConsentURL),
		}
		if withNamespace {
			cells = append([]string{r.Namespace}, cells...)
		}
		table.Rows = append(table.Rows, row(cells...))
	}
	return table
}
