// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/fault"
	"github.com/roomsecrets/roomsecret-operator/internal/plan"
)

// restart has the workloads of the spec replace their pods when what is ours in the target has changed. It states in their
// pod template which content the pods are for. That is the same however often it is stated, so a crash in between costs
// nothing, and nothing can loop: a workload is not watched, and what it says is not read.
func (r *RoomSecretReconciler) restart(ctx context.Context, s *scope, decided plan.PullPlan) error {
	wanted := s.rs.Spec.Pull.Restart
	remembered := slices.DeleteFunc(slices.Clone(s.rs.Status.Restarts), func(done roomv1alpha1.RestartStatus) bool {
		return !slices.Contains(wanted, roomv1alpha1.Workload{Kind: done.Kind, Name: done.Name})
	})
	s.rs.Status.Restarts = remembered
	if len(wanted) == 0 || !decided.Stands {
		return nil
	}
	if !r.Restarts {
		return fault.NewTerminal(roomv1alpha1.ReasonUnsupported,
			"This operator restarts nothing, although the target is written: start it with --enable-restarts, or take spec.pull.restart out.")
	}
	digest := r.contentDigest(s.rs, decided)
	var failures []error
	var refused *fault.Fault
	for _, workload := range plan.Restarts(wanted, remembered, digest, decided.Edits()) {
		err := r.stampWorkload(ctx, s.rs, workload, digest)
		switch {
		case client.IgnoreNotFound(err) == nil: // pods of one that is created later read what is there then
			s.rs.Status.Restarts = remember(s.rs.Status.Restarts, workload, digest)
		case apierrors.IsForbidden(err), apierrors.IsInvalid(err):
			refused = refusedRestart(workload, err)
		default:
			failures = append(failures, err)
		}
	}
	if len(failures) > 0 {
		return fmt.Errorf("restart workloads: %w", errors.Join(failures...))
	}
	if refused != nil {
		s.retry = maxRetry // nothing tells when the operator is given the right
		return refused
	}
	return nil
}

// contentDigest is the digest of what is ours in the target. It differs between RoomSecrets with the same values.
func (r *RoomSecretReconciler) contentDigest(rs *roomv1alpha1.RoomSecret, decided plan.PullPlan) string {
	content := decided.Content()
	parts := make([][]byte, 0, 1+len(content))
	parts = append(parts, []byte(rs.UID))
	for _, part := range content {
		parts = append(parts, []byte(part))
	}
	return r.Digests.Digest("content", parts...)
}

// stampWorkload states in the pod template of a workload which content its pods are for. Each RoomSecret has an annotation
// and a field manager of its own, so that several can restart one workload.
func (r *RoomSecretReconciler) stampWorkload(ctx context.Context, rs *roomv1alpha1.RoomSecret, workload roomv1alpha1.Workload, digest string) error {
	annotations := map[string]any{roomv1alpha1.AnnotationContentPrefix + string(rs.UID): digest}
	patch, err := json.Marshal(map[string]any{"spec": map[string]any{"template": map[string]any{"metadata": map[string]any{"annotations": annotations}}}})
	if err != nil {
		return err
	}
	object := &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Namespace: rs.Namespace, Name: workload.Name}}
	object.SetGroupVersionKind(appsv1.SchemeGroupVersion.WithKind(string(workload.Kind)))
	// An apply would create what does not exist; a patch does not, and needs no right to.
	return r.Client.Patch(ctx, object, client.RawPatch(types.MergePatchType, patch), client.FieldOwner(fieldManager(rs)))
}

func remember(restarts []roomv1alpha1.RestartStatus, workload roomv1alpha1.Workload, digest string) []roomv1alpha1.RestartStatus {
	done := roomv1alpha1.RestartStatus{Kind: workload.Kind, Name: workload.Name, Digest: digest}
	i := slices.IndexFunc(restarts, func(r roomv1alpha1.RestartStatus) bool { return r.Kind == done.Kind && r.Name == done.Name })
	if i < 0 {
		return append(restarts, done)
	}
	restarts[i] = done
	return restarts
}

func refusedRestart(workload roomv1alpha1.Workload, err error) *fault.Fault {
	f := fault.NewTerminal(roomv1alpha1.ReasonRejected,
		"The target is written, but the API server does not let the operator restart %s %q: give it the role of config/rbac/restarts, see what admission policies say, or take it out of spec.pull.restart.",
		workload.Kind, workload.Name)
	f.Err = err
	return f
}
