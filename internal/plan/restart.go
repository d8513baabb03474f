// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"slices"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
)

// Content returns what the keys of ours hold once the steps are done: each key and its digest, sorted. Labels, keys of
// others and the name of the target are no part of it.
func (p PullPlan) Content() []string {
	var content []string
	for _, step := range p.Steps {
		switch {
		case step.Op == KeySet:
			content = append(content, step.Key, step.After.Digest)
		case step.Op == KeyKeep && step.ours:
			content = append(content, step.Key, step.there)
		}
	}
	return content
}

// Edits reports whether any key is written or removed.
func (p PullPlan) Edits() bool {
	return slices.ContainsFunc(p.Steps, func(s KeyStep) bool { return s.Op == KeySet || s.Op == KeyRemove })
}

// Restarts returns the workloads that have not been restarted for a content yet, in the order of the spec. What is
// remembered is not proven by anything, so it counts only while nothing changes: it can spare a patch that would change
// nothing, and it cannot keep a workload from being restarted for a change.
func Restarts(wanted []roomv1alpha1.Workload, remembered []roomv1alpha1.RestartStatus, digest string, changed bool) []roomv1alpha1.Workload {
	var due []roomv1alpha1.Workload
	for _, workload := range wanted {
		done := roomv1alpha1.RestartStatus{Kind: workload.Kind, Name: workload.Name, Digest: digest}
		if changed || !slices.Contains(remembered, done) {
			due = append(due, workload)
		}
	}
	return due
}
