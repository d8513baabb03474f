// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package gitops

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/watch"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
)

// kinds are ours.
func kinds() []string { return []string{"Room", "ClusterRoom", "RoomSecret"} }

// history watches all objects of ours, and checks for every version of every one that Argo CD and kstatus read it alike.
type history struct {
	cancel  context.CancelFunc
	watches sync.WaitGroup
	argocd  customizations

	mu    sync.Mutex
	wrong []error
	seen  map[string]int
}

func startHistory(ctx context.Context, argocd customizations) (*history, error) {
	ctx, cancel := context.WithCancel(ctx)
	h := &history{cancel: cancel, argocd: argocd, seen: map[string]int{}}
	for _, kind := range kinds() {
		list := &unstructured.UnstructuredList{}
		list.SetGroupVersionKind(roomv1alpha1.SchemeGroupVersion().WithKind(kind + "List"))
		events, err := shared.kube.Watch(ctx, list)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("watch %s: %w", kind, err), h.stop())
		}
		h.watches.Go(func() { h.follow(ctx, kind, events) })
	}
	return h, nil
}

func (h *history) follow(ctx context.Context, kind string, events watch.Interface) {
	defer events.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case event, open := <-events.ResultChan():
			if !open {
				h.note("", fmt.Errorf("the watch of %s ended", kind))
				return
			}
			if object, ok := event.Object.(*unstructured.Unstructured); ok && event.Type != watch.Deleted {
				h.note(readAlike(ctx, h.argocd, object))
			}
		}
	}
}

func (h *history) note(what string, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.seen[what]++
	if err != nil {
		h.wrong = append(h.wrong, err)
	}
}

// times returns how often something was seen: a kind, how kstatus reads it, and how Argo CD does.
func (h *history) times(what string) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.seen[what]
}

// stop ends the watches and returns what was wrong.
func (h *history) stop() error {
	h.cancel()
	h.watches.Wait()
	const most = 5
	return errors.Join(h.wrong[:min(len(h.wrong), most)]...)
}

// readAlike returns what an object is, how kstatus reads it and how Argo CD does, and an error when the two do not agree.
func readAlike(ctx context.Context, argocd customizations, object *unstructured.Unstructured) (string, error) {
	computed, err := status.Compute(object)
	if err != nil {
		return "", err
	}
	shown, err := argocd.healthOf(ctx, object)
	if err != nil {
		return "", fmt.Errorf("%s %s: %w", object.GetKind(), object.GetName(), err)
	}
	what := object.GetKind() + " " + computed.Status.String() + " " + shown.Status
	if want := healthFor(computed.Status, object); shown.Status != want || shown.Message == "" {
		return what, fmt.Errorf("%s %s is %s to kstatus (%s) and %s to Argo CD (%s), not %s: %v",
			object.GetKind(), object.GetName(), computed.Status, computed.Message, shown.Status, shown.Message, want, object.Object["status"])
	}
	return what, nil
}

// healthFor is the health that goes with what kstatus computes of an object.
func healthFor(computed status.Status, object *unstructured.Unstructured) string {
	switch computed {
	case status.CurrentStatus:
		return "Healthy"
	case status.FailedStatus:
		return "Degraded"
	case status.InProgressStatus:
		if ready(object) == "False/Suspended" {
			return "Suspended"
		}
		return "Progressing"
	case status.TerminatingStatus:
		return "Progressing"
	case status.NotFoundStatus, status.UnknownStatus:
	}
	return "Unknown"
}
