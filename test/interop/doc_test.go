// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

// Package interop_test drives the published TypeScript SDK, in two versions, against the room server over real
// sockets: what the SDK makes of an answer decides, not what this project thinks of it.
//
// Each version runs in one Node process for all tests (driver.mjs). npm installs what package-lock.json names
// into node_modules, the first time and whenever the lock has changed. Without node or npm the tests fail under
// CI=true, and elsewhere are skipped with a word about it.
package interop_test
