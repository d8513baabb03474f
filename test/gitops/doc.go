// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

// Package gitops shows how objects of ours fare in pipelines: Flux applies, waits and prunes with the libraries of its
// kustomize-controller, kubectl applies as Argo CD does, and the scripts of config/gitops/argocd run in the engine that Argo
// CD runs them in, all against a real API server, the operator with the rights that config/default gives it, and a room. It
// is a module of its own, so that these libraries do not reach users of the operator.
package gitops
