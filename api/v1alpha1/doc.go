// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

// Package v1alpha1 holds the roomsecrets.io/v1alpha1 API.
//
// A Room (or, for a whole cluster, a ClusterRoom) says how a room is reached and as whom. A RoomSecret says what the
// room should hold (push) or what should come out of it into a Kubernetes Secret (pull). The package contains types,
// their validation and the closed sets of condition types and reasons; it has no behaviour beyond resolving defaults.
//
// +kubebuilder:object:generate=true
// +groupName=roomsecrets.io
package v1alpha1
