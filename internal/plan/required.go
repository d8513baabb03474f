// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"fmt"
	"maps"
	"slices"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
)

// incomplete reports whether something is still to be done about a key, once the steps are. What can never become a key is
// not waited for.
func (s KeyStep) incomplete() bool {
	if s.State == roomv1alpha1.EntryDeleting {
		return s.Op == KeyKeep // it waits
	}
	return s.State != roomv1alpha1.EntryInSync && s.Reason != roomv1alpha1.ReasonInvalidKey
}

// limit says whether there are more keys than the ledger can hold. Then the plan is only about those that are in it.
func (p *PullPlan) limit() *Problem {
	count := len(p.Steps)
	if count <= 2*roomv1alpha1.MaxRows {
		return nil
	}
	p.Steps = slices.DeleteFunc(p.Steps, func(s KeyStep) bool { return s.Before == nil })
	return &Problem{
		Reason:  roomv1alpha1.ReasonTooLarge,
		Message: fmt.Sprintf("%d keys are wanted or wait to be taken out, and the ledger holds at most %d: ask for fewer, or split the RoomSecret.", count, 2*roomv1alpha1.MaxRows),
	}
}

// lacks says which key the type of the target requires that the steps would take out of it, or would create it without.
func (in PullInput) lacks(steps []KeyStep) *Problem {
	has := map[string]string{}
	maps.Copy(has, in.Target.Keys)
	edits := false
	for _, step := range steps {
		switch step.Op {
		case KeySet:
			has[step.Key], edits = "", true
		case KeyRemove:
			delete(has, step.Key)
			edits = true
		case KeyKeep, KeyRelease:
		}
	}
	key := lacking(in.Target.Wanted, has)
	if key == "" || in.Creation == roomv1alpha1.CreationMerge || (in.Target.Exists && !edits) {
		return nil
	}
	return &Problem{
		Reason:  roomv1alpha1.ReasonKeyNotFound,
		Message: fmt.Sprintf("A Secret of type %s needs the key %s, which no source gives: add an entry for it, or correct the room secrets.", in.Target.Wanted, key),
	}
}

// lacking returns a key that a type requires and that is not among the keys; empty when there is none.
func lacking(kind string, has map[string]string) string {
	required := map[string][]string{
		"kubernetes.io/tls":              {"tls.crt", "tls.key"},
		"kubernetes.io/dockerconfigjson": {".dockerconfigjson"},
		"kubernetes.io/ssh-auth":         {"ssh-privatekey"},
	}[kind]
	_, user := has["username"]
	_, password := has["password"]
	if kind == "kubernetes.io/basic-auth" && !user && !password {
		required = []string{"username"}
	}
	for _, key := range required {
		if _, ok := has[key]; !ok {
			return key
		}
	}
	return ""
}
