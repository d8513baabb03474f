// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

// Package shard says which objects are those of one of several operators that share a cluster.
package shard

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/labels"
)

// Shard is what one operator works on. The zero value is everything.
type Shard struct {
	// Namespaces are those whose objects it works on; empty means all. What has no namespace is in all of them.
	Namespaces []string
	// Selector selects the objects by their labels; nil means all.
	Selector labels.Selector
}

// Has reports whether an object of a namespace, which is empty for one of the cluster, and with labels is in the shard.
func (s Shard) Has(namespace string, of map[string]string) bool {
	inNamespace := namespace == "" || len(s.Namespaces) == 0 || slices.Contains(s.Namespaces, namespace)
	return inNamespace && (s.Selector == nil || s.Selector.Matches(labels.Set(of)))
}

// digestLength is how many characters tell the leases of shards apart.
const digestLength = 12

// Lease returns the name of the lease for which the replicas of the shard compete: base for the shard that is everything, and
// otherwise one that no other shard has, so that shards which share a namespace do not wait for each other.
func (s Shard) Lease(base string) string {
	if len(s.Namespaces) == 0 && s.Selector == nil {
		return base
	}
	namespaces := slices.Compact(slices.Sorted(slices.Values(s.Namespaces)))
	selector := labels.Everything()
	if s.Selector != nil {
		selector = s.Selector
	}
	digest := sha256.Sum256([]byte(strings.Join(namespaces, ",") + "\n" + selector.String()))
	return base + "-" + hex.EncodeToString(digest[:])[:digestLength]
}
