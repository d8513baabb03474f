// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers

// PendingSeal is pendingSeal, for tests that write what the operator would.
var PendingSeal = pendingSeal
