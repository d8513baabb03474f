// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

// Package testkube runs a real Kubernetes control plane on loopback: etcd, kube-apiserver and
// kube-controller-manager. The control plane tests, the end-to-end tests and the demo stand on it.
//
// The API server is started by controller-runtime's envtest. This package adds what envtest leaves
// out: the controllers that finish namespaces, collect garbage and make service accounts, an audit log,
// kubeconfig files, logs, and the promise that no process outlives the program that started it.
// There are no nodes, so no pod ever runs.
//
// The binaries come from "make kube". A cluster takes about five seconds to start.
package testkube
