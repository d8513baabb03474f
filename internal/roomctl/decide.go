// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomctl

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/roomctl/cluster"
	"github.com/roomsecrets/roomsecret-operator/internal/roomctl/usage"
	"github.com/roomsecrets/roomsecret-operator/roomclient"
)

// decider is who has decided, as the status says, when it was done with the plugin.
const decider = "kubectl"

func (a *app) newApproveCommand() *cobra.Command {
	var noBrowser bool
	command := &cobra.Command{
		Use:   "approve NAME [REQUEST]",
		Short: "Open the page on which a request for a token is approved",
		Long: "Open the page of the operator on which a request for an OAuth token is approved, in the browser: the provider asks\n" +
			"there who you are. REQUEST may be left out when only one of the RoomSecret NAME waits.",
		Example:           "  kubectl room requests approve github-tokens",
		Args:              nameAndRequest,
		ValidArgsFunction: first(complete(a.objects(roomv1alpha1.SchemeGroupVersion().WithKind("RoomSecretList")))),
		RunE: func(command *cobra.Command, args []string) error {
			kube, namespace, err := cluster.Connect(a.options.Kube)
			if err != nil {
				return err
			}
			_, pending, err := waitingRequest(command.Context(), kube, namespace, args)
			if err != nil {
				return err
			}
			if pending.ConsentURL == "" {
				return errors.New("the request has no page: the operator runs without --consent-address")
			}
			if !noBrowser {
				err = openBrowser(command.Context(), a.options.Getenv, pending.ConsentURL)
			}
			if noBrowser || err != nil {
				return a.printOut("Open this page to approve it: " + pending.ConsentURL + "\n")
			}
			a.printErr("The page is open in the browser.\n")
			return nil
		},
	}
	command.Flags().BoolVar(&noBrowser, "no-browser", false, "print the address of the page instead of opening it")
	return command
}

func (a *app) newDenyCommand() *cobra.Command {
	var reason string
	command := &cobra.Command{
		Use:   "deny NAME [REQUEST]",
		Short: "Deny a request for a token",
		Long: "Deny a request for an OAuth token. It takes the credential of the room, which is read with your rights. REQUEST may\n" +
			"be left out when only one of the RoomSecret NAME waits.",
		Example:           "  kubectl room requests deny github-tokens --reason \"not this week\"",
		Args:              nameAndRequest,
		ValidArgsFunction: first(complete(a.objects(roomv1alpha1.SchemeGroupVersion().WithKind("RoomSecretList")))),
		RunE: func(command *cobra.Command, args []string) error {
			if reason == "" {
				return usage.Errorf("--reason must not be empty: whoever asks gets to read it")
			}
			kube, namespace, err := cluster.Connect(a.options.Kube)
			if err != nil {
				return err
			}
			rs, pending, err := waitingRequest(command.Context(), kube, namespace, args)
			if err != nil {
				return err
			}
			return a.deny(command, kube, rs, pending, reason)
		},
	}
	command.Flags().StringVar(&reason, "reason", "denied by a person", "why, which whoever asks gets to read")
	return command
}

// deny answers the request in the room, where it is answered once, and then notes that in the status.
func (a *app) deny(command *cobra.Command, kube client.Client, rs *roomv1alpha1.RoomSecret, pending roomv1alpha1.PendingRequest, reason string) error {
	ctx := command.Context()
	choice := a.options.Object(command.Flags(), rs.Spec.RoomRef.KindOrDefault(), rs.Spec.RoomRef.Name)
	err := a.inRoom(ctx, choice, func(room roomclient.Secrets) error {
		return room.RejectOAuthAuthorization(ctx, pending.Name, reason)
	})
	if errors.Is(err, roomclient.ErrNotFound) {
		return errors.New("the request waits no more: it was answered or has timed out")
	}
	if err != nil {
		return err
	}
	if err := noteDenied(ctx, kube, rs, pending.Name); err != nil {
		a.printErr("It is denied, but its status does not say so: " + err.Error() + "\n")
	}
	return a.printOut("denied request " + pending.Name + "\n")
}

// noteDenied writes into the status who has decided. The operator counts it, and forgets it, in time.
func noteDenied(ctx context.Context, kube client.Client, rs *roomv1alpha1.RoomSecret, request string) error {
	base := rs.DeepCopy()
	for i := range rs.Status.Pending {
		if rs.Status.Pending[i].Name == request {
			rs.Status.Pending[i].State, rs.Status.Pending[i].DecidedBy = roomv1alpha1.PendingDenied, decider
		}
	}
	return kube.Status().Patch(ctx, rs, client.MergeFromWithOptions(base, client.MergeFromWithOptimisticLock{}))
}

// nameAndRequest is the Args of a command that takes the name of a RoomSecret and perhaps the id of a request.
func nameAndRequest(command *cobra.Command, args []string) error {
	switch {
	case len(args) == 0 || args[0] == "":
		return usage.Missing("NAME")
	case len(args) > 2:
		return usage.Errorf("%s takes a NAME and a REQUEST; %q is one too many", command.CommandPath(), args[2])
	}
	return nil
}

// waitingRequest finds the request that is meant among those of a RoomSecret that wait for somebody to approve them.
func waitingRequest(ctx context.Context, kube client.Client, namespace string, args []string) (*roomv1alpha1.RoomSecret, roomv1alpha1.PendingRequest, error) {
	var rs roomv1alpha1.RoomSecret
	if err := kube.Get(ctx, types.NamespacedName{Namespace: namespace, Name: args[0]}, &rs); err != nil {
		return nil, roomv1alpha1.PendingRequest{}, cluster.In(namespace, err)
	}
	waiting := slices.DeleteFunc(slices.Clone(rs.Status.Pending), func(p roomv1alpha1.PendingRequest) bool {
		return p.Authorization == nil || p.State != roomv1alpha1.PendingWaiting || (len(args) == 2 && p.Name != args[1])
	})
	switch {
	case len(waiting) == 1:
		return &rs, waiting[0], nil
	case len(waiting) == 0:
		return nil, roomv1alpha1.PendingRequest{}, fmt.Errorf("no such request of %s waits to be approved: see kubectl room requests", title(&rs))
	}
	names := make([]string, len(waiting))
	for i := range waiting {
		names[i] = waiting[i].Name
	}
	return nil, roomv1alpha1.PendingRequest{}, fmt.Errorf("%d requests of %s wait: say which of %s", len(waiting), title(&rs), strings.Join(names, ", "))
}
