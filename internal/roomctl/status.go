// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomctl

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/printers"
	"sigs.k8s.io/controller-runtime/pkg/client"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/roomctl/cluster"
	"github.com/roomsecrets/roomsecret-operator/internal/roomctl/usage"
)

type statusOptions struct {
	print         *genericclioptions.PrintFlags
	watch         bool
	allNamespaces bool
}

func (a *app) newStatusCommand() *cobra.Command {
	var o statusOptions
	command := &cobra.Command{
		Use:   "status [NAME]",
		Short: "Show how RoomSecrets stand",
		Long:  "Show how the RoomSecrets of the namespace stand, or one of them with all its entries.",
		Example: "  kubectl room status\n" +
			"  kubectl room status stripe\n" +
			"  kubectl room status --all-namespaces --watch",
		Args: func(command *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usage.Errorf("%s takes one NAME at most; %q is one too many", command.CommandPath(), args[1])
			}
			return nil
		},
		ValidArgsFunction: first(complete(a.objects(roomv1alpha1.SchemeGroupVersion().WithKind("RoomSecretList")))),
		RunE: func(command *cobra.Command, args []string) error {
			name := ""
			if len(args) == 1 {
				name = args[0]
			}
			show, err := a.newStatusPrinter(o)
			if err != nil {
				return err
			}
			if o.allNamespaces && name != "" {
				return usage.Errorf("a NAME is of one namespace: give it or --all-namespaces")
			}
			kube, namespace, err := cluster.Connect(a.options.Kube)
			if err != nil {
				return err
			}
			if o.allNamespaces {
				namespace = ""
			}
			switch {
			case o.watch:
				return watchStatus(command.Context(), kube, namespace, name, show)
			case name != "":
				return showOne(command.Context(), kube, client.ObjectKey{Namespace: namespace, Name: name}, show)
			}
			return a.showAll(command.Context(), kube, namespace, show)
		},
	}
	o.addFlags(command)
	return command
}

func (o *statusOptions) addFlags(command *cobra.Command) {
	o.print = genericclioptions.NewPrintFlags("")
	o.print.TemplatePrinterFlags = nil
	flags := command.Flags()
	flags.StringVarP(o.print.OutputFormat, "output", "o", "", "output format: table, wide, json, yaml or name")
	flags.BoolVarP(&o.watch, "watch", "w", false, "go on and show what changes, until interrupted")
	flags.BoolVarP(&o.allNamespaces, "all-namespaces", "A", false, "show those of all namespaces")
	register(command, "output", cobra.FixedCompletions([]string{"table", "wide", "json", "yaml", "name"}, cobra.ShellCompDirectiveNoFileComp))
}

func showOne(ctx context.Context, kube client.Client, key client.ObjectKey, show *statusPrinter) error {
	var rs roomv1alpha1.RoomSecret
	if err := kube.Get(ctx, key, &rs); err != nil {
		return cluster.In(key.Namespace, err)
	}
	return show.one(&rs)
}

func (a *app) showAll(ctx context.Context, kube client.Client, namespace string, show *statusPrinter) error {
	var list roomv1alpha1.RoomSecretList
	if err := kube.List(ctx, &list, client.InNamespace(namespace)); err != nil {
		return err
	}
	if len(list.Items) == 0 && show.objects == nil {
		where := "in " + namespace + " namespace"
		if namespace == "" {
			where = "in any namespace"
		}
		a.printErr("No RoomSecrets found " + where + ".\n")
		return nil
	}
	return show.all(&list)
}

// watchStatus shows what there is, and then what changes. A watch goes on whatever happens: that there is no such
// RoomSecret, or nobody to ask, is told by the first look.
func watchStatus(ctx context.Context, kube client.WithWatch, namespace, name string, show *statusPrinter) error {
	first, err := existing(ctx, kube, namespace, name)
	if err != nil {
		return unlessInterrupted(err)
	}
	if err := show.changes(watch.Added, first); err != nil {
		return err
	}
	shown := make(map[types.UID]string, len(first)) // the resource versions
	for i := range first {
		shown[first[i].UID] = first[i].ResourceVersion
	}
	err = cluster.Watch(ctx, kube, namespace, name, func(event watch.EventType, rs *roomv1alpha1.RoomSecret) (bool, error) {
		if shown[rs.UID] == rs.ResourceVersion {
			return false, nil
		}
		return false, show.changes(event, []roomv1alpha1.RoomSecret{*rs})
	})
	return unlessInterrupted(err)
}

// existing returns the RoomSecrets of a namespace, or of all, or the one with the name.
func existing(ctx context.Context, kube client.Client, namespace, name string) ([]roomv1alpha1.RoomSecret, error) {
	if name == "" {
		var list roomv1alpha1.RoomSecretList
		err := kube.List(ctx, &list, client.InNamespace(namespace))
		return list.Items, err
	}
	one := make([]roomv1alpha1.RoomSecret, 1)
	err := kube.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, &one[0])
	return one, cluster.In(namespace, err)
}

// newStatusPrinter returns a printer for the format that was asked for.
func (a *app) newStatusPrinter(o statusOptions) (*statusPrinter, error) {
	show := &statusPrinter{out: a.Out}
	switch format := *o.print.OutputFormat; format {
	case "", formatTable, "wide":
		show.table = printers.NewTablePrinter(printers.PrintOptions{Wide: format == "wide"})
		show.events = newEventPrinter(a.Out, show.table)
		show.withNamespace = o.allNamespaces
		return show, nil
	case "json", "yaml", "name":
	default:
		return nil, usage.Errorf("-o %s is none of the output formats: table, wide, json, yaml, name", format)
	}
	scheme, err := cluster.Scheme()
	if err != nil {
		return nil, err
	}
	show.eachAlone = *o.print.OutputFormat == "name"
	show.objects, err = o.print.WithTypeSetter(scheme).ToPrinter()
	if err != nil {
		return nil, fmt.Errorf("make a printer: %w", err)
	}
	return show, nil
}
