// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomctl

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/roomctl/cluster"
	"github.com/roomsecrets/roomsecret-operator/internal/roomctl/usage"
)

func (a *app) newSyncCommand() *cobra.Command {
	var wait bool
	var timeout time.Duration
	command := &cobra.Command{
		Use:   "sync NAME",
		Short: "Have a RoomSecret synced now",
		Long: "Have a RoomSecret synced now: the operator reads everything that it concerns and puts right what differs, without\n" +
			"waiting for the next look at the room. With --wait, the exit code is 0 once the RoomSecret is Ready.",
		Example:           "  kubectl room sync stripe --wait",
		Args:              oneArgument("NAME"),
		ValidArgsFunction: first(complete(a.objects(roomv1alpha1.SchemeGroupVersion().WithKind("RoomSecretList")))),
		RunE: func(command *cobra.Command, args []string) error {
			if timeout <= 0 {
				return usage.Errorf("--timeout must be more than 0")
			}
			kube, namespace, err := cluster.Connect(a.options.Kube)
			if err != nil {
				return err
			}
			rs := &roomv1alpha1.RoomSecret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: args[0]}}
			request := time.Now().UTC().Format(time.RFC3339Nano)
			if err := askForSync(command.Context(), kube, rs, request); err != nil {
				return err
			}
			if !wait {
				return a.printOut(title(rs) + " sync requested\n")
			}
			ctx, cancel := context.WithTimeout(command.Context(), timeout)
			defer cancel()
			if err := a.awaitSync(ctx, kube, rs, request); err != nil {
				return err
			}
			return a.printOut(title(rs) + " synced\n")
		},
	}
	command.Flags().BoolVar(&wait, "wait", false, "wait until the RoomSecret is Ready")
	command.Flags().DurationVar(&timeout, "timeout", time.Minute, "how long --wait waits")
	return command
}

// title is how kubectl names an object.
func title(rs *roomv1alpha1.RoomSecret) string { return "roomsecret.roomsecrets.io/" + rs.Name }

// askForSync sets the annotation that asks for a sync.
func askForSync(ctx context.Context, kube client.Client, rs *roomv1alpha1.RoomSecret, request string) error {
	patch := fmt.Sprintf(`{"metadata":{"annotations":{%q:%q}}}`, roomv1alpha1.AnnotationRequestedAt, request)
	return cluster.In(rs.Namespace, kube.Patch(ctx, rs, client.RawPatch(client.Merge.Type(), []byte(patch))))
}

// awaitSync waits until the request has been heeded and the RoomSecret is Ready. That only a person can help ends the wait.
func (a *app) awaitSync(ctx context.Context, kube client.WithWatch, rs *roomv1alpha1.RoomSecret, request string) error {
	defer a.spin("Waiting for " + title(rs))()
	last := "the operator has not heeded the request: is it running?"
	err := cluster.Watch(ctx, kube, rs.Namespace, rs.Name, func(event watch.EventType, now *roomv1alpha1.RoomSecret) (bool, error) {
		if event == watch.Deleted {
			return false, fmt.Errorf("%s was deleted", title(rs))
		}
		if now.Status.LastHandledRequestedAt != request || now.Status.ObservedGeneration != now.Generation {
			return false, nil
		}
		ready := meta.FindStatusCondition(now.Status.Conditions, string(roomv1alpha1.ConditionReady))
		if ready == nil {
			return false, nil
		}
		last = ready.Reason + ": " + ready.Message
		if meta.IsStatusConditionTrue(now.Status.Conditions, string(roomv1alpha1.ConditionStalled)) {
			return false, fmt.Errorf("%s is not synced: %s", title(rs), last)
		}
		return ready.Status == metav1.ConditionTrue, nil
	})
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%s is not synced in time: %s", title(rs), last)
	}
	return err
}
