// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"cmp"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Defaults that the code resolves rather than the schema: list items carry no schema defaults, so that what is in a
// GitOps repository and what is in the cluster stay the same.
const (
	// DefaultParticipantName is the identity the operator signs tokens for when a room names none.
	DefaultParticipantName = "roomsecret-operator"
	// DefaultMIMEType is the type of a room secret when an entry names none.
	DefaultMIMEType = "application/octet-stream"
	// DefaultPollInterval is how often a room is read when it does not say.
	DefaultPollInterval = time.Minute
	// DefaultEndpoint is where a room is when it does not say.
	DefaultEndpoint = "wss://api.meshagent.com"
	// DefaultMaxEntries is how many room secrets a find may give when it does not say.
	DefaultMaxEntries = 100
	// DefaultRequestTimeout is how long a request waits for an answer when it does not say.
	DefaultRequestTimeout = 5 * time.Minute
	// MaxRows is the largest number of rows or keys that one RoomSecret may have.
	MaxRows = 256
)

// In returns the same settings with the namespace of the Room beside each name.
func (t RoomTLS) In(namespace string) ClusterRoomTLS {
	out := ClusterRoomTLS{ServerName: t.ServerName}
	if t.CASecretRef != nil {
		out.CASecretRef = &NamespacedSecretKeyRef{Namespace: namespace, SecretKeyRef: *t.CASecretRef}
	}
	if t.CAConfigMapRef != nil {
		out.CAConfigMapRef = &NamespacedConfigMapKeyRef{Namespace: namespace, ConfigMapKeyRef: *t.CAConfigMapRef}
	}
	if t.ClientCertSecretRef != nil {
		out.ClientCertSecretRef = &NamespacedSecretRef{Namespace: namespace, Name: t.ClientCertSecretRef.Name}
	}
	return out
}

// KindOrDefault returns the kind of the reference.
func (r RoomReference) KindOrDefault() RoomKind { return cmp.Or(r.Kind, KindRoom) }

// IDOrDefault returns the id of the room secret that the entry pushes.
func (e PushEntry) IDOrDefault() string { return string(cmp.Or(e.ID, e.Name)) }

// TypeOrDefault returns the MIME type of the room secret that the entry pushes.
func (e PushEntry) TypeOrDefault() string { return string(cmp.Or(e.Type, DefaultMIMEType)) }

// TypeOrDefault returns the MIME type of the room secrets.
func (a PushAllKeys) TypeOrDefault() string { return string(cmp.Or(a.Type, DefaultMIMEType)) }

// TypeOrDefault returns the type of the secret that is asked for.
func (r PullRequest) TypeOrDefault() string { return string(cmp.Or(r.Type, DefaultMIMEType)) }

// TimeoutOrDefault returns how long to wait for an answer.
func (r PullRequest) TimeoutOrDefault() time.Duration { return timeoutOrDefault(r.Timeout) }

// DeletionPolicyOrDefault returns what happens to the answer that the room keeps.
func (r PullRequest) DeletionPolicyOrDefault() DeletionPolicy {
	return cmp.Or(r.DeletionPolicy, DeletionRetain)
}

// TimeoutOrDefault returns how long to wait for somebody to approve.
func (o PullOAuth) TimeoutOrDefault() time.Duration { return timeoutOrDefault(o.Timeout) }

// FormatOrDefault returns what is made of the token.
func (o PullOAuth) FormatOrDefault() TokenFormat { return cmp.Or(o.Format, TokenPlain) }

func timeoutOrDefault(timeout *metav1.Duration) time.Duration {
	if timeout == nil {
		return DefaultRequestTimeout
	}
	return timeout.Duration
}

// OnUnmatchedOrDefault returns what to do with a request that no rule describes.
func (p Provide) OnUnmatchedOrDefault() OnUnmatched { return cmp.Or(p.OnUnmatched, OnUnmatchedReject) }

// MaxEntriesOrDefault returns how many room secrets may be found.
func (f PullFind) MaxEntriesOrDefault() int { return int(cmp.Or(f.MaxEntries, DefaultMaxEntries)) }

// OnMissingOrDefault returns what to do when the room has no such secret.
func (e PullEntry) OnMissingOrDefault() OnMissing { return cmp.Or(e.OnMissing, OnMissingFail) }

// DeletionPolicyOrDefault returns what happens to our keys in a Merge target.
func (p Pull) DeletionPolicyOrDefault() DeletionPolicy {
	return cmp.Or(p.DeletionPolicy, DeletionDelete)
}

// TypeOrDefault returns the type that the target is created with.
func (t PullTarget) TypeOrDefault() string { return string(cmp.Or(t.Type, SecretTypeOpaque)) }

// CreationPolicyOrDefault returns how the target is owned.
func (t PullTarget) CreationPolicyOrDefault() CreationPolicy {
	return cmp.Or(t.CreationPolicy, CreationOwner)
}

// ConflictPolicyOrDefault returns what to do with a row that is not ours.
func (p Push) ConflictPolicyOrDefault() ConflictPolicy { return cmp.Or(p.ConflictPolicy, ConflictFail) }

// DriftPolicyOrDefault returns what to do with a row of ours that somebody changed.
func (p Push) DriftPolicyOrDefault() DriftPolicy { return cmp.Or(p.DriftPolicy, DriftCorrect) }

// DeletionPolicyOrDefault returns what happens to rows that are no longer wanted.
func (p Push) DeletionPolicyOrDefault() DeletionPolicy {
	return cmp.Or(p.DeletionPolicy, DeletionRetain)
}

// TargetName returns the name of the Secret that a pull writes, and "" for any other direction.
func (rs *RoomSecret) TargetName() string {
	if rs.Spec.Pull == nil {
		return ""
	}
	return cmp.Or(rs.Spec.Pull.Target.Name, rs.Name)
}

// Direction returns which way values go.
func (rs *RoomSecret) Direction() Direction {
	switch {
	case rs.Spec.Pull != nil:
		return DirectionPull
	case rs.Spec.Provide != nil:
		return DirectionProvide
	}
	return DirectionPush
}
