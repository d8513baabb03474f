// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomctl

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/roomctl/cluster"
	"github.com/roomsecrets/roomsecret-operator/roomclient/token"
)

// completionTimeout bounds how long a shell waits: what is not known by then is not suggested.
const completionTimeout = 3 * time.Second

// complete makes a completion of a function that lists candidates. Its errors mean that there are none.
func complete(list func(ctx context.Context, command *cobra.Command) ([]string, error)) cobra.CompletionFunc {
	return func(command *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		ctx, cancel := context.WithTimeout(command.Context(), completionTimeout)
		defer cancel()
		names, err := list(ctx, command)
		if err != nil {
			cobra.CompDebugln(err.Error(), false)
		}
		var fitting []string
		for _, name := range names {
			if strings.HasPrefix(name, typed) {
				fitting = append(fitting, name)
			}
		}
		return fitting, cobra.ShellCompDirectiveNoFileComp
	}
}

// objects lists the names of the objects of a kind.
func (a *app) objects(kind schema.GroupVersionKind) func(context.Context, *cobra.Command) ([]string, error) {
	return func(ctx context.Context, _ *cobra.Command) ([]string, error) {
		kube, namespace, err := cluster.Connect(a.options.Kube)
		if err != nil {
			return nil, err
		}
		var list metav1.PartialObjectMetadataList
		list.SetGroupVersionKind(kind)
		var options []client.ListOption
		if kind.Kind == "RoomList" || kind.Kind == "RoomSecretList" {
			options = append(options, client.InNamespace(namespace))
		}
		err = kube.List(ctx, &list, options...)
		names := make([]string, len(list.Items))
		for i := range list.Items {
			names[i] = list.Items[i].Name
		}
		return names, err
	}
}

// roomNames lists what --room may be: names of Room objects, unless the flags or the environment say that rooms are not
// objects here; then nobody can list them.
func (a *app) roomNames(ctx context.Context, command *cobra.Command) ([]string, error) {
	if a.options.IsDirect(command.Flags()) {
		return nil, nil
	}
	return a.objects(roomv1alpha1.SchemeGroupVersion().WithKind("RoomList"))(ctx, command)
}

// first makes a completion one of the first argument alone.
func first(completion cobra.CompletionFunc) cobra.CompletionFunc {
	return func(command *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return completion(command, args, typed)
	}
}

// ids completes the ids of the secrets of the room.
func (a *app) ids(command *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	return complete(func(ctx context.Context, command *cobra.Command) ([]string, error) {
		choice, err := a.choose(command)
		if err != nil {
			return nil, err
		}
		conn, err := a.dial(ctx, choice, token.APIScope{})
		if err != nil {
			return nil, err
		}
		defer func() { _ = conn.Close() }()
		infos, err := conn.Secrets().ListSecrets(ctx)
		ids := make([]string, len(infos))
		for i, info := range infos {
			ids[i] = info.ID
			if info.Name != "" && info.Name != info.ID {
				ids[i] += "\t" + strings.Join(strings.Fields(info.Name), " ") // described
			}
		}
		slices.Sort(ids)
		return slices.Compact(ids), err // an id has a row for each delegate
	})(command, args, typed)
}

func (a *app) completeIDs(command *cobra.Command) { register(command, "id", a.ids) }

func (a *app) completeFormats(command *cobra.Command) {
	register(command, "output", cobra.FixedCompletions(formats(), cobra.ShellCompDirectiveNoFileComp))
}

func (a *app) completeRoomFlags(command *cobra.Command) {
	register(command, "room", complete(a.roomNames))
	register(command, "cluster-room", complete(a.objects(roomv1alpha1.SchemeGroupVersion().WithKind("ClusterRoomList"))))
}

func (a *app) completeKubeFlags(command *cobra.Command) {
	register(command, "namespace", complete(a.objects(corev1.SchemeGroupVersion.WithKind("NamespaceList"))))
	register(command, "context", complete(a.contexts))
}

func (a *app) contexts(context.Context, *cobra.Command) ([]string, error) {
	config, err := a.options.Kube.ToRawKubeConfigLoader().RawConfig()
	names := make([]string, 0, len(config.Contexts))
	for name := range config.Contexts {
		names = append(names, name)
	}
	return names, err
}

// register adds the completion of a flag, which exists.
func register(command *cobra.Command, flag string, completion cobra.CompletionFunc) {
	if err := command.RegisterFlagCompletionFunc(flag, completion); err != nil {
		panic(err) // a mistake in this package that each of its tests finds
	}
}
