// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

// Package target finds the room that a command line means, and connects to it.
//
// There are three places that a room can come from. The first that applies wins:
//
//  1. The flags --room-url or --url, --token, --token-file or --api-key-file: a room at an address, called --room. What of address and
//     credential the flags do not say, the environment does.
//  2. The flags --cluster-room, -n, --context and others that speak of a cluster: a ClusterRoom object, or the Room object
//     --room of the namespace.
//  3. MESHAGENT_TOKEN or MESHAGENT_API_KEY: a room at an address, called --room.
//  4. Otherwise the Room object --room of the namespace of the kubeconfig.
//
// --room is MESHAGENT_ROOM when it is not given. Two flags of different places contradict each other, and so do a room and a
// token that is for another one: that is an error, before anything is connected to.
package target
