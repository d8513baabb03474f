// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

// Package model knows how a room and a namespace must stand once the operator has done all it has to do. It does nothing and
// shares no code with the operator: what it knows is what docs/policies.md says.
//
// A [Room] is what there is of both. A [Step] is what somebody else does to it. What the operator does is [Room.Act], one
// RoomSecret at a time, whenever it pleases; [Outlook] follows all that it may have done meanwhile. A [Generator] makes
// bursts of steps after which it does not matter when the operator looked.
package model
